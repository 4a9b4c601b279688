//! The only place where a probe meets a wire.
//!
//! A [`Session`] owns the channel and the sniffer of one interface. It asks a probe what to do, sends what the probe
//! crafted, shows the probe and an [`Observer`] every frame that the sniffer captures (our own included), and keeps
//! the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use crate::engine::{Engine, Seen};
use crate::error::{Error, Kind, Result};
use crate::model::{Event, Frame, FrameNo, Hop, LinkType, MacAddr, Nanos, Packet, Path};
use crate::probe::neighbour::Neighbour;
use crate::probe::{Errno, Outgoing, Probe, Step};
use crate::wire::{Channel, Counts, Interface, SendError, Sniffer};

/// Hears of everything that happens, as it happens. An error ends the run.
pub trait Observer {
    /// A frame was captured.
    ///
    /// # Errors
    /// Whatever keeps the observer from going on: a closed pipe, a full disk.
    fn packet(&mut self, seen: &Seen<'_, '_, '_>) -> Result<()>;

    /// Fragments, of which the last one was just passed to [`Observer::packet`], make this datagram together.
    ///
    /// # Errors
    /// As for [`Observer::packet`].
    fn whole(&mut self, packet: &Packet<'_>) -> Result<()>;

    /// The probe learned something.
    ///
    /// # Errors
    /// As for [`Observer::packet`].
    fn event(&mut self, event: &Event) -> Result<()>;
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The probe had nothing more to ask.
    Done,
    /// The user interrupted it.
    Interrupted,
}

/// The user's wish to stop (SIGINT, SIGTERM). The first one is taken in: the run ends in order, with its summary. The
/// second one ends the process at once, for whoever is stuck writing to a pipe that nobody reads.
pub struct Interrupts {
    seen: Arc<AtomicBool>,
    wake: [Signal; 2],
}

/// What a process that a second signal ends answers with: 128 + SIGINT, as shells have it.
const ENDED_BY_SIGNAL: i32 = 130;

impl Interrupts {
    /// Listens from now on. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the process may not handle signals.
    pub fn listen() -> Result<Self> {
        let seen = Arc::new(AtomicBool::new(false));
        let listen = || -> std::io::Result<[Signal; 2]> {
            for number in [SIGINT, SIGTERM] {
                // In this order: the first signal finds the flag down, and raises it.
                flag::register_conditional_shutdown(number, ENDED_BY_SIGNAL, Arc::clone(&seen))?;
                flag::register(number, Arc::clone(&seen))?;
            }
            Ok([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?])
        };
        let wake = listen().map_err(|error| Error::new(Kind::System, format!("cannot handle interrupts: {error}")))?;
        Ok(Self { seen, wake })
    }

    /// Whether one has come. Does not wait.
    #[must_use]
    pub fn seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }

    /// Until one comes.
    pub async fn wait(&mut self) {
        let [interrupt, terminate] = &mut self.wake;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Frames heard at a stretch; then the clock and the user get their turn, however many more there are.
const STRETCH: u32 = 64;

/// A channel, a sniffer and a clock.
pub struct Session {
    channel: Channel,
    sniffer: Sniffer,
    engine: Engine,
    started: Instant,
    frames: u32,
    ours: Option<MacAddr>,
    /// Source and destination of the frames that carry IP packets, on links that have such addresses.
    envelope: Option<(MacAddr, MacAddr)>,
    /// The frames of our questions for the hop's MAC address, and of the answer.
    asked: Vec<FrameNo>,
    interrupts: Interrupts,
}

impl Session {
    /// A session on `interface`, whose `sniffer` already listens.
    #[must_use]
    pub fn new(channel: Channel, sniffer: Sniffer, interface: &Interface, interrupts: Interrupts) -> Self {
        Self {
            ours: interface.mac.filter(|_| channel.takes() == LinkType::Ethernet),
            channel,
            sniffer,
            engine: Engine::default(),
            started: Instant::now(),
            frames: 0,
            envelope: None,
            asked: Vec::new(),
            interrupts,
        }
    }

    /// Finds out where frames for `path` go. Asks by ARP, visibly, when the kernel's neighbour table does not know.
    /// `false` when nobody answered.
    ///
    /// # Errors
    /// When the wire breaks or the observer cannot go on.
    pub async fn find_hop(&mut self, path: &Path, observer: &mut dyn Observer) -> Result<(Ending, bool)> {
        self.find_hop_within(path, None, observer).await
    }

    /// The same, for at most `span`.
    ///
    /// # Errors
    /// As for [`Session::find_hop`].
    pub async fn find_hop_within(
        &mut self,
        path: &Path,
        span: Option<Nanos>,
        observer: &mut dyn Observer,
    ) -> Result<(Ending, bool)> {
        let Some(ours) = self.ours else { return Ok((Ending::Done, true)) };
        let (known, address) = match path.hop {
            Hop::OnLink { known } => (known, path.target),
            Hop::Router { address, known } => (known, address),
            Hop::Group { mac } => (Some(mac), path.target),
            Hop::Local | Hop::Peer { .. } => return Ok((Ending::Done, true)),
        };
        if let Some(mac) = known {
            self.envelope = Some((ours, mac));
            return Ok((Ending::Done, true));
        }
        let mut question = Neighbour::new((ours, path.source), address, Nanos::SECOND);
        if let Some(span) = span {
            question.give_up_at(self.now() + span);
        }
        let ending = self.run(&mut question, observer).await?;
        self.asked = question.frames();
        self.envelope = question.answer().map(|(mac, _)| (ours, mac));
        Ok((ending, self.envelope.is_some()))
    }

    /// The frames in which [`Session::find_hop`] asked for a MAC address, and that of the answer.
    #[must_use]
    pub fn asked(&self) -> &[FrameNo] {
        &self.asked
    }

    /// Runs `probe` to its end.
    ///
    /// # Errors
    /// When the wire breaks (the link went down, the interface was removed) or the observer cannot go on.
    pub async fn run(&mut self, probe: &mut dyn Probe, observer: &mut dyn Observer) -> Result<Ending> {
        self.drive(probe, observer, true).await
    }

    /// The same for last words, such as the RST of a connection that the user interrupted: no interrupt keeps `probe`
    /// from its end, which must be near.
    ///
    /// # Errors
    /// As for [`Session::run`].
    pub async fn part(&mut self, probe: &mut dyn Probe, observer: &mut dyn Observer) -> Result<()> {
        self.drive(probe, observer, false).await.map(drop)
    }

    async fn drive(&mut self, probe: &mut dyn Probe, observer: &mut dyn Observer, heeding: bool) -> Result<Ending> {
        loop {
            for _ in 0..STRETCH {
                match self.sniffer.try_next()? {
                    Some(frame) => self.hear(frame, probe, observer)?,
                    None => break,
                }
            }
            if heeding && self.interrupts.seen() {
                return Ok(Ending::Interrupted);
            }
            let step = probe.next(self.now());
            report(probe, observer)?;
            match step {
                Step::Send(outgoing) => {
                    let result = self.send(outgoing);
                    probe.sent(self.now(), result);
                    report(probe, observer)?;
                }
                Step::Wait(until) => {
                    tokio::select! {
                        biased;
                        () = self.interrupts.wait(), if heeding => return Ok(Ending::Interrupted),
                        frame = self.sniffer.next() => match frame? {
                            Some(frame) => self.hear(frame, probe, observer)?,
                            None => return Ok(Ending::Done),
                        },
                        () = sleep_until(self.started + span(until)) => {}
                    }
                }
                Step::Done => return Ok(Ending::Done),
            }
        }
    }

    /// Time since the session began.
    #[must_use]
    pub fn now(&self) -> Nanos {
        since(self.started)
    }

    /// What the kernel counted at the sniffer's socket: frames passed on, and frames dropped because we were too slow.
    pub fn counts(&mut self) -> Counts {
        self.sniffer.counts()
    }

    fn send(&mut self, outgoing: Outgoing) -> Result<(), Errno> {
        for frame in outgoing.frames(self.envelope) {
            self.channel.send(&frame).map_err(|SendError { errno, .. }| errno)?;
        }
        Ok(())
    }

    fn hear(&mut self, frame: Frame, probe: &mut dyn Probe, observer: &mut dyn Observer) -> Result<()> {
        self.frames += 1;
        let frame = Frame { number: FrameNo(self.frames), ..frame };
        let started = self.started;
        self.engine.see(&frame, |seen| -> Result<()> {
            observer.packet(seen)?;
            let now = since(started);
            if seen.is_piece {
                return Ok(());
            }
            for whole in seen.whole {
                observer.whole(whole)?;
            }
            probe.heard(now, seen.datagram());
            Ok(())
        })?;
        report(probe, observer)
    }
}

fn report(probe: &mut dyn Probe, observer: &mut dyn Observer) -> Result<()> {
    probe.events().iter().try_for_each(|event| observer.event(event))
}

fn since(start: Instant) -> Nanos {
    Nanos(i64::try_from(start.elapsed().as_nanos()).unwrap_or(i64::MAX))
}

fn span(nanos: Nanos) -> Duration {
    Duration::from_nanos(u64::try_from(nanos.0).unwrap_or(0))
}

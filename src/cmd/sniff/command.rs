//! What one command puts on the wire and gets back: listened to while it runs, told when it has ended.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Watch;
use super::belongs::Belongs;
use super::told::Told;
use crate::capture::{Source, Spool};
use crate::cmd::keep::Keep;
use crate::cmd::lab;
use crate::dissect::dissect;
use crate::error::Result;
use crate::explain::sniff::{Cause, Ending};
use crate::model::{Frame, Hop, LinkType, SniffSummary};
use crate::wire::cause::{Beyond, Caused, Prepared, Word};
use crate::wire::{self, Options};

/// How long after the command has ended its last packets are waited for.
const LAST_LOOK: Duration = Duration::from_millis(300);

/// How long an answer of the helper takes at most.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// How long a command that was interrupted may take to end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What came of the command and its frames.
struct Heard {
    belongs: Belongs,
    spool: Spool,
    /// Why the command could not be started: the system's error number.
    not_started: Option<i32>,
    /// How the command ended; `None` while it runs.
    ended: Option<Ending>,
    /// Nothing of it runs any more.
    gone: bool,
    beyond: BTreeSet<Beyond>,
    /// Frames of others that were not kept.
    others: u64,
    /// Nothing more will be said.
    words_end: bool,
}

impl Watch<'_> {
    /// Runs `command`, and tells what it caused; 0 when it caused a packet.
    pub(super) async fn of_command(
        mut self,
        command: &[OsString],
        prepared: Prepared,
        environment: Vec<(String, String)>,
        keep: Keep,
    ) -> Result<u8> {
        let name = &self.interface.name;
        let source = Source { interface: Some(name), link: self.interface.link.unwrap_or(LinkType::Ethernet) };
        let mut heard = Heard {
            belongs: Belongs::new(self.interface.is_loopback()),
            spool: Spool::begin(&std::env::temp_dir(), &source)?,
            not_started: None,
            ended: None,
            gone: false,
            beyond: BTreeSet::new(),
            others: 0,
            words_end: false,
        };
        let mut caused = prepared.start(environment)?;
        let outcome = self.attend(&mut heard, &mut caused).await;
        if let Some(errno) = heard.not_started {
            let program = command.first().cloned().unwrap_or_default();
            return Err(lab::cannot_start(&program, &io::Error::from_raw_os_error(errno)));
        }
        let hops = self.hops(&heard.belongs.remotes()).await;
        let told = self.tell(command, heard, &hops, keep)?;
        outcome?;
        Ok(u8::from(told.packets == 0))
    }

    /// Listens to frames and to the helper until the command and all that it started have ended.
    async fn attend(&mut self, heard: &mut Heard, caused: &mut Caused) -> Result<()> {
        let mut frames = Vec::new();
        let mut until = self.until;
        let mut interrupted = false;
        loop {
            let Self { tap, interrupts, .. } = self;
            let time = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            let mut see = |frame: &mut Frame| Ok(put_aside(frame, &mut frames));
            let was_gone = heard.gone;
            tokio::select! {
                biased;
                () = time => break,
                word = caused.next(), if !heard.words_end => heard.word(word?),
                () = interrupts.wait(), if !interrupted => {
                    interrupted = true;
                    until = Some(sooner(until, LAST_WORDS));
                }
                flow = tap.hear(&mut see) => {
                    let _ = flow?;
                }
            }
            heard.frames(&mut frames, caused).await?;
            if heard.not_started.is_some() {
                return Ok(());
            }
            heard.ask(caused);
            if (heard.gone || heard.words_end) && !was_gone {
                heard.gone = true;
                until = Some(sooner(until, LAST_LOOK));
            }
        }
        let _ = self.tap.hear_rest(&mut |frame| Ok(put_aside(frame, &mut frames))).await?;
        heard.frames(&mut frames, caused).await?;
        // The last answers.
        heard.ask(caused);
        while heard.belongs.waits() && !heard.words_end {
            match tokio::time::timeout(LAST_ANSWERS, caused.next()).await {
                Ok(Ok(word)) => heard.word(word),
                _ => break,
            }
        }
        Ok(())
    }

    /// The next hops to `remotes`, as far as the routing table tells.
    async fn hops(&self, remotes: &[IpAddr]) -> Vec<IpAddr> {
        let mut hops = Vec::new();
        for remote in remotes {
            let IpAddr::V4(address) = *remote else {
                hops.push(*remote);
                continue;
            };
            let options = Options { interface: None, source: None, broadcast: true };
            match wire::path_to(address, options).await.map(|(_, path)| path.hop) {
                Ok(Hop::Router { address, .. }) => hops.push(address.into()),
                Ok(Hop::OnLink { .. }) => hops.push(*remote),
                Ok(_) | Err(_) => {}
            }
        }
        hops
    }

    /// Tells those frames that are the command's.
    fn tell(&mut self, command: &[OsString], heard: Heard, hops: &[IpAddr], mut keep: Keep) -> Result<SniffSummary> {
        let Heard { belongs, spool, ended, gone, beyond, others, .. } = heard;
        let asked_locally = belongs.asked_locally();
        let verdict = belongs.verdict(hops);
        let addresses = self.interface.addresses.iter().map(|own| own.cidr.address.into()).collect();
        let mut told = Told::new(self.common, addresses, self.args.write.is_some());
        let counts = self.tap.counts();
        let mut strangers = others;
        for (record, is_ours) in spool.read()?.zip(verdict.frames) {
            if is_ours {
                told.packet(record?.frame, &mut keep)?;
            } else {
                strangers += 1;
            }
        }
        let program = command.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let cause = Cause {
            command: &program,
            interface: &self.interface.name,
            loopback: self.interface.is_loopback(),
            ended,
            left_running: !gone,
            strangers,
            lost: verdict.lost,
            packet_socket: beyond.contains(&Beyond::PacketSocket),
            raw_socket: beyond.contains(&Beyond::RawSocket),
            name_service: beyond.contains(&Beyond::NameService) || asked_locally,
        };
        let summary = told.finish(&cause, counts.dropped)?;
        keep.close(counts)?;
        Ok(summary)
    }
}

/// `until`, or the end of `span` from now where that is sooner.
fn sooner(until: Option<Instant>, span: Duration) -> Instant {
    let soon = Instant::now() + span;
    until.map_or(soon, |until| until.min(soon))
}

/// Keeps a frame until it is known whose it is.
fn put_aside(frame: &mut Frame, frames: &mut Vec<Frame>) -> ControlFlow<()> {
    frames.push(Frame { bytes: std::mem::take(&mut frame.bytes), ..*frame });
    ControlFlow::Continue(())
}

impl Heard {
    /// Takes in frames. What was said of sockets before they passed has been sent by now, and is heard first: else they
    /// might be taken for those of somebody who had the same port before.
    async fn frames(&mut self, frames: &mut Vec<Frame>, caused: &mut Caused) -> Result<()> {
        while !frames.is_empty() && !self.words_end {
            tokio::select! {
                biased;
                word = caused.next() => self.word(word?),
                // The runtime looks for words before it comes back to this.
                () = tokio::task::yield_now() => break,
            }
        }
        for frame in frames.drain(..) {
            if self.belongs.frame(&dissect(&frame)) {
                self.spool.keep(&frame)?;
            } else {
                self.others += 1;
            }
        }
        Ok(())
    }

    fn ask(&mut self, caused: &mut Caused) {
        for (flow, protocol, local, remote) in self.belongs.questions() {
            let question = caused.ask(protocol, local, remote);
            self.belongs.asked(question, flow);
        }
    }

    fn word(&mut self, word: Option<Word>) {
        let Some(word) = word else {
            self.words_end = true;
            return;
        };
        match word {
            Word::Started { watched: true } => self.belongs.is_watched(),
            Word::Started { watched: false } => {}
            Word::NotStarted { errno } => self.not_started = Some(errno),
            Word::Claim { claim, since } => self.belongs.claim(claim, since),
            Word::Closed { protocol, port, until } => self.belongs.close(protocol, port, until),
            Word::Answer { question, owner } => self.belongs.answer(question, owner),
            Word::Beyond(what) => drop(self.beyond.insert(what)),
            Word::Ended { code: Some(code), .. } => self.ended = Some(Ending::Code(code)),
            Word::Ended { signal, .. } => self.ended = Some(Ending::Signal(signal.unwrap_or(0))),
            Word::Gone => self.gone = true,
        }
    }
}

//! Everything that passes an interface, in large helpings: for watching what others send, however fast.

use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::interface::Interface;
use super::packet_socket::{LinkState, Received, bind, link_state, statistics, watch};
use super::ring::{HELD, Ring, hear_others};
use super::sniffer::{Counts, DOWN_CHECK, ETH_P_ALL, OTHER_HOST, OUTGOING, attach, gone, put_back, went_down};
use super::sockets::SniffSocket;
use crate::error::{Error, Kind, Result};
use crate::filter::bpf::Program;
use crate::model::{Direction, Frame, FrameNo, LinkType, Nanos};

/// Receives the frames of one interface.
pub struct Tap {
    // Unmapped before the socket is closed.
    ring: Ring,
    socket: AsyncFd<OwnedFd>,
    name: String,
    index: u32,
    loopback: bool,
    others: bool,
    /// Filled anew for each frame.
    frame: Frame,
    counts: Counts,
}

/// Is shown each frame, and says whether to go on.
pub type See<'a> = dyn FnMut(&mut Frame) -> Result<ControlFlow<()>> + 'a;

/// Blocks that are shown at a stretch; then the clock and the user get their turn, however many more there are.
const STRETCH: usize = 8;

impl Tap {
    /// Starts to receive what `program` takes on `interface`, into `megabytes` MiB of memory. With `others`, the
    /// interface takes in frames for other hosts, too, for as long as this lives. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`Kind::Interface`] when the interface cannot be listened on, [`Kind::System`] for anything else.
    pub fn start(
        socket: SniffSocket,
        interface: &Interface,
        program: Option<&Program>,
        megabytes: usize,
        others: bool,
    ) -> Result<Self> {
        let socket = socket.socket;
        let name = &interface.name;
        let link = interface.link.ok_or_else(|| {
            Error::new(Kind::Interface, format!("interface {name} is a kind of link netlab does not know"))
        })?;
        let failed = |what: &str, why: &dyn std::fmt::Display| {
            Error::new(Kind::System, format!("cannot listen on {name}: {what}: {why}"))
        };
        if let Some(program) = program {
            attach(&socket, program).map_err(|error| {
                let refused = failed("filter", &error);
                if error.raw_os_error() == Some(Errno::ENOMEM as i32) {
                    refused.hint("the filter is longer than net.core.optmem_max allows: ask for less at once")
                } else {
                    refused
                }
            })?;
        }
        let ring = Ring::of(socket.as_fd(), megabytes).map_err(|error| failed("memory for frames", &error.desc()))?;
        bind(socket.as_fd(), interface.index, ETH_P_ALL).map_err(|error| match error {
            Errno::ENODEV | Errno::ENXIO => gone(name),
            error => failed("bind", &error.desc()),
        })?;
        if others {
            hear_others(socket.as_fd(), interface.index).map_err(|error| failed("frames for others", &error.desc()))?;
        }
        let socket = watch(socket.into()).map_err(|error| failed("event loop", &error))?;
        let frame = Frame {
            number: FrameNo(0),
            time: Nanos(0),
            direction: None,
            link,
            original: 0,
            checksum_pending: false,
            bytes: Vec::new(),
        };
        let (name, index, loopback) = (name.clone(), interface.index, interface.is_loopback());
        Ok(Self { ring, socket, name, index, loopback, others, frame, counts: Counts::default() })
    }

    /// What the frames begin with.
    #[must_use]
    pub fn link(&self) -> LinkType {
        self.frame.link
    }

    /// Waits until there are frames and shows some of them to `see`, each numbered 0, until it breaks; breaks then, too,
    /// and the rest of the frames that came at the same time are lost. Cancel-safe while it waits.
    ///
    /// # Errors
    /// [`Kind::Interface`] when the interface goes down or is deleted, [`Kind::System`] for anything else, and those of
    /// `see`.
    pub async fn hear(&mut self, see: &mut See<'_>) -> Result<ControlFlow<()>> {
        loop {
            let (blocks, flow) = self.hear_now(see)?;
            if blocks > 0 || flow.is_break() {
                return Ok(flow);
            }
            self.wait().await?;
        }
    }

    /// What has come by now but was not shown, down to the last frame: the kernel holds frames for some milliseconds.
    ///
    /// # Errors
    /// Those of `see`.
    pub async fn hear_rest(&mut self, see: &mut See<'_>) -> Result<ControlFlow<()>> {
        // Nothing more is taken in, so that this has an end.
        let nothing = Program::new(vec![crate::filter::bpf::Instruction { code: 0x06, yes: 0, no: 0, operand: 0 }]);
        if attach(&self.socket, &nothing).is_ok() {
            tokio::time::sleep(Duration::from_millis(u64::from(2 * HELD))).await;
        }
        loop {
            match self.hear_now(see)? {
                (1.., ControlFlow::Continue(())) => {}
                (_, flow) => return Ok(flow),
            }
        }
    }

    /// What the kernel has counted so far.
    pub fn counts(&mut self) -> Counts {
        // Reading resets the kernel's counters, so they are added up here; a failure to read adds nothing.
        if let Ok((passed, dropped)) = statistics(self.socket.as_fd()) {
            self.counts.passed += u64::from(passed);
            self.counts.dropped += u64::from(dropped);
        }
        self.counts
    }

    /// Shows what is there; the number of blocks.
    fn hear_now(&mut self, see: &mut See<'_>) -> Result<(usize, ControlFlow<()>)> {
        for count in 0..STRETCH {
            let Some(mut block) = self.ring.take() else { return Ok((count, ControlFlow::Continue(()))) };
            while let Some((received, bytes)) = block.frame() {
                // Over loopback each frame passes twice, going out and coming in; keep the second, as tcpdump does.
                let twice = self.loopback && received.pkttype == OUTGOING;
                if twice || (received.pkttype == OTHER_HOST && !self.others) {
                    continue;
                }
                fill(&mut self.frame, &received, bytes);
                if see(&mut self.frame)?.is_break() {
                    return Ok((count + 1, ControlFlow::Break(())));
                }
            }
        }
        Ok((STRETCH, ControlFlow::Continue(())))
    }

    async fn wait(&mut self) -> Result<()> {
        let interest = Interest::READABLE | Interest::ERROR;
        // Nothing wakes us when the interface is deleted after it went down.
        if let Ok(ready) = tokio::time::timeout(DOWN_CHECK, self.socket.ready(interest)).await {
            let mut guard = ready.map_err(|error| {
                Error::new(Kind::System, format!("cannot wait for frames on {}: {error}", self.name))
            })?;
            guard.clear_ready();
            // The kernel announces as an error that the interface went down.
            let error = socket2::SockRef::from(&self.socket.get_ref().as_fd()).take_error();
            if !matches!(error, Ok(Some(_))) {
                return Ok(());
            }
        }
        match link_state(self.socket.as_fd(), self.index) {
            LinkState::Up => Ok(()),
            LinkState::Gone => Err(gone(&self.name)),
            LinkState::Down => {
                // What is being deleted goes down first.
                tokio::time::sleep(Duration::from_millis(20)).await;
                match link_state(self.socket.as_fd(), self.index) {
                    LinkState::Gone => Err(gone(&self.name)),
                    _ => Err(went_down(&self.name)),
                }
            }
        }
    }
}

fn fill(frame: &mut Frame, received: &Received, bytes: &[u8]) {
    frame.time = received.stamp.unwrap_or_default();
    frame.direction = Some(match received.pkttype {
        OUTGOING => Direction::Out,
        OTHER_HOST => Direction::Other,
        _ => Direction::In,
    });
    frame.original = received.original;
    frame.checksum_pending = received.checksum_pending;
    frame.bytes.clear();
    let tag = received.vlan.filter(|_| frame.link == LinkType::Ethernet);
    frame.original += put_back(tag, bytes, &mut frame.bytes);
}

//! The sniffer: every frame of one interface that passes the filter, with everything the kernel knows about it.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::libc;
use socket2::SockFilter;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::filter::Filter;
use super::interface::Interface;
use super::packet_socket::{LinkState, Received, bind, enable_auxdata, link_state, receive, statistics, watch};
use super::sockets::{OwnPackets, SniffSocket};
use crate::error::{Error, Kind, Result};
use crate::filter::bpf::{Instruction, Program};
use crate::model::{Direction, Frame, FrameNo, LinkType, Nanos};

/// Receives the frames of one interface.
pub struct Sniffer {
    socket: AsyncFd<OwnedFd>,
    name: String,
    index: u32,
    loopback: bool,
    link: LinkType,
    own: OwnPackets,
    buffer: Vec<u8>,
    counts: Counts,
    state: LinkState,
    /// The loss of the link is known but not yet told.
    unreported: bool,
}

enum Step {
    Frame(Frame),
    Nothing,
    Lost,
}

/// What the kernel counted since the sniffer started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that passed the filter, dropped ones included. On loopback each frame passes twice.
    pub passed: u64,
    /// Frames that passed the filter and were lost because the queue was full.
    pub dropped: u64,
}

/// Room for the largest frame Linux makes: 8 × 65,535 bytes ("BIG TCP") and its headers. Pages that no frame reaches
/// are never touched.
const LARGEST_FRAME: usize = 9 << 16;

/// The kernel switches timestamping on a moment after it was asked to, in deferred work without a promise of when. A
/// frame that passes before gets its stamp when it is read, tens of microseconds late: with 100 µs of pause 1 of 60
/// cold starts, and 2 of 60 on a busy machine. Since [`Sockets::open`](super::Sockets::open) asks for it long before
/// the first frame, little of this is spent waiting.
const STAMP_WARM_UP: Duration = Duration::from_millis(3);

/// How long a vanishing interface may look as if it were merely down, and how often we look.
const SETTLE: (u32, Duration) = (4, Duration::from_millis(5));

/// How often to look whether an interface that is down still exists: nothing wakes us when it is deleted.
pub(super) const DOWN_CHECK: Duration = Duration::from_millis(250);

pub(super) const ETH_P_ALL: u16 = 3;
pub(super) const OUTGOING: u8 = 4;
pub(super) const OTHER_HOST: u8 = 3;

impl Sniffer {
    /// Starts to receive what passes `filter` on `interface`. Must be called inside a tokio runtime. Not promiscuous:
    /// frames between others are seen only where the network delivers them here anyway.
    ///
    /// # Errors
    /// [`Kind::Interface`] when the interface cannot be listened on, [`Kind::System`] for anything else.
    pub fn start(socket: SniffSocket, interface: &Interface, filter: &Filter) -> Result<Self> {
        let SniffSocket { socket, own, armed } = socket;
        let name = &interface.name;
        let link = interface.link.ok_or_else(|| {
            Error::new(Kind::Interface, format!("interface {name} is a kind of link netlab does not know"))
        })?;
        let failed = |what: &str, why: &dyn std::fmt::Display| {
            Error::new(Kind::System, format!("cannot listen on {name}: {what}: {why}"))
        };
        if !filter.is_everything() {
            let program = filter.compile(link).map_err(|error| failed("filter", &error))?;
            attach(&socket, &program).map_err(|error| failed("filter", &error))?;
        }
        enable_auxdata(socket.as_fd()).map_err(|error| failed("VLAN tags", &error))?;
        std::thread::sleep(STAMP_WARM_UP.saturating_sub(armed.elapsed()));
        // The filter is in place: the first frame to arrive is already one of ours.
        bind(socket.as_fd(), interface.index, ETH_P_ALL).map_err(|error| match error {
            Errno::ENODEV | Errno::ENXIO => gone(name),
            error => failed("bind", &error.desc()),
        })?;
        socket.set_nonblocking(true).map_err(|error| failed("non-blocking mode", &error))?;
        let socket = watch(socket.into()).map_err(|error| failed("event loop", &error))?;
        Ok(Self {
            socket,
            name: name.clone(),
            index: interface.index,
            loopback: interface.is_loopback(),
            link,
            own,
            buffer: vec![0; LARGEST_FRAME],
            counts: Counts::default(),
            state: LinkState::Up,
            unreported: false,
        })
    }

    /// Keeps only the first `bytes` of each frame; [`Frame::original`] still says how long it was.
    #[must_use]
    pub fn keeping(mut self, bytes: usize) -> Self {
        self.buffer = vec![0; bytes.min(LARGEST_FRAME)];
        self
    }

    /// What the frames begin with.
    #[must_use]
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// The next frame, numbered 0: whoever keeps the capture numbers it. `None` once the interface is deleted and that
    /// has been reported. Cancel-safe. Gives way to other tasks now and then even when frames never cease.
    ///
    /// # Errors
    /// [`Kind::Interface`], once each, when the interface goes down (wait on: it may come up again) and when it is
    /// deleted (the end); [`Kind::System`] for anything else.
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        loop {
            tokio::task::coop::consume_budget().await;
            if self.unreported {
                self.settle().await;
                self.unreported = false;
                return Err(self.lost());
            }
            match self.step()? {
                Step::Frame(frame) => return Ok(Some(frame)),
                Step::Lost => self.unreported = true,
                Step::Nothing if self.state == LinkState::Gone => return Ok(None),
                Step::Nothing => self.wait().await?,
            }
        }
    }

    /// The next frame if there is one now.
    ///
    /// # Errors
    /// As [`Self::next`]; an interface that is being deleted may be reported as down first.
    pub fn try_next(&mut self) -> Result<Option<Frame>> {
        match self.step()? {
            Step::Frame(frame) => Ok(Some(frame)),
            Step::Nothing => Ok(None),
            Step::Lost => Err(self.lost()),
        }
    }

    fn step(&mut self) -> Result<Step> {
        loop {
            let outcome = receive(self.socket.as_fd(), &mut self.buffer);
            // Read the clock at once: a frame stamped on delivery (none was made earlier) must not look later.
            let now = clock();
            match outcome {
                Ok(received) => {
                    self.state = LinkState::Up;
                    // Over loopback each frame passes twice, going out and coming in; keep the second, as tcpdump does.
                    if !(self.loopback && received.pkttype == OUTGOING) {
                        return Ok(Step::Frame(self.frame(received, now)));
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(Step::Nothing),
                Err(Errno::ENETDOWN | Errno::ENODEV | Errno::ENXIO) => match self.current_state() {
                    // Down and up again before we looked: frames may have been missed, but nothing is wrong now.
                    LinkState::Up => {}
                    state => {
                        self.state = state;
                        return Ok(Step::Lost);
                    }
                },
                Err(error) => {
                    return Err(Error::new(
                        Kind::System,
                        format!("cannot receive on {}: {} ({error:?})", self.name, error.desc().to_lowercase()),
                    ));
                }
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

    fn current_state(&self) -> LinkState {
        link_state(self.socket.as_fd(), self.index)
    }

    fn lost(&self) -> Error {
        match self.state {
            LinkState::Gone => gone(&self.name),
            LinkState::Up | LinkState::Down => went_down(&self.name),
        }
    }

    /// An interface that is being deleted goes down first; waits a moment to name the right thing.
    async fn settle(&mut self) {
        let (times, pause) = SETTLE;
        for _ in 0..times {
            if self.state == LinkState::Gone {
                break;
            }
            tokio::time::sleep(pause).await;
            if self.current_state() == LinkState::Gone {
                self.state = LinkState::Gone;
            }
        }
    }

    /// Waits until there may be something to receive.
    async fn wait(&mut self) -> Result<()> {
        let interest = Interest::READABLE | Interest::ERROR;
        let ready = async {
            let mut guard = self.socket.ready(interest).await?;
            // Nothing was there a moment ago; look again before sleeping on the next change.
            guard.clear_ready();
            Ok::<_, std::io::Error>(())
        };
        let ready = if self.state == LinkState::Down {
            tokio::time::timeout(DOWN_CHECK, ready).await.unwrap_or(Ok(()))
        } else {
            ready.await
        };
        ready.map_err(|error| Error::new(Kind::System, format!("cannot wait for frames on {}: {error}", self.name)))?;
        if self.state == LinkState::Down && self.current_state() == LinkState::Gone {
            self.state = LinkState::Gone;
            self.unreported = true;
        }
        Ok(())
    }

    fn frame(&mut self, received: Received, now: Nanos) -> Frame {
        let captured = self.buffer.get(..received.captured).unwrap_or(&self.buffer);
        let mut bytes = Vec::with_capacity(captured.len());
        let grown = put_back(received.vlan.filter(|_| self.link == LinkType::Ethernet), captured, &mut bytes);
        let mut frame = Frame {
            number: FrameNo(0),
            time: received.stamp.map_or(now, |stamp| stamp.min(now)),
            direction: Some(match received.pkttype {
                OUTGOING => Direction::Out,
                OTHER_HOST => Direction::Other,
                _ => Direction::In,
            }),
            link: self.link,
            original: received.original + grown,
            checksum_pending: received.checksum_pending,
            bytes,
        };
        if self.loopback && take_own(&self.own, frame.bytes.get(14..).unwrap_or(&[])) {
            frame.direction = Some(Direction::Out);
        }
        frame
    }
}

/// Linux takes the outermost VLAN tag out of the frame; puts it back behind the two MAC addresses (IEEE 802.1Q §9.3).
/// Writes the whole frame to `out`, and says by how much it has grown.
pub(super) fn put_back(tag: Option<(u16, u16)>, bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let (Some((tpid, tci)), Some((addresses, rest))) = (tag, bytes.split_at_checked(12)) else {
        out.extend_from_slice(bytes);
        return 0;
    };
    out.reserve(bytes.len() + 4);
    out.extend_from_slice(addresses);
    out.extend_from_slice(&tpid.to_be_bytes());
    out.extend_from_slice(&tci.to_be_bytes());
    out.extend_from_slice(rest);
    4
}

/// Whether our channel sent this IP packet; forgets it, since a frame is seen once.
fn take_own(own: &OwnPackets, seen: &[u8]) -> bool {
    // A poisoned lock means a panic elsewhere in this process; the queue itself is still sound.
    let mut own = own.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    position_of(&own, seen).is_some_and(|at| own.remove(at).is_some())
}

fn position_of(own: &VecDeque<Vec<u8>>, seen: &[u8]) -> Option<usize> {
    // The kernel fills in total length and checksum, and an identification of 0 (raw(7)).
    let same = |sent: &[u8]| {
        sent.len() == seen.len()
            && sent.iter().zip(seen).enumerate().all(|(at, (sent_byte, seen_byte))| {
                sent_byte == seen_byte
                    || matches!(at, 2 | 3 | 10 | 11)
                    || (matches!(at, 4 | 5) && sent.get(4..6) == Some(&[0, 0]))
            })
    };
    own.iter().position(|sent| same(sent))
}

/// Has the kernel run `program` on every frame; in the place of another, if there was one.
pub(super) fn attach(socket: &impl AsFd, program: &Program) -> std::io::Result<()> {
    let form = |i: &Instruction| SockFilter::new(i.code, i.yes, i.no, i.operand);
    let program: Vec<SockFilter> = program.instructions().iter().map(form).collect();
    socket2::SockRef::from(&socket.as_fd()).attach_filter(&program)
}

pub(super) fn gone(name: &str) -> Error {
    Error::new(Kind::Interface, format!("interface {name} was deleted"))
        .hint("see the interfaces that exist with: ip link")
}

pub(super) fn went_down(name: &str) -> Error {
    Error::new(Kind::Interface, format!("interface {name} went down"))
        .hint(format!("switch it on again with: sudo ip link set {name} up"))
}

fn clock() -> Nanos {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Nanos(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}

// The numbers above are the kernel's.
const _: () = assert!(OUTGOING == libc::PACKET_OUTGOING && OTHER_HOST == libc::PACKET_OTHERHOST);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_goes_behind_the_addresses_of_a_whole_frame_only() {
        let frame: Vec<u8> = (0..16).collect();
        let mut tagged = Vec::new();
        assert_eq!(put_back(Some((0x8100, 0x2005)), &frame, &mut tagged), 4);
        assert_eq!(tagged[..12], frame[..12]);
        assert_eq!(tagged[12..16], [0x81, 0x00, 0x20, 0x05]);
        assert_eq!(tagged[16..], frame[12..]);
        for (tag, bytes) in [(Some((0x8100, 5)), &frame[..11]), (None, &frame)] {
            let mut same = Vec::new();
            assert_eq!((put_back(tag, bytes, &mut same), same.as_slice()), (0, bytes));
        }
    }

    #[test]
    fn our_own_packet_is_recognised_once_whatever_the_kernel_filled_in() {
        let mut sent = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1, 8, 0];
        let own = OwnPackets::default();
        own.lock().expect("free").push_back(sent.clone());
        let other = {
            let mut other = sent.clone();
            other[20] = 0;
            other
        };
        for (at, byte) in [(3, 22), (4, 0x12), (5, 0x34), (10, 0xab), (11, 0xcd)] {
            sent[at] = byte;
        }
        assert!(!take_own(&own, &other), "a reply is not ours");
        assert!(take_own(&own, &sent));
        assert!(!take_own(&own, &sent), "each packet passes once");
    }
}

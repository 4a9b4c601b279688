//! The wire thread: reads frames where they leave a node and writes them where they arrive, in time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::clock_gettime;

use super::network::{FIRST, Ports};
use super::switch::Switch;

/// Most frames under way at a time. What comes beyond is lost, as in a router whose queue is full.
const MAX_UNDER_WAY: usize = 16_384;
/// Frames taken from one port before the others have their turn.
const TURN: usize = 64;
/// Larger than any frame the lab's links carry.
const MAX_FRAME: usize = 16_384;
/// Most of the thread's own time that is taken off a frame's delay.
const MAX_COST: Duration = Duration::from_micros(100);
/// Buffers kept for the next frames.
const MAX_SPARE: usize = 256;

const STOP: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;
const SOCKET: u64 = u64::MAX - 2;

/// The thread's state.
pub(super) struct Wire {
    ports: Ports,
    switch: Switch,
    poll: Epoll,
    timer: TimerFd,
    queue: Queue,
}

impl Wire {
    /// Wires `ports` by `switch`; runs until `stop` becomes readable. Opens everything it will need.
    pub(super) fn new(ports: Ports, switch: Switch, stop: &Arc<EventFd>) -> io::Result<Self> {
        let poll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK)?;
        let watch = |fd: BorrowedFd<'_>, data: u64| poll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, data));
        watch(stop.as_fd(), STOP)?;
        watch(timer.as_fd(), TIMER)?;
        match &ports {
            Ports::Taps(taps) => {
                for (port, tap) in (0..).zip(taps) {
                    watch(tap.as_fd(), port)?;
                }
            }
            Ports::Ends(ends) => watch(ends.as_fd(), SOCKET)?,
        }
        Ok(Self { ports, switch, poll, timer, queue: Queue::default() })
    }

    /// Carries frames until told to stop.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut buffer = vec![0; MAX_FRAME];
        let mut events = [EpollEvent::empty(); 32];
        loop {
            let count = match self.poll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => count,
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            };
            for event in events.iter().take(count) {
                match event.data() {
                    STOP => return Ok(()),
                    // Only empties the timer; what is due is found below.
                    TIMER => drop(self.timer.wait()),
                    token => self.take(token, &mut buffer)?,
                }
            }
            self.deliver_due()?;
        }
    }

    /// Takes the frames that wait at a port (or at the socket of all).
    fn take(&mut self, token: u64, buffer: &mut [u8]) -> io::Result<()> {
        for _ in 0..TURN {
            let received = match (&self.ports, usize::try_from(token)) {
                (Ports::Taps(taps), Ok(port)) => {
                    let Some(tap) = taps.get(port) else { return Ok(()) };
                    nix::unistd::read(tap, buffer).map_err(io::Error::from).map(|length| (port, length))
                }
                (Ports::Ends(ends), _) => {
                    ends.receive(buffer).map(|(index, length)| (index.wrapping_sub(FIRST), length))
                }
                (_, Err(_)) => return Ok(()),
            };
            let (port, length) = match received {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // The others go on.
                Err(_) => return self.forget(token),
            };
            let now = clock()?;
            let Some(frame) = buffer.get_mut(..length) else { continue };
            let (ports, queue) = (&self.ports, &mut self.queue);
            self.switch.accept(port, frame, &mut |exit, delay, bytes| {
                if delay.is_zero() {
                    write(ports, exit, bytes);
                } else {
                    queue.push(now, delay, exit, bytes);
                }
            });
        }
        Ok(())
    }

    /// Stops watching a TAP whose interface was deleted. A packet socket tells an interface's end only once.
    fn forget(&self, token: u64) -> io::Result<()> {
        let Ports::Taps(taps) = &self.ports else { return Ok(()) };
        let tap = usize::try_from(token).ok().and_then(|port| taps.get(port));
        tap.map_or(Ok(()), |tap| Ok(self.poll.delete(tap)?))
    }

    /// Writes the frames whose time has come, and sets the timer for the next.
    fn deliver_due(&mut self) -> io::Result<()> {
        if self.queue.is_empty() {
            return Ok(());
        }
        let ports = &self.ports;
        while self.queue.pop_due(clock()?, |exit, frame| write(ports, exit, frame)) {}
        if let Some(due) = self.queue.next_due() {
            // Zero would switch the timer off.
            let at = TimeSpec::from_duration(due.max(Duration::from_nanos(1)));
            self.timer.set(Expiration::OneShot(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
        }
        Ok(())
    }
}

/// Frames under way, and what is known about how late the thread is woken.
#[derive(Default)]
struct Queue {
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// How many frames were queued so far; keeps those due at the same time in order.
    count: u64,
    /// Bytes of delivered frames, to be used again.
    spare: Vec<Vec<u8>>,
    /// How late the thread is woken, as a moving average.
    lateness: Duration,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: Duration,
    number: u64,
    exit: usize,
    frame: Vec<u8>,
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn next_due(&self) -> Option<Duration> {
        self.waiting.peek().map(|Reverse(first)| first.due)
    }

    fn push(&mut self, now: Duration, delay: Duration, exit: usize, bytes: &[u8]) {
        if self.waiting.len() >= MAX_UNDER_WAY {
            return;
        }
        let mut frame = self.spare.pop().unwrap_or_default();
        frame.clear();
        frame.extend_from_slice(bytes);
        // The thread is woken late twice: for the frame's departure and for its arrival.
        let cost = (self.lateness * 2).min(MAX_COST);
        let due = (now + delay).saturating_sub(cost).max(now);
        self.count += 1;
        self.waiting.push(Reverse(Waiting { due, number: self.count, exit, frame }));
    }

    /// Hands the first frame to `write` if it is due at `now`; false if none is.
    fn pop_due(&mut self, now: Duration, write: impl FnOnce(usize, &[u8])) -> bool {
        let Some(due) = self.next_due().filter(|&due| due <= now) else { return false };
        let Some(Reverse(first)) = self.waiting.pop() else { return false };
        write(first.exit, &first.frame);
        let late = now.saturating_sub(due).min(MAX_COST);
        self.lateness = (self.lateness * 7 + late) / 8;
        if self.spare.len() < MAX_SPARE {
            self.spare.push(first.frame);
        }
        true
    }
}

/// Writes a frame to a port. A full or downed interface loses it, as a real one does.
fn write(ports: &Ports, port: usize, frame: &[u8]) {
    let _ = match ports {
        Ports::Taps(taps) => {
            taps.get(port).map_or(Ok(()), |tap| nix::unistd::write(tap, frame).map(drop).map_err(Into::into))
        }
        Ports::Ends(ends) => ends.send(port + FIRST, frame),
    };
}

fn clock() -> io::Result<Duration> {
    Ok(Duration::from(clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC)?))
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("poll", &self.poll.0.as_raw_fd()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn frames_arrive_in_the_order_of_their_time_and_never_before_it_by_more_than_the_cost() {
        let mut queue = Queue::default();
        queue.push(ms(0), ms(20), 1, b"late");
        queue.push(ms(1), ms(10), 2, b"first");
        queue.push(ms(1), ms(10), 3, b"second");
        let mut seen = Vec::new();
        assert!(!queue.pop_due(ms(10), |_, _| {}));
        for now in [ms(11), ms(11), ms(20)] {
            assert!(queue.pop_due(now, |exit, frame| seen.push((exit, frame.to_vec()))));
        }
        assert_eq!(seen, [(2, b"first".to_vec()), (3, b"second".to_vec()), (1, b"late".to_vec())]);
        queue.lateness = ms(5);
        queue.push(ms(0), ms(10), 1, b"x");
        assert_eq!(queue.next_due(), Some(ms(10).saturating_sub(MAX_COST)));
    }

    #[test]
    fn a_full_queue_loses_what_comes() {
        let mut queue = Queue::default();
        for _ in 0..MAX_UNDER_WAY + 10 {
            queue.push(ms(0), ms(1), 0, b"");
        }
        assert_eq!(queue.waiting.len(), MAX_UNDER_WAY);
    }
}

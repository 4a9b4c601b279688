//! Waiting until the kernel really stamps frames as they pass.
//!
//! The kernel switches timestamping on a moment after the first socket asks for it, in deferred work without a promise
//! of when. A frame that passes before is stamped when it is read, tens of microseconds late; after a fixed pause of
//! 100 µs that still befell 1 of 60 cold starts. So we look: a datagram that we send ourselves over loopback is either
//! stamped before the send returns, or not yet stamped at all. The switch is one for the whole kernel.

use std::io::IoSliceMut;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt};

/// Between two looks.
const PAUSE: Duration = Duration::from_micros(50);

/// When to go on regardless; also how long one datagram may take.
const PATIENCE: Duration = Duration::from_millis(20);

/// Where we cannot look (loopback is down, or a firewall guards it): long for deferred work.
const BLIND_PAUSE: Duration = Duration::from_millis(2);

/// Returns once timestamping works, as a socket has asked for it.
pub(super) fn wait_until_on() {
    let begin = Instant::now();
    let Ok(socket) = probe() else { return sleep(BLIND_PAUSE) };
    while begin.elapsed() < PATIENCE {
        match stamped_in_passing(&socket) {
            Some(true) => return,
            Some(false) => sleep(PAUSE),
            None => return sleep(BLIND_PAUSE),
        }
    }
}

/// A socket that sends to itself.
fn probe() -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(socket.local_addr()?)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    setsockopt(&socket, ReceiveTimestampns, &true)?;
    Ok(socket)
}

/// Whether a datagram gets its stamp on its way; `None` when it does not arrive.
fn stamped_in_passing(socket: &UdpSocket) -> Option<bool> {
    socket.send(&[]).ok()?;
    let sent = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let mut nothing = [0; 1];
    let mut parts = [IoSliceMut::new(&mut nothing)];
    let mut control = nix::cmsg_space!(nix::sys::time::TimeSpec);
    let message =
        recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty()).ok()?;
    message.cmsgs().ok()?.find_map(|part| match part {
        ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp) <= sent),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_waiting_a_datagram_is_stamped_in_passing() {
        wait_until_on();
        let socket = probe().expect("loopback");
        assert_eq!(stamped_in_passing(&socket), Some(true));
    }
}

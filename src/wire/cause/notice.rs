//! The kernel's notices that a process of the command is about to use a socket (`seccomp_unotify(2)`). The process
//! waits until it is let go on.
#![allow(unsafe_code)] // the system calls of seccomp, which no safe crate offers

use std::io;
use std::mem::{self, offset_of};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::libc;

/// Where notices come from.
#[derive(Debug)]
pub(super) struct Listener(OwnedFd);

/// A process is about to make this call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notice {
    pub id: u64,
    pub thread: u32,
    pub call: Call,
    pub arguments: [u64; 6],
}

/// The calls that are looked at: all that give a socket an end, or send without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Bind,
    Connect,
    Listen,
    SendTo,
    SendMessage,
    SendMessages,
}

const CALLS: [(libc::c_long, Call); 6] = [
    (libc::SYS_bind, Call::Bind),
    (libc::SYS_connect, Call::Connect),
    (libc::SYS_listen, Call::Listen),
    (libc::SYS_sendto, Call::SendTo),
    (libc::SYS_sendmsg, Call::SendMessage),
    (libc::SYS_sendmmsg, Call::SendMessages),
];

/// The architecture whose calls these numbers are (`linux/audit.h`); programs for another one are not looked at.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_003e);
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_00b7);
#[cfg(target_arch = "riscv64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_00f3);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
const ARCHITECTURE: Option<u32> = None;

/// Has the kernel give notice of this process and its children from now on. What they send by descriptor `except`
/// is left alone.
pub(super) fn listen(except: RawFd) -> io::Result<OwnedFd> {
    let architecture = ARCHITECTURE.ok_or(io::ErrorKind::Unsupported)?;
    let mut program = program(architecture, u32::try_from(except).unwrap_or(u32::MAX));
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let described = libc::sock_fprog { len: length, filter: program.as_mut_ptr() };
    // SAFETY: `described` points to `program`, and both outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
            &raw const described,
        )
    };
    let number = RawFd::try_from(result).ok().filter(|number| *number >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// The program that the kernel runs on every call: a notice for those of [`CALLS`], everything else goes on.
fn program(architecture: u32, except: u32) -> Vec<libc::sock_filter> {
    const LOAD: u16 = 0x20;
    const EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let at = |offset: usize| u32::try_from(offset).unwrap_or(0);
    // The lower half of an argument comes first on the machines above.
    let argument = |number: usize| at(offset_of!(libc::seccomp_data, args) + 8 * number);
    let number = |call: Call| {
        CALLS.iter().find(|(_, known)| *known == call).map_or(u32::MAX, |(n, _)| u32::try_from(*n).unwrap_or(u32::MAX))
    };
    let step = |code, yes, no, operand| libc::sock_filter { code, jt: yes, jf: no, k: operand };
    vec![
        step(LOAD, 0, 0, at(offset_of!(libc::seccomp_data, arch))),
        step(EQUAL, 0, 13, architecture),
        step(LOAD, 0, 0, at(offset_of!(libc::seccomp_data, nr))),
        step(EQUAL, 12, 0, number(Call::Connect)),
        step(EQUAL, 11, 0, number(Call::Bind)),
        step(EQUAL, 10, 0, number(Call::Listen)),
        step(EQUAL, 9, 0, number(Call::SendMessages)),
        step(EQUAL, 0, 2, number(Call::SendMessage)),
        step(LOAD, 0, 0, argument(0)),
        step(EQUAL, 5, 6, except),
        // Only sending to an address: sockets without one have been seen when they were connected.
        step(EQUAL, 0, 4, number(Call::SendTo)),
        step(LOAD, 0, 0, argument(4)),
        step(EQUAL, 0, 3, 0),
        step(LOAD, 0, 0, argument(4) + 4),
        step(EQUAL, 0, 1, 0),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
        step(RETURN, 0, 0, libc::SECCOMP_RET_USER_NOTIF),
    ]
}

impl Listener {
    pub fn new(file: OwnedFd) -> Self {
        Self(file)
    }

    /// The next notice. There is one when the descriptor is readable.
    pub fn next(&self) -> Option<Notice> {
        // SAFETY: the structure is plain integers, for which all-zero bytes are valid, and the kernel wants them so.
        let mut notice: libc::seccomp_notif = unsafe { mem::zeroed() };
        // SAFETY: the kernel writes one such structure.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut notice) };
        let call = CALLS.iter().find(|(number, _)| *number == libc::c_long::from(notice.data.nr));
        let call = call.map_or(Call::SendMessages, |(_, call)| *call);
        (result == 0).then_some(Notice { id: notice.id, thread: notice.pid, call, arguments: notice.data.args })
    }

    /// Lets the process make its call.
    pub fn go_on(&self, notice: Notice) {
        #[allow(clippy::cast_possible_truncation)] // the flag is 1
        let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
        let answer = libc::seccomp_notif_resp { id: notice.id, val: 0, error: 0, flags };
        // SAFETY: the kernel reads one such structure. A process that has ended meanwhile needs no answer.
        unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw const answer) };
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::bpf::{Instruction, Program, Sight};

    #[test]
    fn only_calls_with_an_end_are_looked_at() {
        let program = program(7, 99);
        // The same program with "accept" where there is a notice; its loads are in the machine's byte order, and the
        // interpreter's in the network's.
        let translate = |step: &libc::sock_filter| Instruction {
            code: step.code,
            yes: step.jt,
            no: step.jf,
            operand: match (step.code, step.k) {
                (0x06, libc::SECCOMP_RET_USER_NOTIF) => 1,
                (0x06, _) => 0,
                (_, operand) => operand,
            },
        };
        let program = Program::new(program.iter().map(translate).collect());
        let notices = |architecture: u32, call: libc::c_long, file: u64, address: u64| {
            let mut data = Vec::new();
            data.extend(u32::try_from(call).expect("a number").to_be_bytes());
            data.extend(architecture.to_be_bytes());
            data.extend([0; 8]);
            for argument in [file, 0, 0, 0, address, 0] {
                let (low, high) = (argument & 0xffff_ffff, argument >> 32);
                data.extend(u32::try_from(low).expect("half").to_be_bytes());
                data.extend(u32::try_from(high).expect("half").to_be_bytes());
            }
            program.accepts(Sight { bytes: &data, length: data.len(), tag: None })
        };
        for call in [libc::SYS_connect, libc::SYS_bind, libc::SYS_listen, libc::SYS_sendmmsg] {
            assert!(notices(7, call, 99, 0) && !notices(8, call, 99, 0));
        }
        assert!(notices(7, libc::SYS_sendmsg, 3, 0) && !notices(7, libc::SYS_sendmsg, 99, 0));
        assert!(!notices(7, libc::SYS_sendto, 3, 0));
        assert!(notices(7, libc::SYS_sendto, 3, 16) && notices(7, libc::SYS_sendto, 3, 1 << 40));
        assert!(!notices(7, libc::SYS_read, 3, 16) && !notices(7, libc::SYS_close, 3, 16));
    }
}

//! The kernel's notices that a process of the command is about to use a socket (`seccomp_unotify(2)`). The process
//! waits until it is let go on.
#![allow(unsafe_code)] // the system calls of seccomp, which no safe crate offers

use std::io;
use std::mem::{self, offset_of};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::libc;

use crate::filter::bpf::{Instruction, Program};
use crate::filter::{Assembler, Test, TooLong, Width};

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

/// The calls that are looked at: all that give a socket an end, send without one, or close it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Bind,
    Connect,
    Listen,
    SendTo,
    SendMessage,
    SendMessages,
    Close,
    /// Puts a file in the place of another one, which closes that.
    Replace,
    Exit,
}

const CALLS: &[(libc::c_long, Call)] = &[
    (libc::SYS_bind, Call::Bind),
    (libc::SYS_connect, Call::Connect),
    (libc::SYS_listen, Call::Listen),
    (libc::SYS_sendto, Call::SendTo),
    (libc::SYS_sendmsg, Call::SendMessage),
    (libc::SYS_sendmmsg, Call::SendMessages),
    (libc::SYS_close, Call::Close),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_dup2, Call::Replace),
    (libc::SYS_dup3, Call::Replace),
    (libc::SYS_exit_group, Call::Exit),
];

/// Descriptors whose closing is looked at. Some programs close all that there might be, by the million.
const CLOSED: u32 = 1024;

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
    let program = program(architecture, u32::try_from(except).unwrap_or(u32::MAX)).map_err(io::Error::other)?;
    let mut program = for_kernel(&program);
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
fn program(architecture: u32, except: u32) -> Result<Program, TooLong> {
    let at = |offset: usize| u32::try_from(offset).unwrap_or(0);
    // The lower half of an argument comes first on the machines above.
    let argument = |number: usize| at(offset_of!(libc::seccomp_data, args) + 8 * number);
    let mut out = Assembler::new();
    let (go_on, give_notice) = (out.label(), out.label());
    out.load(Width::Word, at(offset_of!(libc::seccomp_data, arch)));
    out.jump(Test::Equals(architecture), None, Some(go_on));
    for (number, call) in CALLS {
        let next = out.label();
        out.load(Width::Word, at(offset_of!(libc::seccomp_data, nr)));
        out.jump(Test::Equals(u32::try_from(*number).unwrap_or(u32::MAX)), None, Some(next));
        match call {
            Call::SendMessage => {
                out.load(Width::Word, argument(0));
                out.jump(Test::Equals(except), Some(go_on), Some(give_notice));
            }
            Call::SendTo => {
                // Only with an address: sockets without one have been seen when they were connected.
                out.load(Width::Word, argument(4));
                out.jump(Test::Equals(0), None, Some(give_notice));
                out.load(Width::Word, argument(4) + 4);
                out.jump(Test::Equals(0), Some(go_on), Some(give_notice));
            }
            Call::Close => {
                out.load(Width::Word, argument(0));
                out.jump(Test::AtLeast(CLOSED), Some(go_on), Some(give_notice));
            }
            _ => out.go(give_notice),
        }
        out.place(next);
    }
    out.place(go_on);
    out.finish_with(false);
    out.place(give_notice);
    out.finish_with(true);
    out.assemble()
}

/// The same in the form that the kernel takes, with its words for "accept" and "refuse".
fn for_kernel(program: &Program) -> Vec<libc::sock_filter> {
    let step = |step: &Instruction| libc::sock_filter {
        code: step.code,
        jt: step.yes,
        jf: step.no,
        k: match (step.code, step.operand) {
            (RETURN, 0) => libc::SECCOMP_RET_ALLOW,
            (RETURN, _) => libc::SECCOMP_RET_USER_NOTIF,
            (_, operand) => operand,
        },
    };
    program.instructions().iter().map(step).collect()
}

/// The code of "return".
const RETURN: u16 = 0x06;

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
        let call = call.map_or(Call::Exit, |(_, call)| *call);
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
    use crate::filter::bpf::Sight;

    #[test]
    fn only_calls_with_an_end_are_looked_at() {
        // The interpreter's loads are in the network's byte order, and so is this call's description.
        let program = program(7, 99).expect("fits");
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
        assert!(notices(7, libc::SYS_close, 3, 0) && notices(7, libc::SYS_close, 1023, 0));
        assert!(!notices(7, libc::SYS_close, 1024, 0) && !notices(7, libc::SYS_close, 0xffff_ffff, 0));
        assert!(notices(7, libc::SYS_exit_group, 0, 0) && notices(7, libc::SYS_dup3, 0, 0));
        assert!(!notices(7, libc::SYS_read, 3, 16) && !notices(7, libc::SYS_write, 3, 16));
    }
}

//! Starts processes: the helper by fork, and the command by the helper.
#![allow(unsafe_code)] // fork, and what a child does between fork and exec; both in processes with one thread

use std::ffi::{CString, OsStr};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

use caps::{CapSet, Capability};
use nix::libc;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Gid, Pid, Uid, User, fork as fork_process, getgrouplist, getpid};

use super::notice::{self, Listener};
use crate::wire::privilege::Invoker;

/// What the helper ends with where something is wrong with it.
const BROKEN: i32 = 101;

/// Forks a process that runs `help` with its end of a channel, and then ends; our end of the channel.
pub(super) fn fork(help: impl FnOnce(UnixStream)) -> io::Result<UnixStream> {
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    if threads != 1 {
        return Err(io::Error::other(format!("{threads} threads run, and a fork takes only one along")));
    }
    let (ours, theirs) = UnixStream::pair()?;
    // SAFETY: this process has one thread, so the child is a whole copy: no lock is held by a thread that is not there.
    match unsafe { fork_process() }? {
        ForkResult::Parent { .. } => Ok(ours),
        ForkResult::Child => {
            close_all_but(theirs.as_raw_fd());
            // Nothing of the caller's may run in this process: not its destructors, not after a panic.
            let outcome = catch_unwind(AssertUnwindSafe(|| help(theirs)));
            // SAFETY: ends the process at once.
            unsafe { libc::_exit(if outcome.is_ok() { 0 } else { BROKEN }) }
        }
    }
}

/// Closes the caller's files (its sockets, the lab's devices), which the helper has no use for.
fn close_all_but(kept: RawFd) {
    let close = |first: RawFd, last: RawFd| {
        let (first, last) = (libc::c_uint::try_from(first).unwrap_or(3), libc::c_uint::try_from(last).unwrap_or(0));
        if first <= last {
            // SAFETY: the values that own these descriptors are never used again in this process, nor dropped.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
    };
    close(3, kept - 1);
    close(kept + 1, RawFd::MAX);
}

/// Does with `signals` what `handler` says; no handler of ours.
pub(super) fn treat(signals: &[Signal], handler: SigHandler) -> io::Result<()> {
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    for signal in signals {
        // SAFETY: the signals are ignored or do what they usually do; no code of ours runs in a handler.
        unsafe { sigaction(*signal, &action) }?;
    }
    Ok(())
}

/// The signals of keys, and of whoever wants a process to end.
pub(super) const KEYS: [Signal; 3] = [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];

/// Starts `command`, as `user` if one is given. With a listener where the kernel lets us look at its sockets.
pub(super) fn spawn(command: &mut Command, user: Option<Invoker>) -> io::Result<(Pid, Option<Listener>)> {
    let identity = user.map(Identity::of).transpose()?;
    let privileged = caps::has_cap(None, CapSet::Effective, Capability::CAP_SYS_ADMIN).unwrap_or(false);
    // Without that right, who wants to be looked at has to forgo ever gaining rights.
    let shows = privileged || !gains_rights(command.get_program());
    let (ours, theirs) = UnixStream::pair()?;
    // SAFETY: the helper has one thread, so the child is a whole copy.
    let child = match unsafe { fork_process() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let begin = || -> io::Result<()> {
                treat(&KEYS, SigHandler::SigDfl)?;
                if !shows || show_sockets(&theirs, privileged).is_err() {
                    // The command runs all the same.
                    (&theirs).write_all(&[0])?;
                }
                identity.as_ref().map_or(Ok(()), Identity::take)
            };
            let error = begin().err().unwrap_or_else(|| command.exec());
            let errno = error.raw_os_error().unwrap_or(libc::EIO);
            let _ = (&theirs).write(&errno.to_ne_bytes());
            // Not by exiting: that is a call which is looked at, and the helper does not look before the command runs.
            let _ = kill(getpid(), Signal::SIGKILL);
            // SAFETY: ends the process at once, if the signal has not.
            unsafe { libc::_exit(BROKEN) }
        }
    };
    drop(theirs);
    // First comes a byte, with the listener if there is one; then an error number where the command does not begin.
    // When it does, the other end closes.
    let listener = receive(&ours);
    let mut errno = [0; 4];
    match (&ours).read_exact(&mut errno) {
        Err(_) => Ok((child, listener)),
        Ok(()) => {
            let _ = waitpid(child, None);
            Err(io::Error::from_raw_os_error(i32::from_ne_bytes(errno)))
        }
    }
}

/// Asks to be looked at, and sends what that is done through to the helper.
fn show_sockets(channel: &UnixStream, privileged: bool) -> io::Result<()> {
    if !privileged {
        nix::sys::prctl::set_no_new_privs()?;
    }
    // From here on this process would wait for a helper that does not look yet, except when it sends by this number,
    // which closes when the command begins. As large as can be, so that the command does not use it again.
    let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let number = RawFd::try_from(limit.min(1024)).unwrap_or(1024) - 1;
    // SAFETY: duplicates a descriptor of ours to a number that is not in use.
    let way = unsafe { libc::fcntl(channel.as_raw_fd(), libc::F_DUPFD_CLOEXEC, number) };
    if way != number {
        return Err(io::Error::last_os_error());
    }
    let listener = notice::listen(number)?;
    let files = [listener.as_raw_fd()];
    // Closing it would be looked at, too; it closes when the command begins.
    std::mem::forget(listener);
    sendmsg::<()>(number, &[IoSlice::new(&[1])], &[ControlMessage::ScmRights(&files)], MsgFlags::empty(), None)?;
    Ok(())
}

fn receive(channel: &UnixStream) -> Option<Listener> {
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    let mut space = nix::cmsg_space!(RawFd);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(channel.as_raw_fd(), &mut parts, Some(&mut space), flags).ok()?;
    let file = message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::ScmRights(files) => files.first().copied(),
        _ => None,
    })?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Some(Listener::new(unsafe { OwnedFd::from_raw_fd(file) }))
}

/// A user with all groups.
struct Identity {
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
}

impl Identity {
    fn of(user: Invoker) -> io::Result<Self> {
        let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
        let name = User::from_uid(uid)?.and_then(|user| CString::new(user.name).ok());
        let groups = name.and_then(|name| getgrouplist(&name, gid).ok()).unwrap_or_else(|| vec![gid]);
        Ok(Self { uid, gid, groups })
    }

    /// Becomes this user, for good.
    fn take(&self) -> io::Result<()> {
        // Groups first: they need the power that leaves with the user id.
        nix::unistd::setgroups(&self.groups)?;
        nix::unistd::setresgid(self.gid, self.gid, self.gid)?;
        Ok(nix::unistd::setresuid(self.uid, self.uid, self.uid)?)
    }
}

/// Becomes `user`, whose command was started, and keeps no right that the command does not have.
pub(super) fn become_equal(user: Option<Invoker>) -> io::Result<()> {
    if let Some(user) = user {
        return Identity::of(user)?.take();
    }
    // Programs started by root, and by whom capabilities are handed on to, have what we have.
    let handed_on = caps::read(None, CapSet::Ambient).is_ok_and(|set| !set.is_empty());
    if nix::unistd::geteuid().is_root() || handed_on {
        return Ok(());
    }
    for set in [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
        caps::clear(None, set).map_err(io::Error::other)?;
    }
    // A process that had rights is not readable by its own user, and then may not read others either.
    Ok(nix::sys::prctl::set_dumpable(true)?)
}

/// Whether a program runs with rights that its user does not have.
fn gains_rights(program: &OsStr) -> bool {
    let Some(path) = find(program) else { return false };
    let by_mode = path.metadata().is_ok_and(|file| file.permissions().mode() & 0o6000 != 0);
    let attribute = c"security.capability";
    let by_capability = CString::new(path.as_os_str().as_bytes()).is_ok_and(|path| {
        // SAFETY: both names end with a zero byte, and nothing is written where the size is 0.
        unsafe { libc::getxattr(path.as_ptr(), attribute.as_ptr(), std::ptr::null_mut(), 0) > 0 }
    });
    by_mode || by_capability
}

/// The file of a program, by name or path.
fn find(program: &OsStr) -> Option<PathBuf> {
    if program.as_bytes().contains(&b'/') {
        return Some(Path::new(program).to_owned());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Borrows the descriptor of a file of another process: the same socket, under a number of ours.
pub(super) fn borrow(process: u32, number: RawFd) -> io::Result<OwnedFd> {
    let own = |result: libc::c_long| {
        let number = RawFd::try_from(result).ok().filter(|number| *number >= 0).ok_or_else(io::Error::last_os_error)?;
        // SAFETY: the kernel has just made this descriptor for us.
        Ok::<_, io::Error>(unsafe { OwnedFd::from_raw_fd(number) })
    };
    // SAFETY: takes numbers only.
    let process = own(unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) })?;
    // SAFETY: takes numbers only.
    own(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), number, 0) })
}

/// Whether there is something to read, or the other end is gone, for each of `files`; waits `patience` ms at most, for
/// ever where it is negative.
pub(super) fn wait(files: &[BorrowedFd<'_>], patience: i32) -> Vec<bool> {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut files: Vec<PollFd<'_>> = files.iter().map(|file| PollFd::new(*file, PollFlags::POLLIN)).collect();
    // A signal or an error means: look.
    let _ = poll(&mut files, PollTimeout::try_from(patience).unwrap_or(PollTimeout::NONE));
    files.iter().map(|file| file.any().unwrap_or(false)).collect()
}

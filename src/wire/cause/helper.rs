//! The helper process: starts the command when told to, watches over it, and answers questions about sockets.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::diag::Diag;
use super::notice::Listener;
use super::sockets::Sockets;
use super::{Order, Owner, Word, launch, tree};
use crate::wire::privilege::Invoker;

/// The helper at work.
struct Helper {
    channel: UnixStream,
    /// What came from the channel and is not a whole line yet; `None` when nothing more will come.
    heard: Option<Vec<u8>>,
    children: SignalFd,
    command: Pid,
    listener: Option<Listener>,
    sockets: Sockets,
    diag: Option<Diag>,
    in_lab: bool,
    /// Nothing of the command runs any more.
    gone: bool,
}

/// Runs until the command and everything that it started has ended, and netlab has no more questions.
pub(super) fn run(channel: UnixStream, command: &[OsString], user: Option<Invoker>, in_lab: bool) {
    let Some(order) = first_order(&channel) else { return };
    let Order::Start { environment } = order else { return };
    let (mut helper, watched) = match start(channel, command, user, in_lab, environment) {
        Ok(started) => started,
        Err((channel, error)) => {
            let errno = error.raw_os_error().unwrap_or(Errno::EIO as i32);
            return say(&channel, &Word::NotStarted { errno });
        }
    };
    helper.say(&Word::Started { watched });
    while helper.turn() {}
}

/// Waits for the order to start; nothing comes when netlab ended before.
fn first_order(channel: &UnixStream) -> Option<Order> {
    // Nothing is sent before the command has started, so nothing is read ahead.
    let mut line = String::new();
    BufReader::with_capacity(1, channel).read_line(&mut line).ok()?;
    serde_json::from_str(&line).ok()
}

fn start(
    channel: UnixStream,
    command: &[OsString],
    user: Option<Invoker>,
    in_lab: bool,
    environment: Vec<(String, String)>,
) -> Result<(Helper, bool), (UnixStream, std::io::Error)> {
    let begin = || -> std::io::Result<_> {
        // Processes that the command leaves behind become our children.
        nix::sys::prctl::set_child_subreaper(true)?;
        // Keys that interrupt are for the command and for netlab.
        launch::treat(&launch::KEYS, SigHandler::SigIgn)?;
        let mask = SigSet::from(Signal::SIGCHLD);
        mask.thread_block()?;
        let children = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        let (program, arguments) = command.split_first().ok_or(Errno::ENOENT)?;
        let mut command = Command::new(program);
        command.args(arguments).envs(environment);
        if let Some(user) = user {
            as_at_home(&mut command, user);
        }
        let (child, listener) = launch::spawn(&mut command, user)?;
        // What cannot be looked at then is told of by its packets only.
        let _ = launch::become_equal(user);
        Ok((children, child, listener))
    };
    match begin() {
        Err(error) => Err((channel, error)),
        Ok((children, command, listener)) => {
            let watched = listener.is_some();
            let (sockets, diag) = (Sockets::default(), Diag::open().ok());
            let helper = Helper {
                channel,
                heard: Some(Vec::new()),
                children,
                command,
                listener,
                sockets,
                diag,
                in_lab,
                gone: false,
            };
            Ok((helper, watched))
        }
    }
}

/// The variables that say who a user is.
fn as_at_home(command: &mut Command, user: Invoker) {
    if let Ok(Some(user)) = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(user.uid)) {
        command.env("HOME", &user.dir).env("USER", &user.name).env("LOGNAME", &user.name);
    }
}

impl Helper {
    /// Waits for something to do, and does it; `false` when all is over.
    fn turn(&mut self) -> bool {
        let patience = if self.sockets.are_pending() { 1 } else { -1 };
        let (mut notices, mut orders) = (false, false);
        {
            let children = self.children.as_fd();
            let listener = self.listener.as_ref().map(AsFd::as_fd);
            let channel = self.heard.is_some().then(|| self.channel.as_fd());
            let files: Vec<BorrowedFd<'_>> = [children].into_iter().chain(listener).chain(channel).collect();
            let ready = launch::wait(&files, patience);
            let mut rest = ready.into_iter().skip(1);
            if listener.is_some() {
                notices = rest.next().unwrap_or(false);
            }
            if channel.is_some() {
                orders = rest.next().unwrap_or(false);
            }
        }
        self.settle();
        if notices {
            self.look();
        }
        if orders {
            self.hear();
        }
        self.reap();
        !(self.gone && self.heard.is_none())
    }

    /// Looks at the socket that a process is about to use, and lets it go on.
    fn look(&mut self) {
        let Some(listener) = &self.listener else { return };
        let Some(notice) = listener.next() else { return };
        let words = self.sockets.look(notice);
        listener.go_on(notice);
        for word in &words {
            self.say(word);
        }
        self.settle();
    }

    fn settle(&mut self) {
        for word in self.sockets.settle() {
            self.say(&word);
        }
    }

    /// Reads orders and follows those that are whole.
    fn hear(&mut self) {
        let Some(heard) = &mut self.heard else { return };
        let mut buffer = [0; 4096];
        match self.channel.read(&mut buffer) {
            Ok(length @ 1..) => heard.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return,
            // netlab has ended. The command may go on, but not in a lab that is no more.
            _ => {
                self.heard = None;
                if self.in_lab {
                    let processes = tree::descendants(std::process::id());
                    for process in processes {
                        hang_up(process);
                    }
                }
                return;
            }
        }
        let mut lines = Vec::new();
        while let Some(end) = heard.iter().position(|byte| *byte == b'\n') {
            lines.push(heard.drain(..=end).collect::<Vec<u8>>());
        }
        for line in lines {
            if let Ok(Order::Ask { question, protocol, local, remote }) = serde_json::from_slice(&line) {
                // A packet was seen, so its socket has an end by now.
                self.settle();
                let owner = self.owner(protocol, local, remote);
                self.say(&Word::Answer { question, owner });
            }
        }
    }

    fn owner(&self, protocol: u8, local: std::net::SocketAddr, remote: std::net::SocketAddr) -> Owner {
        match self.diag.as_ref().and_then(|diag| diag.inode(protocol, local, remote)) {
            None | Some(0) => Owner::Unknown,
            Some(inode) if tree::holds(&tree::descendants(std::process::id()), inode) => Owner::Command,
            Some(_) => Owner::Other,
        }
    }

    /// Takes note of processes that have ended.
    fn reap(&mut self) {
        while let Ok(Some(_)) = self.children.read_signal() {}
        while !self.gone {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(process, code)) if process == self.command => {
                    self.say(&Word::Ended { code: Some(code), signal: None });
                }
                Ok(WaitStatus::Signaled(process, signal, _)) if process == self.command => {
                    self.say(&Word::Ended { code: None, signal: Some(signal as i32) });
                }
                Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => return,
                Ok(_) => {}
                Err(_) => {
                    self.gone = true;
                    self.say(&Word::Gone);
                }
            }
        }
    }

    fn say(&self, word: &Word) {
        say(&self.channel, word);
    }
}

fn say(mut channel: &UnixStream, word: &Word) {
    // Plain values always have a JSON form. If netlab has ended, nobody listens.
    let mut line = serde_json::to_vec(word).unwrap_or_default();
    line.push(b'\n');
    let _ = channel.write_all(&line);
}

fn hang_up(process: u32) {
    if let Ok(process) = i32::try_from(process) {
        // A process that has ended meanwhile needs no signal.
        let _ = kill(Pid::from_raw(process), Signal::SIGHUP);
    }
}

//! Which traffic one command causes.
//!
//! ```text
//! netlab ──fork──► helper ──spawn──► command ──► its children
//!    ▲   questions   │ ▲                 │
//!    └───── words ───┘ └─ connect, close ┘   (each waits until the helper has seen the socket)
//! ```
//!
//! A packet does not say which process sent it. The helper finds out from the other side: the kernel lets it look
//! (`seccomp_unotify(2)`) whenever a process of the command connects, binds, sends to an address or closes, and waits
//! for it. So it knows every socket, however short its life, and from when to when it had its port. Where the kernel does not do that, the helper is asked about the
//! packets that were seen: it finds their sockets by `sock_diag(7)`, and the sockets among the files of the command's
//! processes.
//!
//! The helper has the rights of the command it watches and no more, reads nothing that came from a network, and is
//! forked while netlab still has one thread and its rights.

mod diag;
mod helper;
mod launch;
mod notice;
mod sockets;
mod tree;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::privilege::invoking_user;
use crate::error::{Error, Kind, Result};
use crate::model::Nanos;

/// A command that is not started yet, and the helper that will watch over it.
#[derive(Debug)]
pub struct Prepared {
    channel: UnixStream,
}

/// A command that was started.
#[derive(Debug)]
pub struct Caused {
    words: Lines<BufReader<OwnedReadHalf>>,
    orders: OwnedWriteHalf,
    /// Orders that the helper has not taken yet.
    waiting: Vec<u8>,
    questions: u64,
}

/// What the helper tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// The command runs. `watched` says whether every socket of it will be claimed.
    Started {
        /// Whether the kernel lets the helper look.
        watched: bool,
    },
    /// It could not be started, for this reason.
    NotStarted {
        /// The system's error number.
        errno: i32,
    },
    /// A process of the command uses this, from this time on.
    Claim {
        /// Its ends.
        claim: Claim,
        /// Just before it could send, since the Unix epoch.
        since: Nanos,
    },
    /// A socket that was claimed without another end is closed.
    Closed {
        /// Number of the protocol inside IP.
        protocol: u8,
        /// The port of its own end.
        port: u16,
        /// Just before it was closed, since the Unix epoch.
        until: Nanos,
    },
    /// What became of a question.
    Answer {
        /// Its number.
        question: u64,
        /// Whose the socket is.
        owner: Owner,
    },
    /// The command does something whose packets cannot be told by their sockets.
    Beyond(Beyond),
    /// The process that was started has ended.
    Ended {
        /// Its exit code, where it ended by itself.
        code: Option<i32>,
        /// The signal that ended it, where one did.
        signal: Option<i32>,
    },
    /// All processes that it started have ended, too.
    Gone,
}

/// A socket of the command. What it sends comes from `local`, and what it gets goes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// Number of the protocol inside IP.
    pub protocol: u8,
    /// Its own end, where an address of 0 is any; for echo requests the port is their identifier.
    pub local: SocketAddr,
    /// The other end, where there is only one.
    pub remote: Option<SocketAddr>,
}

/// Whose a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// A process of the command.
    Command,
    /// Another process.
    Other,
    /// The socket is not there, or not any more.
    Unknown,
}

/// What is beyond sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Beyond {
    /// It makes frames itself, as nmap does.
    PacketSocket,
    /// It makes IP packets itself.
    RawSocket,
    /// It has names looked up by a service of this host.
    NameService,
}

/// What the helper is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Order {
    /// Start the command with these variables beside its own.
    Start { environment: Vec<(String, String)> },
    /// Whose is the socket between these two ends?
    Ask { question: u64, protocol: u8, local: SocketAddr, remote: SocketAddr },
}

impl Prepared {
    /// Forks the helper for `command`, a program and its arguments. The process must have one thread only. Under sudo
    /// the command will run as the user who called it; `in_lab` says that it ends with netlab.
    ///
    /// # Errors
    /// [`Kind::System`] when the system refuses.
    pub fn fork(command: &[OsString], in_lab: bool) -> Result<Self> {
        let user = invoking_user();
        let run = |channel| helper::run(channel, command, user, in_lab);
        match launch::fork(run) {
            Ok(channel) => Ok(Self { channel }),
            Err(error) => Err(Error::new(Kind::System, format!("cannot start a helper process: {error}"))),
        }
    }

    /// Starts the command, with `environment` beside its own variables. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`Kind::System`] when the helper is gone.
    pub fn start(self, environment: Vec<(String, String)>) -> Result<Caused> {
        let connect = || -> io::Result<Caused> {
            self.channel.set_nonblocking(true)?;
            let (words, orders) = tokio::net::UnixStream::from_std(self.channel)?.into_split();
            let words = BufReader::new(words).lines();
            Ok(Caused { words, orders, waiting: Vec::new(), questions: 0 })
        };
        let mut caused = connect().map_err(|error| lost(&error))?;
        caused.order(&Order::Start { environment });
        Ok(caused)
    }
}

impl Caused {
    /// The next word of the helper; `None` when it has said all. Cancel-safe.
    ///
    /// # Errors
    /// [`Kind::System`] when it is lost.
    pub async fn next(&mut self) -> Result<Option<Word>> {
        loop {
            self.push();
            tokio::select! {
                line = self.words.next_line() => return match line {
                    Ok(None) => Ok(None),
                    Ok(Some(line)) => Ok(Some(serde_json::from_str(&line).map_err(|error| lost(&error))?)),
                    Err(error) => Err(lost(&error)),
                },
                // Whether it can be written to is found out by trying.
                _ = self.orders.writable(), if !self.waiting.is_empty() => {}
            }
        }
    }

    /// Asks whose socket it is that sends from `local` to `remote`; the number of the question, which the answer bears.
    pub fn ask(&mut self, protocol: u8, local: SocketAddr, remote: SocketAddr) -> u64 {
        self.questions += 1;
        self.order(&Order::Ask { question: self.questions, protocol, local, remote });
        self.questions
    }

    fn order(&mut self, order: &Order) {
        // Plain values always have a JSON form.
        self.waiting.extend(serde_json::to_vec(order).unwrap_or_default());
        self.waiting.push(b'\n');
        self.push();
    }

    /// Hands over what the helper takes now. What it does not take for ever it is too late for.
    fn push(&mut self) {
        while !self.waiting.is_empty() {
            match self.orders.try_write(&self.waiting) {
                Ok(written) => drop(self.waiting.drain(..written)),
                Err(_) => return,
            }
        }
    }
}

fn lost(error: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::System, format!("lost the helper that watches the command: {error}"))
        .hint("the command goes on without being watched")
}

//! Where the capture comes from. What is told waits in a buffer, and leaves it before the program waits for more input:
//! so a file is told with few writes, and what another program captures is told as it comes.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::capture::{self, Reader};
use crate::error::{Error, Kind, Result};
use crate::wire::privilege;

/// Bytes of output that are collected before they are written.
const BUFFER: usize = 1 << 16;
/// How standard input is named on the command line, and in what is said of it.
const STDIN: (&str, &str) = ("-", "standard input");
/// Milliseconds in which whoever writes into our pipe may finish, when an interrupt came for both.
const LAST_WORDS: u16 = 300;
/// What a process that a second signal ends answers with: 128 + SIGINT, as shells have it.
const ENDED_BY_SIGNAL: i32 = 130;

/// Standard output, with a buffer that whoever waits may empty.
pub(super) type Output = Arc<Mutex<BufWriter<io::Stdout>>>;

/// A new [`Output`].
pub(super) fn output() -> Output {
    Arc::new(Mutex::new(BufWriter::with_capacity(BUFFER, io::stdout())))
}

/// The output, to write to it.
pub(super) fn lock(out: &Output) -> MutexGuard<'_, BufWriter<io::Stdout>> {
    out.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A capture that is open and not read yet: reading needs no right, so all are given up in between.
pub(super) struct Input {
    name: String,
    file: File,
    /// All of it is there already: a file, and no pipe or terminal.
    is_whole: bool,
}

impl Input {
    /// Opens `file`, or the capture of the last run.
    pub(super) fn open(file: Option<&Path>) -> Result<Self> {
        let last;
        let path = match file {
            Some(path) => path,
            None => {
                last = capture::last(privilege::home().as_deref())?;
                &last
            }
        };
        let from_stdin = path.as_os_str() == STDIN.0;
        let name = if from_stdin { STDIN.1.to_owned() } else { shown(path) };
        let opened =
            if from_stdin { io::stdin().as_fd().try_clone_to_owned().map(File::from) } else { File::open(path) };
        let file = opened.map_err(|error| {
            let failed = Error::new(Kind::File, format!("cannot read {name}: {error}"));
            match error.kind() {
                io::ErrorKind::NotFound => failed.hint("check the name; capture files often end in .pcapng or .pcap"),
                _ => failed,
            }
        })?;
        let metadata = file.metadata();
        if metadata.as_ref().is_ok_and(std::fs::Metadata::is_dir) {
            let failed = Error::new(Kind::File, format!("cannot read {name}: it is a directory"));
            return Err(failed.hint("give the name of a capture file in it"));
        }
        Ok(Self { name, is_whole: metadata.is_ok_and(|metadata| metadata.is_file()), file })
    }

    /// What it is called.
    pub(super) fn name(&self) -> String {
        self.name.clone()
    }

    /// Whether all of it is there already.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Reads its head. From here on, an interrupt ends the capture instead of the process.
    pub(super) fn reader(self, out: &Output) -> Result<Reader> {
        heed_interrupts()?;
        if self.is_whole {
            return Reader::new(&self.name, self.file);
        }
        Reader::new(&self.name, Patient { input: self.file, out: Arc::clone(out) })
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string().escape_debug().to_string()
}

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

fn heed_interrupts() -> Result<()> {
    let seen = INTERRUPTED.get_or_init(Arc::default);
    let listen = || -> io::Result<()> {
        for number in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag down, and raises it.
            flag::register_conditional_shutdown(number, ENDED_BY_SIGNAL, Arc::clone(seen))?;
            flag::register(number, Arc::clone(seen))?;
        }
        Ok(())
    };
    listen().map_err(|error| Error::new(Kind::System, format!("cannot handle interrupts: {error}")))
}

/// Whether the user wants to see what there is so far.
pub(super) fn interrupted() -> bool {
    INTERRUPTED.get().is_some_and(|seen| seen.load(Ordering::Relaxed))
}

/// Input that may make its reader wait. Before it does, what was told is shown.
struct Patient {
    input: File,
    out: Output,
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.ready(PollTimeout::ZERO)? {
            lock(&self.out).flush()?;
            let patience = || if interrupted() { PollTimeout::from(LAST_WORDS) } else { PollTimeout::NONE };
            while !self.ready(patience())? {
                if interrupted() {
                    return Ok(0);
                }
            }
        }
        self.input.read(buffer)
    }
}

impl Patient {
    /// Whether there is something to read, or the end of it. Also `false` after a signal.
    fn ready(&self, patience: PollTimeout) -> io::Result<bool> {
        let mut inputs = [PollFd::new(self.input.as_fd(), PollFlags::POLLIN)];
        match poll(&mut inputs, patience) {
            Ok(count) => Ok(count > 0),
            Err(Errno::EINTR) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }
}

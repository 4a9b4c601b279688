//! A run of `netlab sniff` that tests talk to while it listens.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::support::netlab;
use super::support::run::Run;

/// Longer than anything here takes, also where others keep the processors busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A run of `netlab sniff` that has begun to listen.
pub struct Sniffing {
    pub child: Child,
    out: BufReader<ChildStdout>,
    said: String,
    over: Arc<AtomicBool>,
}

impl Sniffing {
    /// Starts it, and waits until it says that it listens.
    pub fn to(arguments: &[&str]) -> Self {
        let mut sniffing = Self::from(netlab([&["sniff"], arguments].concat()));
        let line = sniffing.line();
        assert!(line.contains("SNIFF on") || line.contains(r#""type":"start""#), "{line}");
        sniffing
    }

    /// Starts `command`, which is to run it.
    pub fn from(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let over = Arc::new(AtomicBool::new(false));
        let (pid, flag, begun) = (pid(&child), Arc::clone(&over), Instant::now());
        // Whoever waits for what never comes reads to the end of a run that was ended.
        std::thread::spawn(move || {
            while !flag.load(Ordering::Relaxed) {
                if begun.elapsed() > PATIENCE {
                    let _ = kill(pid, Signal::SIGKILL);
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Self { child, out, said: String::new(), over }
    }

    /// The next line.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("UTF-8");
        assert!(!line.is_empty(), "it ended after:\n{}", self.said);
        self.said.push_str(&line);
        line
    }

    /// Waits until it has said so.
    pub fn until(&mut self, says: &str) {
        while !self.line().contains(says) {}
    }

    /// Nobody reads on.
    pub fn stop_reading(&mut self) {
        let mut silent = Command::new("true").stdout(Stdio::piped()).spawn().expect("it starts");
        self.out = BufReader::new(silent.stdout.take().expect("piped"));
        silent.wait().expect("it ends");
    }

    /// Ctrl-C, and what it said until it ended.
    pub fn interrupt(self) -> Run {
        kill(pid(&self.child), Signal::SIGINT).expect("interrupted");
        self.ended()
    }

    /// What it said, once it has ended.
    pub fn ended(mut self) -> Run {
        self.out.read_to_string(&mut self.said).expect("UTF-8");
        let mut err = String::new();
        self.child.stderr.take().expect("piped").read_to_string(&mut err).expect("UTF-8");
        let status = self.child.wait().expect("it ends");
        self.over.store(true, Ordering::Relaxed);
        Run { code: status.code().unwrap_or(-1), out: self.said, err }
    }
}

/// The process of a child.
pub fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("a process id"))
}

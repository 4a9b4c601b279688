//! Errors that reach the user: what failed, and what to do about it.

use std::fmt;

/// Why a run could not start or go on. The binary prints it as one line, its hints as one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    message: String,
    hints: Vec<String>,
}

/// What sort of thing failed. All of them end a run with exit code 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line asks for something that cannot be.
    Usage,
    /// A name has no address.
    Name,
    /// The operating system does not allow it.
    Privilege,
    /// The interface is missing, down or unfit.
    Interface,
    /// No route leads there, or the neighbour on the way does not answer.
    Route,
    /// A file cannot be read or written.
    File,
    /// The virtual network cannot be made here.
    Lab,
    /// Anything else the operating system refused.
    System,
    /// Whoever read our output stopped reading. Not a failure: the run ends quietly.
    ClosedPipe,
}

/// A result with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` that says `message`: lower case, no full stop, names the thing that failed.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    /// The same error with one more thing to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What sort of thing failed.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What to do about it, best first.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl From<std::io::Error> for Error {
    /// An error in writing the output.
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::new(Kind::ClosedPipe, "the output was closed"),
            kind => {
                let hint = match kind {
                    std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                        "make room there, or send the output elsewhere"
                    }
                    _ => "send the output elsewhere",
                };
                Self::new(Kind::File, format!("cannot write the output: {error}")).hint(hint)
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

//! The first line of a run.

use std::io::{self, Write as _};
use std::net::IpAddr;

use crate::model::{Hop, Path};

use super::{Json, string};

impl Json {
    /// The first line: what `command` will do. `target` is what the user typed.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn start(
        &mut self,
        out: &mut dyn io::Write,
        command: &str,
        target: &str,
        path: &Path,
        lab: bool,
    ) -> io::Result<()> {
        let line = &mut self.buffer;
        line.extend_from_slice(b"{\"type\":\"start\",\"command\":");
        string(line, command);
        line.extend_from_slice(b",\"target\":");
        string(line, target);
        write!(line, ",\"address\":\"{}\",\"interface\":", path.target)?;
        string(line, &path.interface);
        write!(line, ",\"source\":\"{}\",\"gateway\":", path.source)?;
        match path.hop {
            Hop::Router { address, .. } | Hop::Peer { router: Some(address) } => write!(line, "\"{address}\"")?,
            _ => line.extend_from_slice(b"null"),
        }
        write!(line, ",\"lab\":{lab}}}")?;
        self.end(out)
    }

    /// The first line of a run that only listens, on `interface` with address `source`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn listen(
        &mut self,
        out: &mut dyn io::Write,
        command: &str,
        interface: &str,
        filter: &str,
        source: Option<&IpAddr>,
        lab: bool,
    ) -> io::Result<()> {
        let line = &mut self.buffer;
        line.extend_from_slice(b"{\"type\":\"start\",\"command\":");
        string(line, command);
        line.extend_from_slice(b",\"target\":null,\"address\":null,\"interface\":");
        string(line, interface);
        line.extend_from_slice(b",\"source\":");
        match source {
            Some(source) => write!(line, "\"{source}\"")?,
            None => line.extend_from_slice(b"null"),
        }
        line.extend_from_slice(b",\"gateway\":null,\"filter\":");
        string(line, filter);
        write!(line, ",\"lab\":{lab}}}")?;
        self.end(out)
    }
}

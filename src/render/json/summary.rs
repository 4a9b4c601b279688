//! The last line of a run.

use std::io::{self, Write as _};

use crate::model::{ArpSummary, ConnectionSummary, PingSummary, TraceSummary};

use super::{Json, integer};

impl Json {
    /// The last line of a capture. `dropped` is `null` where nothing says how many frames were missed.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn capture_summary(
        &mut self,
        out: &mut dyn io::Write,
        packets: u64,
        dropped: Option<u64>,
        conversations: u64,
    ) -> io::Result<()> {
        let line = &mut self.buffer;
        write!(line, "{{\"type\":\"summary\",\"packets\":{packets}")?;
        integer(line, "dropped", dropped)?;
        write!(line, ",\"conversations\":{conversations}}}")?;
        self.end(out)
    }

    /// The last line of a trace.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn trace_summary(&mut self, out: &mut dyn io::Write, summary: TraceSummary) -> io::Result<()> {
        let TraceSummary { reached, hops } = summary;
        write!(self.buffer, "{{\"type\":\"summary\",\"reached\":{reached},\"hops\":{hops}}}")?;
        self.end(out)
    }

    /// The last line of an ARP run.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn arp_summary(&mut self, out: &mut dyn io::Write, summary: &ArpSummary) -> io::Result<()> {
        let ArpSummary { sent, received, neighbours, duplicates, .. } = summary;
        write!(
            self.buffer,
            "{{\"type\":\"summary\",\"sent\":{sent},\"received\":{received},\"neighbours\":{neighbours},\
             \"duplicates\":{duplicates}}}"
        )?;
        self.end(out)
    }

    /// The last line of a ping.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn ping_summary(&mut self, out: &mut dyn io::Write, summary: &PingSummary) -> io::Result<()> {
        let line = &mut self.buffer;
        let PingSummary { transmitted, received, duplicates, errors, .. } = summary;
        let loss = (summary.loss() * 1e6).round() / 1e6;
        write!(
            line,
            "{{\"type\":\"summary\",\"transmitted\":{transmitted},\"received\":{received},\
             \"duplicates\":{duplicates},\"errors\":{errors},\"loss\":{loss},\"rtt\":"
        )?;
        match summary.rtt {
            Some(rtt) => write!(
                line,
                "{{\"min\":{},\"avg\":{},\"max\":{},\"mdev\":{}}}",
                rtt.min.0, rtt.avg.0, rtt.max.0, rtt.mdev.0
            )?,
            None => line.extend_from_slice(b"null"),
        }
        line.push(b'}');
        self.end(out)
    }

    /// The last line of a handshake.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn handshake_summary(&mut self, out: &mut dyn io::Write, summary: &ConnectionSummary) -> io::Result<()> {
        let line = &mut self.buffer;
        let (state, established) = (summary.port.word(), summary.established);
        write!(line, "{{\"type\":\"summary\",\"state\":\"{state}\",\"established\":{established}")?;
        integer(line, "connect_rtt", summary.connect_rtt.map(|rtt| rtt.0))?;
        match summary.close() {
            Some(close) => write!(line, ",\"close\":\"{close}\"")?,
            None => line.extend_from_slice(b",\"close\":null"),
        }
        write!(line, ",\"bytes_sent\":{},\"bytes_received\":{}", summary.bytes_sent, summary.bytes_received)?;
        line.extend_from_slice(b",\"options\":");
        match summary.negotiated {
            None => line.extend_from_slice(b"null"),
            Some(agreed) => {
                let size = |size: Option<u16>| size.map_or_else(|| "null".to_owned(), |size| size.to_string());
                let (ours, theirs) = (size(agreed.ours.mss), size(agreed.theirs.mss));
                write!(line, "{{\"mss\":{{\"ours\":{ours},\"theirs\":{theirs}}}")?;
                line.extend_from_slice(b",\"window_scale\":");
                match agreed.shifts() {
                    Some((ours, theirs)) => write!(line, "{{\"ours\":{ours},\"theirs\":{theirs}}}")?,
                    None => line.extend_from_slice(b"null"),
                }
                write!(line, ",\"sack\":{},\"timestamps\":{}}}", agreed.sack(), agreed.timestamps())?;
            }
        }
        line.push(b'}');
        self.end(out)
    }
}

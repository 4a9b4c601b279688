//! The same for programs: one JSON object a line.
//!
//! Written by hand straight into a buffer that is used again, because a capture has a million packets with fifty
//! fields each. The caller flushes: at once while packets arrive, when the buffer is full while reading a file.

mod packet;

use std::io::{self, Write as _};
use std::net::IpAddr;

use crate::engine::{self, Seen};
use crate::explain::words::{self, Language};
use crate::model::{
    Answer, ArpSummary, ConnectionSummary, FieldSpec, Header, Hop, HopProbe, HopReport, Kind, Nanos, Neighbour, Note,
    Packet, Path, PingSummary, Probed, Quote, TraceSummary, Value,
};

use super::trace::WatchedRow;
use super::{escape, figures};

/// Writes the lines of one run.
#[derive(Debug)]
pub struct Json {
    claims: packet::Claims,
    origin: Option<Nanos>,
    buffer: Vec<u8>,
    text: String,
    generated: Vec<u8>,
}

impl Json {
    /// A run that has not begun; sentences are in `language`.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self {
            claims: packet::Claims::new(language),
            origin: None,
            buffer: Vec::new(),
            text: String::new(),
            generated: Vec::new(),
        }
    }

    /// Times count from this point on, and not from the first packet.
    pub fn count_from(&mut self, origin: Nanos) {
        self.origin = Some(origin);
    }

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

    /// A packet with all its layers, fields, notes and faults.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn packet(&mut self, out: &mut dyn io::Write, packet: &Packet<'_>, notes: &[Note]) -> io::Result<()> {
        self.packet_with(out, packet, &[], notes)
    }

    /// The same for a packet of a whole capture: also with the layers of what it completes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn seen(&mut self, out: &mut dyn io::Write, seen: &Seen<'_, '_, '_>, notes: &[Note]) -> io::Result<()> {
        self.packet_with(out, seen.packet, seen.whole, notes)
    }

    fn packet_with(
        &mut self,
        out: &mut dyn io::Write,
        packet: &Packet<'_>,
        whole: &[Packet<'_>],
        notes: &[Note],
    ) -> io::Result<()> {
        let frame = packet.frame;
        let origin = *self.origin.get_or_insert(frame.time);
        let Self { buffer: line, text, claims, generated, .. } = self;
        packet::head(line, frame, frame.time - origin);
        line.extend_from_slice(b",\"stream\":");
        match packet.generated("tcp.stream") {
            Some(Value::Number(stream)) => figures::decimal(line, stream),
            _ => line.extend_from_slice(b"null"),
        }
        text.clear();
        // Writing to a string does not fail.
        let _ = engine::info(packet, whole, text);
        line.extend_from_slice(b",\"info\":");
        string(line, text);
        line.extend_from_slice(b",\"layers\":");
        packet::layers(line, generated, std::slice::from_ref(packet));
        if !whole.is_empty() {
            line.extend_from_slice(b",\"reassembled\":");
            packet::layers(line, generated, whole);
        }
        line.extend_from_slice(b",\"notes\":[");
        for one in notes {
            claims.write(line, one);
            line.push(b',');
        }
        close_list(line);
        line.extend_from_slice(b",\"faults\":[");
        for one in &packet.faults {
            packet::fault(line, one);
            line.push(b',');
        }
        close_list(line);
        line.push(b'}');
        self.end(out)
    }

    /// A claim that stands for itself: a line of the heading or the verdict.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn note(&mut self, out: &mut dyn io::Write, one: &Note) -> io::Result<()> {
        self.claims.write(&mut self.buffer, one);
        self.end(out)
    }

    /// What became of one probe.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn probe(&mut self, out: &mut dyn io::Write, probed: &Probed) -> io::Result<()> {
        probe(&mut self.buffer, probed)?;
        self.buffer.push(b'}');
        self.end(out)
    }

    /// What one TTL of a trace brought back; `names` are those of its addresses that have one.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn hop(&mut self, out: &mut dyn io::Write, hop: &HopReport, names: &[String]) -> io::Result<()> {
        let line = &mut self.buffer;
        hop_head(line, hop.ttl, &hop.addresses(), names)?;
        line.extend_from_slice(b",\"probes\":[");
        for probe in &hop.probes {
            hop_probe(line, probe)?;
            line.push(b',');
        }
        close_list(line);
        write!(line, ",\"limited\":{}}}", hop.limited)?;
        self.end(out)
    }

    /// One hop of a watched trace, with its figures instead of its probes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn watched(&mut self, out: &mut dyn io::Write, row: &WatchedRow) -> io::Result<()> {
        let line = &mut self.buffer;
        let addresses: Vec<IpAddr> = row.names.iter().map(|named| named.address).collect();
        let names: Vec<String> = row.names.iter().filter_map(|named| named.name.clone()).collect();
        hop_head(line, row.ttl, &addresses, &names)?;
        let figures = &row.figures;
        let loss = (figures.loss() * 1e6).round() / 1e6;
        write!(line, ",\"probes\":[],\"sent\":{},\"received\":{},\"loss\":{loss}", figures.sent, figures.answered)?;
        let times = [
            ("last", figures.last),
            ("avg", figures.avg()),
            ("best", figures.best),
            ("worst", figures.worst),
            ("stdev", figures.deviation()),
            ("jitter", figures.jitter()),
        ];
        for (name, time) in times {
            integer(line, name, time.map(|time| time.0))?;
        }
        line.push(b'}');
        self.end(out)
    }

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

    /// Somebody who answered for an address.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn neighbour(&mut self, out: &mut dyn io::Write, neighbour: &Neighbour) -> io::Result<()> {
        let line = &mut self.buffer;
        let Neighbour { address, mac, rtt, .. } = neighbour;
        write!(line, "{{\"type\":\"neighbour\",\"address\":\"{address}\",\"mac\":\"{mac}\",\"vendor\":")?;
        match mac.vendor() {
            Some(vendor) => string(line, vendor),
            None => line.extend_from_slice(b"null"),
        }
        integer(line, "rtt", rtt.map(|rtt| rtt.0))?;
        line.push(b'}');
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

    /// What `netlab field KEY` says.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn field(&mut self, out: &mut dyn io::Write, header: &Header, spec: &FieldSpec) -> io::Result<()> {
        let line = &mut self.buffer;
        line.extend_from_slice(b"{\"type\":\"field\",\"key\":");
        string(line, spec.key);
        for (name, text) in
            [("label", spec.label), ("layer", header.name), ("title", header.title), ("source", header.source)]
        {
            write!(line, ",\"{name}\":")?;
            string(line, text);
        }
        let kind = super::field::kind(spec.kind);
        write!(
            line,
            ",\"kind\":\"{kind}\",\"bit\":{},\"bits\":{},\"generated\":{}",
            spec.at.start, spec.at.len, spec.generated
        )?;
        line.extend_from_slice(b",\"values\":{");
        if let Kind::Enum(names) = spec.kind {
            for (number, word) in names {
                write!(line, "\"{number}\":")?;
                string(line, word);
                line.push(b',');
            }
        }
        close(line, b'}');
        line.extend_from_slice(b",\"meaning\":");
        match words::field(self.claims.language(), spec.key) {
            Some(words) => string(line, &words),
            None => line.extend_from_slice(b"null"),
        }
        line.push(b'}');
        self.end(out)
    }

    fn end(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        self.buffer.push(b'\n');
        let written = out.write_all(&self.buffer);
        self.buffer.clear();
        written
    }
}

/// The members of a probe's object, without its closing brace.
fn probe(line: &mut Vec<u8>, probed: &Probed) -> io::Result<()> {
    let word = probed.status.word();
    write!(line, "{{\"type\":\"probe\",\"seq\":{},\"ttl\":{},\"status\":\"{word}\"", probed.seq, probed.ttl)?;
    match probed.from {
        Some(from) => write!(line, ",\"from\":\"{from}\"")?,
        None => line.extend_from_slice(b",\"from\":null"),
    }
    integer(line, "rtt", probed.rtt.map(|rtt| rtt.0))?;
    integer(line, "request", probed.request.map(|frame| frame.0))?;
    integer(line, "response", probed.response.map(|frame| frame.0))
}

/// A probe of a trace: what every probe has, what the answer was, and what it quotes.
fn hop_probe(line: &mut Vec<u8>, one: &HopProbe) -> io::Result<()> {
    probe(line, &one.probed)?;
    match one.answer.map(Answer::mark) {
        Some(mark) if !mark.is_empty() => write!(line, ",\"mark\":\"{mark}\"")?,
        _ => line.extend_from_slice(b",\"mark\":null"),
    }
    integer(line, "reply_ttl", one.reply_ttl)?;
    match one.quote {
        Some(Quote { ttl, dsfield, source, destination, rewritten }) => write!(
            line,
            ",\"quoted\":{{\"ip.ttl\":{ttl},\"ip.dsfield\":{dsfield},\"ip.src\":\"{source}\",\"ip.dst\":\"{destination}\",\
             \"rewritten\":{rewritten}}}"
        )?,
        None => line.extend_from_slice(b",\"quoted\":null"),
    }
    write!(line, ",\"again\":{}}}", one.again)
}

/// The members that begin every hop's object.
fn hop_head(line: &mut Vec<u8>, ttl: u8, addresses: &[IpAddr], names: &[String]) -> io::Result<()> {
    write!(line, "{{\"type\":\"hop\",\"ttl\":{ttl},\"addresses\":[")?;
    for address in addresses {
        write!(line, "\"{address}\",")?;
    }
    close_list(line);
    line.extend_from_slice(b",\"names\":[");
    for name in names {
        string(line, name);
        line.push(b',');
    }
    close_list(line);
    Ok(())
}

fn integer(line: &mut Vec<u8>, name: &str, number: Option<impl std::fmt::Display>) -> io::Result<()> {
    match number {
        Some(number) => write!(line, ",\"{name}\":{number}"),
        None => write!(line, ",\"{name}\":null"),
    }
}

fn string(line: &mut Vec<u8>, text: &str) {
    line.push(b'"');
    escape::json(line, text);
    line.push(b'"');
}

fn close_list(line: &mut Vec<u8>) {
    close(line, b']');
}

/// Ends a list or object, whose last member left a comma behind.
fn close(line: &mut Vec<u8>, bracket: u8) {
    if line.last() == Some(&b',') {
        line.pop();
    }
    line.push(bracket);
}

#[cfg(test)]
mod tests;

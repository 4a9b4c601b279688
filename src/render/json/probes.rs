//! What became of single probes, of the hops of a trace, and who answered for an address.

use std::io::{self, Write as _};
use std::net::IpAddr;

use crate::model::{Answer, HopProbe, HopReport, Neighbour, Probed, Quote};
use crate::render::trace::WatchedRow;

use super::{Json, close_list, integer, string};

impl Json {
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

//! A trace: one row a hop as they become known, the path as a picture, and the table of a watched trace.
//!
//! ```text
//! hop  address          name                         3 probes, ms the router says
//!   1  192.168.11.1     router.home              0.41  0.39  0.40 TTL ran out here
//! ```

use std::io;
use std::net::IpAddr;

use unicode_width::UnicodeWidthChar;

use crate::explain::trace::says;
use crate::explain::words::{self, Language};
use crate::model::{Answer, HopFigures, HopProbe, HopReport, Nanos, Status};

use super::theme::{Glyphs, Look, Paint};
use super::{escape, wrap};

/// Columns of the parts of a row: TTL, address, name, one RTT. What is left is for what the router says.
const TTL: usize = 3;
const ADDRESS: usize = 15;
const NAME: usize = 23;
const RTT: usize = 6;
/// RTTs on one line.
const ACROSS: usize = 3;
/// Columns of a picture, with room for the last label.
const PICTURE: usize = 76;
/// More hops than this are drawn without their numbers.
const NUMBERED: usize = 18;

/// The rows of one trace. Silent hops are kept back until an answer shows that they are worth a row each; those at
/// the end become one.
#[derive(Debug)]
pub struct Table {
    look: Look,
    language: Language,
    named: bool,
    queries: usize,
    headed: bool,
    spaced: bool,
    silent: Vec<HopReport>,
}

/// An address that answered, with the name that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The address.
    pub address: IpAddr,
    /// Its name, as the name server gave it: not yet escaped.
    pub name: Option<String>,
}

impl Table {
    /// A table without rows; `named` when there is a column for names, `queries` probes a hop.
    #[must_use]
    pub fn new(look: Look, language: Language, named: bool, queries: u8) -> Self {
        Self { look, language, named, queries: usize::from(queries), headed: false, spaced: true, silent: Vec::new() }
    }

    /// Begins at once, without an empty line: nothing stands above the table.
    pub fn alone(&mut self) {
        self.spaced = false;
    }

    /// Writes the row of `hop`, or keeps it back when it is silent. `names` belong to its addresses.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn hop(&mut self, out: &mut dyn io::Write, hop: &HopReport, names: &[Named]) -> io::Result<()> {
        if hop.answered().next().is_none() {
            self.silent.push(hop.clone());
            return Ok(());
        }
        self.head(out)?;
        for silent in std::mem::take(&mut self.silent) {
            self.nobody(out, &silent.ttl.to_string(), &silent)?;
        }
        for (number, address) in hop.addresses().iter().enumerate() {
            let ttl = if number == 0 { hop.ttl.to_string() } else { String::new() };
            let name = names.iter().find(|named| named.address == *address).and_then(|named| named.name.as_deref());
            self.somebody(out, &ttl, hop, *address, name)?;
        }
        Ok(())
    }

    /// Writes the hops that were kept back.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        let silent = std::mem::take(&mut self.silent);
        if !silent.is_empty() {
            self.head(out)?;
        }
        match silent.as_slice() {
            [] => Ok(()),
            [one] => self.nobody(out, &one.ttl.to_string(), one),
            [first, .., last] => self.nobody(out, &format!("{}-{}", first.ttl, last.ttl), first),
        }
    }

    /// Writes the titles of the columns, once.
    fn head(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if std::mem::replace(&mut self.headed, true) {
            return Ok(());
        }
        let probes = if self.queries == 1 { "1 probe".to_owned() } else { format!("{} probes", self.queries) };
        let width = self.across() * RTT;
        let probes =
            if probes.len() + 4 > width { format!("{:>width$}", "ms") } else { format!("{:>width$}", probes + ", ms") };
        if self.spaced {
            writeln!(out)?;
        }
        writeln!(out, "{}", self.row("hop", "address", "name", &probes, "the router says").trim_end())
    }

    fn across(&self) -> usize {
        self.queries.clamp(1, ACROSS)
    }

    fn nobody(&self, out: &mut dyn io::Write, ttl: &str, hop: &HopReport) -> io::Result<()> {
        let refused = hop.probes.iter().all(|probe| matches!(probe.probed.status, Status::NotSent { .. }));
        let says = self.phrase(if refused { "says.not-sent" } else { "says.silent" });
        let dashes = format!("{:>RTT$}", "-").repeat(self.across());
        // A range of hops needs room of the address's column.
        let width = TTL + 2 + ADDRESS + 2;
        let row = if ttl.len() > TTL {
            format!("{:<width$}", format!("{ttl} *"))
        } else {
            format!("{ttl:>TTL$}  {:<rest$}", "*", rest = ADDRESS + 2)
        };
        let name = if self.named { " ".repeat(NAME) } else { String::new() };
        writeln!(out, "{}", self.look.paint(Paint::Aside, format!("{row}{name}{dashes} {says}").trim_end()))
    }

    fn somebody(
        &self,
        out: &mut dyn io::Write,
        ttl: &str,
        hop: &HopReport,
        address: IpAddr,
        name: Option<&str>,
    ) -> io::Result<()> {
        let answer = hop.answered().filter(|probe| probe.probed.from == Some(address)).find_map(|probe| probe.answer);
        let says = answer.map(|answer| self.says(hop, answer)).unwrap_or_default();
        let cells: Vec<String> = cells(hop, address, self.queries);
        let name = name.map(|name| fit(&escape::value(name, self.look.glyphs), NAME, self.look.glyphs));
        for (line, cells) in cells.chunks(self.across()).enumerate() {
            let rtts = cells.concat();
            let rtts = format!("{rtts:<width$}", width = self.across() * RTT);
            let row = if line == 0 {
                self.row(ttl, &address.to_string(), name.as_deref().unwrap_or_default(), &rtts, &says)
            } else {
                self.row("", "", "", &rtts, "")
            };
            writeln!(out, "{}", row.trim_end())?;
        }
        Ok(())
    }

    fn row(&self, ttl: &str, address: &str, name: &str, rtts: &str, says: &str) -> String {
        let pad = NAME.saturating_sub(wrap::width(name));
        let name = if self.named { format!("{name}{:pad$}", "") } else { String::new() };
        format!("{ttl:>TTL$}  {address:<ADDRESS$}  {name}{rtts} {says}")
    }

    fn says(&self, hop: &HopReport, answer: Answer) -> String {
        if hop.limited {
            return self.phrase("says.limited");
        }
        let mark = answer.mark();
        let phrase = self.phrase(says(answer));
        // Most phrases begin with their mark already.
        if mark.is_empty() || phrase.starts_with('!') { phrase } else { format!("{mark} {phrase}") }
    }

    fn phrase(&self, id: &str) -> String {
        words::text(self.language, id, &[])
    }
}

/// The RTT columns of one address of a hop. A probe that was answered by another address leaves a gap; one that
/// nobody answered has its place taken by an answer to asking again, if there is one.
fn cells(hop: &HopReport, address: IpAddr, queries: usize) -> Vec<String> {
    let blank = || " ".repeat(RTT);
    let from = |probe: &HopProbe| probe.probed.from == Some(address) && probe.answer.is_some();
    let cell = |probe: &HopProbe| match probe.probed.rtt {
        Some(rtt) => format!("{:>RTT$}", milliseconds(rtt)),
        None => format!("{:>RTT$}", "?"),
    };
    let mut again = hop.probes.iter().filter(|probe| probe.again > 0 && probe.answer.is_some());
    let first = hop.probes.iter().filter(|probe| probe.again == 0).take(queries);
    first
        .map(|probe| {
            let shown = if probe.answer.is_some() { Some(probe) } else { again.next() };
            match shown {
                Some(probe) if from(probe) => cell(probe),
                Some(_) => blank(),
                None => format!("{:>RTT$}", "-"),
            }
        })
        .collect()
}

/// An RTT in milliseconds with three or four digits.
#[must_use]
pub fn milliseconds(rtt: Nanos) -> String {
    let ms = rtt.as_millis_f64();
    let digits = match ms {
        ms if ms < 9.995 => 2,
        ms if ms < 999.95 => 1,
        _ => 0,
    };
    format!("{ms:.digits$}")
}

/// `text` in at most `columns` columns, cut where it is longer.
fn fit(text: &str, columns: usize, glyphs: Glyphs) -> String {
    if wrap::width(text) <= columns {
        return text.to_owned();
    }
    let more = if glyphs == Glyphs::Unicode { "…" } else { "~" };
    let mut used = 1;
    let mut cut = String::new();
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > columns {
            break;
        }
        cut.push(character);
    }
    cut + more
}

/// Draws the path as a line on which each hop stands as far to the right as its RTT is long, and the RTTs below.
/// Draws nothing when fewer than two hops answered.
///
/// # Errors
/// Those of `out`.
pub fn picture(out: &mut dyn io::Write, look: Look, hops: &[HopReport]) -> io::Result<()> {
    let last = hops.iter().rposition(|hop| hop.answered().next().is_some()).map_or(0, |last| last + 1);
    let hops = &hops[..last];
    let longest = hops.iter().filter_map(HopReport::best).max();
    let Some(longest) = longest.filter(|_| hops.iter().filter(|hop| hop.best().is_some()).count() > 1) else {
        return Ok(());
    };
    let label = |hop: &HopReport| match hop.best() {
        None => "*".to_owned(),
        Some(_) if hops.len() <= NUMBERED => hop.ttl.to_string(),
        Some(_) => "o".to_owned(),
    };
    let wire = if look.glyphs == Glyphs::Unicode { '─' } else { '-' };
    let mut line = "you".to_owned();
    let mut column = 3;
    let mut times = Vec::new();
    let mut behind: usize = hops.iter().map(|hop| label(hop).len() + 1).sum();
    for hop in hops {
        let label = label(hop);
        behind -= label.len() + 1;
        // As far as its RTT says, but behind the hop before it and with room for those after it.
        let wanted = hop.best().map_or(0, |rtt| place(rtt, longest));
        let at = wanted.min(PICTURE.saturating_sub(behind + label.len())).max(column + 1);
        line.extend(std::iter::repeat_n(wire, at - column));
        line.push_str(&label);
        column = at + label.len();
        times.extend(hop.best().map(|rtt| (at, milliseconds(rtt))));
    }
    writeln!(out, "{line}")?;
    writeln!(out, "{}", look.paint(Paint::Aside, scale(&times, look.width)))
}

/// The times below the picture, each at its column: the last one always, the others where there is room.
fn scale(times: &[(usize, String)], width: usize) -> String {
    let Some(((at, last), others)) = times.split_last() else { return String::new() };
    let last = format!("{last} ms");
    let end = (*at).min(width.saturating_sub(last.len()));
    let mut scale = String::new();
    for (at, time) in others {
        let clear = scale.is_empty() || *at >= scale.len() + 2;
        if clear && at + time.len() + 6 <= end {
            scale = format!("{scale:<at$}{time}");
        }
    }
    format!("{scale:<end$}{last}")
}

/// The column of an RTT when the longest one is at the end of the picture.
fn place(rtt: Nanos, longest: Nanos) -> usize {
    let width = i64::try_from(PICTURE).unwrap_or(i64::MAX) - 8;
    let column = rtt.0.max(0).saturating_mul(width) / longest.0.max(1);
    4 + usize::try_from(column).unwrap_or(0)
}

/// One hop of a watched trace, as its table shows it.
#[derive(Clone, Debug)]
pub struct WatchedRow {
    /// Its TTL.
    pub ttl: u8,
    /// Who answered, the first first.
    pub names: Vec<Named>,
    /// Its figures.
    pub figures: HopFigures,
}

/// Writes the table of a watched trace: as many lines as it returns, none wider than the look allows.
///
/// # Errors
/// Those of `out`.
pub fn watched(out: &mut dyn io::Write, look: Look, rows: &[WatchedRow]) -> io::Result<usize> {
    const HOST: usize = 24;
    let titles = ["Loss%", "Sent", "Last", "Avg", "Best", "Wrst", "StDev", "Jttr"];
    write!(out, "{:>TTL$}  {:<HOST$}", "hop", "host")?;
    for title in titles {
        write!(out, "{title:>6}")?;
    }
    writeln!(out)?;
    let mut lines = 1;
    for row in rows {
        let names: Vec<Option<&Named>> =
            if row.names.is_empty() { vec![None] } else { row.names.iter().map(Some).collect() };
        for (number, named) in names.iter().enumerate() {
            let host = match named {
                None => "*".to_owned(),
                Some(Named { address, name: None }) => address.to_string(),
                Some(Named { name: Some(name), .. }) => fit(&escape::value(name, look.glyphs), HOST, look.glyphs),
            };
            let pad = HOST.saturating_sub(wrap::width(&host));
            if number > 0 {
                writeln!(out, "{:TTL$}  {host}", "")?;
            } else {
                write!(out, "{:>TTL$}  {host}{:pad$}", row.ttl, "")?;
                let figures = &row.figures;
                write!(out, "{:>6}{:>6}", format!("{:.1}", figures.loss()), figures.sent)?;
                let times =
                    [figures.last, figures.avg(), figures.best, figures.worst, figures.deviation(), figures.jitter()];
                for time in times {
                    write!(out, "{:>6}", time.map_or_else(|| "-".to_owned(), milliseconds))?;
                }
                writeln!(out)?;
            }
            lines += 1;
        }
    }
    Ok(lines)
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;

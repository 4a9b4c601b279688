//! What `netlab field` prints: a header's map with one field marked, and what that field is for.

use std::io;

use crate::explain::words::{self, Language};
use crate::model::{FieldSpec, Header, Kind};

use super::theme::{Look, Paint};
use super::{escape, value, wrap};

/// Bits of a row of the map, as RFCs draw it.
const ROW: usize = 32;
/// Rows of a field that reaches to the end of the bytes.
const OPEN_END: usize = ROW;
/// Width of the words before each line.
const WORD: usize = 10;

/// Writes everything there is to say about `spec`, a field of `header`.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn io::Write,
    look: Look,
    language: Language,
    header: &Header,
    spec: &FieldSpec,
) -> io::Result<()> {
    let beside = spec.key.len() + 2;
    for (number, line) in wrap::lines(spec.label, look.width - beside, look.width - 2).iter().enumerate() {
        match number {
            0 => writeln!(out, "{}  {line}", look.paint(Paint::Title, spec.key))?,
            _ => writeln!(out, "  {line}")?,
        }
    }
    if let Some(words) = words::field(language, spec.key) {
        for line in wrap::lines(&escape::line(&words, look.glyphs), look.width, look.width) {
            writeln!(out, "{}", look.paint(Paint::Sentence, line))?;
        }
    }
    writeln!(out)?;
    entry(out, look, "header", &format!("{} ({}), {}", header.title, header.name, header.source))?;
    entry(out, look, "place", &place(header, spec))?;
    entry(out, look, "value", &reads(spec))?;
    match spec.kind {
        Kind::Enum(names) => {
            for (number, word) in names {
                entry(out, look, "", &format!("{:>6}  {word}", value::numeral(spec, u64::from(*number))))?;
            }
        }
        Kind::Flag(set, unset) => {
            entry(out, look, "", &format!("{:>6}  {unset}", 0))?;
            entry(out, look, "", &format!("{:>6}  {set}", 1))?;
        }
        _ => {}
    }
    let cells = cells(header, spec);
    if cells.iter().any(|cell| cell.marked) {
        writeln!(out)?;
        map(out, look, &cells)?;
    }
    Ok(())
}

/// Writes one line for each field of `table`: its key and its name.
///
/// # Errors
/// Those of `out`.
pub fn list<'a>(
    out: &mut dyn io::Write,
    look: Look,
    table: impl IntoIterator<Item = (&'a Header, &'a FieldSpec)>,
) -> io::Result<()> {
    let mut before = "";
    for (header, spec) in table {
        if header.name != before {
            let gap = if before.is_empty() { "" } else { "\n" };
            writeln!(out, "{gap}{}", look.paint(Paint::Title, header.title))?;
            before = header.name;
        }
        let label = if spec.generated { format!("[{}]", spec.label) } else { spec.label.to_owned() };
        let line = format!("  {:<32} {label}", spec.key);
        for part in wrap::lines(&escape::line(&line, look.glyphs), look.width, look.width) {
            writeln!(out, "{part}")?;
        }
    }
    Ok(())
}

/// The word of the JSON output for how a field reads.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Number | Kind::Hex | Kind::Scaled(_) => "number",
        Kind::Enum(_) => "enumeration",
        Kind::Flag(..) => "flag",
        Kind::Mac => "mac",
        Kind::Ipv4 => "ipv4",
        Kind::Ipv6 => "ipv6",
        Kind::Bytes => "bytes",
        Kind::Span => "span",
        Kind::Text => "text",
    }
}

fn entry(out: &mut dyn io::Write, look: Look, word: &str, text: &str) -> io::Result<()> {
    let room = look.width.saturating_sub(WORD).max(20);
    for (number, line) in wrap::lines(&escape::line(text, look.glyphs), room, room).iter().enumerate() {
        let word = format!("{:<WORD$}", if number == 0 { word } else { "" });
        writeln!(out, "{}{line}", look.paint(Paint::Aside, word))?;
    }
    Ok(())
}

fn reads(spec: &FieldSpec) -> String {
    match spec.kind {
        Kind::Number => "a number".to_owned(),
        Kind::Hex => "a number, usually written in hexadecimal".to_owned(),
        Kind::Scaled(unit) => format!("a number, counted in units of {unit}"),
        Kind::Enum(_) => "a number with a meaning of its own:".to_owned(),
        Kind::Flag(..) if spec.at.len > 1 => format!("{} bits, all 0 or not:", spec.at.len),
        Kind::Flag(..) => "one bit:".to_owned(),
        Kind::Mac => "a MAC address".to_owned(),
        Kind::Ipv4 => "an IPv4 address".to_owned(),
        Kind::Ipv6 => "an IPv6 address".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        Kind::Span => "a span of time".to_owned(),
        Kind::Text => "text".to_owned(),
    }
}

fn place(header: &Header, spec: &FieldSpec) -> String {
    if spec.generated {
        return "not in the bytes: concluded from them".to_owned();
    }
    let (start, len) = (spec.at.start, spec.at.len);
    let fixed = placed(header).any(|row| row == spec) || whole(header, spec).is_some();
    if !fixed && !shares(header, spec) {
        return "not at a fixed place: inside an option".to_owned();
    }
    let byte = start / 8;
    let place = match (start % 8, len) {
        (_, 0) => format!("from byte {byte} to the end"),
        (0, 8) => format!("byte {byte} of the header"),
        (0, bits) if bits % 8 == 0 => format!("bytes {byte}-{} of the header", byte + bits / 8 - 1),
        (_, 1) => format!("bit {start} of the header: in byte {byte} the bit worth {}", 128 >> (start % 8)),
        (_, bits) => format!("bits {start}-{} of the header, {bits} bits from byte {byte} on", start + bits - 1),
    };
    if fixed { place } else { format!("{place}, in some messages only") }
}

/// The fields of the fixed header in the order of their bits: those of the header itself that begin where the one
/// before ended. What comes later in the table lies in options, or shares its place with another field.
fn placed(header: &Header) -> impl Iterator<Item = &'static FieldSpec> {
    let mut end = 0;
    header.fields.iter().filter(move |spec| {
        let fits = !spec.generated && spec.depth == 0 && spec.at.start >= end && spec.at.start < end + ROW;
        if fits {
            end = spec.at.start + if spec.at.len == 0 { OPEN_END } else { spec.at.len };
        }
        fits
    })
}

/// The placed field that `spec` is a part of: the row of the header itself before it, if it encloses it.
fn whole(header: &Header, spec: &FieldSpec) -> Option<&'static FieldSpec> {
    let position = header.fields.iter().position(|row| row == spec)?;
    let before = header.fields[..position].iter().rev().find(|row| row.depth == 0 && !row.generated)?;
    let encloses = spec.at.start >= before.at.start && spec.at.start + spec.at.len <= before.at.start + before.at.len;
    (spec.depth > 0 && encloses && placed(header).any(|row| row == before)).then_some(before)
}

/// Whether `spec` stands in the place of a placed field in another form of the message. What begins at bit 0 and is not
/// the header's first field is counted from the start of an option.
fn shares(header: &Header, spec: &FieldSpec) -> bool {
    let end = placed(header).map(|row| row.at.start + row.at.len).max().unwrap_or(0);
    spec.depth == 0 && spec.at.start > 0 && spec.at.len > 0 && spec.at.start + spec.at.len <= end
}

/// A field on the map.
#[derive(Clone, Copy, Debug)]
struct Cell {
    start: usize,
    end: usize,
    label: &'static str,
    marked: bool,
}

/// The placed fields, with the marked one's siblings in place of the field they are parts of, and with the marked
/// field in place of another that shares its bits.
fn cells(header: &Header, marked: &FieldSpec) -> Vec<Cell> {
    let parent = whole(header, marked);
    let fixed = parent.is_some() || placed(header).any(|row| row == marked);
    if marked.generated || !(fixed || shares(header, marked)) {
        return Vec::new();
    }
    let cell = |spec: &FieldSpec| {
        let len = if spec.at.len == 0 { OPEN_END } else { spec.at.len };
        Cell { start: spec.at.start, end: spec.at.start + len, label: spec.label, marked: spec == marked }
    };
    let wanted = cell(marked);
    let overlaps = |one: &Cell| one.start < wanted.end && wanted.start < one.end;
    let mut cells: Vec<Cell> = Vec::new();
    for row in placed(header) {
        if Some(row) == parent {
            let parts = header.fields.iter().filter(|part| whole(header, part) == parent && !part.generated).map(cell);
            for part in parts.filter(|part| part.marked || !overlaps(part)) {
                if cells.last().is_none_or(|before| before.end <= part.start) {
                    cells.push(part);
                }
            }
        } else if cell(row).marked || !overlaps(&cell(row)) {
            cells.push(cell(row));
        } else if !cells.iter().any(|drawn| drawn.marked) {
            cells.push(wanted);
        }
    }
    // A field in the place of another belongs to another form of the message: its neighbours there are not its own.
    let row = |cell: &Cell| cell.start / ROW;
    if !fixed {
        cells.retain(|cell| cell.marked || row(cell) != row(&wanted));
    }
    cells
}

/// The map: 32 bits a row, each bit two columns wide, as RFCs draw headers. The marked field is filled with `#`.
fn map(out: &mut dyn io::Write, look: Look, cells: &[Cell]) -> io::Result<()> {
    let end = cells.iter().map(|cell| cell.end).max().unwrap_or(0);
    let owner = |bit: usize| cells.iter().position(|cell| (cell.start..cell.end).contains(&bit));
    writeln!(out, " 0{:19}1{:19}2{:19}3", "", "", "")?;
    writeln!(out, " {}", (0..ROW).map(|bit| (bit % 10).to_string()).collect::<Vec<_>>().join(" "))?;
    for start in (0..end).step_by(ROW) {
        let above = start.checked_sub(ROW);
        writeln!(out, "{}", border(end, above, Some(start), &owner))?;
        let (mut bit, stop) = (start, end.min(start + ROW));
        let mut line = String::from("|");
        while bit < stop {
            let index = owner(bit);
            let run = (bit..stop).take_while(|&other| owner(other) == index).count();
            let cell = index.map(|index| cells[index]);
            line.push_str(&inside(look, cell, start, run * 2 - 1));
            line.push('|');
            bit += run;
        }
        writeln!(out, "{line}")?;
    }
    let last = end.saturating_sub(1) / ROW * ROW;
    writeln!(out, "{}", border(end, Some(last), None, &owner))
}

/// The line between two rows. It is open where a field goes on from one to the next.
fn border(end: usize, above: Option<usize>, below: Option<usize>, owner: &impl Fn(usize) -> Option<usize>) -> String {
    let row = |start: Option<usize>, column| start.map(|start| start + column).filter(|&bit| bit < end);
    let mut line = String::new();
    for column in 0..ROW {
        let (up, down) = (row(above, column), row(below, column));
        if up.is_none() && down.is_none() {
            break;
        }
        let open = matches!((up, down), (Some(up), Some(down)) if owner(up).is_some() && owner(up) == owner(down));
        line.push_str(if open { "+ " } else { "+-" });
    }
    line + "+"
}

/// A cell's `columns` characters: its label in the middle of its first row, cut where it does not fit.
fn inside(look: Look, cell: Option<Cell>, row: usize, columns: usize) -> String {
    let Some(cell) = cell else { return " ".repeat(columns) };
    let label = if cell.start >= row { cell.label } else { "" };
    let label = if label.len() > columns { label.get(..columns).unwrap_or("") } else { label };
    if !cell.marked {
        return format!("{label:^columns$}");
    }
    let spaced = match columns.checked_sub(label.len()) {
        Some(4..) if !label.is_empty() => format!(" {label} "),
        Some(2..) => label.to_owned(),
        _ => String::new(),
    };
    look.paint(Paint::Marked, format!("{spaced:#^columns$}")).to_string()
}

#[cfg(test)]
mod tests;

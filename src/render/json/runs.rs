//! Rows that lie side by side in a header. Most bits of a packet's header are those of some packet before, and what was
//! made of them then can be copied: a MAC address with its two flags, the nine flags of a segment, IP's first bytes.

use foldhash::HashMap;

use super::members::{Members, Name, Names};
use super::packet;
use crate::model::{Bits, FieldSpec, Kind};
use crate::render::again::Again;
use crate::render::figures;

/// Bits of neighbours that are taken together although they share no byte.
const TOGETHER: usize = 16;

/// The runs of rows that were met.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Where each is, by address and length.
    places: HashMap<(usize, usize), usize>,
    runs: Vec<Vec<Group>>,
}

/// Neighbours that are written together.
#[derive(Debug)]
struct Group {
    rows: &'static [FieldSpec],
    way: Way,
}

/// How a group is written.
#[derive(Debug)]
enum Way {
    /// One number, whose digits are made faster than looked for; it counts in units of so many.
    Number(Name, Bits, u64),
    /// The same bits say the same: the rows' names, and what was said.
    Again(Bits, Vec<Name>, Again),
    /// Row by row.
    Row,
}

impl Runs {
    /// Adds to `members` those that these rows of `header` are, none of which may be there already; `names` will know
    /// them when they come again.
    pub fn write(
        &mut self,
        rows: &'static [FieldSpec],
        header: &[u8],
        offset: usize,
        members: &mut Members<'_>,
        names: &mut Names,
    ) {
        let address = (rows.as_ptr() as usize, rows.len());
        let place = self.places.get(&address).copied().unwrap_or_else(|| self.learn(rows, address, names));
        self.runs[place].iter_mut().for_each(|group| group.write(header, offset, members, names));
    }

    #[cold]
    fn learn(&mut self, rows: &'static [FieldSpec], address: (usize, usize), names: &mut Names) -> usize {
        rows.iter().filter(|row| is_made_of_bits(row)).for_each(|row| names.put_in_run(row.key));
        self.runs.push(rows.split(|row| row.generated).flat_map(Group::all_of).collect());
        self.places.insert(address, self.runs.len() - 1);
        self.runs.len() - 1
    }
}

impl Group {
    /// Takes neighbours together.
    fn all_of(rows: &'static [FieldSpec]) -> Vec<Self> {
        let mut spans: Vec<(usize, Option<Bits>)> = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            let own = is_made_of_bits(row).then_some(row.at);
            match (spans.last_mut().and_then(|(_, span)| span.as_mut()), own) {
                (Some(span), Some(own)) if let Some(both) = together(*span, own) => *span = both,
                _ => spans.push((place, own)),
            }
        }
        let ends = spans.iter().skip(1).map(|(start, _)| *start).chain([rows.len()]);
        let groups = spans.iter().zip(ends).map(|((start, span), end)| Self::new(&rows[*start..end], *span));
        groups.collect()
    }

    fn new(rows: &'static [FieldSpec], span: Option<Bits>) -> Self {
        let way = match (span, rows) {
            (None, _) => Way::Row,
            (Some(at), [row]) if let Some(unit) = unit(row) => Way::Number(Name::new(row.key), at, unit),
            (Some(at), _) => Way::Again(at, rows.iter().map(|row| Name::new(row.key)).collect(), Again::default()),
        };
        Self { rows, way }
    }

    fn write(&mut self, header: &[u8], offset: usize, members: &mut Members<'_>, names: &mut Names) {
        match &mut self.way {
            Way::Number(name, at, unit) => {
                let Some(number) = at.number(header) else { return };
                name.write(members.text);
                figures::decimal(members.text, number.saturating_mul(*unit));
                members.text.push(b',');
            }
            Way::Again(at, names, again) if let Some(bits) = bits(*at, header) => {
                again.write(members.text, bits, |text| {
                    for (name, row) in names.iter().zip(self.rows) {
                        let Some(field) = row.read(header, offset) else { continue };
                        name.write(text);
                        packet::value(text, field.value);
                        text.push(b',');
                    }
                });
            }
            Way::Again(..) | Way::Row => {
                let fields = self.rows.iter().filter_map(|row| row.read(header, offset));
                fields.for_each(|field| members.add(names, field.spec.key, field.value));
            }
        }
    }
}

/// Whether a row's value depends on nothing but as many bits as can be compared at once.
fn is_made_of_bits(row: &FieldSpec) -> bool {
    match row.kind {
        Kind::Ipv6 => row.at.start.is_multiple_of(8) && row.at.len == 128,
        Kind::Bytes | Kind::Text => false,
        _ => (1..=64).contains(&row.at.len),
    }
}

/// In units of what a row's number counts, if it is written as one.
fn unit(row: &FieldSpec) -> Option<u64> {
    match row.kind {
        Kind::Number | Kind::Hex | Kind::Enum(_) | Kind::Span => Some(1),
        Kind::Scaled(unit) => Some(unit.into()),
        Kind::Flag(..) | Kind::Mac | Kind::Ipv4 | Kind::Ipv6 | Kind::Bytes | Kind::Text => None,
    }
}

/// From the first bit of both to the last, if they are to be taken together.
fn together(one: Bits, other: Bits) -> Option<Bits> {
    let (end, start) = ((one.start + one.len).max(other.start + other.len), one.start.min(other.start));
    let both = Bits { start, len: end - start };
    let share = other.start / 8 < (one.start + one.len).div_ceil(8);
    (both.len <= TOGETHER || share && both.len <= 64).then_some(both)
}

fn bits(at: Bits, header: &[u8]) -> Option<u128> {
    match at.len {
        128 => header.get(at.start / 8..)?.first_chunk().map(|bytes| u128::from_be_bytes(*bytes)),
        _ => at.number(header).map(u128::from),
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::{Known, Writer};
    use crate::dissect::dissect;
    use crate::model::{Field, Visitor};
    use crate::render::samples::every_frame;

    /// What a layer's members are: those of its bytes, and those that are concluded.
    fn members(known: &mut Known, show: impl FnOnce(&mut Writer<'_, '_>)) -> (String, String) {
        let (mut fields, mut concluded) = (Vec::new(), Vec::new());
        let mut writer = Writer::new(known, &mut fields, &mut concluded);
        show(&mut writer);
        writer.finish();
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (text(fields), text(concluded))
    }

    #[test]
    fn rows_say_together_what_each_of_them_says() {
        let mut known = Known::default();
        every_frame(|frame| {
            for view in dissect(frame).views() {
                let together = members(&mut known, |writer| view.show(writer));
                let one_by_one = |writer: &mut Writer<'_, '_>| view.walk(&mut |field: Field<'_>| writer.field(field));
                assert_eq!(together, members(&mut Known::default(), one_by_one), "{}", view.layer().header.name);
            }
        });
    }
}

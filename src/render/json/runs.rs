//! Rows that lie side by side in a header. Most bits of a packet's header are those of some packet before, and what was
//! made of them then can be copied: two MAC addresses with their flags, the flags of a segment, IP's first bytes.

use super::members::{Members, Name, Names, name};
use super::places::Places;
use super::{close_list, packet};
use crate::model::{Bits, FieldSpec, Kind};
use crate::render::again::Again;
use crate::render::figures;

/// Bits that are taken together at most.
const MOST: usize = 128;
/// Bits of a number that is not the same in most packets.
const MANY: usize = 16;

/// The runs of rows that were met.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Where each is.
    places: Places<FieldSpec>,
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
    /// The same bits say the same: the names, of which rows that follow each other may share one, and what was said.
    Again(Bits, Vec<Name>, Again),
    /// Row by row.
    Row,
}

impl Runs {
    /// Adds to `members` those that these rows of `header` are, none of which may be there already; `names` will know
    /// them when they come again. Where rows share a name, which makes a list, they are neighbours that fit one group,
    /// and no name of the run may come again.
    pub fn write(
        &mut self,
        rows: &'static [FieldSpec],
        header: &[u8],
        offset: usize,
        members: &mut Members<'_>,
        names: &mut Names,
    ) {
        let Self { places, runs } = self;
        let place = places.of(rows, || {
            let groups: Vec<Group> = rows.split(|row| row.generated).flat_map(Group::all_of).collect();
            let ends = groups.iter().zip(groups.iter().skip(1));
            debug_assert!(ends.into_iter().all(|(one, next)| !same(&one.rows[one.rows.len() - 1], &next.rows[0])));
            if !rows.windows(2).any(|two| same(&two[0], &two[1])) {
                rows.iter().filter(|row| is_made_of_bits(row)).for_each(|row| names.put_in_run(row.key));
            }
            runs.push(groups);
            runs.len() - 1
        });
        runs[place].iter_mut().for_each(|group| group.write(header, offset, members, names));
    }
}

impl Group {
    /// Takes neighbours together.
    fn all_of(rows: &'static [FieldSpec]) -> Vec<Self> {
        let mut groups: Vec<(&'static [FieldSpec], Option<Bits>)> = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            let own = is_made_of_bits(row).then_some(row.at);
            let before = groups.last_mut().and_then(|(group, span)| Some((group, span.as_mut()?)));
            match (before, own) {
                (Some((group, span)), Some(own)) if let Some(both) = together((group, *span), (row, own)) => {
                    *group = &rows[place - group.len()..=place];
                    *span = both;
                }
                _ => groups.push((std::slice::from_ref(row), own)),
            }
        }
        groups.into_iter().map(|(rows, span)| Self::new(rows, span)).collect()
    }

    fn new(rows: &'static [FieldSpec], span: Option<Bits>) -> Self {
        let way = match (span, rows) {
            (None, _) => Way::Row,
            (Some(at), [row]) if let Some(unit) = unit(row) => Way::Number(name(row.key), at, unit),
            (Some(at), _) => {
                let names = rows.chunk_by(same).map(|rows| name(rows[0].key));
                Way::Again(at, names.collect(), Again::default())
            }
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
                    for (name, rows) in names.iter().zip(self.rows.chunk_by(same)) {
                        let is_list = rows.len() > 1;
                        name.write(text);
                        if is_list {
                            text.push(b'[');
                        }
                        for field in rows.iter().filter_map(|row| row.read(header, offset)) {
                            packet::value(text, field.value);
                            text.push(b',');
                        }
                        if is_list {
                            close_list(text);
                            text.push(b',');
                        }
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

/// Whether two rows have the same name.
fn same(one: &FieldSpec, other: &FieldSpec) -> bool {
    one.key == other.key
}

/// Whether a row's value depends on nothing but as many bits as can be compared at once.
fn is_made_of_bits(row: &FieldSpec) -> bool {
    match row.kind {
        Kind::Ipv6 => row.at.start.is_multiple_of(8) && row.at.len == 128,
        Kind::Bytes | Kind::Text => false,
        Kind::Mac => row.at.len == 48,
        Kind::Ipv4 => row.at.len == 32,
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

/// From the first bit of a group to the last of the row behind it, if they are to be taken together: because they share a
/// byte, or are the same in most packets.
fn together((group, one): (&[FieldSpec], Bits), (row, other): (&FieldSpec, Bits)) -> Option<Bits> {
    let (start, end) = (one.start.min(other.start), (one.start + one.len).max(other.start + other.len));
    let share = other.start / 8 < (one.start + one.len).div_ceil(8);
    let both = Bits { start, len: end - start };
    (both.len <= MOST && (share || is_steady(row) && group.iter().all(is_steady))).then_some(both)
}

/// Whether a row is the same in most packets of those that talk to each other.
fn is_steady(row: &FieldSpec) -> bool {
    row.at.len < MANY || matches!(row.kind, Kind::Flag(..) | Kind::Enum(_) | Kind::Mac | Kind::Ipv4)
}

fn bits(at: Bits, header: &[u8]) -> Option<u128> {
    let (before, last) = (at.len.saturating_sub(64), at.len.min(64));
    let low = Bits { start: at.start + before, len: last }.number(header)?;
    let high = if before > 0 { Bits { len: before, ..at }.number(header)? } else { 0 };
    Some(u128::from(high) << 64 | u128::from(low))
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

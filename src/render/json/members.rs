//! The members of an object in the making: fifty in each of a million packets, so a name is made up once and then
//! copied, and one that comes again is known at once.

use std::ops::Range;

use smallvec::SmallVec;

use super::places::Places;
use super::stamp::Stamp;
use super::{close_list, packet};
use crate::model::{Tracked, TrackedValue, Value};
use crate::render::figures;

/// A name as it is written, with quotes and colon.
pub(super) type Name = Stamp<48>;

/// The name of the members with this key.
pub(super) fn name(key: &str) -> Name {
    Stamp::new(format!("\"{key}\":").as_bytes())
}

/// The names of all members so far.
#[derive(Debug)]
pub(super) struct Names {
    /// Where each key is in `known`.
    places: Places<u8>,
    known: Vec<Known>,
    /// Where in `known` the names of tracked values are.
    tracked: Box<[Option<usize>; Tracked::COUNT]>,
    /// How many objects have begun.
    objects: u64,
    repeats: Repeats,
}

/// Further values of names that were written before: they are put among the others when all are known, for what one frame
/// repeats thousands of times would otherwise be moved as often.
#[derive(Debug, Default)]
struct Repeats {
    values: Vec<u8>,
    /// In which object, where in its text the value is that came before, and where in `values` this one.
    all: Vec<(u64, Range<usize>, Range<usize>)>,
}

#[derive(Debug)]
struct Known {
    key: &'static str,
    name: Name,
    /// The object in which it was written last, and where in its text the value is.
    object: u64,
    value: Range<usize>,
    /// The object in which it was written last behind all others.
    behind: u64,
    /// It may also be written without being noted here, and come again: as `dhcp.hw.type` does, which is a row of the
    /// header and a part of an option.
    in_run: bool,
}

/// An object of which not all members are known.
pub(super) struct Members<'t> {
    number: u64,
    pub text: &'t mut Vec<u8>,
    /// Where in the text the object begins.
    start: usize,
}

impl Default for Names {
    fn default() -> Self {
        let (places, repeats) = (Places::default(), Repeats::default());
        Self { places, known: Vec::new(), tracked: Box::new([None; Tracked::COUNT]), objects: 0, repeats }
    }
}

impl Names {
    /// An object whose members are appended to `text`.
    pub fn object<'t>(&mut self, text: &'t mut Vec<u8>) -> Members<'t> {
        self.objects += 1;
        let start = text.len();
        Members { number: self.objects, text, start }
    }

    /// Has it known that a member with this name may be written straight into the text of an object. Its value must
    /// have no comma.
    pub fn put_in_run(&mut self, key: &'static str) {
        self.of(key).0.in_run = true;
    }

    #[inline]
    fn of(&mut self, key: &'static str) -> (&mut Known, &mut Repeats) {
        let Self { places, known, repeats, .. } = self;
        let place = places.of(key.as_bytes(), || learn(known, key));
        (&mut known[place], repeats)
    }

    #[inline]
    fn tracked(&mut self, what: Tracked) -> (&mut Known, &mut Repeats) {
        let Self { tracked, known, repeats, .. } = self;
        let place = *tracked[what.place()].get_or_insert_with(|| learn(known, what.key()));
        (&mut known[place], repeats)
    }
}

fn learn(known: &mut Vec<Known>, key: &'static str) -> usize {
    known.iter().position(|known| known.key == key).unwrap_or_else(|| {
        known.push(Known { key, name: name(key), object: 0, value: 0..0, behind: 0, in_run: false });
        known.len() - 1
    })
}

/// A tracked value, which is a number in most cases.
#[inline]
fn tracked_value(text: &mut Vec<u8>, value: TrackedValue) {
    match value {
        TrackedValue::Number(number) => figures::decimal(text, number),
        TrackedValue::Span(span) => figures::signed(text, span.0),
        TrackedValue::State(state) => {
            text.push(b'"');
            text.extend_from_slice(state.name().as_bytes());
            text.push(b'"');
        }
        other => packet::value(text, other.into()),
    }
}

impl Members<'_> {
    /// Adds a member. A name that repeats will get a list.
    pub fn add(&mut self, names: &mut Names, key: &'static str, value: Value<'_>) {
        let (known, repeats) = names.of(key);
        self.add_known(known, repeats, value);
    }

    #[inline]
    fn add_known(&mut self, known: &mut Known, repeats: &mut Repeats, value: Value<'_>) {
        if known.in_run
            && known.object != self.number
            && let Some(value) = self.search(&known.name)
        {
            (known.object, known.value) = (self.number, value);
        }
        if known.object == self.number {
            return self.add_again(&mut known.value, repeats, value);
        }
        known.name.write(self.text);
        let start = self.text.len();
        packet::value(self.text, value);
        (known.object, known.value) = (self.number, start..self.text.len());
        self.text.push(b',');
    }

    /// The same for a value that stands behind those with other names, and has to be there only if none of them has its
    /// name.
    pub fn add_behind(&mut self, names: &mut Names, what: Tracked, value: TrackedValue) {
        let (known, repeats) = names.tracked(what);
        if known.object != self.number && !known.in_run {
            // Nearly always.
            known.name.write(self.text);
            let start = self.text.len();
            tracked_value(self.text, value);
            (known.object, known.value, known.behind) = (self.number, start..self.text.len(), self.number);
            self.text.push(b',');
        } else if known.object != self.number || known.behind == self.number {
            known.behind = self.number;
            self.add_known(known, repeats, value.into());
        }
    }

    /// The value of the member with this name, if there is one. Text of packets cannot look like a name, for quotes in
    /// it are escaped.
    fn search(&self, name: &Name) -> Option<Range<usize>> {
        let name = name.bytes();
        let start = self.start + memchr::memmem::find(&self.text[self.start..], name)? + name.len();
        let length = memchr::memchr(b',', &self.text[start..])?;
        Some(start..start + length)
    }

    /// Another value for the name whose first one is at `first`, or that has a list there.
    fn add_again(&mut self, first: &mut Range<usize>, repeats: &mut Repeats, value: Value<'_>) {
        if first.end + 1 == self.text.len() {
            return self.add_next(first, value);
        }
        // It is written behind the others, and taken away from there.
        let (start, end) = (repeats.values.len(), self.text.len());
        packet::value(self.text, value);
        repeats.values.extend_from_slice(&self.text[end..]);
        self.text.truncate(end);
        repeats.all.push((self.number, first.clone(), start..repeats.values.len()));
    }

    /// The same where nothing else was written since.
    fn add_next(&mut self, first: &mut Range<usize>, value: Value<'_>) {
        if self.text[first.start] == b'[' {
            self.text.truncate(first.end - 1);
            self.text.push(b',');
        } else {
            self.text.insert(first.start, b'[');
        }
        packet::value(self.text, value);
        self.text.push(b']');
        first.end = self.text.len();
        self.text.push(b',');
    }

    /// Makes lists of the values of names that repeat.
    #[inline]
    pub fn finish(&mut self, names: &mut Names) {
        if !names.repeats.all.is_empty() {
            self.make_lists(&mut names.repeats);
        }
    }

    #[cold]
    fn make_lists(&mut self, repeats: &mut Repeats) {
        // Others are those of an object that was begun together with this one.
        let mut own: SmallVec<[_; 8]> = repeats.all.extract_if(.., |(number, ..)| *number == self.number).collect();
        own.sort_by_key(|(_, first, _)| first.start);
        let Some((_, Range { start, .. }, _)) = own.first() else { return };
        let start = *start;
        let before: SmallVec<[u8; 512]> = SmallVec::from_slice(&self.text[start..]);
        self.text.truncate(start);
        // How far the members have been written again.
        let mut written = 0;
        for of_name in own.chunk_by(|one, other| one.1 == other.1) {
            let first = of_name[0].1.start - start..of_name[0].1.end - start;
            self.text.extend_from_slice(&before[written..first.start]);
            let values = &before[first.clone()];
            self.text.push(b'[');
            // They may be a list already.
            self.text.extend_from_slice(values.strip_prefix(b"[").map_or(values, |values| &values[..values.len() - 1]));
            self.text.push(b',');
            for (.., value) in of_name {
                self.text.extend_from_slice(&repeats.values[value.clone()]);
                self.text.push(b',');
            }
            close_list(self.text);
            written = first.end;
        }
        self.text.extend_from_slice(&before[written..]);
        if repeats.all.is_empty() {
            repeats.values.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, name};
    use crate::model::{Tracked, Value};

    #[test]
    fn what_repeats_is_a_list_wherever_it_comes_again() {
        let (mut names, mut fields, mut concluded) = (Names::default(), Vec::new(), Vec::new());
        // Twice: nothing of the first objects is left for the next ones.
        for _ in 0..2 {
            fields.clear();
            concluded.clear();
            let (mut one, mut other) = (names.object(&mut fields), names.object(&mut concluded));
            for (number, key) in ["a", "x", "a", "b", "y", "a", "x", "c", "c", "b", "y"].into_iter().enumerate() {
                let object = if key > "m" { &mut other } else { &mut one };
                object.add(&mut names, key, Value::Number(number as u64));
            }
            one.finish(&mut names);
            other.finish(&mut names);
            assert_eq!(String::from_utf8_lossy(&fields), r#""a":[0,2,5],"b":[3,9],"c":[7,8],"#);
            assert_eq!(String::from_utf8_lossy(&concluded), r#""x":[1,6],"y":[4,10],"#);
        }
    }

    #[test]
    fn a_value_may_be_a_list_of_texts() {
        let (mut names, mut text) = (Names::default(), Vec::new());
        let mut object = names.object(&mut text);
        for (key, value) in [("t", "[1,"), ("t", "\",\""), ("u", "]"), ("t", "")] {
            object.add(&mut names, key, Value::Text(value));
        }
        object.finish(&mut names);
        let read: serde_json::Value =
            serde_json::from_str(&format!("{{{}}}", String::from_utf8_lossy(&text).trim_end_matches(',')))
                .expect("JSON");
        assert_eq!(read, serde_json::json!({ "t": ["[1,", "\",\"", ""], "u": "]" }));
    }

    #[test]
    fn every_key_has_room() {
        for key in crate::proto::all().map(|(_, spec)| spec.key).chain(Tracked::all().map(Tracked::key)) {
            let mut text = Vec::new();
            name(key).write(&mut text);
            assert_eq!(String::from_utf8(text).expect("ASCII"), format!("\"{key}\":"));
        }
    }
}

//! The line of a packet. A capture has a million of them with fifty fields each, so nothing here is looked for twice and
//! nothing is allocated.

use std::ops::Range;

use smallvec::SmallVec;

use super::{close, close_list, string};
use crate::explain::words::{Language, Sentence};
use crate::model::{
    Direction, Fault, FaultKind, Field, FieldSpec, Frame, FrameNo, Header, LayerView, Nanos, Note, Packet, Value,
};
use crate::render::{escape, figures};

/// What every packet's object begins with.
pub(super) fn head(line: &mut Vec<u8>, frame: &Frame, relative: Nanos) {
    let number = |line: &mut Vec<u8>, name: &[u8], number: i64| {
        line.extend_from_slice(name);
        figures::signed(line, number);
    };
    let size = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    number(line, b"{\"type\":\"packet\",\"number\":", frame.number.0.into());
    number(line, b",\"time\":", frame.time.0);
    number(line, b",\"relative\":", relative.0);
    line.extend_from_slice(match frame.direction {
        Some(Direction::Out) => b",\"direction\":\"out\"",
        Some(Direction::In) => b",\"direction\":\"in\"",
        Some(Direction::Other) => b",\"direction\":\"other\"",
        None => b",\"direction\":null",
    });
    number(line, b",\"length\":", size(frame.original));
    number(line, b",\"captured\":", size(frame.bytes.len()));
}

/// The layers of `packets`, as a list; `generated` is a buffer.
pub(super) fn layers(line: &mut Vec<u8>, generated: &mut Vec<u8>, packets: &[Packet<'_>]) {
    line.push(b'[');
    for view in packets.iter().flat_map(Packet::views) {
        layer(line, generated, view);
        line.push(b',');
    }
    close_list(line);
}

fn layer(line: &mut Vec<u8>, generated: &mut Vec<u8>, view: LayerView<'_, '_>) {
    let layer = view.layer();
    line.extend_from_slice(b"{\"name\":\"");
    line.extend_from_slice(layer.header.name.as_bytes());
    line.extend_from_slice(b"\",\"offset\":");
    figures::decimal(line, layer.offset as u64);
    line.extend_from_slice(b",\"length\":");
    figures::decimal(line, layer.length as u64);
    if layer.quoted {
        line.extend_from_slice(b",\"quoted\":true");
    }
    line.extend_from_slice(b",\"fields\":{");
    generated.clear();
    let header = layer.header;
    let mut fields = Members::new(line);
    let mut concluded = Members::new(generated);
    // Where each row of the table was written, counted from 1.
    let mut places = [0_u16; ROWS];
    view.walk(&mut |Field { spec, value, .. }| {
        let members = if spec.generated { &mut concluded } else { &mut fields };
        match places.get_mut(row(header, spec)) {
            Some(&mut place @ 1..) => members.add_again(usize::from(place) - 1, value),
            Some(place) => {
                members.add(spec.key, value);
                *place = u16::try_from(members.known.len()).unwrap_or(0);
            }
            None => members.add_or_again(spec.key, value),
        }
    });
    // A header may show what the tracker found among its own fields.
    let walked = concluded.known.len();
    for tracked in view.packet.generated.iter().filter(|tracked| tracked.layer == view.index) {
        if !concluded.known[..walked].iter().any(|(key, _)| *key == tracked.key) {
            concluded.add_or_again(tracked.key, tracked.value);
        }
    }
    fields.finish();
    concluded.finish();
    close(line, b'}');
    if !generated.is_empty() {
        line.extend_from_slice(b",\"generated\":{");
        line.extend_from_slice(generated);
        close(line, b'}');
    }
    line.push(b'}');
}

/// Rows of a table that are told apart by their number; in a larger one, keys are compared.
const ROWS: usize = 256;

/// The number of a row in its table.
fn row(header: &Header, spec: &'static FieldSpec) -> usize {
    let (start, row) = (header.fields.as_ptr() as usize, std::ptr::from_ref(spec) as usize);
    row.wrapping_sub(start) / size_of::<FieldSpec>()
}

/// The members of an object in the making. A key that repeats gets a list.
struct Members<'t> {
    text: &'t mut Vec<u8>,
    /// The keys, and where the value of each begins in `text`.
    known: SmallVec<[(&'static str, usize); 64]>,
    /// Further values, and which of the keys each belongs to: they are put among the others when all are known, for what
    /// one frame repeats thousands of times would otherwise be moved as often.
    repeated: Vec<u8>,
    repeats: Vec<(usize, Range<usize>)>,
}

impl<'t> Members<'t> {
    fn new(text: &'t mut Vec<u8>) -> Self {
        Self { text, known: SmallVec::new(), repeated: Vec::new(), repeats: Vec::new() }
    }

    /// A value whose key may have been written before.
    fn add_or_again(&mut self, key: &'static str, value: Value<'_>) {
        match self.known.iter().position(|known| known.0 == key) {
            Some(at) => self.add_again(at, value),
            None => self.add(key, value),
        }
    }

    fn add(&mut self, key: &'static str, value: Value<'_>) {
        self.text.push(b'"');
        self.text.extend_from_slice(key.as_bytes());
        self.text.extend_from_slice(b"\":");
        self.known.push((key, self.text.len()));
        self::value(self.text, value);
        self.text.push(b',');
    }

    /// Another value for the key at `at`.
    fn add_again(&mut self, at: usize, value: Value<'_>) {
        let start = self.repeated.len();
        self::value(&mut self.repeated, value);
        self.repeats.push((at, start..self.repeated.len()));
    }

    /// Makes lists of the values of keys that repeat.
    fn finish(mut self) {
        self.repeats.sort_by_key(|(at, _)| *at);
        let Some(&(first, _)) = self.repeats.first() else { return };
        let (_, start) = self.known[first];
        let before = self.text.split_off(start);
        // How far the members have been written again.
        let mut written = start;
        for of_key in self.repeats.chunk_by(|one, other| one.0 == other.0) {
            let (_, begin) = self.known[of_key[0].0];
            let end = self.known.get(of_key[0].0 + 1).map_or(start + before.len(), |(key, next)| next - key.len() - 3);
            self.text.extend_from_slice(&before[written - start..begin - start]);
            self.text.push(b'[');
            self.text.extend_from_slice(&before[begin - start..end - start]);
            for (_, value) in of_key {
                self.text.extend_from_slice(&self.repeated[value.clone()]);
                self.text.push(b',');
            }
            close_list(self.text);
            self.text.push(b',');
            written = end;
        }
        self.text.extend_from_slice(&before[written - start..]);
    }
}

fn value(line: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Number(number) => return figures::decimal(line, number),
        Value::Flag(true) => return line.extend_from_slice(b"true"),
        Value::Flag(false) => return line.extend_from_slice(b"false"),
        Value::Span(span) => return figures::signed(line, span.0),
        _ => {}
    }
    line.push(b'"');
    match value {
        Value::Mac(mac) => figures::mac(line, mac),
        Value::Ipv4(address) => figures::ipv4(line, address),
        Value::Ipv6(address) => figures::ipv6(line, address),
        Value::Bytes(bytes) => figures::bytes(line, bytes),
        Value::Text(text) => escape::json(line, text),
        Value::Composed(text) => escape::json_pieces(line, text),
        Value::Number(_) | Value::Flag(_) | Value::Span(_) => {}
    }
    line.push(b'"');
}

/// Sentences that are remembered: more than any capture says.
const SENTENCES: usize = 256;

/// Writes claims. What they say is looked up once.
#[derive(Debug)]
pub(super) struct Claims {
    language: Language,
    /// By the address of the rule's id.
    known: Vec<Option<Sentence>>,
    words: String,
}

impl Claims {
    pub fn new(language: Language) -> Self {
        Self { language, known: Vec::new(), words: String::new() }
    }

    /// The language of the claims.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A claim.
    pub fn write(&mut self, line: &mut Vec<u8>, note: &Note) {
        line.extend_from_slice(b"{\"type\":\"note\",\"id\":\"");
        line.extend_from_slice(note.id.as_bytes());
        line.extend_from_slice(b"\",\"kind\":\"");
        line.extend_from_slice(note.kind.word().as_bytes());
        line.extend_from_slice(b"\",\"severity\":\"");
        line.extend_from_slice(note.severity.word().as_bytes());
        line.extend_from_slice(b"\",\"frames\":[");
        for FrameNo(frame) in &note.frames {
            figures::decimal(line, (*frame).into());
            line.push(b',');
        }
        close_list(line);
        let sentence = self.sentence(note.id);
        self.words.clear();
        sentence.append(&mut self.words, &note.args);
        line.extend_from_slice(b",\"text\":");
        string(line, &self.words);
        line.extend_from_slice(b",\"source\":");
        match note.source {
            Some(source) => string(line, source),
            None => line.extend_from_slice(b"null"),
        }
        line.push(b'}');
    }

    fn sentence(&mut self, id: &'static str) -> Sentence {
        if self.known.is_empty() {
            self.known.resize(SENTENCES, None);
        }
        // Ids are at least so many bytes long, so their addresses differ by as much.
        let place = &mut self.known[(id.as_ptr() as usize / 8) % SENTENCES];
        match place {
            Some(sentence) if sentence.id() == id => *sentence,
            _ => *place.insert(Sentence::of(self.language, id)),
        }
    }
}

/// What is wrong with the bytes.
pub(super) fn fault(line: &mut Vec<u8>, fault: &Fault) {
    let Fault { kind, layer, offset, needed, available, because } = fault;
    line.extend_from_slice(match kind {
        FaultKind::Truncated => b"{\"kind\":\"truncated\",\"layer\":",
        FaultKind::Malformed => b"{\"kind\":\"malformed\",\"layer\":",
    });
    string(line, layer);
    for (name, number) in [("offset", offset), ("needed", needed), ("available", available)] {
        line.extend_from_slice(b",\"");
        line.extend_from_slice(name.as_bytes());
        line.extend_from_slice(b"\":");
        figures::decimal(line, *number as u64);
    }
    line.extend_from_slice(b",\"because\":");
    string(line, because);
    line.push(b'}');
}

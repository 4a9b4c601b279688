//! The line of a packet. A capture has a million of them with fifty fields each, so nothing here is looked for twice and
//! nothing is allocated.

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
    let mut fields = Members { text: line, known: Known::default() };
    let mut concluded = Members { text: generated, known: Known::default() };
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
        if !concluded.known[..walked].iter().any(|(key, ..)| *key == tracked.key) {
            concluded.add_or_again(tracked.key, tracked.value);
        }
    }
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

/// What was written: the key, where its value begins and ends, and whether it is a list.
type Known = SmallVec<[(&'static str, usize, usize, bool); 64]>;

/// The members of an object in the making. A key that repeats gets a list.
struct Members<'t> {
    text: &'t mut Vec<u8>,
    known: Known,
}

impl Members<'_> {
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
        let start = self.text.len();
        self::value(self.text, value);
        self.known.push((key, start, self.text.len(), false));
        self.text.push(b',');
    }

    /// Another value for the key at `at`, among what was written before.
    fn add_again(&mut self, at: usize, value: Value<'_>) {
        let (_, start, end, list) = self.known[at];
        if !list {
            self.text.insert(start, b'[');
            self.text.insert(end + 1, b']');
            self.moved(at, 2);
            self.known[at].2 = end + 2;
            self.known[at].3 = true;
        }
        let (behind, written) = (self.known[at].2 - 1, self.text.len());
        self.text.push(b',');
        self::value(self.text, value);
        let length = self.text.len() - written;
        self.text[behind..].rotate_right(length);
        self.moved(at, length);
        self.known[at].2 += length;
    }

    /// What was written behind the value at `at` has moved.
    fn moved(&mut self, at: usize, by: usize) {
        for (_, start, end, _) in &mut self.known[at + 1..] {
            (*start, *end) = (*start + by, *end + by);
        }
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

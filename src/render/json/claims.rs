//! Claims. A million packets say the same few dozen things, so all that is the same each time is made up once.

use foldhash::HashMap;

use super::stamp::Stamp;
use super::{close_list, string};
use crate::explain::words::{Language, Sentence, Writer};
use crate::model::{Arg, Claim, FrameNo, Note, Severity};
use crate::render::{escape, figures};

/// Writes claims.
#[derive(Debug)]
pub(super) struct Claims {
    language: Language,
    /// By address and length of the rule's id.
    known: HashMap<(usize, usize), Known>,
}

/// What notes of one kind have in common.
#[derive(Debug)]
struct Known {
    about: (Claim, Severity, Option<&'static str>),
    /// What comes before the frames.
    head: Stamp<128>,
    /// Its words are escaped already.
    sentence: Sentence,
    /// What comes behind it.
    tail: Stamp<64>,
}

/// The inside of a JSON string.
struct Inside<'l>(&'l mut Vec<u8>);

impl Claims {
    pub fn new(language: Language) -> Self {
        Self { language, known: HashMap::default() }
    }

    /// The language of the claims.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A claim.
    pub fn write(&mut self, line: &mut Vec<u8>, note: &Note) {
        let Self { language, known } = self;
        let (address, about) = ((note.id.as_ptr() as usize, note.id.len()), (note.kind, note.severity, note.source));
        let known = match known.get(&address) {
            Some(known) if known.about == about => known,
            _ => known.entry(address).insert_entry(Known::of(note, *language)).into_mut(),
        };
        known.head.write(line);
        for FrameNo(frame) in &note.frames {
            figures::decimal(line, (*frame).into());
            line.push(b',');
        }
        close_list(line);
        line.extend_from_slice(b",\"text\":\"");
        known.sentence.write(&mut Inside(line), &note.args);
        known.tail.write(line);
    }
}

impl Known {
    fn of(note: &Note, language: Language) -> Self {
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        for (name, word) in [
            (&b"{\"type\":\"note\",\"id\":"[..], note.id),
            (b",\"kind\":", note.kind.word()),
            (b",\"severity\":", note.severity.word()),
        ] {
            head.extend_from_slice(name);
            string(&mut head, word);
        }
        head.extend_from_slice(b",\"frames\":[");
        tail.extend_from_slice(b"\",\"source\":");
        match note.source {
            Some(source) => string(&mut tail, source),
            None => tail.extend_from_slice(b"null"),
        }
        tail.push(b'}');
        let sentence = Sentence::of(language, note, |words| {
            let mut escaped = Vec::new();
            escape::json(&mut escaped, words);
            String::from_utf8_lossy(&escaped).into_owned()
        });
        let (head, tail) = (Stamp::new(&head), Stamp::new(&tail));
        Self { about: (note.kind, note.severity, note.source), head, sentence, tail }
    }
}

impl Writer for Inside<'_> {
    fn words(&mut self, escaped: &str) {
        self.0.extend_from_slice(escaped.as_bytes());
    }

    fn value(&mut self, value: &Arg) {
        let Self(line) = self;
        match value {
            Arg::Number(number) => match value.count() {
                Some(count) => figures::decimal(line, count.into()),
                None => escape::json_pieces(line, number),
            },
            Arg::Text(text) => escape::json(line, text),
            Arg::Word(word) => escape::json(line, word),
            Arg::Ip(address) => figures::address(line, *address),
            Arg::Mac(address) => figures::mac(line, *address),
            Arg::Frame(FrameNo(frame)) => {
                line.push(b'#');
                figures::decimal(line, (*frame).into());
            }
            Arg::Millis(span) => figures::exact_millis(line, *span),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::rules;
    use crate::model::Args;

    #[test]
    fn every_rule_has_room() {
        let mut claims = Claims::new(Language::English);
        for rule in rules() {
            let (frames, args) = ([FrameNo(7)].into_iter().collect(), Args::default());
            let note =
                Note { id: rule.id, kind: rule.kind, severity: rule.severity, frames, args, source: rule.source };
            let mut line = Vec::new();
            claims.write(&mut line, &note);
            let read: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
            assert_eq!((read["id"].as_str(), read["source"].as_str()), (Some(rule.id), rule.source));
        }
    }
}

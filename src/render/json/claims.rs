//! Claims. A million packets say the same few dozen things, so all that is the same each time is made up once.

use foldhash::HashMap;

use super::{close_list, string};
use crate::explain::words::{Language, Sentence};
use crate::model::{Claim, FrameNo, Note, Severity};
use crate::render::figures;

/// Writes claims.
#[derive(Debug)]
pub(super) struct Claims {
    language: Language,
    /// By address and length of the rule's id.
    known: HashMap<(usize, usize), Known>,
    words: String,
}

/// What notes of one kind have in common.
#[derive(Debug)]
struct Known {
    about: About,
    /// What comes before the frames.
    head: Vec<u8>,
    /// The words, where values are put in that differ from note to note.
    sentence: Option<Sentence>,
    /// What comes behind them; the words that are always the same are its beginning.
    tail: Vec<u8>,
}

/// Kind, severity and source of a note, and whether values are put in.
type About = (Claim, Severity, Option<&'static str>, bool);

fn about(note: &Note) -> About {
    (note.kind, note.severity, note.source, !note.args.is_empty())
}

impl Claims {
    pub fn new(language: Language) -> Self {
        Self { language, known: HashMap::default(), words: String::new() }
    }

    /// The language of the claims.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A claim.
    pub fn write(&mut self, line: &mut Vec<u8>, note: &Note) {
        let Self { language, known, words } = self;
        let address = (note.id.as_ptr() as usize, note.id.len());
        let known = match known.get(&address) {
            Some(known) if known.about == about(note) => known,
            _ => known.entry(address).insert_entry(Known::of(note, *language)).into_mut(),
        };
        line.extend_from_slice(&known.head);
        for FrameNo(frame) in &note.frames {
            figures::decimal(line, (*frame).into());
            line.push(b',');
        }
        close_list(line);
        line.extend_from_slice(b",\"text\":");
        if let Some(sentence) = &known.sentence {
            words.clear();
            sentence.append(words, &note.args);
            string(line, words);
        }
        line.extend_from_slice(&known.tail);
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
        let sentence = Sentence::of(language, note.id);
        let sentence = if note.args.is_empty() {
            let mut words = String::new();
            sentence.append(&mut words, &[]);
            string(&mut tail, &words);
            None
        } else {
            Some(sentence)
        };
        tail.extend_from_slice(b",\"source\":");
        match note.source {
            Some(source) => string(&mut tail, source),
            None => tail.extend_from_slice(b"null"),
        }
        tail.push(b'}');
        Self { about: about(note), head, sentence, tail }
    }
}

//! What is made of the packets: a list, a story, drawings, every field, or JSON.

use std::io::Write;
use std::path::Path;

use super::Args;
use super::input::{Output, lock};
use crate::cmd::args::Common;
use crate::cmd::report;
use crate::converse::tcp::Judgement;
use crate::converse::{Conversation, ConversationNo};
use crate::engine::Seen;
use crate::error::{Error, Kind, Result};
use crate::explain::judgement::reasons;
use crate::explain::words::Language;
use crate::explain::{self, Context};
use crate::model::{FrameNo, Nanos, Note};
use crate::render::json::Json;
use crate::render::{Look, Memory, Recalled, Story, Summary, Tale, Verbosity, Whole, judgement};
use crate::wire::privilege;

/// One way to see a capture, and where it is written.
pub(super) struct View {
    out: Output,
    form: Form,
    origin: Option<Nanos>,
    look: Look,
    language: Language,
    verbosity: Verbosity,
}

enum Form {
    /// Nothing: the packets only go to a file.
    Nothing,
    Summary(Box<Summary>),
    Packets(Box<Story>),
    /// One field of one packet.
    Field(Box<Story>, String),
    Tale(Box<Tale>),
    Json(Box<Json>),
}

/// Whether a view says more about packets, and about conversations, than what is in them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Says {
    pub packets: bool,
    pub conversations: bool,
}

/// The conversations of the packets that passed, and their number.
#[derive(Debug, Default)]
pub(super) struct Shown {
    packets: u64,
    conversations: u64,
    /// A bit for each conversation of the capture.
    seen: Vec<u64>,
}

impl Shown {
    /// A packet of `conversation` has passed.
    pub(super) fn add(&mut self, conversation: ConversationNo) {
        let (word, bit) = (conversation.0 as usize / 64, 1 << (conversation.0 % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        self.packets += 1;
        self.conversations += u64::from(self.seen[word] & bit == 0);
        self.seen[word] |= bit;
    }

    /// Whether one has.
    pub(super) fn has(&self, conversation: ConversationNo) -> bool {
        self.seen.get(conversation.0 as usize / 64).is_some_and(|word| word >> (conversation.0 % 64) & 1 == 1)
    }
}

/// Writes what can be written of a packet without those before it: for a view that several can share in.
pub(super) enum Hand {
    Summary(Box<Summary>),
    Packets(Box<Story>),
    Json(Box<Json>),
}

impl Hand {
    /// The first frame of the capture came at `time`: all times count from there.
    pub(super) fn begin_at(&mut self, time: Nanos) {
        match self {
            Self::Summary(summary) => summary.count_from(time),
            Self::Packets(story) => story.count_from(time),
            Self::Json(json) => json.count_from(time),
        }
    }

    /// Whether it says more about packets than what is in them.
    pub(super) fn says_something(&self) -> bool {
        !matches!(self, Self::Summary(_))
    }

    /// Whether what it says depends on what was said before: then [`Self::recall`] has to be asked about all packets in
    /// order.
    pub(super) fn remembers(&self) -> bool {
        matches!(self, Self::Packets(_))
    }

    /// Finds what the packets before say about this one.
    pub(super) fn recall(&self, memory: &mut Memory, seen: &Seen<'_, '_, '_>, notes: &[Note], recalled: &mut Recalled) {
        if let Self::Packets(story) = self {
            story.recall(memory, seen, notes, recalled);
        }
    }

    /// Writes a packet, and what there is to say about it, on a page.
    pub(super) fn packet(
        &mut self,
        page: &mut Vec<u8>,
        seen: &Seen<'_, '_, '_>,
        notes: &[Note],
        recalled: &mut Recalled,
    ) -> Result<()> {
        match self {
            Self::Summary(summary) => summary.packet(page, seen)?,
            Self::Packets(story) => story.recalled(page, seen, notes, recalled)?,
            Self::Json(json) => json.seen_on(page, seen, notes),
        }
        Ok(())
    }

    /// Writes the verdict on a conversation, which is found in `notes`: what those were is gone.
    pub(super) fn ended(
        &mut self,
        page: &mut Vec<u8>,
        conversation: &Conversation,
        context: &Context,
        notes: &mut Vec<Note>,
    ) {
        if let Self::Json(json) = self {
            explain::conclude(conversation, context, notes);
            for note in notes {
                json.note_on(page, note);
            }
        }
    }
}

impl View {
    /// The view that the options ask for.
    pub(super) fn new(args: &Args, common: &Common, out: Output) -> Self {
        let (look, language) = (report::look(common), report::language(common));
        let story = |verbosity| Form::Packets(Box::new(Story::new(look, language, verbosity)));
        let form = match (common.verbose, args.frame) {
            _ if let Some(key) = &args.field => {
                Form::Field(Box::new(Story::new(look, language, Verbosity::Story)), key.clone())
            }
            _ if common.json => Form::Json(Box::new(Json::new(language))),
            _ if args.summary => Form::Summary(Box::new(Summary::new(look))),
            _ if args.ladder => Form::Tale(Box::new(Tale::new(look, language, false).drawn(report::verbosity(common)))),
            (1, _) => story(Verbosity::Layers),
            (2.., _) | (0, Some(_)) => story(Verbosity::Fields),
            (0, None) if args.write.is_some() && !common.quiet => Form::Nothing,
            (0, None) => Form::Tale(Box::new(Tale::new(look, language, common.quiet))),
        };
        Self { out, form, origin: None, look, language, verbosity: report::verbosity(common) }
    }

    /// What this view says.
    pub(super) fn says(&self) -> Says {
        let (packets, conversations) = match self.form {
            Form::Nothing | Form::Summary(_) | Form::Field(..) => (false, false),
            Form::Packets(_) => (true, false),
            Form::Tale(_) | Form::Json(_) => (true, true),
        };
        Says { packets, conversations }
    }

    /// As many as are wanted who share in writing this view; none where it is not written packet by packet, or writing
    /// is little work.
    pub(super) fn hands(&self, count: usize) -> Vec<Hand> {
        let hand = || match self.form {
            Form::Summary(_) => Some(Hand::Summary(Box::new(Summary::new(self.look)))),
            Form::Packets(_) => Some(Hand::Packets(Box::new(Story::new(self.look, self.language, self.verbosity)))),
            Form::Json(_) => Some(Hand::Json(Box::new(Json::new(self.language)))),
            _ => None,
        };
        (0..count).map_while(|_| hand()).collect()
    }

    /// The first frame of the capture came at `time`: all times count from there.
    pub(super) fn begin_at(&mut self, time: Nanos) {
        if self.origin.is_none() {
            self.origin = Some(time);
            match &mut self.form {
                Form::Nothing => {}
                Form::Summary(summary) => summary.count_from(time),
                Form::Packets(story) | Form::Field(story, _) => story.count_from(time),
                Form::Tale(tale) => tale.count_from(time),
                Form::Json(json) => json.count_from(time),
            }
        }
    }

    /// Shows a packet.
    pub(super) fn packet(&mut self, seen: &Seen<'_, '_, '_>, notes: &[Note]) -> Result<()> {
        let out = &mut *lock(&self.out);
        match &mut self.form {
            Form::Nothing => {}
            Form::Summary(summary) => summary.packet(out, seen)?,
            Form::Packets(story) => story.seen(out, seen, notes)?,
            Form::Field(story, key) => {
                let mut found = story.field(out, seen.packet, key)?;
                for whole in seen.whole {
                    found |= story.field(out, whole, key)?;
                }
                if !found {
                    out.flush()?;
                    return Err(absent(seen, key));
                }
            }
            Form::Tale(tale) => tale.packet(seen, notes),
            Form::Json(json) => json.seen(out, seen, notes)?,
        }
        Ok(())
    }

    /// Takes in a conversation that has ended, and the verdict on it.
    pub(super) fn ended(&mut self, conversation: &Conversation, context: &Context) -> Result<()> {
        let verdict = || explain::verdict(conversation, context);
        match &mut self.form {
            Form::Tale(tale) => tale.ended(conversation, &verdict()),
            Form::Json(json) => {
                let out = &mut *lock(&self.out);
                verdict().iter().try_for_each(|note| json.note(out, note))?;
            }
            Form::Nothing | Form::Summary(_) | Form::Packets(_) | Form::Field(..) => {}
        }
        Ok(())
    }

    /// Tells why the segment that was asked for has its signs of trouble.
    pub(super) fn judgement(&mut self, judgement: &Judgement) -> Result<()> {
        if let Form::Packets(_) = self.form {
            let out = &mut *lock(&self.out);
            judgement::write(out, self.look, self.language, &reasons(judgement))?;
        }
        Ok(())
    }

    /// Ends the view. `name` is what the capture is called, `file` what the user called it.
    pub(super) fn finish(&mut self, name: &str, file: Option<&Path>, dropped: u64, shown: &Shown) -> Result<()> {
        let out = &mut *lock(&self.out);
        match &mut self.form {
            Form::Tale(tale) => {
                let file = file.map_or_else(String::new, |file| privilege::shell_word(file.as_os_str()) + " ");
                let more = format!("netlab explain {file}-v");
                tale.finish(out, &Whole { name, dropped, more: Some((&more, "more.explain-layers")) })?;
            }
            Form::Json(json) => json.capture_summary(out, shown.packets, Some(dropped), shown.conversations)?,
            Form::Nothing | Form::Summary(_) | Form::Packets(_) | Form::Field(..) => {}
        }
        Ok(out.flush()?)
    }
}

/// The packet does not have that field.
fn absent(seen: &Seen<'_, '_, '_>, key: &str) -> Error {
    let packets = std::iter::once(seen.packet).chain(seen.whole);
    let mut names: Vec<&str> = Vec::new();
    for name in packets.flat_map(|packet| packet.layers.iter().map(|layer| layer.header.name)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let FrameNo(number) = seen.packet.frame.number;
    let error = Error::new(Kind::Usage, format!("frame {number} has no field {key}"));
    let fields = format!("see the fields that it has with: --frame {number}");
    error.hint(format!("its layers are: {}", names.join(", "))).hint(fields)
}

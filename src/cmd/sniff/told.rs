//! What a command caused, told after it has ended: its conversations with their packets and verdicts.

use std::io::{self, BufWriter, Write};
use std::net::IpAddr;

use crate::cmd::args::Common;
use crate::cmd::keep::Keep;
use crate::cmd::report;
use crate::engine::Engine;
use crate::error::Result;
use crate::explain::sniff::{Cause, cause};
use crate::explain::words::{self, Language};
use crate::explain::{self, Context};
use crate::model::{Frame, FrameNo, SniffSummary};
use crate::render::json::Json;
use crate::render::{Look, Story, Tale, Verbosity, Whole, claims, statistics};

/// The telling.
pub(super) struct Told {
    out: BufWriter<io::Stdout>,
    form: Form,
    engine: Engine,
    context: Context,
    look: Look,
    language: Language,
    summary: SniffSummary,
}

enum Form {
    /// Nothing: the packets go to a file as they are.
    Nothing,
    Tale(Box<Tale>),
    Packets(Box<Story>),
    Json(Box<Json>),
}

impl Told {
    /// Begins, in the form that the options ask for; `ours` are the addresses of this host. With `silent`, the packets
    /// are only kept.
    pub(super) fn new(common: &Common, ours: Vec<IpAddr>, silent: bool) -> Self {
        let (look, language) = (report::look(common), report::language(common));
        let form = match report::verbosity(common) {
            _ if silent => Form::Nothing,
            _ if common.json => Form::Json(Box::new(Json::new(language))),
            Verbosity::Story => Form::Tale(Box::new(Tale::new(look, language, common.quiet))),
            verbosity => Form::Packets(Box::new(Story::new(look, language, verbosity))),
        };
        Self {
            out: BufWriter::new(io::stdout()),
            form,
            engine: Engine::default(),
            context: Context { addresses: ours, router: None },
            look,
            language,
            summary: SniffSummary::default(),
        }
    }

    /// Tells the next packet, and keeps it.
    pub(super) fn packet(&mut self, mut frame: Frame, keep: &mut Keep) -> Result<()> {
        self.summary.packet(frame.time);
        frame.number = FrameNo(u32::try_from(self.summary.packets).unwrap_or(u32::MAX));
        let Self { out, form, engine, context, language, .. } = self;
        engine.see(&frame, |seen| -> Result<()> {
            let mut notes = Vec::new();
            if !matches!(form, Form::Nothing) {
                seen.packets().for_each(|packet| explain::tell(packet, context, &mut notes));
            }
            keep.frame(seen.packet.frame, || notes.iter().map(|note| words::of(*language, note)).collect());
            match form {
                Form::Nothing => {}
                Form::Tale(tale) => tale.packet(seen, &notes),
                Form::Packets(story) => story.seen(out, seen, &notes)?,
                Form::Json(json) => json.seen(out, seen, &notes)?,
            }
            Ok(())
        })?;
        self.tell_ended()
    }

    fn tell_ended(&mut self) -> Result<()> {
        while let Some(conversation) = self.engine.tracker_mut().ended() {
            self.ended(&conversation)?;
        }
        Ok(())
    }

    fn ended(&mut self, conversation: &crate::converse::Conversation) -> Result<()> {
        let verdict = || explain::verdict(conversation, &self.context);
        match &mut self.form {
            Form::Tale(tale) => tale.ended(conversation, &verdict()),
            Form::Json(json) => verdict().iter().try_for_each(|note| json.note(&mut self.out, note))?,
            Form::Nothing | Form::Packets(_) => {}
        }
        Ok(())
    }

    /// Ends the telling with what is to be said about the command.
    pub(super) fn finish(mut self, run: &Cause<'_>, dropped: u64) -> Result<SniffSummary> {
        self.engine.tracker_mut().finish();
        self.tell_ended()?;
        self.summary.dropped = dropped;
        self.summary.conversations = self.engine.tracker().conversations().count().into();
        let summary = self.summary;
        let notes = cause(run, &summary);
        let out = &mut self.out;
        match &mut self.form {
            Form::Nothing => statistics::sniff(&mut io::stderr(), self.look, run.command, &summary)?,
            Form::Json(json) => {
                notes.iter().try_for_each(|note| json.note(out, note))?;
                json.capture_summary(out, summary.packets, Some(summary.dropped), summary.conversations)?;
            }
            Form::Tale(tale) if summary.packets > 0 => {
                tale.finish(out, &Whole { name: run.command, dropped, more: None })?;
                claims::write(out, self.look, self.language, &notes)?;
            }
            Form::Tale(_) | Form::Packets(_) => {
                writeln!(out)?;
                statistics::sniff(out, self.look, run.command, &summary)?;
                writeln!(out)?;
                claims::write(out, self.look, self.language, &notes)?;
            }
        }
        out.flush()?;
        Ok(summary)
    }
}

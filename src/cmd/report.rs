//! Tells a run as it happens: as text or JSON to standard output, and into the capture file that `--save` names.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::net::IpAddr;

use super::args::{ColorWhen, Common};
use super::keep::Keep;
use crate::engine::Seen;
use crate::error::Result;
use crate::explain::words::{self, Language};
use crate::explain::{self, Context, event};
use crate::model::{Direction, Event, Nanos, Note, Packet, Path};
use crate::render::json::Json;
use crate::render::progress::Progress;
use crate::render::{Glyphs, Ladder, Look, Story, Verbosity, claims};
use crate::session::Observer;
use crate::wire::Counts;

/// Where the words go.
pub struct Report {
    out: BufWriter<io::Stdout>,
    look: Look,
    language: Language,
    mode: Mode,
    context: Context,
    progress: Progress,
    /// Packets are not told one by one.
    summed_up: bool,
    /// Output waits until [`Report::flush`].
    bursts: bool,
    keep: Keep,
}

enum Mode {
    Quiet,
    Text(Story),
    Ladder(Box<Ladder>),
    Json(Json),
}

impl Report {
    /// A report in the form that the options ask for.
    pub fn new(common: &Common, context: Context) -> Self {
        let (look, language) = (look(common), language(common));
        let mode = if common.json {
            Mode::Json(Json::new(language))
        } else if common.quiet {
            Mode::Quiet
        } else {
            Mode::Text(Story::new(look, language, verbosity(common)))
        };
        let out = BufWriter::new(io::stdout());
        let progress = Progress::default();
        let keep = Keep::default();
        Self { out, look, language, mode, context, progress, summed_up: false, bursts: false, keep }
    }

    /// Shows on a terminal how far a run of `total` probes is that takes about `expected`.
    pub fn expect(&mut self, total: u32, expected: Nanos) {
        self.progress = Progress::new(io::stderr().is_terminal(), total.into(), expected);
    }

    /// Draws TCP conversations as ladders instead of telling them line by line.
    #[must_use]
    pub fn drawn(mut self, common: &Common) -> Self {
        if let Mode::Text(story) = self.mode {
            self.mode = Mode::Ladder(Box::new(Ladder::new(story, self.look, verbosity(common))));
        }
        self
    }

    /// Says `note` at once, if the form of this report has room for it.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn remark(&mut self, note: &Note) -> Result<()> {
        match &mut self.mode {
            Mode::Quiet => {}
            Mode::Text(story) => story.note(&mut self.out, note)?,
            Mode::Ladder(ladder) => ladder.story().note(&mut self.out, note)?,
            Mode::Json(json) => json.note(&mut self.out, note)?,
        }
        Ok(self.out.flush()?)
    }

    /// Tells the result only, unless the options ask for more: for runs of so many packets alike, `steps` of them ours,
    /// that a line for each would bury it. A bar shows how far they are.
    pub fn sum_up(&mut self, steps: u64, verbose: u8) {
        if verbose == 0 {
            self.summed_up = true;
            let visible = io::stderr().is_terminal() && !matches!(self.mode, Mode::Quiet);
            self.progress = Progress::always(visible, steps);
        }
    }

    /// Keeps what is captured from now on in the files of `keep`, too.
    pub fn save_to(&mut self, keep: Keep) {
        self.keep = keep;
    }

    /// Lets packets that come together be told together: what was told is shown by [`Report::flush`].
    pub fn in_bursts(&mut self) {
        self.bursts = true;
    }

    /// Shows what was told.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn flush(&mut self) -> Result<()> {
        Ok(self.out.flush()?)
    }

    /// Leaves the packets out of the text: the command has a form of its own for what it finds.
    pub fn hide_packets(&mut self) {
        self.summed_up = true;
    }

    /// Whether the report is for a program.
    pub fn is_json(&self) -> bool {
        matches!(self.mode, Mode::Json(_))
    }

    /// Writes a result: `text`, with `-q` too, or `json`.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn tell(
        &mut self,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
        json: impl FnOnce(&mut Json, &mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        match &mut self.mode {
            Mode::Quiet | Mode::Text(_) | Mode::Ladder(_) => text(&mut self.out)?,
            Mode::Json(line) => json(line, &mut self.out)?,
        }
        Ok(self.out.flush()?)
    }

    /// Draws on the terminal, whatever the mode.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn draw(&mut self, draw: impl FnOnce(&mut dyn Write, Look) -> io::Result<()>) -> Result<()> {
        draw(&mut self.out, self.look)?;
        Ok(self.out.flush()?)
    }

    /// Shows absolute times instead of milliseconds since the first packet.
    pub fn absolute_times(&mut self) {
        match &mut self.mode {
            Mode::Text(story) => story.absolute_times(),
            Mode::Ladder(ladder) => ladder.story().absolute_times(),
            Mode::Quiet | Mode::Json(_) => {}
        }
    }

    /// What will be sent from where to whom, and by which router. `target` is what the user typed.
    ///
    /// # Errors
    /// Those of standard output; so for all that follow.
    pub fn begin(&mut self, command: &str, target: &str, path: &Path, lab: bool, heading: &[Note]) -> Result<()> {
        match &mut self.mode {
            Mode::Quiet => {}
            Mode::Text(story) if self.summed_up => story.title(&mut self.out, heading)?,
            Mode::Text(story) => story.heading(&mut self.out, heading)?,
            Mode::Ladder(ladder) => ladder.story().heading(&mut self.out, heading)?,
            Mode::Json(json) => json.start(&mut self.out, command, target, path, lab)?,
        }
        Ok(self.out.flush()?)
    }

    /// Which interface is listened to, and for what; `ours` are its addresses.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn listen(
        &mut self,
        command: &str,
        interface: &str,
        filter: &str,
        ours: &[IpAddr],
        lab: bool,
        heading: &[Note],
    ) -> Result<()> {
        match &mut self.mode {
            Mode::Quiet => {}
            Mode::Text(story) => story.heading(&mut self.out, heading)?,
            Mode::Ladder(ladder) => ladder.story().heading(&mut self.out, heading)?,
            Mode::Json(json) => json.listen(&mut self.out, command, interface, filter, ours.first(), lab)?,
        }
        Ok(self.out.flush()?)
    }

    /// What the run shows. In text, `statistics` writes the figures before the claims, and `more` points on.
    pub fn conclude(
        &mut self,
        verdict: &[Note],
        statistics: impl FnOnce(&mut dyn Write, Look) -> io::Result<()>,
        summary: impl FnOnce(&mut Json, &mut dyn Write) -> io::Result<()>,
        more: Option<(&str, &str)>,
    ) -> Result<()> {
        self.progress.finish();
        match &mut self.mode {
            Mode::Quiet => statistics(&mut self.out, self.look)?,
            Mode::Text(_) | Mode::Ladder(_) => {
                let mut figures = Vec::new();
                statistics(&mut figures, self.look)?;
                if !figures.is_empty() {
                    writeln!(self.out)?;
                    self.out.write_all(&figures)?;
                }
                writeln!(self.out)?;
                claims::write(&mut self.out, self.look, self.language, verdict)?;
                if let Some((command, id)) = more {
                    claims::more(&mut self.out, self.look, self.language, command, id)?;
                }
            }
            Mode::Json(json) => {
                for note in verdict {
                    json.note(&mut self.out, note)?;
                }
                summary(json, &mut self.out)?;
            }
        }
        Ok(self.out.flush()?)
    }

    /// Ends the capture files with what the kernel counted.
    ///
    /// # Errors
    /// When not all that `--save` asked for could be saved.
    pub fn close(self, counts: Counts) -> Result<()> {
        self.keep.close(counts)
    }
}

impl Observer for Report {
    fn packet(&mut self, seen: &Seen<'_, '_, '_>) -> Result<()> {
        let packet = seen.packet;
        let mut notes = explain::explain(packet, &self.context);
        self.keep.frame(packet.frame, || notes.iter().map(|note| words::of(self.language, note)).collect());
        if self.is_json() {
            seen.whole.iter().for_each(|whole| explain::tell(whole, &self.context, &mut notes));
        }
        if self.summed_up && packet.frame.direction == Some(Direction::Out) {
            self.progress.step();
        }
        let Self { mode, out, progress, summed_up, bursts, .. } = self;
        progress.suspend(|| {
            match mode {
                Mode::Text(_) if *summed_up => return Ok(()),
                Mode::Quiet => return Ok(()),
                Mode::Text(story) => story.packet(out, packet, &notes)?,
                Mode::Ladder(ladder) => ladder.packet(out, packet, &notes)?,
                Mode::Json(json) => json.seen(out, seen, &notes)?,
            }
            if *bursts { Ok(()) } else { Ok(out.flush()?) }
        })
    }

    fn whole(&mut self, packet: &Packet<'_>) -> Result<()> {
        if let (Mode::Text(story), false) = (&mut self.mode, self.summed_up) {
            story.whole(&mut self.out, packet)?;
        }
        if self.bursts { Ok(()) } else { Ok(self.out.flush()?) }
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        if matches!(event, Event::Probed(_)) {
            self.progress.step();
        }
        let note = event::explain(event);
        let Self { mode, out, progress, .. } = self;
        progress.suspend(|| {
            match (mode, event, note) {
                (Mode::Json(json), Event::Probed(probed), _) => json.probe(out, probed)?,
                (Mode::Json(json), Event::Neighbour(neighbour), _) => json.neighbour(out, neighbour)?,
                (Mode::Json(json), _, Some(note)) => json.note(out, &note)?,
                (Mode::Text(story), _, Some(note)) => story.note(out, &note)?,
                (Mode::Ladder(ladder), _, Some(note)) => ladder.story().note(out, &note)?,
                (Mode::Quiet, ..) | (_, _, None) => return Ok(()),
            }
            Ok(out.flush()?)
        })
    }
}

/// How deep `-v` asks to look.
pub fn verbosity(common: &Common) -> Verbosity {
    match common.verbose {
        0 => Verbosity::Story,
        1 => Verbosity::Layers,
        _ => Verbosity::Fields,
    }
}

/// The language that `--lang` names; clap has checked it.
pub fn language(common: &Common) -> Language {
    Language::ALL.into_iter().find(|language| language.code() == common.lang).unwrap_or_default()
}

/// How standard output looks.
pub fn look(common: &Common) -> Look {
    let variable = |name| std::env::var(name).ok();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
    let glyphs = match (common.ascii, common.unicode) {
        (true, _) => Glyphs::Ascii,
        (_, true) => Glyphs::Unicode,
        _ => Glyphs::of_locale(locale.iter().map(Option::as_deref)),
    };
    let plain =
        variable("NO_COLOR").is_some_and(|value| !value.is_empty()) || variable("TERM").as_deref() == Some("dumb");
    let color = match common.color {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => io::stdout().is_terminal() && !plain,
    };
    Look { color, glyphs, width: 80 }
}

//! The verdict: what is fact, what is a guess, and what this vantage point cannot show, with the frames it rests on.

use std::io;

use crate::explain::words::{self, Language};
use crate::model::{FrameNo, Note};

use super::theme::{Look, Paint};
use super::{escape, wrap};

/// Width of the word before a sentence.
const WORD: usize = 7;
/// Width of the margin with frame numbers.
const MARGIN: usize = 14;
/// Lines that the margin may take; further frames are left out.
const MARGIN_LINES: usize = 3;

/// Writes one claim of `notes` after the other, each with a hanging indent and its frames at the right margin.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, look: Look, language: Language, notes: &[Note]) -> io::Result<()> {
    notes.iter().try_for_each(|note| {
        let words = words::of(language, note);
        claim(out, look, (note.kind.word(), Paint::Claim(note.kind)), &words, &note.frames)
    })
}

/// Writes what looks wrong: `note` behind its severity, with `again` behind its words.
pub(super) fn warning(
    out: &mut dyn io::Write,
    look: Look,
    language: Language,
    note: &Note,
    again: &str,
) -> io::Result<()> {
    let words = words::of(language, note) + again;
    claim(out, look, (note.severity.word(), Paint::Marked), &words, &note.frames)
}

fn claim(
    out: &mut dyn io::Write,
    look: Look,
    (word, paint): (&str, Paint),
    words: &str,
    frames: &[FrameNo],
) -> io::Result<()> {
    let margin = margin(frames);
    let room = look.width.saturating_sub(WORD + if margin.is_empty() { 0 } else { MARGIN + 2 }).max(20);
    let text = wrap::lines(&escape::line(words, look.glyphs), room, room);
    for number in 0..text.len().max(margin.len()) {
        let word = look.paint(paint, format!("{:<WORD$}", if number == 0 { word } else { "" }));
        let line = text.get(number).map_or("", String::as_str);
        match margin.get(number) {
            Some(frames) => {
                let gap = room + 2 - wrap::width(line).min(room);
                writeln!(out, "{word}{line}{:gap$}{}", "", look.paint(Paint::Aside, frames))?;
            }
            None => writeln!(out, "{word}{line}")?,
        }
    }
    Ok(())
}

/// Writes where to read on: `more   -vv     the same with every field of every packet`.
///
/// # Errors
/// Those of `out`.
pub fn more(out: &mut dyn io::Write, look: Look, language: Language, command: &str, id: &str) -> io::Result<()> {
    let words = words::text(language, id, &[]);
    let word = look.paint(Paint::Aside, format!("{:<WORD$}", "more"));
    let room = look.width.saturating_sub(WORD).max(20);
    let said = format!("{command}     {words}");
    for (number, line) in wrap::lines(&escape::line(&said, look.glyphs), room, room).iter().enumerate() {
        if number == 0 { writeln!(out, "{word}{line}")? } else { writeln!(out, "{:WORD$}{line}", "")? }
    }
    Ok(())
}

/// Frames in runs (`#3-#10 #14`), filled into the margin's lines.
fn margin(frames: &[FrameNo]) -> Vec<String> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &FrameNo(frame) in frames {
        match runs.last_mut() {
            Some((_, last)) if frame == *last || Some(frame) == last.checked_add(1) => *last = frame,
            _ => runs.push((frame, frame)),
        }
    }
    let shown = runs.iter().map(|&(first, last)| match last - first {
        0 => format!("#{first}"),
        1 => format!("#{first} #{last}"),
        _ => format!("#{first}-#{last}"),
    });
    let mut lines = wrap::lines(&shown.collect::<Vec<_>>().join(" "), MARGIN, MARGIN);
    lines.retain(|line| !line.is_empty());
    if lines.len() > MARGIN_LINES {
        lines.truncate(MARGIN_LINES);
        if let Some(last) = lines.last_mut() {
            let cut = last.rfind(' ').unwrap_or(0);
            last.truncate(cut);
            last.push_str(" ...");
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Args, Claim, Severity};
    use crate::render::samples::{plain, printed};

    fn note(id: &'static str, kind: Claim, frames: impl IntoIterator<Item = u32>) -> Note {
        let values = ["192.168.11.1".into(), 4_u32.into(), 4_u32.into()];
        let args = Args::new(&["target", "received", "transmitted"], values);
        let frames = frames.into_iter().map(FrameNo).collect();
        Note { id, kind, severity: Severity::Chat, frames, args, source: None }
    }

    #[test]
    fn claims_stand_with_their_frames() {
        let notes = [
            note("ping.answered", Claim::Fact, 3..=10),
            note("ping.why-silent", Claim::Guess, [4, 5, 9]),
            note("ping.blind.programs", Claim::Blind, []),
        ];
        let text = printed(|out| {
            write(out, Look::default(), Language::English, &notes)?;
            more(out, Look::default(), Language::English, "-vv", "more.ping-fields")
        });
        assert_eq!(
            text,
            "fact   192.168.11.1 answered 4 of 4 requests of this size.        #3-#10\n\
             guess  A firewall drops the question or the answer, or nobody     #4 #5 #9\n       \
                    has the address 192.168.11.1, or a router on the way\n       \
                    there or back fails.\n\
             blind  Whether any program runs there. Ping asks the network layer only.\n\
             more   -vv     the same with every field of every packet\n"
        );
    }

    #[test]
    fn many_frames_do_not_flood_the_margin() {
        let notes = [note("ping.answered", Claim::Fact, (1..400).filter(|n| n % 3 != 0))];
        let look = Look { color: true, ..Look::default() };
        let text = plain(&printed(|out| write(out, look, Language::English, &notes)));
        assert_eq!(text.lines().count(), MARGIN_LINES);
        assert!(text.trim_end().ends_with("..."), "{text}");
    }
}

//! Why a segment has its signs of trouble: each condition, and whether it is met.

use std::io;

use crate::explain::judgement::{Judged, Reasons};
use crate::explain::words::{self, Language};
use crate::model::Note;

use super::text::INDENT;
use super::theme::{Look, Paint};
use super::{escape, wrap};

/// Width of the word that says whether a condition is met.
const MET: usize = 5;

/// Writes what decided about a segment: the signs that it got, those that it might have got instead, and what RFC 5681
/// says where it differs. Nothing for a segment without signs.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, look: Look, language: Language, reasons: &Reasons) -> io::Result<()> {
    let repeats = reasons.signs.iter().any(|sign| sign.given && is_repeat(sign));
    for sign in &reasons.signs {
        let args = [("key", sign.key.into())];
        if sign.given {
            title(out, look, &words::text(language, "story.sign-given", &args))?;
            conditions(out, look, language, &sign.conditions)?;
        } else if repeats && is_repeat(sign) {
            title(out, look, &words::text(language, "story.sign-withheld", &args))?;
            let missing: Vec<_> = sign.conditions.iter().filter(|(met, _)| !met).cloned().collect();
            conditions(out, look, language, &missing)?;
        }
    }
    if let Some(difference) = &reasons.difference {
        title(out, look, &words::text(language, "story.standard", &[]))?;
        conditions(out, look, language, &reasons.standard)?;
        title(out, look, &words::of(language, difference))?;
    }
    Ok(())
}

/// A sign that says why the segment comes with old numbers; it gets one of these.
fn is_repeat(sign: &Judged) -> bool {
    sign.key.ends_with("retransmission") || sign.key.ends_with("out_of_order")
}

fn title(out: &mut dyn io::Write, look: Look, text: &str) -> io::Result<()> {
    let room = look.width.saturating_sub(INDENT);
    for line in wrap::lines(&escape::line(text, look.glyphs), room, room) {
        writeln!(out, "{:INDENT$}{}", "", look.paint(Paint::Sentence, line))?;
    }
    Ok(())
}

fn conditions(out: &mut dyn io::Write, look: Look, language: Language, all: &[(bool, Note)]) -> io::Result<()> {
    let room = look.width.saturating_sub(INDENT + MET);
    for (met, note) in all {
        let (word, paint) = if *met { ("yes", Paint::Aside) } else { ("no", Paint::Marked) };
        let words = words::of(language, note);
        for (number, line) in wrap::lines(&escape::line(&words, look.glyphs), room, room).iter().enumerate() {
            let word = format!("{:<MET$}", if number == 0 { word } else { "" });
            writeln!(out, "{:INDENT$}{}{line}", "", look.paint(paint, word))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Args, Claim, FrameNo, Severity};
    use crate::render::samples::printed;

    fn note(id: &'static str) -> Note {
        let frames = [FrameNo(4)].into_iter().collect();
        let args = Args::new(&["limit", "found"], ["7".into(), "3".into()]);
        Note { id, kind: Claim::Fact, severity: Severity::Chat, frames, args, source: None }
    }

    #[test]
    fn what_is_met_and_what_is_not_can_be_told_without_colour() {
        let sign = |key, given, met| Judged { key, given, conditions: vec![(met, note("judgement.at-next"))] };
        let mut reasons = Reasons {
            signs: vec![
                sign("tcp.analysis.zero_window", false, false),
                sign("tcp.analysis.out_of_order", false, false),
                sign("tcp.analysis.retransmission", true, true),
            ],
            standard: vec![(false, note("judgement.rfc-no-data"))],
            difference: None,
        };
        let told = |reasons: &Reasons| printed(|out| write(out, Look::default(), Language::English, reasons));
        let text = told(&reasons);
        assert!(!text.contains("zero_window"), "{text}");
        assert!(
            text.contains("\n               no   It") && text.contains("\n               yes  Its number"),
            "{text}"
        );
        assert!(!text.contains("RFC"), "{text}");
        reasons.difference = Some(note("judgement.only-wireshark"));
        assert!(told(&reasons).contains("RFC 5681"));
        assert_eq!(told(&Reasons { signs: Vec::new(), standard: Vec::new(), difference: None }), "");
    }
}

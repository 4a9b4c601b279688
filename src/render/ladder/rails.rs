//! The two rails of a drawing, and what stands left of, between and right of them.

use std::io;

use crate::render::theme::{Glyphs, Look, Paint};
use crate::render::{escape, wrap};

/// Columns before the left rail, between the rails, and from the left margin to the text beside the right rail.
const LEFT: usize = 22;
const LANE: usize = 27;
/// What fits on an arrow.
pub(super) const LABEL: usize = LANE - 6;
const RIGHT: usize = LEFT + LANE + 4;
/// Where names and states on the left begin.
const STATE: usize = 6;
/// Lines of text beside a rung.
const BESIDE: usize = 4;

/// Where a rung comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum Side {
    /// Side the left end to the right.
    Left,
    /// Side the right end to the left.
    Right,
    /// Side somebody on the way, to the left end or to the right.
    Between { leftward: bool },
}

/// Names the two ends. Those that do not fit beside each other (IPv6) take a line each.
pub(super) fn names(out: &mut dyn io::Write, look: Look, left: &str, right: &str) -> io::Result<()> {
    let (left, right) = (escape::line(left, look.glyphs), escape::line(right, look.glyphs));
    let (left_width, right_width) = (wrap::width(&left), wrap::width(&right));
    if STATE + left_width < RIGHT && RIGHT + right_width <= look.width {
        let gap = RIGHT - STATE - left_width;
        let line = format!("{:STATE$}{left}{:gap$}{right}", "", "");
        return writeln!(out, "{}", line.trim_end());
    }
    let indent = look.width.saturating_sub(right_width);
    writeln!(out, "{:STATE$}{left}", "")?;
    if right.is_empty() { Ok(()) } else { writeln!(out, "{:indent$}{right}", "") }
}

/// One line: what stands left of, between and right of the rails.
pub(super) fn line(
    out: &mut dyn io::Write,
    look: Look,
    left: &str,
    lane: Option<(Paint, &str)>,
    right: &str,
) -> io::Result<()> {
    let rail = if look.glyphs == Glyphs::Unicode { '│' } else { '|' };
    write!(out, "{left:<LEFT$}{rail}")?;
    match lane {
        Some((paint, lane)) => write!(out, "{}", look.paint(paint, lane))?,
        None => write!(out, "{:LANE$}", "")?,
    }
    writeln!(out, "{rail}{}{right}", if right.is_empty() { "" } else { "  " })
}

/// The states that the two ends are in, where they changed.
pub(super) fn states(out: &mut dyn io::Write, look: Look, [left, right]: [&str; 2]) -> io::Result<()> {
    line(out, look, &format!("{:STATE$}{left}", ""), None, right)
}

/// What stands in the lane, and beside the right rail in as many lines as it takes.
pub(super) fn rung(
    out: &mut dyn io::Write,
    look: Look,
    left: &str,
    lane: (Paint, &str),
    beside: &[String],
) -> io::Result<()> {
    let room = look.width.saturating_sub(RIGHT);
    let wrapped = |text: &String| {
        let mut lines = wrap::lines(&escape::line(text, look.glyphs), room, room);
        if lines.len() > BESIDE {
            lines.truncate(BESIDE);
            lines.extend(["...".to_owned()]);
        }
        lines
    };
    let lines: Vec<String> = beside.iter().flat_map(wrapped).collect();
    line(out, look, left, Some(lane), lines.first().map_or("", String::as_str))?;
    lines.iter().skip(1).try_for_each(|text| line(out, look, "", None, text))
}

/// An arrow with `label` near its tail, as wide as the lane. That of somebody on the way begins off the rails.
pub(super) fn arrow(label: &str, from: Side, glyphs: Glyphs) -> String {
    let (shaft, right, left) = match glyphs {
        Glyphs::Unicode => ('─', '▶', '◀'),
        Glyphs::Ascii => ('-', '>', '<'),
    };
    let shafts = |count: usize| std::iter::repeat_n(shaft, count).collect::<String>();
    let label: String = label.chars().take(LABEL).collect();
    let rest = LANE - label.chars().count() - 5;
    match from {
        Side::Left => format!("{} {label} {}{right}", shafts(2), shafts(rest)),
        Side::Right => format!("{left}{} {label} {}", shafts(rest), shafts(2)),
        Side::Between { leftward: true } => format!("{left}{} {label} * ", shafts(rest)),
        Side::Between { leftward: false } => format!(" * {label} {}{right}", shafts(rest)),
    }
}

/// `text` in the middle of the lane.
pub(super) fn middle(text: &str) -> String {
    format!("{text:^LANE$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::printed;

    #[test]
    fn labels_never_outgrow_the_lane() {
        for label in ["", "FIN, SYN, RST, PSH, ACK, URG, ECE, CWR 65535 bytes again"] {
            for from in [Side::Left, Side::Right, Side::Between { leftward: true }, Side::Between { leftward: false }] {
                assert_eq!(arrow(label, from, Glyphs::Ascii).len(), LANE);
            }
        }
    }

    #[test]
    fn wide_ends_take_a_line_each() {
        let wide = "[2001:db8:1234:5678:9abc:def0:1234:5678]:49152";
        let text = printed(|out| names(out, Look::default(), wide, wide));
        assert_eq!(text.lines().count(), 2);
        assert!(text.lines().all(|line| line.ends_with(wide)), "{text}");
        assert_eq!(printed(|out| names(out, Look::default(), "192.168.11.2:49152", "10.0.0.1:80")).lines().count(), 1);
    }

    #[test]
    fn what_stands_beside_is_bounded() {
        let text = printed(|out| {
            let words = ["a long hostile name \u{1b}[31m".repeat(100)];
            rung(out, Look::default(), "", (Paint::Out, &middle("...")), &words)
        });
        assert_eq!(text.lines().count(), BESIDE + 1);
    }
}

//! The figures that end a run; those of a ping in the form that its users know.

use std::io;

use crate::model::{ConnectionSummary, Millis, PingSummary, SniffSummary};

use super::escape;
use super::tale::grouped;
use super::theme::Look;

/// Writes the statistics of a ping to `target`, the name or address as the user gave it.
///
/// # Errors
/// Those of `out`.
pub fn ping(out: &mut dyn io::Write, look: Look, target: &str, summary: &PingSummary) -> io::Result<()> {
    writeln!(out, "--- {} ping statistics ---", escape::line(target, look.glyphs))?;
    write!(out, "{} packets transmitted, {} received", summary.transmitted, summary.received)?;
    let extra = [(summary.duplicates, "duplicates"), (summary.errors, "errors"), (summary.not_sent, "not sent")];
    for (count, what) in extra.into_iter().filter(|(count, _)| *count > 0) {
        write!(out, ", +{count} {what}")?;
    }
    if summary.transmitted > 0 {
        let elapsed = (summary.elapsed.0 + 500_000) / 1_000_000;
        write!(out, ", {}% packet loss, time {elapsed}ms", six_digits(summary.loss()))?;
    }
    writeln!(out)?;
    if let Some(rtt) = summary.rtt {
        let [min, avg, max, mdev] = [rtt.min, rtt.avg, rtt.max, rtt.mdev].map(Millis);
        writeln!(out, "rtt min/avg/max/mdev = {min}/{avg}/{max}/{mdev} ms")?;
    }
    Ok(())
}

/// Writes what became of a handshake with `target`, the host and port as the user gave them.
///
/// # Errors
/// Those of `out`.
pub fn handshake(out: &mut dyn io::Write, look: Look, target: &str, summary: &ConnectionSummary) -> io::Result<()> {
    writeln!(out, "--- {} handshake statistics ---", escape::line(target, look.glyphs))?;
    write!(out, "{}", summary.port.word())?;
    if let Some(rtt) = summary.connect_rtt {
        write!(out, ", SYN to SYN/ACK {} ms", Millis(rtt))?;
    }
    if let Some(close) = summary.close() {
        write!(out, ", closed by {}", close.to_ascii_uppercase())?;
    }
    writeln!(out)?;
    if summary.established {
        write!(out, "{} bytes sent, {} received", summary.bytes_sent, summary.bytes_received)?;
        match summary.repeated {
            0 => writeln!(out)?,
            1 => writeln!(out, ", 1 segment sent again")?,
            many => writeln!(out, ", {many} segments sent again")?,
        }
    }
    Ok(())
}

/// Writes what was heard on `interface`.
///
/// # Errors
/// Those of `out`.
pub fn sniff(out: &mut dyn io::Write, look: Look, interface: &str, summary: &SniffSummary) -> io::Result<()> {
    writeln!(out, "--- {} ---", escape::line(interface, look.glyphs))?;
    let many = |count: u64, one: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{} {one}{plural}", grouped(count))
    };
    let span = summary.span.map_or(0.0, |(first, last)| (last - first).as_millis_f64() / 1000.0);
    let (packets, conversations) = (many(summary.packets, "packet"), many(summary.conversations, "conversation"));
    writeln!(out, "{packets}, {conversations}, {} dropped, {span:.3} s", grouped(summary.dropped))
}

/// A percentage with six significant digits at most and no trailing zeros, as ping prints it (C's `%g`).
fn six_digits(percent: f64) -> String {
    let scientific = format!("{percent:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if exponent < -4 {
        return format!("{}e-{:02}", trim(mantissa), -exponent);
    }
    let digits = usize::try_from(5 - exponent).unwrap_or(0);
    let fixed = format!("{percent:.digits$}");
    if digits == 0 { fixed } else { trim(&fixed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Nanos, RttSummary};
    use crate::render::samples::printed;

    /// Real runs of ping, and loss percentages as C's `%g` writes them; made by `tests/ping/make`.
    static RUNS: &[(&str, &str)] = &[
        ("answered", include_str!("../../tests/ping/answered.txt")),
        ("silent", include_str!("../../tests/ping/silent.txt")),
        ("unreachable", include_str!("../../tests/ping/unreachable.txt")),
        ("duplicates", include_str!("../../tests/ping/duplicates.txt")),
    ];
    static LOSS: &str = include_str!("../../tests/ping/loss.tsv");

    /// The number before `word` in ping's summary line.
    fn before(line: &str, word: &str) -> u32 {
        let found = line.split([',', ' ', '+']).collect::<Vec<_>>();
        let at = found.iter().position(|part| *part == word);
        at.and_then(|at| found[..at].iter().rev().find(|part| !part.is_empty())?.parse().ok()).unwrap_or(0)
    }

    #[test]
    fn the_block_is_that_of_ping() {
        for (name, run) in RUNS {
            let start = run.find("--- ").expect("ping printed statistics");
            let (block, mut lines) = (&run[start..], run[start..].lines());
            let target = lines.next().expect("title").split(' ').nth(1).expect("target");
            let line = lines.next().expect("counts").replace(" packets", "");
            let elapsed = line.rsplit("time ").next().and_then(|ms| ms.strip_suffix("ms")?.parse().ok());
            let rtt = lines.next().and_then(|line| {
                let figures: Vec<Nanos> = (line.split(" = ").nth(1)?.strip_suffix(" ms")?.split('/'))
                    .map(|ms| Nanos::from_secs_f64(ms.parse::<f64>().expect("a number") / 1e3))
                    .collect();
                Some(RttSummary { min: figures[0], avg: figures[1], max: figures[2], mdev: figures[3] })
            });
            let summary = PingSummary {
                transmitted: before(&line, "transmitted"),
                received: before(&line, "received"),
                duplicates: before(&line, "duplicates"),
                errors: before(&line, "errors"),
                not_sent: 0,
                elapsed: Nanos(elapsed.unwrap_or(0) * 1_000_000),
                rtt,
            };
            let text = printed(|out| ping(out, Look::default(), target, &summary));
            // Without replies ping ends with an empty line.
            assert_eq!(text.trim_end(), block.trim_end(), "{name}");
        }
    }

    #[test]
    fn loss_is_written_as_ping_writes_it() {
        let mut rows = 0;
        for row in LOSS.lines() {
            let columns: Vec<&str> = row.split('\t').collect();
            let [lost, of, text] = columns[..] else { panic!("{row}") };
            let lost: f64 = lost.parse().expect("a number");
            let of: f64 = of.parse().expect("a number");
            assert_eq!(six_digits(lost * 100.0 / of), text, "{row}");
            rows += 1;
        }
        assert!(rows > 100);
    }

    #[test]
    fn nothing_sent_has_no_loss() {
        let summary = PingSummary::of(0, Nanos(0), &[]);
        let summary = PingSummary { not_sent: 2, ..summary };
        let text = printed(|out| ping(out, Look::default(), "x\x1b[31m", &summary));
        assert_eq!(text, "--- x\\x1b[31m ping statistics ---\n0 packets transmitted, 0 received, +2 not sent\n");
    }
}

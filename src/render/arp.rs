//! Who is where: the table that an ARP run ends with, and its figures.

use std::io;

use crate::model::{ArpSummary, Millis, Neighbour, Origin};

use super::theme::{Look, Paint};
use super::{escape, value};

/// What was sent and what came back, each in singular and plural.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nouns {
    /// Our packets.
    pub sent: (&'static str, &'static str),
    /// Theirs.
    pub received: (&'static str, &'static str),
}

/// Asking who has an address.
pub const QUESTIONS: Nouns = Nouns { sent: ("question", "questions"), received: ("answer", "answers") };
/// Probing whether an address is taken.
pub const PROBES: Nouns = Nouns { sent: ("probe", "probes"), received: ("objection", "objections") };
/// Announcing an address.
pub const ANNOUNCEMENTS: Nouns =
    Nouns { sent: ("announcement", "announcements"), received: ("objection", "objections") };

/// Writes a line for each of `neighbours` by address, those with the same address one below the other. Nothing
/// where there are none.
///
/// # Errors
/// Those of `out`.
pub fn table(out: &mut dyn io::Write, look: Look, neighbours: &[Neighbour]) -> io::Result<()> {
    if neighbours.is_empty() {
        return Ok(());
    }
    let title = format!("{:<15}  {:<17}  {:<21}  {:>11}", "address", "MAC address", "vendor", "round trip");
    writeln!(out, "{}", look.paint(Paint::Aside, title))?;
    let mut rows = neighbours.to_vec();
    rows.sort_by_key(|row| row.address);
    for row in &rows {
        let vendor = match row.mac.origin() {
            Origin::Maker(name) | Origin::Virtual(name) => name,
            Origin::Local => "(made up by software)",
            Origin::Group | Origin::Unknown => "-",
        };
        let rtt = row.rtt.map_or_else(|| "-".to_owned(), value::milliseconds);
        let twice = rows.iter().filter(|other| other.address == row.address).count() > 1;
        let (address, mac) = (row.address.to_string(), row.mac.to_string());
        let vendor = escape::line(vendor, look.glyphs);
        write!(out, "{address:<15}  {mac:<17}  {vendor:<21}  ")?;
        write!(out, "{}", look.paint(Paint::Measure, format!("{rtt:>11}")))?;
        writeln!(out, "{}", if twice { "  (DUP!)" } else { "" })?;
    }
    writeln!(out)
}

/// Writes the figures of a run about `target`, as the user gave it.
///
/// # Errors
/// Those of `out`.
pub fn statistics(
    out: &mut dyn io::Write,
    look: Look,
    target: &str,
    nouns: Nouns,
    summary: &ArpSummary,
) -> io::Result<()> {
    let counted = |count: u32, (one, many): (&'static str, &'static str)| (count, if count == 1 { one } else { many });
    let (sent, ours) = counted(summary.sent, nouns.sent);
    let (received, theirs) = counted(summary.received, nouns.received);
    writeln!(out, "--- {} arp statistics ---", escape::line(target, look.glyphs))?;
    write!(out, "{sent} {ours} sent, {received} {theirs} received")?;
    let extra = [(summary.duplicates, "duplicates"), (summary.not_sent, "not sent")];
    for (count, what) in extra.into_iter().filter(|(count, _)| *count > 0) {
        write!(out, ", +{count} {what}")?;
    }
    writeln!(out)?;
    if let Some(rtt) = summary.rtt {
        let [min, avg, max, mdev] = [rtt.min, rtt.avg, rtt.max, rtt.mdev].map(Millis);
        writeln!(out, "rtt min/avg/max/mdev = {min}/{avg}/{max}/{mdev} ms")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::model::{FrameNo, Nanos, RttSummary};
    use crate::render::samples::printed;

    fn row(last: u8, mac: &str, rtt: Option<i64>) -> Neighbour {
        Neighbour {
            address: Ipv4Addr::new(192, 168, 11, last),
            mac: mac.parse().expect("a MAC address"),
            rtt: rtt.map(Nanos),
            request: None,
            response: FrameNo(2),
        }
    }

    #[test]
    fn rows_stand_in_the_order_of_addresses() {
        let rows = [
            row(100, "8c:85:90:42:64:b2", Some(210_000)),
            row(7, "52:54:00:00:00:01", Some(1_234_567)),
            row(100, "da:a1:19:00:00:01", None),
        ];
        let text = printed(|out| table(out, Look::default(), &rows));
        assert_eq!(
            text,
            "address          MAC address        vendor                  round trip\n\
             192.168.11.7     52:54:00:00:00:01  QEMU/KVM                  1.235 ms\n\
             192.168.11.100   8c:85:90:42:64:b2  Apple                     0.210 ms  (DUP!)\n\
             192.168.11.100   da:a1:19:00:00:01  (made up by software)            -  (DUP!)\n\n"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 80));
        assert_eq!(printed(|out| table(out, Look::default(), &[])), "");
    }

    #[test]
    fn figures_count_in_words() {
        let rtt = RttSummary::of([Nanos(210_000)]);
        let summary = ArpSummary { sent: 1, received: 2, neighbours: 1, duplicates: 1, not_sent: 3, rtt };
        let text = printed(|out| statistics(out, Look::default(), "a\x1b", QUESTIONS, &summary));
        assert_eq!(
            text,
            "--- a\\x1b arp statistics ---\n1 question sent, 2 answers received, +1 duplicates, +3 not sent\n\
             rtt min/avg/max/mdev = 0.210/0.210/0.210/0.000 ms\n"
        );
        let text = printed(|out| statistics(out, Look::default(), "x", PROBES, &ArpSummary::default()));
        assert_eq!(text, "--- x arp statistics ---\n0 probes sent, 0 objections received\n");
    }
}

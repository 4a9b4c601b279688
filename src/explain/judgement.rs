//! Why a segment has its signs of trouble, condition by condition, and where RFC 5681 sees it otherwise.

use crate::converse::tcp::{Condition, Judgement, Sign, Standard, Weighed};
use crate::model::{Arg, FrameNo, Nanos, Note};

use super::rules::{self as rule, Rule};

/// A sign that was asked for: whether the segment got it, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Its display-filter name, such as `tcp.analysis.duplicate_ack`.
    pub key: &'static str,
    /// Whether the segment got it.
    pub given: bool,
    /// Each condition: whether it is met, and the sentence that says so with its numbers. All must be met.
    pub conditions: Vec<(bool, Note)>,
}

/// All that was asked about one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Reasons {
    /// The signs, in the order in which they were asked for.
    pub signs: Vec<Judged>,
    /// What RFC 5681 asks of a duplicate acknowledgement; empty when that was not in question.
    pub standard: Vec<(bool, Note)>,
    /// Whether Wireshark and RFC 5681 agree about it, and what of it.
    pub difference: Option<Note>,
}

/// What decided about a segment.
#[must_use]
pub fn reasons(judgement: &Judgement) -> Reasons {
    let frame = judgement.frame;
    let unheard = judgement.verdicts.iter().flat_map(|verdict| &verdict.conditions);
    let unheard = unheard.into_iter().any(|(asked, found)| *asked == Condition::KnownPeerAck && !found.met);
    let signs = judgement.verdicts.iter().map(|verdict| Judged {
        key: verdict.sign.what().key(),
        given: verdict.given,
        conditions: verdict
            .conditions
            .iter()
            .filter(|(asked, _)| !(unheard && leans_on_an_ack(*asked)))
            .map(|(asked, found)| said(condition(*asked), frame, *found))
            .collect(),
    });
    let standard = judgement.standard.iter().map(|(asked, found)| said(standard(*asked), frame, *found)).collect();
    let wireshark = judgement.verdict(Sign::DuplicateAck).map(|verdict| verdict.given);
    let difference = wireshark.and_then(|given| {
        let rule = match (given, judgement.is_standard_duplicate()) {
            (true, true) => &rule::JUDGEMENT_BOTH,
            (true, false) => &rule::JUDGEMENT_ONLY_WIRESHARK,
            (false, true) => &rule::JUDGEMENT_ONLY_RFC,
            (false, false) => return None,
        };
        Some(rule.note([frame], []))
    });
    Reasons { signs: signs.collect(), standard, difference }
}

/// The sentence of a condition. Its numbers are those that its words ask for.
fn said(rule: &'static Rule, frame: FrameNo, found: Weighed) -> (bool, Note) {
    let number = |number: i64| match rule.takes.first() {
        // Conditions about time count nanoseconds.
        Some(&"ms" | &"within") => Arg::Millis(Nanos(number)),
        _ => Arg::from(number.to_string()),
    };
    let note = match rule.takes.len() {
        0 => rule.note([frame], []),
        1 => rule.note([frame], [number(found.found)]),
        _ => rule.note([frame], [number(found.limit), number(found.found)]),
    };
    (found.met, note)
}

/// Whether it compares with an acknowledgement of the other end: without one, its numbers mean nothing.
fn leans_on_an_ack(condition: Condition) -> bool {
    matches!(condition, Condition::AllAcked | Condition::AtPeerAck | Condition::SoonAfterPeer)
}

fn condition(condition: Condition) -> &'static Rule {
    use Condition as C;
    match condition {
        C::NoData => &rule::JUDGEMENT_NO_DATA,
        C::OneByte => &rule::JUDGEMENT_ONE_BYTE,
        C::AtMostOneByte => &rule::JUDGEMENT_AT_MOST_ONE_BYTE,
        C::Data => &rule::JUDGEMENT_DATA,
        C::TakesNumbers => &rule::JUDGEMENT_TAKES_NUMBERS,
        C::Ordinary => &rule::JUDGEMENT_ORDINARY,
        C::NoReset => &rule::JUDGEMENT_NO_RESET,
        C::Ack => &rule::JUDGEMENT_ACK,
        C::KnownNext => &rule::JUDGEMENT_KNOWN_NEXT,
        C::AtNext => &rule::JUDGEMENT_AT_NEXT,
        C::OneBelowNext => &rule::JUDGEMENT_ONE_BELOW_NEXT,
        C::BeyondNext => &rule::JUDGEMENT_BEYOND_NEXT,
        C::BeforeNext => &rule::JUDGEMENT_BEFORE_NEXT,
        C::NoProbeWithMore => &rule::JUDGEMENT_NO_PROBE_WITH_MORE,
        C::WindowShut => &rule::JUDGEMENT_WINDOW_SHUT,
        C::WindowOpen => &rule::JUDGEMENT_WINDOW_OPEN,
        C::SameWindow => &rule::JUDGEMENT_SAME_WINDOW,
        C::OtherWindow => &rule::JUDGEMENT_OTHER_WINDOW,
        C::SameAck => &rule::JUDGEMENT_SAME_ACK,
        C::PeerWindowShut => &rule::JUDGEMENT_PEER_WINDOW_SHUT,
        C::PeerScaleKnown => &rule::JUDGEMENT_PEER_SCALE_KNOWN,
        C::FillsPeerWindow => &rule::JUDGEMENT_FILLS_PEER_WINDOW,
        C::PeerKeptAlive => &rule::JUDGEMENT_PEER_KEPT_ALIVE,
        C::PeerProbed => &rule::JUDGEMENT_PEER_PROBED,
        C::KnownPeerData => &rule::JUDGEMENT_KNOWN_PEER_DATA,
        C::AckBeyondSeen => &rule::JUDGEMENT_ACK_BEYOND_SEEN,
        C::NoKeepAlive => &rule::JUDGEMENT_NO_KEEP_ALIVE,
        C::KnownPeerAck => &rule::JUDGEMENT_KNOWN_PEER_ACK,
        C::AllAcked => &rule::JUDGEMENT_ALL_ACKED,
        C::TwoDuplicates => &rule::JUDGEMENT_TWO_DUPLICATES,
        C::AtPeerAck => &rule::JUDGEMENT_AT_PEER_ACK,
        C::SoonAfterPeer => &rule::JUDGEMENT_SOON_AFTER_PEER,
        C::SoonAfterHighest => &rule::JUDGEMENT_SOON_AFTER_HIGHEST,
        C::NotTheHighest => &rule::JUDGEMENT_NOT_THE_HIGHEST,
        C::Syn => &rule::JUDGEMENT_SYN,
        C::PortsUsedBefore => &rule::JUDGEMENT_PORTS_USED_BEFORE,
    }
}

fn standard(standard: Standard) -> &'static Rule {
    match standard {
        Standard::Outstanding => &rule::JUDGEMENT_RFC_OUTSTANDING,
        Standard::NoData => &rule::JUDGEMENT_RFC_NO_DATA,
        Standard::NoSynNorFin => &rule::JUDGEMENT_RFC_NO_SYN,
        Standard::GreatestAck => &rule::JUDGEMENT_RFC_GREATEST_ACK,
        Standard::SameWindow => &rule::JUDGEMENT_RFC_SAME_WINDOW,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::converse::tests::{Capture, PC, SERVER, Segment};
    use crate::explain::words::{self, Language};
    use crate::proto::tcp::{Flags, TcpOption};

    const A: Flags = Flags::ACK;
    const PA: Flags = Flags(0x18);

    /// Segments: from the client, flags, relative numbers, bytes, window.
    type Row = (bool, Flags, u32, u32, usize, u16);

    /// A handshake and `rows`; the reasons for the last.
    fn reasons_of(rows: &[Row]) -> Reasons {
        static DATA: [u8; 2000] = [b'x'; 2000];
        let opening =
            [(true, Flags::SYN, 0, 0, 0, 1000), (false, Flags(0x12), 0, 1, 0, 1000), (true, A, 1, 1, 0, 1000)];
        let rows: Vec<&Row> = opening.iter().chain(rows).collect();
        let mut capture = Capture::default();
        for (index, (client, flags, sequence, acknowledgment, bytes, window)) in rows.iter().enumerate() {
            let ends = if *client { ((PC, 5000), (SERVER, 80)) } else { ((SERVER, 80), (PC, 5000)) };
            let (own, other) = if *client { (1000, 5000) } else { (5000, 1000) };
            let segment = Segment {
                from: ends.0,
                to: ends.1,
                flags: *flags,
                sequence: own + sequence,
                acknowledgment: if flags.contains(A) { other + acknowledgment } else { 0 },
                window: *window,
                options: if flags.contains(Flags::SYN) { &[TcpOption::WindowScale(0)] } else { &[] },
                data: &DATA[..*bytes],
                ..Segment::default()
            };
            if index + 1 == rows.len() {
                capture.tracker.streams_mut().ask(FrameNo(u32::try_from(index + 1).expect("few")));
            }
            capture.see(segment.bytes());
        }
        reasons(capture.tracker.streams().judgement().expect("it was asked for"))
    }

    fn text(note: &Note) -> String {
        words::of(Language::English, note)
    }

    /// The conditions of the sign `key`: `+` before those that are met.
    fn conditions(reasons: &Reasons, key: &str) -> Vec<String> {
        let judged = reasons.signs.iter().find(|judged| judged.key == key).expect("it was asked for");
        assert_eq!(judged.given, judged.conditions.iter().all(|(met, _)| *met));
        judged.conditions.iter().map(|(met, note)| format!("{}{}", if *met { '+' } else { '-' }, text(note))).collect()
    }

    #[test]
    fn a_duplicate_acknowledgement_says_why_it_is_one() {
        let data = (true, PA, 1, 1, 100, 1000);
        let later = (true, PA, 201, 1, 100, 1000);
        let ack = (false, A, 1, 101, 0, 1000);
        let reasons = reasons_of(&[data, ack, later, ack]);
        assert_eq!(
            conditions(&reasons, "tcp.analysis.duplicate_ack"),
            [
                "+It must carry no data; it carries 0 bytes.",
                "+It must acknowledge the same number as the one before, 101; it acknowledges 101.",
                "+The window in its header must not be 0; it is 1000.",
                "+The window in its header must be the same as before, 1000; it is 1000.",
                "+Its number must be the next one, 1; it is 1.",
                "+SYN, FIN and RST must not be set.",
            ]
        );
        assert!(reasons.standard.iter().all(|(met, _)| *met), "{:#?}", reasons.standard);
        assert_eq!(reasons.difference.as_ref().map(|note| note.id), Some("judgement.both"));
        let other = (false, A, 1, 101, 0, 900);
        let reasons = reasons_of(&[data, ack, later, other]);
        let said = conditions(&reasons, "tcp.analysis.duplicate_ack");
        assert!(
            said.contains(&"-The window in its header must be the same as before, 1000; it is 900.".to_owned()),
            "{said:#?}"
        );
        assert_eq!(reasons.difference, None);
    }

    #[test]
    fn where_wireshark_and_the_standard_part() {
        // Nothing is on its way, so the standard sees no duplicate.
        let ack = (false, A, 1, 1, 0, 1000);
        let reasons = reasons_of(&[ack, ack]);
        assert_eq!(reasons.difference.as_ref().map(|note| note.id), Some("judgement.only-wireshark"));
        let said: Vec<_> = reasons.standard.iter().filter(|(met, _)| !met).map(|(_, note)| text(note)).collect();
        assert_eq!(said, ["(a) Data of the other end must be on its way; 0 bytes are."]);
    }

    #[test]
    fn nothing_is_compared_with_an_acknowledgement_that_never_came() {
        let syn = (true, Flags::SYN, 0, 0, 0, 1000);
        let mut capture = Capture::default();
        for number in 1..=2 {
            capture.tracker.streams_mut().ask(FrameNo(number));
            let (from, to) = ((PC, 5000), (SERVER, 80));
            let segment = Segment { from, to, flags: syn.1, sequence: 77, window: 1000, ..Segment::default() };
            capture.see(segment.bytes());
        }
        let reasons = reasons(capture.tracker.streams().judgement().expect("it was asked for"));
        let unmet: Vec<_> = conditions(&reasons, "tcp.analysis.spurious_retransmission");
        assert!(unmet.contains(&"-The other end must have acknowledged something.".to_owned()), "{unmet:#?}");
        assert!(!unmet.iter().any(|said| said.contains("All its data")), "{unmet:#?}");
        let unmet = conditions(&reasons, "tcp.analysis.fast_retransmission");
        assert!(unmet.iter().all(|said| !said.contains(" ms ") && !said.contains("asks for")), "{unmet:#?}");
        assert!(conditions(&reasons, "tcp.analysis.retransmission").iter().all(|said| said.starts_with('+')));
    }

    #[test]
    fn every_condition_is_said_in_words_whether_met_or_not() {
        let data = |sequence, bytes| (true, PA, sequence, 1, bytes, 1000);
        let ack = |number, window| (false, A, 1, number, 0, window);
        let all: [&[Row]; 11] = [
            &[data(1, 100), ack(101, 1000), data(201, 100), ack(101, 1000)],
            &[ack(1, 1000), ack(1, 1000)],
            &[data(1, 100), (false, A, 0, 1, 0, 1000)],
            &[data(1, 100), data(1, 100)],
            &[data(201, 100), data(1, 100)],
            &[data(1, 100), ack(101, 0), data(101, 1)],
            &[data(1, 100), ack(101, 0), data(101, 1), ack(101, 0)],
            &[data(1, 100), ack(101, 1000), (true, A, 100, 1, 0, 1000), ack(101, 1000)],
            &[data(1, 1000), ack(2001, 1000)],
            &[data(1, 100), ack(1, 900)],
            &[(true, Flags::SYN, 70_000, 0, 0, 1000)],
        ];
        let mut said = BTreeSet::new();
        for rows in all {
            let reasons = reasons_of(rows);
            let conditions = reasons.signs.iter().flat_map(|judged| &judged.conditions).chain(&reasons.standard);
            for (_, note) in conditions {
                let sentence = text(note);
                assert!(sentence.contains(" must ") && sentence.ends_with('.'), "{sentence}");
                said.insert(note.id);
            }
            said.extend(reasons.difference.map(|note| note.id));
        }
        let rules: BTreeSet<_> =
            super::super::rules().map(|rule| rule.id).filter(|id| id.starts_with("judgement.")).collect();
        assert_eq!(rules.difference(&said).copied().collect::<Vec<_>>(), [""; 0]);
    }
}

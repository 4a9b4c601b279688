//! The states of both ends of a connection, concluded from its segments (RFC 9293 §3.3.2).
//!
//! Whoever sends a segment shows where it is; whether the other end got it shows only in what that end sends next.
//! So a state is either *shown* by a segment of that end, or *assumed*: it holds if the last segments arrived.

use crate::model::{SeqNo, TcpState};
use crate::proto::tcp::Flags;

/// A state, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belief {
    /// The state.
    pub state: TcpState,
    /// It holds only if a segment arrived that nothing answered yet.
    pub assumed: bool,
}

/// What counts of a segment here.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Its flags.
    pub flags: Flags,
    /// Its sequence number.
    pub sequence: SeqNo,
    /// The number after its last byte, SYN and FIN counted.
    pub end: SeqNo,
    /// Its acknowledgement number; meaningful with the ACK flag.
    pub acknowledgment: SeqNo,
}

/// How far the beginning has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    SynSent,
    SynReceived,
    Open,
    Closed,
}

/// One end.
#[allow(clippy::struct_excessive_bools)] // each is a fact about the end, independent of the others
#[derive(Clone, Copy, Debug, Default)]
struct End {
    stage: Option<Stage>,
    /// Its initial sequence number.
    isn: Option<SeqNo>,
    /// The number after its FIN.
    fin: Option<SeqNo>,
    /// It had the other's FIN before it sent its own.
    closes_second: bool,
    has_their_fin: bool,
    /// It acknowledged the other's FIN, so it has it for good.
    shows_their_fin: bool,
    fin_acknowledged: bool,
    /// The number after the highest it sent.
    highest: Option<SeqNo>,
    /// The last change came from a segment that it may not have got.
    assumed: bool,
}

/// Both ends; index 0 is the one that was seen first.
#[derive(Clone, Copy, Debug, Default)]
pub struct States {
    ends: [End; 2],
}

impl States {
    /// What is believed of end 0 or 1 now; `None` when no segment has told anything.
    pub fn of(&self, end: usize) -> Option<Belief> {
        let end = &self.ends[end & 1];
        Some(Belief { state: end.state()?, assumed: end.assumed })
    }

    /// The number after the FIN of end 0 or 1.
    pub fn fin(&self, end: usize) -> Option<SeqNo> {
        self.ends[end & 1].fin
    }

    /// End `sender` sent `segment`.
    pub fn observe(&mut self, sender: usize, segment: &Seen) {
        let [first, second] = &mut self.ends;
        let (sender, receiver) = if sender & 1 == 0 { (first, second) } else { (second, first) };
        sender.say(segment, receiver);
        let before = receiver.state();
        receiver.hear(segment, sender);
        receiver.assumed |= receiver.state() != before;
    }
}

impl End {
    fn state(&self) -> Option<TcpState> {
        Some(match self.stage? {
            Stage::SynSent => TcpState::SynSent,
            Stage::SynReceived => TcpState::SynReceived,
            Stage::Closed => TcpState::Closed,
            Stage::Open => match (self.fin.is_some(), self.has_their_fin, self.fin_acknowledged) {
                (false, false, _) => TcpState::Established,
                (false, true, _) => TcpState::CloseWait,
                (true, _, false) if self.closes_second => TcpState::LastAck,
                (true, _, true) if self.closes_second => TcpState::Closed,
                (true, false, false) => TcpState::FinWait1,
                (true, false, true) => TcpState::FinWait2,
                (true, true, false) => TcpState::Closing,
                (true, true, true) => TcpState::TimeWait,
            },
        })
    }

    /// What a segment shows about its sender.
    fn say(&mut self, segment: &Seen, other: &Self) {
        let has = |flags| segment.flags.contains(flags);
        // What was sent before something that we have seen already may come late, and shows nothing.
        let late = self.highest.is_some_and(|highest| segment.end.is_before(highest));
        self.highest = Some(self.highest.map_or(segment.end, |highest| highest.later(segment.end)));
        if has(Flags::RST) {
            self.stage = Some(Stage::Closed); // it refuses a connection, or drops one
        } else if has(Flags::SYN) {
            let went_on = late || self.stage == Some(Stage::Open) && !self.assumed;
            if self.isn == Some(segment.sequence) && went_on {
                return;
            }
            let stage = if has(Flags::ACK) { Stage::SynReceived } else { Stage::SynSent };
            let highest = Some(segment.end);
            *self = Self { stage: Some(stage), isn: Some(segment.sequence), highest, ..Self::default() };
        } else if !(late && self.stage == Some(Stage::Closed)) {
            // Whoever sends without SYN has a connection, whatever we missed of its beginning.
            self.stage = Some(Stage::Open);
            self.shows_their_fin |=
                has(Flags::ACK) && other.fin.is_some_and(|fin| !segment.acknowledgment.is_before(fin));
            self.has_their_fin = self.shows_their_fin;
            if has(Flags::FIN) {
                // A repeated FIN shows that no acknowledgement of it arrived.
                self.fin_acknowledged = false;
                if self.fin.is_none() {
                    self.fin = Some(segment.end);
                    self.closes_second = self.has_their_fin;
                }
            }
        }
        self.assumed = false;
    }

    /// What becomes of the receiver if the segment arrives, and the ones before it.
    fn hear(&mut self, segment: &Seen, sender: &Self) {
        let has = |flags| segment.flags.contains(flags);
        // A first SYN tells nothing about whom it goes to: is anybody there?
        let Some(stage) = self.stage else { return };
        let covers = |number: Option<SeqNo>| {
            has(Flags::ACK) && number.is_some_and(|number| !segment.acknowledgment.is_before(number))
        };
        let answered = covers(self.isn.map(|isn| isn + 1));
        if has(Flags::RST) {
            // Who asked for a connection believes only a refusal of just that.
            if stage != Stage::SynSent || answered {
                self.stage = Some(Stage::Closed);
            }
            return;
        }
        self.stage = Some(match (stage, has(Flags::SYN), answered) {
            (Stage::SynSent, true, true) | (Stage::SynReceived, _, true) => Stage::Open,
            (Stage::SynSent, true, false) if !has(Flags::ACK) => Stage::SynReceived, // both asked at once
            _ => stage,
        });
        self.fin_acknowledged |= covers(self.fin);
        self.has_their_fin |= sender.fin.is_some_and(|fin| !segment.end.is_before(fin));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Flags = Flags::SYN;
    const A: Flags = Flags::ACK;
    const F: Flags = Flags::FIN;
    const R: Flags = Flags::RST;

    /// Plays segments (sender, flags, sequence, acknowledgement) and returns the states after each: `?` marks assumed.
    fn play(segments: &[(usize, Flags, u32, u32)]) -> Vec<String> {
        let mut states = States::default();
        let name = |belief: Option<Belief>| match belief {
            None => "-".to_owned(),
            Some(Belief { state, assumed }) => format!("{state}{}", if assumed { "?" } else { "" }),
        };
        segments
            .iter()
            .map(|&(sender, flags, sequence, acknowledgment)| {
                let long = u32::from(flags.contains(S)) + u32::from(flags.contains(F));
                let sequence = SeqNo(sequence);
                let acknowledgment = SeqNo(acknowledgment);
                states.observe(sender, &Seen { flags, sequence, end: sequence + long, acknowledgment });
                format!("{} {}", name(states.of(0)), name(states.of(1)))
            })
            .collect()
    }

    #[test]
    fn open_and_close_with_four_segments() {
        assert_eq!(
            play(&[
                (0, S, 99, 0),
                (1, S | A, 299, 100),
                (0, A, 100, 300),
                (0, F | A, 100, 300),
                (1, A, 300, 101),
                (1, F | A, 300, 101),
                (0, A, 101, 301),
            ]),
            [
                "SYN-SENT -",
                "ESTABLISHED? SYN-RECEIVED",
                "ESTABLISHED ESTABLISHED?",
                "FIN-WAIT-1 CLOSE-WAIT?",
                "FIN-WAIT-2? CLOSE-WAIT",
                "TIME-WAIT? LAST-ACK",
                "TIME-WAIT CLOSED?",
            ]
        );
    }

    #[test]
    fn the_other_end_closes_first_with_three_segments() {
        assert_eq!(
            play(&[
                (0, S, 99, 0),
                (1, S | A, 299, 100),
                (0, A, 100, 300),
                (1, F | A, 300, 100),
                (0, F | A, 100, 301),
                (1, A, 301, 101)
            ])[3..],
            ["CLOSE-WAIT? FIN-WAIT-1", "LAST-ACK TIME-WAIT?", "CLOSED? TIME-WAIT"]
        );
    }

    #[test]
    fn crossing_fins_and_crossing_syns() {
        assert_eq!(
            play(&[
                (0, S, 99, 0),
                (1, S | A, 299, 100),
                (0, A, 100, 300),
                (0, F | A, 100, 300),
                (1, F | A, 300, 100),
                (0, A, 101, 301),
                (1, A, 301, 101)
            ])[4..],
            ["CLOSING? FIN-WAIT-1", "CLOSING TIME-WAIT?", "TIME-WAIT? TIME-WAIT"]
        );
        assert_eq!(
            play(&[(0, S, 99, 0), (1, S, 299, 0), (0, S | A, 99, 300), (1, S | A, 299, 100)])[1..],
            ["SYN-RECEIVED? SYN-SENT", "SYN-RECEIVED ESTABLISHED?", "ESTABLISHED? SYN-RECEIVED"]
        );
    }

    #[test]
    fn resets_close() {
        assert_eq!(play(&[(0, S, 99, 0), (1, R | A, 0, 100)])[1], "CLOSED? CLOSED");
        assert_eq!(play(&[(0, S, 99, 0), (1, S | A, 299, 100), (0, R, 100, 0)])[2], "CLOSED CLOSED?");
    }

    #[test]
    fn late_segments_do_not_turn_back_time() {
        let closing = [(0, S, 99, 0), (1, S | A, 299, 100), (0, A, 100, 300), (1, F | A, 300, 100), (0, A, 100, 301)];
        let late = |more: &[(usize, Flags, u32, u32)]| play(&[&closing, more].concat())[closing.len()..].to_vec();
        assert_eq!(late(&[(0, A, 100, 300)]), ["CLOSE-WAIT FIN-WAIT-2?"], "an acknowledgement that was overtaken");
        assert_eq!(late(&[(0, S, 99, 0)]), ["CLOSE-WAIT FIN-WAIT-2?"], "a second copy of the first SYN");
        assert_eq!(late(&[(0, R, 100, 0), (1, S | A, 299, 100)]), ["CLOSED CLOSED?", "CLOSED CLOSED?"]);
        assert_eq!(
            play(&[(0, S, 99, 0), (1, S | A, 299, 100), (0, A, 100, 300), (1, S | A, 299, 100)])[2..],
            ["ESTABLISHED ESTABLISHED?", "ESTABLISHED SYN-RECEIVED"],
            "the ACK did not arrive"
        );
    }

    #[test]
    fn one_end_may_go_on_after_the_other_is_done() {
        let half = [
            (0, S, 99, 0),
            (1, S | A, 299, 100),
            (0, F | A, 100, 300),
            (1, A, 300, 101),
            (1, A, 300, 101),
            (0, A, 101, 300),
            (1, F | A, 300, 101),
            (0, A, 101, 301),
        ];
        assert_eq!(
            play(&half)[2..],
            [
                "FIN-WAIT-1 CLOSE-WAIT?",
                "FIN-WAIT-2? CLOSE-WAIT",
                "FIN-WAIT-2? CLOSE-WAIT",
                "FIN-WAIT-2 CLOSE-WAIT",
                "TIME-WAIT? LAST-ACK",
                "TIME-WAIT CLOSED?"
            ]
        );
    }

    #[test]
    fn a_connection_seen_from_its_middle_on_is_established() {
        assert_eq!(play(&[(0, A, 5000, 7000), (1, A, 7000, 5000)]), ["ESTABLISHED -", "ESTABLISHED ESTABLISHED"]);
    }
}

//! Why a segment got the signs it got: every condition of every sign, and the numbers that decided.

use super::sign::{Condition, Question, Sign, Weighed};
use crate::model::{FrameNo, SeqNo};
use crate::proto::tcp::Flags;

/// One sign, given or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The sign.
    pub sign: Sign,
    /// Whether the segment got it.
    pub given: bool,
    /// Its conditions in the order in which they are asked; the sign is given when all hold.
    pub conditions: Vec<(Condition, Weighed)>,
}

/// How one segment was judged. Signs that were not even asked for, because an earlier one had settled the matter, are
/// not in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The segment's frame.
    pub frame: FrameNo,
    /// The signs, in the order in which they were asked for.
    pub verdicts: Vec<Verdict>,
    /// The conditions of a duplicate acknowledgement in RFC 5681 §2, which are not Wireshark's: data must be on its way
    /// to whom acknowledges, and the number must be the greatest so far.
    pub standard: Vec<(Standard, Weighed)>,
}

/// What RFC 5681 §2 asks of a duplicate acknowledgement, (a) to (e).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// (a) Data of the other end is on its way.
    Outstanding,
    /// (b) It carries no data.
    NoData,
    /// (c) Neither SYN nor FIN is set.
    NoSynNorFin,
    /// (d) It acknowledges the greatest number that was acknowledged so far.
    GreatestAck,
    /// (e) Its window is the same as in the last one.
    SameWindow,
}

impl Judgement {
    /// Nothing yet about `frame`.
    pub(super) fn new(frame: FrameNo) -> Self {
        Self { frame, verdicts: Vec::new(), standard: Vec::new() }
    }

    /// What was said of `sign`.
    #[must_use]
    pub fn verdict(&self, sign: Sign) -> Option<&Verdict> {
        self.verdicts.iter().find(|verdict| verdict.sign == sign)
    }

    /// Whether the segment is a duplicate acknowledgement as RFC 5681 §2 has it.
    #[must_use]
    pub fn is_standard_duplicate(&self) -> bool {
        !self.standard.is_empty() && self.standard.iter().all(|(_, weighed)| weighed.met)
    }

    pub(super) fn take_down(&mut self, sign: Sign, given: bool, conditions: &[Condition], about: &Question<'_>) {
        if sign == Sign::DuplicateAck {
            self.standard = standard(about).into();
        }
        let conditions = conditions.iter().map(|condition| (*condition, condition.weigh(about))).collect();
        self.verdicts.push(Verdict { sign, given, conditions });
    }
}

fn standard(about: &Question<'_>) -> [(Standard, Weighed); 5] {
    let Question { segment, forward, reverse, .. } = about;
    let relative = |number: SeqNo| i64::from(number - reverse.base.unwrap_or_default());
    let (ack, greatest) = (segment.acknowledgment, forward.greatest_ack.unwrap_or(segment.acknowledgment));
    let outstanding = i64::from(reverse.unacked.span(reverse.base.unwrap_or_default()).unwrap_or(0));
    let marks = i64::from(segment.flags.0 & (Flags::SYN | Flags::FIN).0);
    let weighed = |met, found, limit| Weighed { met, found, limit };
    [
        (Standard::Outstanding, weighed(outstanding > 0, outstanding, 0)),
        (Standard::NoData, weighed(segment.bytes() == 0, segment.bytes().into(), 0)),
        (Standard::NoSynNorFin, weighed(marks == 0, marks, 0)),
        (Standard::GreatestAck, weighed(forward.greatest_ack == Some(ack), relative(ack), relative(greatest))),
        (Standard::SameWindow, weighed(segment.window == forward.window, segment.window.into(), forward.window.into())),
    ]
}

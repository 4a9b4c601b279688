//! Asks for the MAC address of one neighbour (RFC 826), as the kernel would before it sends a packet there.

use std::net::Ipv4Addr;

use super::{Errno, Outgoing, Probe, Step};
use crate::model::{Event, FrameNo, MacAddr, Nanos, Packet};
use crate::proto::arp::{self, Arp};
use crate::proto::ethernet::{self, Ethernet};

/// How often to ask, and how long to wait for each answer; Linux does the same (`mcast_solicit` 3, `retrans_time` 1 s).
const ATTEMPTS: u32 = 3;

/// One question "who has this address?", asked up to three times.
#[derive(Debug)]
pub struct Neighbour {
    ours: (MacAddr, Ipv4Addr),
    wanted: Ipv4Addr,
    patience: Nanos,
    asked: u32,
    deadline: Option<Nanos>,
    answer: Option<(MacAddr, FrameNo)>,
    /// When to stop waiting, however many attempts are left.
    over: Option<Nanos>,
    questions: Vec<FrameNo>,
}

impl Neighbour {
    /// Asks for `wanted` in the name of `ours`, waiting `patience` for each of three attempts.
    #[must_use]
    pub fn new(ours: (MacAddr, Ipv4Addr), wanted: Ipv4Addr, patience: Nanos) -> Self {
        Self { ours, wanted, patience, asked: 0, deadline: None, answer: None, over: None, questions: Vec::new() }
    }

    /// Stops waiting at `over`, on the session's clock.
    pub fn give_up_at(&mut self, over: Nanos) {
        self.over = Some(over);
    }

    /// The frames of the questions, and that of the answer.
    #[must_use]
    pub fn frames(&self) -> Vec<FrameNo> {
        self.questions.iter().copied().chain(self.answer.map(|(_, frame)| frame)).collect()
    }

    /// The MAC address that was learned, and the frame that taught it.
    #[must_use]
    pub fn answer(&self) -> Option<(MacAddr, FrameNo)> {
        self.answer
    }

    fn question(&self) -> Vec<u8> {
        let (mac, ip) = self.ours;
        let question = Arp {
            operation: arp::REQUEST,
            sender_mac: mac,
            sender_ip: ip,
            target_mac: MacAddr::ZERO,
            target_ip: self.wanted,
        };
        let envelope = Ethernet { destination: MacAddr::BROADCAST, source: mac, ethertype: ethernet::ARP };
        ethernet::craft(&envelope, &arp::craft(&question))
    }
}

impl Probe for Neighbour {
    fn next(&mut self, now: Nanos) -> Step {
        match self.deadline {
            _ if self.answer.is_some() || self.over.is_some_and(|over| now >= over) => Step::Done,
            Some(deadline) if now < deadline => Step::Wait(self.over.map_or(deadline, |over| over.min(deadline))),
            _ if self.asked == ATTEMPTS => Step::Done,
            _ => Step::Send(Outgoing::Link(self.question())),
        }
    }

    fn sent(&mut self, now: Nanos, _: Result<(), Errno>) {
        // A refused attempt is an attempt: it is made again after the same wait.
        self.asked += 1;
        self.deadline = Some(now + self.patience);
    }

    fn heard(&mut self, _: Nanos, packet: &Packet<'_>) {
        let Some(view) = packet.find(&arp::HEADER) else { return };
        let Some(heard) = Arp::read(view.bytes()) else { return };
        if heard.operation == arp::REQUEST && (heard.sender_mac, heard.sender_ip) == self.ours {
            if heard.target_ip == self.wanted {
                self.questions.push(packet.frame.number);
            }
            return;
        }
        let to_us = heard.target_ip == self.ours.1 && heard.target_mac == self.ours.0;
        let usable = !heard.sender_mac.is_group() && heard.sender_mac != MacAddr::ZERO;
        if self.answer.is_none()
            && self.asked > 0
            && heard.operation == arp::REPLY
            && heard.sender_ip == self.wanted
            && to_us
            && usable
        {
            self.answer = Some((heard.sender_mac, packet.frame.number));
        }
    }

    fn events(&mut self) -> Vec<Event> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::dissect;
    use crate::model::{Frame, LinkType};

    const OURS: (MacAddr, Ipv4Addr) = (MacAddr([2, 0, 0, 0, 0, 2]), Ipv4Addr::new(192, 168, 11, 2));
    const ROUTER: (MacAddr, Ipv4Addr) = (MacAddr([0x4c, 0xe6, 0x76, 0x0a, 0x11, 1]), Ipv4Addr::new(192, 168, 11, 1));

    fn reply(sender: (MacAddr, Ipv4Addr), target: (MacAddr, Ipv4Addr)) -> Frame {
        let answer = Arp {
            operation: arp::REPLY,
            sender_mac: sender.0,
            sender_ip: sender.1,
            target_mac: target.0,
            target_ip: target.1,
        };
        let envelope = Ethernet { destination: target.0, source: sender.0, ethertype: ethernet::ARP };
        let bytes = ethernet::craft(&envelope, &arp::craft(&answer));
        Frame {
            number: FrameNo(2),
            time: Nanos(0),
            direction: None,
            link: LinkType::Ethernet,
            original: bytes.len(),
            checksum_pending: false,
            bytes,
        }
    }

    #[test]
    fn asks_three_times_and_gives_up() {
        let mut probe = Neighbour::new(OURS, ROUTER.1, Nanos::SECOND);
        let mut now = Nanos(0);
        for _ in 0..3 {
            assert!(matches!(probe.next(now), Step::Send(Outgoing::Link(_))));
            probe.sent(now, Ok(()));
            assert_eq!(probe.next(now), Step::Wait(now + Nanos::SECOND));
            now = now + Nanos::SECOND;
        }
        assert_eq!(probe.next(now), Step::Done);
        assert_eq!(probe.answer(), None);
    }

    #[test]
    fn the_end_of_the_run_is_the_end_of_the_question() {
        let mut probe = Neighbour::new(OURS, ROUTER.1, Nanos::SECOND);
        probe.give_up_at(Nanos(1_500_000_000));
        probe.next(Nanos(0));
        probe.sent(Nanos(0), Ok(()));
        assert!(matches!(probe.next(Nanos::SECOND), Step::Send(_)));
        probe.sent(Nanos::SECOND, Ok(()));
        assert_eq!(probe.next(Nanos::SECOND), Step::Wait(Nanos(1_500_000_000)));
        assert_eq!(probe.next(Nanos(1_500_000_000)), Step::Done);
    }

    #[test]
    fn only_its_own_frames_count_as_asked() {
        let mut probe = Neighbour::new(OURS, ROUTER.1, Nanos::SECOND);
        let Step::Send(Outgoing::Link(question)) = probe.next(Nanos(0)) else { panic!("no question") };
        probe.sent(Nanos(0), Ok(()));
        let ours = Frame { number: FrameNo(1), bytes: question, ..reply(ROUTER, OURS) };
        let stranger = (MacAddr([2, 0, 0, 0, 0, 9]), Ipv4Addr::new(192, 168, 11, 9));
        let theirs = Frame { number: FrameNo(7), ..reply(stranger, OURS) };
        for frame in [&ours, &theirs, &reply(ROUTER, OURS)] {
            probe.heard(Nanos(1), &dissect(frame));
        }
        assert_eq!(probe.frames(), [FrameNo(1), FrameNo(2)]);
    }

    #[test]
    fn only_the_owners_answer_to_us_counts() {
        let mut probe = Neighbour::new(OURS, ROUTER.1, Nanos::SECOND);
        probe.heard(Nanos(0), &dissect(&reply(ROUTER, OURS)));
        assert_eq!(probe.answer(), None, "nobody was asked yet");
        probe.next(Nanos(0));
        probe.sent(Nanos(0), Ok(()));
        let stranger = (ROUTER.0, Ipv4Addr::new(192, 168, 11, 9));
        let everyone = (MacAddr::BROADCAST, ROUTER.1);
        for wrong in [reply(stranger, OURS), reply(ROUTER, stranger), reply(everyone, OURS)] {
            probe.heard(Nanos(1), &dissect(&wrong));
            assert_eq!(probe.answer(), None);
        }
        probe.heard(Nanos(2), &dissect(&reply(ROUTER, OURS)));
        assert_eq!(probe.answer(), Some((ROUTER.0, FrameNo(2))));
        assert_eq!(probe.next(Nanos(2)), Step::Done);
    }
}

//! Who has an address: the questions of one conversation, and who answered. ARP and neighbour discovery alike.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::facts::{Frames, Moment, Wait};
use crate::converse::owners::Conflict;
use crate::model::{FrameNo, MacAddr, Nanos};
use crate::proto::arp::{self, Arp};
use crate::proto::icmpv6::Neighbor;

/// Owners told apart at most.
const OWNERS: usize = 4;

/// Questions for a MAC address and their answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// Questions of the first end for the other, and of the other for the first.
    pub questions: [Frames; 2],
    /// How many of all questions went to one machine alone instead of everyone.
    pub direct: u32,
    /// Questions in nobody's name: "is this address free?" (RFC 5227 §2.1.1, RFC 4862 §5.4).
    pub probes: Frames,
    /// "This address is mine now" (RFC 5227 §2.3).
    pub announcements: Frames,
    /// Other unasked words about the speaker's own address.
    pub gratuitous: Frames,
    /// Who said to have which address, each pair once.
    pub owners: SmallVec<[Owner; 1]>,
    /// From the latest question to the first answer.
    pub rtt: Option<Nanos>,
    /// An address that two machines use.
    pub conflict: Option<Conflict>,
    /// Who probed.
    prober: Option<MacAddr>,
    /// The first question of each end that has no answer yet, and the latest.
    waiting: [Option<(Moment, Moment)>; 2],
}

/// Somebody who said to have an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The address.
    pub address: IpAddr,
    /// The MAC address where it is.
    pub mac: MacAddr,
    /// Where it was said.
    pub frames: Frames,
}

/// What one packet says about who has which address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Is this address free?
    Probe { address: IpAddr, mac: Option<MacAddr> },
    /// Who has it? Asked of one machine alone, or of many.
    Asks { asker: IpAddr, target: IpAddr, direct: bool },
    /// I have it.
    Answers { asker: IpAddr, target: IpAddr, mac: Option<MacAddr> },
    /// I have it, though nobody asked.
    Tells { address: IpAddr, mac: Option<MacAddr>, announcement: bool },
}

impl Word {
    pub(super) fn of_arp(arp: &Arp, direct: bool) -> Self {
        let (from, to): (IpAddr, IpAddr) = (arp.sender_ip.into(), arp.target_ip.into());
        let mac = Some(arp.sender_mac);
        if arp.is_probe() {
            Self::Probe { address: to, mac }
        } else if arp.is_gratuitous() {
            Self::Tells { address: from, mac, announcement: arp.is_announcement() }
        } else if arp.operation == arp::REPLY {
            Self::Answers { asker: to, target: from, mac }
        } else {
            Self::Asks { asker: from, target: to, direct }
        }
    }

    /// `mac` is the sender's on the link, which stands for one that the message leaves out.
    pub(super) fn of_discovery(about: &Neighbor, (from, to): (IpAddr, IpAddr), mac: Option<MacAddr>) -> Self {
        let (target, mac) = (about.target.into(), about.mac.or(mac));
        match (about.tells, to.is_multicast()) {
            (false, _) if from.is_unspecified() => Self::Probe { address: target, mac },
            (false, everyone) => Self::Asks { asker: from, target, direct: !everyone },
            (true, true) => Self::Tells { address: target, mac, announcement: false },
            (true, false) => Self::Answers { asker: to, target, mac },
        }
    }

    /// Who asks, and for which address.
    pub(super) fn about(&self) -> (IpAddr, IpAddr) {
        match *self {
            Self::Probe { address: IpAddr::V4(address), .. } => {
                (std::net::Ipv4Addr::UNSPECIFIED.into(), address.into())
            }
            Self::Probe { address, .. } => (std::net::Ipv6Addr::UNSPECIFIED.into(), address),
            Self::Asks { asker, target, .. } | Self::Answers { asker, target, .. } => (asker, target),
            Self::Tells { address, .. } => (address, address),
        }
    }

    /// Who speaks.
    pub(super) fn speaker(&self) -> IpAddr {
        let (asker, target) = self.about();
        if matches!(self, Self::Answers { .. }) { target } else { asker }
    }
}

impl Asking {
    /// Takes a packet in. `end` is 0 when the conversation's first end speaks. Answers what whoever asked had to wait
    /// for.
    pub(super) fn see(&mut self, word: &Word, end: usize, now: Moment) -> Option<Wait> {
        match *word {
            Word::Probe { mac, .. } => {
                self.prober = self.prober.or(mac);
                self.probes.see(now.frame);
            }
            Word::Tells { address, mac: Some(mac), .. } if self.prober.is_some_and(|prober| prober != mac) => {
                self.own(address, mac, now.frame);
            }
            Word::Tells { announcement: true, .. } => self.announcements.see(now.frame),
            Word::Tells { .. } => self.gratuitous.see(now.frame),
            Word::Asks { direct, .. } => {
                self.questions[end & 1].see(now.frame);
                self.direct += u32::from(direct);
                let waiting = &mut self.waiting[end & 1];
                *waiting = Some((waiting.map_or(now, |(first, _)| first), now));
            }
            Word::Answers { target, mac, .. } => {
                self.own(target, mac?, now.frame);
                let (first, latest) = self.waiting[1 - (end & 1)].take()?;
                self.rtt.get_or_insert(now.time - latest.time);
                return Some(Wait { address: target, question: first, answer: now });
            }
        }
        None
    }

    fn own(&mut self, address: IpAddr, mac: MacAddr, frame: FrameNo) {
        let known = self.owners.iter_mut().find(|owner| (owner.address, owner.mac) == (address, mac));
        if let Some(owner) = known {
            owner.frames.see(frame);
        } else if self.owners.len() < OWNERS {
            let mut owner = Owner { address, mac, frames: Frames::default() };
            owner.frames.see(frame);
            self.owners.push(owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn an_owner_too_many_is_nobody_else() {
        let mut asking = Asking::default();
        for number in 1..=20_u8 {
            asking.own(Ipv4Addr::LOCALHOST.into(), MacAddr([2, 0, 0, 0, 0, number]), FrameNo(number.into()));
        }
        assert_eq!(asking.owners.len(), OWNERS);
        for (owner, number) in asking.owners.iter().zip(1_u8..) {
            let mut alone = Frames::default();
            alone.see(FrameNo(number.into()));
            assert_eq!((owner.mac, &owner.frames), (MacAddr([2, 0, 0, 0, 0, number]), &alone));
        }
    }
}

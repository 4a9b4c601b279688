//! Who has an address: the questions of one conversation, and who answered.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::facts::{Frames, Moment, Wait};
use crate::converse::owners::Conflict;
use crate::model::{FrameNo, MacAddr, Nanos};
use crate::proto::arp::{self, Arp};

/// Owners told apart at most.
const OWNERS: usize = 4;

/// Questions for a MAC address and their answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// Questions of the first end for the other, and of the other for the first.
    pub questions: [Frames; 2],
    /// How many of all questions went to one machine alone instead of everyone.
    pub direct: u32,
    /// Questions in nobody's name: "is this address free?" (RFC 5227 §2.1.1).
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

impl Asking {
    /// Takes an ARP packet in. `end` is 0 when the conversation's first end speaks. Answers what whoever asked had to
    /// wait for.
    pub(super) fn see(&mut self, arp: &Arp, end: usize, direct: bool, now: Moment) -> Option<Wait> {
        if arp.is_probe() {
            self.probes.see(now.frame);
            self.ask(end, now);
        } else if arp.is_announcement() {
            self.announcements.see(now.frame);
        } else if arp.is_gratuitous() {
            self.gratuitous.see(now.frame);
        } else if arp.operation == arp::REQUEST {
            self.questions[end & 1].see(now.frame);
            self.direct += u32::from(direct);
            self.ask(end, now);
        } else if arp.operation == arp::REPLY {
            self.own(arp.sender_ip.into(), arp.sender_mac, now.frame);
            let (first, latest) = self.waiting[1 - (end & 1)].take()?;
            self.rtt.get_or_insert(now.time - latest.time);
            return Some(Wait { address: arp.sender_ip.into(), question: first, answer: now });
        }
        None
    }

    fn ask(&mut self, end: usize, now: Moment) {
        let waiting = &mut self.waiting[end & 1];
        *waiting = Some((waiting.map_or(now, |(first, _)| first), now));
    }

    fn own(&mut self, address: IpAddr, mac: MacAddr, frame: FrameNo) {
        let known = self.owners.iter().position(|owner| (owner.address, owner.mac) == (address, mac));
        let place = known.unwrap_or_else(|| {
            if self.owners.len() < OWNERS {
                self.owners.push(Owner { address, mac, frames: Frames::default() });
            }
            self.owners.len() - 1
        });
        self.owners[place].frames.see(frame);
    }
}

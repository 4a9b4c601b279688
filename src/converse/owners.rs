//! Who was heard to own which IPv4 address, to notice when two machines use one (RFC 5227 §2.4).
//!
//! Adds to an ARP packet what Wireshark does: `arp.duplicate-address-detected`, with the earlier frame
//! (`arp.duplicate-address-frame`) and the whole seconds since. The owner heard first stays the owner.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use foldhash::HashMap;

use crate::model::{FrameNo, Generated, MacAddr, Nanos, Packet, TrackedValue, tracked};
use crate::proto::arp::{self, Arp};

/// Addresses remembered at most; the one heard of first is forgotten first.
const REMEMBERED: usize = 16_384;

/// An address that two machines use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The address.
    pub address: Ipv4Addr,
    /// Who used it earlier, and the latest frame of that.
    pub earlier: (MacAddr, FrameNo),
    /// Who uses it, too, and the frame.
    pub here: (MacAddr, FrameNo),
}

/// Who has an address.
#[derive(Clone, Copy, Debug)]
struct Owner {
    mac: MacAddr,
    /// The latest frame that said so, and when.
    frame: FrameNo,
    time: Nanos,
    /// Another machine said the same of itself.
    disputed: bool,
}

/// The owners heard so far.
#[derive(Debug, Default)]
pub struct Owners {
    known: HashMap<Ipv4Addr, Owner>,
    order: VecDeque<Ipv4Addr>,
}

impl Owners {
    /// Takes an ARP packet in, and marks it when it contradicts an earlier one.
    pub fn observe(&mut self, packet: &mut Packet<'_>) -> Option<Conflict> {
        let view = packet.find(&arp::HEADER)?;
        let (layer, arp) = (view.index, Arp::read(view.bytes())?);
        if !matches!(arp.operation, arp::REQUEST | arp::REPLY) {
            return None;
        }
        let (sender, target) = ((arp.sender_ip, arp.sender_mac), (arp.target_ip, arp.target_mac));
        let by_sender = self.claim(packet, layer, sender);
        // In a request, the target's MAC address means nothing; and one conflict is not told twice.
        let is_told = by_sender.is_some() && sender.0 == target.0;
        let by_target = if arp.operation == arp::REQUEST || is_told || !is_one_machine(target) {
            by_sender
        } else {
            self.claim(packet, layer, target)
        };
        // Wireshark's Info column tells of the last address that it looked at, and only of that.
        if let Some(conflict) = by_target {
            let value = TrackedValue::Ipv4(conflict.address);
            packet.generated.push(Generated::new(layer, arp::DUPLICATE, value));
        }
        by_target.or(by_sender)
    }

    /// Who has `address`, as far as was heard; nobody where two machines say so.
    #[must_use]
    pub fn of(&self, address: Ipv4Addr) -> Option<MacAddr> {
        self.known.get(&address).filter(|owner| !owner.disputed).map(|owner| owner.mac)
    }

    fn claim(&mut self, packet: &mut Packet<'_>, layer: usize, claim: (Ipv4Addr, MacAddr)) -> Option<Conflict> {
        let (address, mac) = claim;
        if !is_one_machine(claim) {
            return None;
        }
        let (frame, time) = (packet.frame.number, packet.frame.time);
        let Some(owner) = self.known.get_mut(&address) else {
            if self.order.len() == REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
            self.known.insert(address, Owner { mac, frame, time, disputed: false });
            self.order.push_back(address);
            return None;
        };
        if owner.mac == mac {
            (owner.frame, owner.time) = (frame, time);
            return None;
        }
        if owner.frame >= frame {
            return None;
        }
        owner.disputed = true;
        let seconds = time.0.div_euclid(Nanos::SECOND.0) - owner.time.0.div_euclid(Nanos::SECOND.0);
        let mut add = |what, value| packet.generated.push(Generated::new(layer, what, value));
        add(tracked!("arp.duplicate-address-detected"), TrackedValue::Yes);
        add(tracked!("arp.duplicate-address-frame"), TrackedValue::Number(u64::from(owner.frame.0)));
        // Wireshark counts in 32 bits, whichever way time ran.
        let seconds = u64::from(u32::try_from(seconds & i64::from(u32::MAX)).unwrap_or_default());
        add(tracked!("arp.seconds-since-duplicate-address-frame"), TrackedValue::Number(seconds));
        Some(Conflict { address, earlier: (owner.mac, owner.frame), here: (mac, frame) })
    }
}

/// Both addresses are such that one machine can have.
fn is_one_machine((address, mac): (Ipv4Addr, MacAddr)) -> bool {
    !mac.is_group() && mac != MacAddr::ZERO && !address.is_unspecified()
}

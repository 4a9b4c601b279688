//! What a filter says, as a tree.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::bpf::Operation;
use super::words::{Protocol, Transport};

/// A whole filter or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    /// One question about a frame, and where it stands in the text.
    Leaf(Primitive, Range<usize>),
}

/// One question about a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Primitive {
    /// Is there this protocol?
    Protocol(&'static Protocol),
    /// Is one of the IP addresses there in this network?
    Host { within: Within, direction: Direction, network: Network },
    /// The same for a name's addresses, which are still to be looked up.
    Named { within: Within, direction: Direction, name: String },
    /// Is one of the MAC addresses this?
    Mac { direction: Direction, mac: [u8; 6] },
    /// Is one of the ports in this range? `None` is any transport with ports.
    Ports { transport: Option<Transport>, direction: Direction, range: (u16, u16) },
    /// Is this what follows the header named?
    Carried { within: Within, number: u32 },
    /// Is it for everybody?
    Broadcast(Within),
    /// Is it for a group?
    Multicast(Within),
    /// Is it at most this long?
    Less(u32),
    /// Is it at least this long?
    Greater(u32),
    /// Is there a VLAN tag (with this number)? All that follows in the text means what is behind the tag.
    Vlan(Option<u16>),
    /// Do two numbers compare so?
    Relation { left: Number, relation: Relation, right: Number },
}

/// In which header an address or a number is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// Wherever it makes sense.
    Any,
    Link,
    Ipv4,
    Ipv6,
    Arp,
    Rarp,
}

/// Whose address or port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Source,
    Destination,
    Either,
    Both,
}

/// Addresses that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    Ipv4 { address: Ipv4Addr, mask: u32 },
    Ipv6 { address: Ipv6Addr, prefix: u32 },
}

/// A number that is computed from a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Constant(u32),
    /// The length of the frame.
    Length,
    /// Bytes of a protocol's header or payload: 1, 2 or 4 of them.
    Bytes {
        protocol: &'static Protocol,
        offset: Box<Number>,
        size: u32,
        at: Range<usize>,
    },
    /// Two numbers, and where the second one stands.
    Operation(Operation, Box<Number>, Box<Number>, Range<usize>),
    Negative(Box<Number>),
}

/// How two numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Unequal,
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Tree {
    /// Both of the two. Long chains stay flat.
    pub fn and(self, right: Self) -> Self {
        match self {
            Self::And(parts) => Self::And(parts.into_iter().chain([right]).collect()),
            left => Self::And(vec![left, right]),
        }
    }

    /// Either of the two.
    pub fn or(self, right: Self) -> Self {
        match self {
            Self::Or(parts) => Self::Or(parts.into_iter().chain([right]).collect()),
            left => Self::Or(vec![left, right]),
        }
    }

    /// Shows `see` every question in the order of the text.
    pub fn visit(&self, see: &mut dyn FnMut(&Primitive)) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.visit(see)),
            Self::Not(inner) => inner.visit(see),
            Self::Leaf(primitive, _) => see(primitive),
        }
    }

    /// Puts alternatives in the place of every question for which `offer` has some.
    pub fn replace(&mut self, offer: &dyn Fn(&Primitive) -> Vec<Primitive>) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter_mut().for_each(|part| part.replace(offer)),
            Self::Not(inner) => inner.replace(offer),
            Self::Leaf(primitive, at) => {
                let leaf = |primitive| Self::Leaf(primitive, at.clone());
                let mut leaves: Vec<Self> = offer(primitive).into_iter().map(leaf).collect();
                match leaves.len() {
                    0 => {}
                    1 => *self = leaves.remove(0),
                    _ => *self = Self::Or(leaves),
                }
            }
        }
    }
}

impl Within {
    /// Whether such an address can be there at all.
    pub fn may_hold(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Ipv6 => address.is_ipv6(),
            Self::Ipv4 | Self::Arp | Self::Rarp => address.is_ipv4(),
            Self::Link => false,
        }
    }
}

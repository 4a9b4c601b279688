//! What frames begin with, by their link type: where the next protocol's number and its first byte are.

use super::assembler::{Test, Width};
use super::check::{Check, Value};
use super::words::{IPV4, IPV6, LONGEST_LENGTH};
use crate::model::LinkType;

/// How a kind of link says what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carries {
    /// An `EtherType` or a length at this offset; the frame begins with two MAC addresses.
    Ethernet(u32),
    /// An `EtherType` at this offset; no MAC addresses of both ends.
    Type(u32),
    /// The number of a family of addresses, at the very beginning.
    Family,
    /// The version number of IP.
    Version,
}

/// The layout of one kind of frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub name: &'static str,
    pub carries: Carries,
    /// Where the next protocol begins.
    pub payload: u32,
}

/// The layout of `link`.
pub(super) fn layout(link: LinkType) -> Layout {
    match link {
        LinkType::Ethernet => Layout { name: "Ethernet", carries: Carries::Ethernet(12), payload: 14 },
        LinkType::Cooked => Layout { name: "Linux cooked capture", carries: Carries::Type(14), payload: 16 },
        LinkType::Cooked2 => Layout { name: "Linux cooked capture v2", carries: Carries::Type(0), payload: 20 },
        LinkType::Null | LinkType::Loop => Layout { name: "BSD loopback", carries: Carries::Family, payload: 4 },
        LinkType::RawIp => Layout { name: "raw IP", carries: Carries::Version, payload: 0 },
    }
}

/// Whether an Ethernet frame carries protocol `number`: an `EtherType`, or up to 1500 a service access point of LLC.
/// `at` loads from the type field on, which is followed by the payload.
pub(super) fn ethernet(number: u32, at: impl Fn(u32, Width) -> Value) -> Check {
    let kind = || at(0, Width::Half);
    let with_length = |checks: Vec<Check>| {
        let is_length = !Check::Test(kind(), Test::Above(LONGEST_LENGTH));
        Check::all([is_length].into_iter().chain(checks))
    };
    // SNAP (IEEE 802): organisation and EtherType behind an LLC header of aa aa 03.
    let snap = |organisation: u32, number: u32| {
        let head = 0xaaaa_0300 | organisation >> 16;
        Check::all([at(6, Width::Word).is(organisation << 16 | number), at(2, Width::Word).is(head)])
    };
    match number {
        0x06 | 0xf0 | 0xfe => with_length(vec![at(2, Width::Half).is(number << 8 | number)]),
        // IPX has had four ways to be put into a frame.
        0xe0 => Check::any([
            kind().is(0x8137),
            with_length(vec![Check::any([
                snap(0, 0x8137),
                at(2, Width::Byte).is(0xe0),
                at(2, Width::Half).is(0xffff),
            ])]),
        ]),
        0x809b => Check::any([kind().is(number), with_length(vec![snap(0x08_0007, number)])]),
        0x80f3 => Check::any([kind().is(number), with_length(vec![snap(0, number)])]),
        0..=LONGEST_LENGTH => with_length(vec![at(2, Width::Byte).is(number)]),
        _ => kind().is(number),
    }
}

/// Whether a frame without a link header carries protocol `number`.
pub(super) fn version(number: u32, first: Value) -> Check {
    match u16::try_from(number) {
        Ok(IPV4) => first.masked(0xf0).is(0x40),
        Ok(IPV6) => first.masked(0xf0).is(0x60),
        _ => Check::Always(false),
    }
}

/// Whether a frame of BSD's loopback carries protocol `number`. The family's number is in the byte order of the machine
/// that captured; that of IPv6 differs from system to system.
pub(super) fn family(number: u32, first: impl Fn() -> Value) -> Check {
    let families: &[u32] = match u16::try_from(number) {
        Ok(IPV4) => &[2],
        Ok(IPV6) => &[10, 24, 28, 30],
        _ => &[],
    };
    Check::any(families.iter().flat_map(|family| [first().is(*family), first().is(family.swap_bytes())]))
}

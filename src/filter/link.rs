//! What frames begin with, by their link type: where the next protocol's number and its first byte are.

use super::assembler::{Test, Width};
use super::check::{Check, Value};
use super::words::{IPV4, IPV6, LONGEST_LENGTH};
use crate::model::LinkType;

/// `EtherType` of IPX, and its service access point.
const IPX: u32 = 0x8137;
const IPX_POINT: u32 = 0xe0;
/// Linux's numbers for a frame with a length that begins with IPX at once, and for one that begins with LLC.
const ETH_P_802_3: u32 = 1;
const ETH_P_802_2: u32 = 4;

/// How a kind of link says what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carries {
    /// An `EtherType` or a length at this offset; the frame begins with two MAC addresses.
    Ethernet(u32),
    /// An `EtherType` at this offset, or Linux's number for LLC; no MAC addresses of both ends.
    Cooked(u32),
    /// A number at this offset; no MAC addresses of both ends.
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
        LinkType::Cooked => Layout { name: "Linux cooked capture", carries: Carries::Cooked(14), payload: 16 },
        LinkType::Cooked2 => Layout { name: "Linux cooked capture v2", carries: Carries::Type(0), payload: 20 },
        LinkType::Null | LinkType::Loop => Layout { name: "BSD loopback", carries: Carries::Family, payload: 4 },
        LinkType::RawIp => Layout { name: "raw IP", carries: Carries::Version, payload: 0 },
    }
}

/// Whether an Ethernet frame carries protocol `number`: an `EtherType`, or up to 1500 a service access point of LLC.
/// `at` loads from the type field on, which is followed by the payload.
pub(super) fn ethernet(number: u32, at: impl Fn(u32, Width) -> Value) -> Check {
    let is_length = || !Check::Test(at(0, Width::Half), Test::Above(LONGEST_LENGTH));
    // IPX has had four ways to be put into a frame.
    let ipx = || {
        let parts = [snap(0, IPX, &at), at(2, Width::Byte).is(IPX_POINT), at(2, Width::Half).is(0xffff)];
        Check::all([is_length(), Check::any(parts)])
    };
    typed(number, &at, is_length, ipx)
}

/// Whether a frame of Linux's cooked capture carries protocol `number`: an `EtherType`, or up to 1500 a service access
/// point of LLC. Where Ethernet has a length, this has a number of Linux's own (`if_ether.h`).
pub(super) fn cooked(number: u32, at: impl Fn(u32, Width) -> Value) -> Check {
    let kind = |number: u32| at(0, Width::Half).is(number);
    let is_llc = || kind(ETH_P_802_2);
    let ipx = || {
        let in_llc = Check::any([at(2, Width::Byte).is(IPX_POINT), snap(0, IPX, &at)]);
        Check::any([kind(ETH_P_802_3), Check::all([is_llc(), in_llc])])
    };
    typed(number, &at, is_llc, ipx)
}

/// The same for both, which differ in how they announce LLC, and in IPX.
fn typed(
    number: u32,
    at: &impl Fn(u32, Width) -> Value,
    has_llc: impl Fn() -> Check,
    ipx: impl Fn() -> Check,
) -> Check {
    let kind = |number: u32| at(0, Width::Half).is(number);
    let in_llc = |check: Check| Check::all([has_llc(), check]);
    match number {
        0x06 | 0xf0 | 0xfe => in_llc(at(2, Width::Half).is(number << 8 | number)),
        IPX_POINT => Check::any([kind(IPX), ipx()]),
        0x809b => Check::any([kind(number), in_llc(snap(0x08_0007, number, at))]),
        0x80f3 => Check::any([kind(number), in_llc(snap(0, number, at))]),
        0..=LONGEST_LENGTH => in_llc(at(2, Width::Byte).is(number)),
        _ => kind(number),
    }
}

/// SNAP (IEEE 802): organisation and `EtherType` behind an LLC header of aa aa 03.
fn snap(organisation: u32, number: u32, at: &impl Fn(u32, Width) -> Value) -> Check {
    let head = 0xaaaa_0300 | organisation >> 16;
    Check::all([at(6, Width::Word).is(organisation << 16 | number), at(2, Width::Word).is(head)])
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

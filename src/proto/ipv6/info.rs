//! What the Info column says of a packet that has nothing to say above IPv6.

use std::fmt::{self, Write as _};

use super::fragment::{self, Fragment};
use super::{HEADER, HOP_BY_HOP, LENGTH, NOTHING, is_extension, options, promised, routing};
use crate::model::{Header, LayerView};
use crate::proto::reading::{Binding, CONTAINED, LIMITED, MALFORMED, be16, cut_short};
use crate::proto::{self, ip, numbers};

/// The extension headers, and what the Info column calls them.
pub(super) static EXTENSIONS: [(&Header, &str); 4] = [
    (&options::HOP_BY_HOP, "IPv6 hop-by-hop options"),
    (&options::DESTINATION, "IPv6 destination options"),
    (&routing::HEADER, "IPv6 routing"),
    (&fragment::HEADER, ""),
];
/// Extension headers that netlab does not read: authentication, mobility, shim6.
const UNREAD_EXTENSIONS: [u8; 3] = [51, 135, 140];

/// What the fixed header and the extension headers up to this layer say together. Wireshark lists the headers that it
/// went through, until one has more to say: a fragment, or a protocol.
pub(super) fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let (first, next) = (start(view), next_header(view));
    if view.is(&HEADER) && view.bytes().first().is_none_or(|first| first >> 4 == 6) && view.bytes().len() < LENGTH {
        return short(view, out);
    }
    if view.layer().fragment {
        return fragment::info(view, out);
    }
    if let (Some(next), None, true) = (next, cut_short(view), first.is_some()) {
        if next == NOTHING {
            return out.write_str("IPv6 no next header");
        }
        if proto::bound(Binding::IpProtocol(next)).is_none() && !UNREAD_EXTENSIONS.contains(&next) {
            return write!(out, "Unknown IP Protocol: {} ({next})", numbers::protocol_name(next));
        }
    }
    chain(view, first, out)?;
    out.write_str(match cut_short(view) {
        Some(MALFORMED) if routing::lacks_addresses(view) => CONTAINED,
        end => end.unwrap_or_default(),
    })
}

/// The fixed header that this layer, one of IPv6's, belongs to; extension headers can stand in IPv4 by mistake.
fn start<'p, 'f>(view: LayerView<'p, 'f>) -> Option<LayerView<'p, 'f>> {
    let before = (0..=view.index).rev().map(|index| LayerView { packet: view.packet, index });
    before.into_iter().find(|view| !is_extension(*view)).filter(|view| view.is(&HEADER))
}

/// What the extension headers before this layer have said already, for a layer too short to say anything itself.
pub(in crate::proto) fn before(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let before = view.index.checked_sub(1).map(|index| LayerView { packet: view.packet, index });
    before.filter(|view| is_extension(*view)).map_or(Ok(()), |view| chain(view, start(view), out))
}

/// Bytes that this fixed header and its payload had on the wire, as far as the layers outside can be believed.
fn room(ip: LayerView<'_, '_>) -> usize {
    let frame = ip.packet.frame;
    let left = frame.original.max(frame.bytes.len()).saturating_sub(ip.layer().offset);
    ip::enclosing(ip).map_or(left, |outer| left.min(ip::reported_payload(outer)))
}

/// Where the fields of the fixed header end that Wireshark reads one by one.
const FIELD_ENDS: [usize; 6] = [4, 6, 7, 8, 24, LENGTH];

/// What the Info column says of a fixed header that is not all here.
fn short(ip: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let (here, room) = (ip.bytes().len(), room(ip));
    if room < LENGTH && here > 0 {
        write!(out, "Invalid IPv6 header ({room} bytes, need exactly 40)")?;
    }
    let missed = FIELD_ENDS.into_iter().find(|&end| end > here).unwrap_or(LENGTH);
    out.write_str(if missed <= room { LIMITED } else { MALFORMED })
}

/// The names of the headers up to this layer.
fn chain(view: LayerView<'_, '_>, first: Option<LayerView<'_, '_>>, out: &mut String) -> fmt::Result {
    let mut separator = "";
    if let Some(ip) = first {
        let header = ip.bytes();
        if header.first().is_some_and(|first| first >> 4 != 6) {
            return out.write_str(match ip::enclosing(ip) {
                None => "IPv6",
                Some(outer) if outer.is(&HEADER) => "Unknown IP Protocol: IPv6 (41)",
                Some(_) => "IPv6 (41)",
            });
        }
        if be16(header, 4) == Some(0) && header.get(6) == Some(&HOP_BY_HOP) && promised(header, ip.payload()) == Some(0)
        {
            out.write_str("Invalid IPv6 payload length")?;
            separator = " , ";
        }
    }
    // A fragment header takes the place of everything before it.
    let start = first.map_or(view.index, |ip| ip.index + 1);
    let list = || (start..=view.index).map(|index| LayerView { packet: view.packet, index });
    let from = list().rfind(|view| Fragment::of(*view).is_some());
    for view in list().skip_while(|view| from.is_some_and(|from| view.index < from.index)) {
        match EXTENSIONS.iter().find(|(header, _)| view.is(header)) {
            Some((_, "")) => fragment::info(view, out)?,
            Some((_, name)) => write!(out, "{separator}{name}")?,
            None => continue,
        }
        separator = " , ";
    }
    Ok(())
}

/// What follows this header, one of IPv6's.
fn next_header(view: LayerView<'_, '_>) -> Option<u8> {
    view.bytes().get(if view.is(&HEADER) { 6 } else { 0 }).copied()
}

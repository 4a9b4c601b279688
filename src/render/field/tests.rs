//! The maps as they are drawn.

use super::*;
use crate::render::samples::{ETH, ICMP, IP, expect, plain, printed};
use crate::render::theme::Glyphs;

const UNICODE: Look = Look { color: false, glyphs: Glyphs::Unicode, width: 80 };

fn shown(look: Look, header: &Header, key: &str) -> String {
    let spec = header.fields.iter().find(|spec| spec.key == key).expect("a field of the table");
    printed(|out| write(out, look, Language::English, header, spec))
}

#[test]
fn a_field_is_marked_on_its_headers_map() {
    expect("field-ttl", &shown(UNICODE, &IP, "ip.ttl"));
    expect("field-df", &shown(UNICODE, &IP, "ip.flags.df"));
    expect("field-eth-src", &shown(UNICODE, &ETH, "eth.src"));
    expect("field-mtu", &shown(UNICODE, &ICMP, "icmp.mtu"));
}

#[test]
fn the_map_does_not_rely_on_colour() {
    let colored = shown(Look { color: true, ..UNICODE }, &IP, "ip.ttl");
    assert_eq!(plain(&colored), shown(UNICODE, &IP, "ip.ttl"));
    assert!(shown(Look::default(), &IP, "ip.ttl").is_ascii());
}

#[test]
fn fields_without_a_fixed_place_have_no_map() {
    for key in ["ip.checksum.status", "ip.opt.type"] {
        let text = shown(UNICODE, &IP, key);
        assert!(text.contains("place     not ") && !text.contains("+-+"), "{text}");
    }
}

#[test]
fn every_key_is_listed_once() {
    let table =
        || [&ETH, &IP, &ICMP].into_iter().flat_map(|header| header.fields.iter().map(move |spec| (header, spec)));
    let text = printed(|out| list(out, UNICODE, table()));
    assert_eq!(text.lines().filter(|line| line.starts_with("  ")).count(), table().count());
    assert!(text.starts_with("Ethernet II\n  eth.dst"), "{text}");
}

#[test]
fn every_field_of_every_protocol_can_be_shown() {
    let mut maps = 0;
    for (header, spec) in crate::proto::all() {
        for look in [UNICODE, Look::default()] {
            let text = printed(|out| write(out, look, Language::English, header, spec));
            assert!(text.starts_with(spec.key), "{text}");
            let fixed = !text.contains("place     not ");
            assert_eq!(text.contains('|') && text.contains('#'), fixed, "{text}");
            maps += usize::from(fixed);
        }
    }
    assert!(maps > 80, "only {maps} fields are on a map");
}

//! Neighbour discovery's question and answer as values (RFC 4861 §4.3, §4.4).

use std::net::Ipv6Addr;

use super::{NEIGHBOR_ADVERTISEMENT, NEIGHBOR_SOLICITATION};
use crate::model::MacAddr;

/// Where the options begin.
const OPTIONS: usize = 24;
/// Options are counted in units of this many bytes.
const UNIT: usize = 8;

/// A question for the MAC address of an IPv6 address, or somebody who tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbor {
    /// It tells instead of asking.
    pub tells: bool,
    /// The address that it is about.
    pub target: Ipv6Addr,
    /// The MAC address that it carries: the asker's in a question, the target's in an answer.
    pub mac: Option<MacAddr>,
    /// The speaker is a router.
    pub router: bool,
    /// It answers a question.
    pub solicited: bool,
}

impl Neighbor {
    /// The message at the start of `message`, if it is one of the two.
    #[must_use]
    pub fn read(message: &[u8]) -> Option<Self> {
        let tells = match *message.first()? {
            NEIGHBOR_SOLICITATION => false,
            NEIGHBOR_ADVERTISEMENT => true,
            _ => return None,
        };
        let target = crate::proto::ipv6::address(message, 8)?;
        let bits = if tells { *message.get(4)? } else { 0 };
        // Type 1 is the sender's own address, type 2 that of the target.
        let mac = link_address(message, if tells { 2 } else { 1 });
        Some(Self { tells, target, mac, router: bits & 0x80 != 0, solicited: bits & 0x40 != 0 })
    }
}

/// The MAC address in the first option of this type. Options end where a length is impossible.
fn link_address(message: &[u8], wanted: u8) -> Option<MacAddr> {
    let mut rest = message.get(OPTIONS..)?;
    loop {
        let &[kind, units] = rest.first_chunk()?;
        let length = usize::from(units) * UNIT;
        let option = rest.get(..length).filter(|_| length > 0)?;
        if kind == wanted {
            return MacAddr::read(&option[2..]).filter(|_| length == UNIT);
        }
        rest = &rest[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_and_answer_read_with_their_options() {
        let target: Ipv6Addr = "fe80::7".parse().expect("an address");
        let message =
            |kind, bits, options: &[u8]| [&[kind, 0, 0, 0, bits, 0, 0, 0][..], &target.octets(), options].concat();
        let mac = [0x02, 0, 0, 0, 0, 7];
        let option = |kind, units| [&[kind, units][..], &mac].concat();
        let nonce = [14, 1, 0, 0, 0, 0, 0, 0];
        let question = Neighbor::read(&message(135, 0, &[&nonce[..], &option(1, 1)].concat())).expect("a question");
        assert_eq!((question.tells, question.target, question.mac), (false, target, Some(MacAddr(mac))));
        let answer = Neighbor::read(&message(136, 0xe0, &option(2, 1))).expect("an answer");
        assert_eq!((answer.tells, answer.mac), (true, Some(MacAddr(mac))));
        assert!(answer.router && answer.solicited);
        for options in [&option(1, 1)[..], &option(2, 0), &option(2, 2), &[2], &[]] {
            assert_eq!(Neighbor::read(&message(136, 0, options)).and_then(|answer| answer.mac), None, "{options:?}");
        }
        assert_eq!(Neighbor::read(&message(134, 0, &[])), None);
        assert_eq!(Neighbor::read(&message(135, 0, &[])[..23]), None);
    }
}

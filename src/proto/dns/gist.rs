//! What matters of a message to people: what was asked, and what the answer says.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smallvec::SmallVec;

use super::name::Name;
use super::sections::{HEADER, Parts, RESPONSE};
use super::types::TYPES;
use super::{Dialect, is_message, message};
use crate::model::{Compose, Composed, LayerView};
use crate::proto::numbers;
use crate::proto::reading::{be16, be32};

/// Bits of the flags: what kind of operation.
pub(super) const OPERATION: u16 = 0x7800;
/// Addresses named at most.
const NAMED: usize = 4;
/// Answers looked at for them.
const LOOKED_AT: usize = 64;

/// The response code of an answer without an error.
pub const NO_ERROR: u8 = 0;
/// The server failed, or another one that it asked.
pub const SERVER_FAILURE: u8 = 2;
/// There is no such name.
pub const NO_SUCH_NAME: u8 = 3;
/// The server does not want to answer.
pub const REFUSED: u8 = 5;

/// A message as people speak of it.
#[allow(clippy::struct_excessive_bools)] // they are the message's own bits
#[derive(Clone, Debug)]
pub struct Gist<'f> {
    /// Chosen by the asker, repeated by the answerer.
    pub id: u16,
    /// An answer.
    pub response: bool,
    /// An ordinary question and its answer, not an update or another rare operation.
    pub ordinary: bool,
    /// The response code.
    pub code: u8,
    /// The answer is longer than the datagram that it had to fit.
    pub truncated: bool,
    /// The name that the first question is about; not yet escaped.
    pub name: Option<Composed<'f>>,
    /// The type that it asks for.
    pub kind: u16,
    /// Resource records in the answer section.
    pub answers: u16,
    /// The first addresses among them.
    pub addresses: SmallVec<[IpAddr; NAMED]>,
    /// For how many seconds the first answer may be kept.
    pub ttl: Option<u32>,
    /// Asked of all neighbours instead of a server (mDNS, LLMNR).
    pub neighbours: bool,
}

impl<'f> Gist<'f> {
    /// The message that `view` is, if it is one.
    #[must_use]
    pub fn read(view: LayerView<'_, 'f>) -> Option<Self> {
        let bytes = Some(message(view)).filter(|_| is_message(view.layer().header))?;
        let (flags, questions, answers) = (be16(bytes, 2)?, be16(bytes, 4)?, be16(bytes, 6)?);
        let mut gist = Self {
            id: be16(bytes, 0)?,
            response: flags & RESPONSE != 0,
            ordinary: flags & OPERATION == 0,
            code: u8::try_from(flags & 15).unwrap_or(0),
            truncated: flags & 0x200 != 0,
            name: None,
            kind: 0,
            answers,
            addresses: SmallVec::new(),
            ttl: None,
            neighbours: matches!(Dialect::of(view), Dialect::Multicast | Dialect::Llmnr),
        };
        let wanted = usize::from(questions) + usize::from(answers).min(LOOKED_AT);
        for part in Parts::of(bytes).take(wanted).map_while(Result::ok) {
            match part.data {
                None if gist.name.is_none() => {
                    gist.name = Some(Composed::new(bytes, part.at, WRITE));
                    gist.kind = part.kind;
                }
                None => {}
                Some(data) => {
                    gist.ttl = gist.ttl.or_else(|| be32(bytes, part.kind_at + 4));
                    let data = bytes.get(data.at..data.at + data.length).unwrap_or(&[]);
                    let address = match (part.kind, data.len()) {
                        (1, 4) => <[u8; 4]>::try_from(data).ok().map(|it| Ipv4Addr::from(it).into()),
                        (28, 16) => <[u8; 16]>::try_from(data).ok().map(|it| Ipv6Addr::from(it).into()),
                        _ => None,
                    };
                    gist.addresses.extend(address.filter(|_| gist.addresses.len() < NAMED));
                }
            }
        }
        (bytes.len() >= HEADER).then_some(gist)
    }

    /// The name of the type that is asked for, such as `MX`.
    #[must_use]
    pub fn kind_name(&self) -> Option<&'static str> {
        numbers::name(&TYPES, self.kind.into())
    }
}

const WRITE: Compose =
    |bytes, at, out: &mut dyn fmt::Write| Name::read(bytes, at).map_or(Ok(()), |name| name.print(out));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Frame, FrameNo, Layer, LinkType, Nanos};
    use crate::proto::dns::HEADER as TABLE;

    #[test]
    fn question_and_answers_are_read() {
        let mut bytes = vec![0x12, 0x34, 0x83, 0x83, 0, 1, 0, 2, 0, 0, 0, 0];
        bytes.extend(b"\x03www\x07example\x03com\x00\x00\x01\x00\x01");
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 93, 184, 216, 34]);
        bytes.extend([0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 9, 0, 16]);
        bytes.extend([0; 15]);
        bytes.push(1);
        let length = bytes.len();
        let frame = Frame {
            number: FrameNo(1),
            time: Nanos(0),
            direction: None,
            link: LinkType::RawIp,
            original: length,
            checksum_pending: false,
            bytes,
        };
        let read = |length| {
            let layer =
                Layer { header: &TABLE, offset: 0, length, payload: 0, quoted: false, fragment: false, checksum: None };
            let mut packet = crate::dissect::dissect(&frame);
            packet.layers = vec![layer];
            Gist::read(LayerView { packet: &packet, index: 0 }).map(|gist| {
                let name = gist.name.map(|name| name.to_string());
                (gist.response, gist.truncated, gist.code, name, gist.kind_name(), gist.addresses.len(), gist.ttl)
            })
        };
        let name = Some("www.example.com".to_owned());
        assert_eq!(read(length), Some((true, true, NO_SUCH_NAME, name.clone(), Some("A"), 2, Some(300))));
        assert_eq!(read(length - 1), Some((true, true, NO_SUCH_NAME, name, Some("A"), 1, Some(300))));
        assert_eq!(read(11), None);
        for length in 0..length {
            let _ = read(length);
        }
    }
}

//! Pairs echo requests with echo replies (RFC 792, RFC 4443 §4): same two addresses, same identifier, same sequence
//! number, and the same data, as far as the checksums tell. Only the first reply is the answer.

use std::collections::VecDeque;
use std::net::IpAddr;

use foldhash::HashMap;

use crate::model::{FrameNo, Generated, LayerView, Nanos, Packet, TrackedValue, tracked};
use crate::proto::icmp::Echo;
use crate::proto::{icmp, icmpv6, ip};

/// Requests remembered at most; the oldest is forgotten first.
const REMEMBERED: usize = 4096;

/// What makes an echo request and its reply a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    asker: IpAddr,
    target: IpAddr,
    identifier: u16,
    sequence: u16,
    /// The checksum without the type, in which request and reply differ.
    rest: u16,
}

/// A request: its frame, when it was seen, and whether it has an answer.
#[derive(Clone, Copy, Debug)]
struct Asked {
    frame: FrameNo,
    time: Nanos,
    answered: bool,
}

/// The echo requests seen so far.
#[derive(Debug, Default)]
pub struct Echoes {
    asked: HashMap<Key, Asked>,
    order: VecDeque<Key>,
}

impl Echoes {
    /// Remembers a request; gives a reply the generated fields `icmp.resp_to` (the request's frame) and
    /// `icmp.resptime` (the time between the two), or `icmpv6`'s; and [`icmp::AGAIN`] to a further one.
    pub fn observe(&mut self, packet: &mut Packet<'_>) {
        let Some((index, key, reply)) = read(packet) else { return };
        let (frame, time) = (packet.frame.number, packet.frame.time);
        if !reply {
            if self.asked.insert(key, Asked { frame, time, answered: false }).is_none() {
                self.order.push_back(key);
            }
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.asked.remove(&oldest);
            }
        } else if let Some(asked) = self.asked.get_mut(&key) {
            if std::mem::replace(&mut asked.answered, true) {
                let value = TrackedValue::Number(u64::from(asked.frame.0));
                packet.generated.push(Generated::new(index, icmp::AGAIN, value));
                return;
            }
            let version_6 = key.asker.is_ipv6();
            let [to, took] = if version_6 {
                [tracked!("icmpv6.resp_to"), tracked!("icmpv6.resptime")]
            } else {
                [tracked!("icmp.resp_to"), tracked!("icmp.resptime")]
            };
            let mut add = |what, value| packet.generated.push(Generated::new(index, what, value));
            add(to, TrackedValue::Number(u64::from(asked.frame.0)));
            add(took, TrackedValue::Span(time - asked.time));
        }
    }
}

/// The ICMP layer's index, the pair it belongs to, and whether it is the reply.
fn read(packet: &Packet<'_>) -> Option<(usize, Key, bool)> {
    let (view, Echo { reply, identifier, sequence }) = echo(packet)?;
    let (source, destination) = ip::addresses_of(ip::enclosing(view)?)?;
    let (asker, target) = if reply { (destination, source) } else { (source, destination) };
    let &[kind, _, high, low, ..] = view.bytes() else { return None };
    // In ones' complement, taking away is adding the complement (RFC 1071 §2); 0 and ffff are the same.
    let sum = u32::from(!u16::from_be_bytes([high, low])) + u32::from(!(u16::from(kind) << 8));
    let rest = u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap_or(1);
    let rest = if rest == u16::MAX { 0 } else { rest };
    Some((view.index, Key { asker, target, identifier, sequence, rest }, reply))
}

fn echo<'p, 'f>(packet: &'p Packet<'f>) -> Option<(LayerView<'p, 'f>, Echo)> {
    if let Some(view) = packet.find(&icmp::HEADER) {
        return Some((view, Echo::read(view.bytes())?));
    }
    let view = packet.find(&icmpv6::HEADER)?;
    Some((view, icmpv6::read_echo(view.bytes())?))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;
    use crate::dissect::dissect;
    use crate::model::{Frame, LinkType, Tracked, Value};
    use crate::proto::{ipv4, ipv6};

    fn frame(number: u32, time: i64, bytes: Vec<u8>) -> Frame {
        Frame {
            number: FrameNo(number),
            time: Nanos(time),
            direction: None,
            link: LinkType::RawIp,
            original: bytes.len(),
            checksum_pending: false,
            bytes,
        }
    }

    fn echo_with(number: u32, time: i64, reply: bool, sequence: u16, data: &[u8]) -> Frame {
        let (pc, mac) = (Ipv4Addr::new(192, 168, 11, 2), Ipv4Addr::new(192, 168, 11, 7));
        let (source, destination) = if reply { (mac, pc) } else { (pc, mac) };
        let header = ipv4::Ipv4 { protocol: 1, source, destination, ..ipv4::Ipv4::default() };
        let message = icmp::craft_echo(&Echo { reply, identifier: 7, sequence }, data);
        frame(number, time, ipv4::craft(&header, &message))
    }

    fn echo(number: u32, time: i64, reply: bool, sequence: u16) -> Frame {
        echo_with(number, time, reply, sequence, b"hello")
    }

    fn echo_6(number: u32, time: i64, reply: bool, sequence: u16) -> Frame {
        let (pc, mac) = (Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2), Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 7));
        let (source, destination) = if reply { (mac, pc) } else { (pc, mac) };
        let message = icmpv6::craft_echo(&Echo { reply, identifier: 7, sequence }, source, destination, b"hello");
        let header =
            ipv6::Ipv6 { next_header: ipv6::ICMPV6, hop_limit: 64, source, destination, ..ipv6::Ipv6::default() };
        frame(number, time, ipv6::craft(&header, &message))
    }

    fn answers(frames: &[Frame], keys: [Tracked; 2]) -> Vec<(Option<Value<'static>>, Option<Value<'static>>)> {
        let mut echoes = Echoes::default();
        let answer = |frame| {
            let mut packet = dissect(frame);
            echoes.observe(&mut packet);
            (packet.generated(keys[0]), packet.generated(keys[1]))
        };
        frames.iter().map(answer).collect()
    }

    #[test]
    fn a_reply_names_its_request_and_the_time_between() {
        let frames = [echo(1, 100, false, 1), echo(2, 150, false, 2), echo(3, 400, true, 1), echo(4, 500, true, 9)];
        let generated = answers(&frames, [tracked!("icmp.resp_to"), tracked!("icmp.resptime")]);
        assert_eq!(generated[0], (None, None));
        assert_eq!(generated[2], (Some(Value::Number(1)), Some(Value::Span(Nanos(300)))));
        assert_eq!(generated[3], (None, None), "nobody asked with sequence 9");
        let frames =
            [echo_6(1, 100, false, 1), echo_6(2, 150, false, 2), echo_6(3, 400, true, 1), echo_6(4, 500, true, 9)];
        assert_eq!(answers(&frames, [tracked!("icmpv6.resp_to"), tracked!("icmpv6.resptime")]), generated);
    }

    #[test]
    fn only_the_first_reply_with_the_same_data_is_the_answer() {
        let frames =
            [echo(1, 0, false, 1), echo_with(2, 1, true, 1, b"jello"), echo(3, 2, true, 1), echo(4, 3, true, 1)];
        let to: Vec<_> = answers(&frames, [tracked!("icmp.resp_to"), tracked!("icmp.resptime")])
            .into_iter()
            .map(|(to, _)| to)
            .collect();
        assert_eq!(to, [None, None, Some(Value::Number(1)), None]);
        let again = answers(&frames, [icmp::AGAIN, tracked!("icmp.resptime")]).into_iter().map(|(again, _)| again);
        assert_eq!(again.collect::<Vec<_>>(), [None, None, None, Some(Value::Number(1))]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut echoes = Echoes::default();
        for number in 0..3 * 4096_u32 {
            let frame = echo(number + 1, 0, false, u16::try_from(number).expect("below 65536"));
            echoes.observe(&mut dissect(&frame));
        }
        assert!(echoes.asked.len() <= REMEMBERED && echoes.order.len() <= REMEMBERED);
    }
}

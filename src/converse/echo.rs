//! Pairs echo requests with echo replies (RFC 792): same two addresses, same identifier, same sequence number.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;

use super::is_read_alone;
use crate::model::{FrameNo, Generated, Nanos, Packet, Value};
use crate::proto::{icmp, ipv4};

/// Requests remembered at most; the oldest is forgotten first.
const REMEMBERED: usize = 4096;

/// What makes an echo request and its reply a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    asker: Ipv4Addr,
    target: Ipv4Addr,
    identifier: u16,
    sequence: u16,
}

/// The echo requests seen so far.
#[derive(Debug, Default)]
pub struct Echoes {
    asked: HashMap<Key, (FrameNo, Nanos)>,
    order: VecDeque<Key>,
}

impl Echoes {
    /// Remembers a request; gives a reply the generated fields `icmp.resp_to` (the request's frame) and
    /// `icmp.resptime` (the time between the two).
    pub fn observe(&mut self, packet: &mut Packet<'_>) {
        let Some((index, key, reply)) = read(packet) else { return };
        let (number, time) = (packet.frame.number, packet.frame.time);
        if !reply {
            if self.asked.insert(key, (number, time)).is_none() {
                self.order.push_back(key);
            }
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.asked.remove(&oldest);
            }
        } else if let Some(&(request, asked_at)) = self.asked.get(&key) {
            let mut add = |key, value| packet.generated.push(Generated { layer: index, key, value });
            add("icmp.resp_to", Value::Number(u64::from(request.0)));
            add("icmp.resptime", Value::Span(time - asked_at));
        }
    }
}

/// The ICMP layer's index, the pair it belongs to, and whether it is the reply.
fn read(packet: &Packet<'_>) -> Option<(usize, Key, bool)> {
    let view = packet.find(&icmp::HEADER).filter(|view| is_read_alone(*view))?;
    let echo = icmp::Echo::read(view.bytes())?;
    let ip = ipv4::Ipv4::read(packet.find(&ipv4::HEADER)?.bytes())?;
    let (asker, target) = if echo.reply { (ip.destination, ip.source) } else { (ip.source, ip.destination) };
    let key = Key { asker, target, identifier: echo.identifier, sequence: echo.sequence };
    Some((view.index, key, echo.reply))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::dissect;
    use crate::model::{Frame, LinkType};

    fn echo(number: u32, time: i64, reply: bool, sequence: u16) -> Frame {
        let (pc, mac) = (Ipv4Addr::new(192, 168, 11, 2), Ipv4Addr::new(192, 168, 11, 7));
        let (source, destination) = if reply { (mac, pc) } else { (pc, mac) };
        let header = ipv4::Ipv4 { protocol: 1, source, destination, ..ipv4::Ipv4::default() };
        let bytes = ipv4::craft(&header, &icmp::craft_echo(&icmp::Echo { reply, identifier: 7, sequence }, b"hello"));
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

    #[test]
    fn a_reply_names_its_request_and_the_time_between() {
        let mut echoes = Echoes::default();
        let frames = [echo(1, 100, false, 1), echo(2, 150, false, 2), echo(3, 400, true, 1), echo(4, 500, true, 9)];
        let generated: Vec<_> = frames
            .iter()
            .map(|frame| {
                let mut packet = dissect(frame);
                echoes.observe(&mut packet);
                (packet.generated("icmp.resp_to"), packet.generated("icmp.resptime"))
            })
            .collect();
        assert_eq!(generated[0], (None, None));
        assert_eq!(generated[2], (Some(Value::Number(1)), Some(Value::Span(Nanos(300)))));
        assert_eq!(generated[3], (None, None), "nobody asked with sequence 9");
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

//! Numbers the conversations over UDP, as Wireshark's `udp.stream` does.

use super::pair::Pair;
use super::remember::Memory;
use crate::model::{Generated, Layer, LayerView, Packet, TrackedValue, tracked};
use crate::proto::ip;
use crate::proto::udp::{self, Udp};

/// Conversations remembered at most. When one that was forgotten goes on, it gets a new number.
const REMEMBERED: usize = 65_536;

/// The conversations seen so far.
#[derive(Debug)]
pub struct Datagrams {
    known: Memory<Pair, u32>,
    count: u32,
}

impl Default for Datagrams {
    fn default() -> Self {
        Self { known: Memory::new(REMEMBERED), count: 0 }
    }
}

impl Datagrams {
    /// Gives every datagram of the packet, quoted ones too, its `udp.stream`.
    pub fn observe(&mut self, packet: &mut Packet<'_>) {
        for index in 0..packet.layers.len() {
            if let Some(pair) = read(packet, index) {
                let value = TrackedValue::Number(self.number(pair).into());
                packet.generated.push(Generated::new(index, tracked!("udp.stream"), value));
            }
        }
    }

    fn number(&mut self, pair: Pair) -> u32 {
        let place = self.known.place(&pair).unwrap_or_else(|| {
            let number = self.count;
            self.count = self.count.saturating_add(1);
            self.known.insert(pair, number)
        });
        self.known.touch(place, 0);
        let number = self.known.at(place).map_or(0, |(_, number)| *number);
        if self.known.is_over() {
            self.known.forget();
        }
        number
    }
}

fn read(packet: &Packet<'_>, index: usize) -> Option<Pair> {
    let view = LayerView { packet, index };
    if !view.is(&udp::HEADER) {
        return None;
    }
    let ip = ip::enclosing(view)?;
    let quoted = view.layer().quoted;
    // Wireshark wants the whole header, reads no quoted fragments of IPv6, and follows no quoted route.
    let in_fragment = |layer: &Layer| layer.fragment && layer.quoted && layer.header.name.starts_with("ipv6");
    if view.bytes().len() < udp::HEADER_LENGTH || quoted && packet.layers[..index].iter().any(in_fragment) {
        return None;
    }
    let ports = Udp::read(view.bytes())?;
    let (source, last) = ip::ends(ip)?;
    let destination = if quoted { ip::addresses_of(ip)?.1 } else { last };
    super::is_read_alone(view).then(|| Pair::new((source, ports.source_port), (destination, ports.destination_port)))
}

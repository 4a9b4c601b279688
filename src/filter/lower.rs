//! Tree → checks: where in the frame each answer is found. The meaning of every question is libpcap's.

use std::ops::Range;

use super::assembler::{Test, Width};
use super::bpf::{Operation, beside};
use super::check::{Check, Value};
use super::ground::Ground;
use super::link::Carries;
use super::refusal::Fault;
use super::syntax::{Direction, Network, Number, Primitive, Relation, Tree, Within};
use super::words::{ARP, Carrier, ICMPV6, IPV4, IPV6, LONGEST_LENGTH, Place, Protocol, RARP, Transport, VLAN_TAGS};
use super::{Conditions, Vantage};

/// Offsets as constants end here; no frame is that long.
const FARTHEST: u32 = 0x00ff_ffff;

/// Next header numbers of IPv6: the fragment header, and where it keeps the number of what follows.
const FRAGMENT: u32 = 44;

pub(super) fn lower(tree: &Tree, conditions: Conditions) -> Result<Check, Fault> {
    let mut ground = Ground::new(conditions, false);
    let plain = ground.tree(tree)?;
    if conditions.vantage == Vantage::File || !matches!(ground.layout.carries, Carries::Ethernet(_)) {
        return Ok(plain);
    }
    let tagged = Ground::new(conditions, true).tree(tree)?;
    let present = Check::Test(Value::At(beside::VLAN_PRESENT, Width::Byte), Test::AnyOf(1));
    let without = Check::all([!present.clone(), plain]);
    Ok(if tagged == Check::Always(false) { without } else { Check::any([Check::all([present, tagged]), without]) })
}

impl Ground {
    fn tree(&mut self, tree: &Tree) -> Result<Check, Fault> {
        Ok(match tree {
            Tree::And(parts) => Check::all(self.trees(parts)?),
            Tree::Or(parts) => Check::any(self.trees(parts)?),
            Tree::Not(inner) => !self.tree(inner)?,
            Tree::Leaf(primitive, at) => self.primitive(primitive, at)?,
        })
    }

    fn trees(&mut self, parts: &[Tree]) -> Result<Vec<Check>, Fault> {
        parts.iter().map(|part| self.tree(part)).collect()
    }

    fn primitive(&mut self, primitive: &Primitive, at: &Range<usize>) -> Result<Check, Fault> {
        Ok(match primitive {
            Primitive::Protocol(protocol) => self.protocol(protocol),
            Primitive::Host { within, direction, network } => self.host(*within, *direction, *network),
            Primitive::Named { .. } => {
                return Err(Fault::new(at.clone(), "the address of this name is not known")
                    .hint("give the address instead of the name"));
            }
            Primitive::Mac { direction, mac } => {
                self.with_macs(at, "MAC addresses")?;
                self.directed(*direction, 6, 0, |ground, offset| ground.mac(offset, *mac))
            }
            Primitive::Ports { transport, direction, range } => self.ports(*transport, *direction, *range),
            Primitive::Carried { within: Within::Link, number } => self.network(*number),
            Primitive::Carried { within, number } => self.carried(
                *number,
                match within {
                    Within::Ipv4 => Carrier::Ipv4,
                    Within::Ipv6 => Carrier::Ipv6,
                    _ => Carrier::Both,
                },
            ),
            Primitive::Broadcast(Within::Any | Within::Link) => {
                self.with_macs(at, "link broadcasts")?;
                self.mac(0, [0xff; 6])
            }
            Primitive::Broadcast(Within::Ipv4) => {
                let host = !self.netmask;
                let is = |host_part| self.payload(16, Width::Word).masked(host).is(host_part);
                Check::all([self.network(IPV4.into()), Check::any([is(0), is(host)])])
            }
            Primitive::Multicast(Within::Any | Within::Link) => {
                self.with_macs(at, "link multicasts")?;
                Check::Test(self.load(0, Width::Byte), Test::AnyOf(1))
            }
            Primitive::Multicast(Within::Ipv4) => {
                Check::all([self.network(IPV4.into()), Check::Test(self.payload(16, Width::Byte), Test::AtLeast(224))])
            }
            Primitive::Multicast(Within::Ipv6) => {
                Check::all([self.network(IPV6.into()), self.payload(24, Width::Byte).is(0xff)])
            }
            Primitive::Broadcast(_) | Primitive::Multicast(_) => {
                return Err(Fault::new(at.clone(), "this protocol has none")
                    .hint("try: ether broadcast, ip multicast, ip6 multicast"));
            }
            Primitive::Less(most) => !self.length().compare(Value::Constant(*most), Test::Above, Test::AboveIndex),
            Primitive::Greater(least) => {
                self.length().compare(Value::Constant(*least), Test::AtLeast, Test::AtLeastIndex)
            }
            Primitive::Vlan(number) => self.vlan(*number, at)?,
            Primitive::Relation { left, relation, right } => self.relation(left, *relation, right)?,
        })
    }

    fn protocol(&self, protocol: &Protocol) -> Check {
        match protocol.place {
            // The parser takes it as a qualifier only.
            Place::Link => Check::Always(true),
            Place::Network(number) => self.network(number.into()),
            Place::Transport(number, carrier) => self.carried(number.into(), carrier),
        }
    }

    /// Whether IP carries this.
    fn carried(&self, number: u32, carrier: Carrier) -> Check {
        let in_ipv4 = || Check::all([self.network(IPV4.into()), self.payload(9, Width::Byte).is(number)]);
        let in_ipv6 = || {
            let next = || self.payload(6, Width::Byte);
            let behind_fragment = Check::all([next().is(FRAGMENT), self.payload(40, Width::Byte).is(number)]);
            Check::all([self.network(IPV6.into()), Check::any([next().is(number), behind_fragment])])
        };
        match carrier {
            Carrier::Ipv4 => in_ipv4(),
            Carrier::Ipv6 => in_ipv6(),
            Carrier::Both => Check::any([in_ipv4(), in_ipv6()]),
        }
    }

    fn host(&self, within: Within, direction: Direction, network: Network) -> Check {
        match network {
            Network::Ipv4 { address, mask } => {
                let addresses = |kind: u16, source: u32, destination: u32| {
                    let is = |ground: &Self, offset| {
                        // A mask of 0 asks nothing of the bytes, not even that they are there.
                        if mask == 0 {
                            return Check::Always(true);
                        }
                        ground.payload(offset, Width::Word).masked(mask).is(address.to_bits())
                    };
                    Check::all([self.network(kind.into()), self.directed(direction, source, destination, is)])
                };
                let (ip, arp, rarp) =
                    (|| addresses(IPV4, 12, 16), || addresses(ARP, 14, 24), || addresses(RARP, 14, 24));
                match within {
                    Within::Ipv4 => ip(),
                    Within::Arp => arp(),
                    Within::Rarp => rarp(),
                    _ => Check::any([ip(), arp(), rarp()]),
                }
            }
            Network::Ipv6 { address, prefix } => {
                let is = |ground: &Self, offset: u32| {
                    let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
                    Check::all((0..4_u32).map(|word| {
                        #[allow(clippy::cast_possible_truncation)] // takes one of four words
                        let part = |whole: u128| (whole >> (96 - 32 * word)) as u32;
                        match part(mask) {
                            0 => Check::Always(true),
                            mask => {
                                ground.payload(offset + 4 * word, Width::Word).masked(mask).is(part(address.to_bits()))
                            }
                        }
                    }))
                };
                Check::all([self.network(IPV6.into()), self.directed(direction, 8, 24, is)])
            }
        }
    }

    fn ports(&self, transport: Option<Transport>, direction: Direction, range: (u16, u16)) -> Check {
        let numbers: Vec<u32> = match transport {
            Some(one) => vec![one.number().into()],
            None => Transport::ALL.iter().map(|each| each.number().into()).collect(),
        };
        let one_of = |value: &dyn Fn() -> Value| Check::any(numbers.iter().map(|number| value().is(*number)));
        let within = |value: &dyn Fn() -> Value| {
            let (low, high) = (u32::from(range.0), u32::from(range.1));
            if low == high {
                return value().is(low);
            }
            Check::all([Check::Test(value(), Test::AtLeast(low)), !Check::Test(value(), Test::Above(high))])
        };
        let in_ipv6 =
            self.directed(direction, 40, 42, |ground, offset| within(&|| ground.payload(offset, Width::Half)));
        let in_ipv4 =
            self.directed(direction, 0, 2, |ground, offset| within(&|| ground.behind_ipv4(offset, Width::Half)));
        Check::any([
            Check::all([self.network(IPV6.into()), one_of(&|| self.payload(6, Width::Byte)), in_ipv6]),
            Check::all([
                self.network(IPV4.into()),
                one_of(&|| self.payload(9, Width::Byte)),
                self.first_fragment(),
                in_ipv4,
            ]),
        ])
    }

    /// The fragment offset is 0, so that the transport's header is there.
    fn first_fragment(&self) -> Check {
        !Check::Test(self.payload(6, Width::Half), Test::AnyOf(0x1fff))
    }

    fn vlan(&mut self, number: Option<u16>, at: &Range<usize>) -> Result<Check, Fault> {
        self.with_macs(at, "VLAN tags")?;
        let is_tag = Check::any(VLAN_TAGS.iter().map(|tag| self.network(u32::from(*tag))));
        let is_number = number.map(|number| self.payload(0, Width::Half).masked(0x0fff).is(number.into()));
        self.pass_tag();
        Ok(Check::all([is_tag].into_iter().chain(is_number)))
    }

    fn relation(&self, left: &Number, relation: Relation, right: &Number) -> Result<Check, Fault> {
        let (test, by_index): (fn(u32) -> Test, Test) = match relation {
            Relation::Equal | Relation::Unequal => (Test::Equals, Test::EqualsIndex),
            Relation::Above | Relation::AtMost => (Test::Above, Test::AboveIndex),
            Relation::AtLeast | Relation::Below => (Test::AtLeast, Test::AtLeastIndex),
        };
        let holds = self.number(left)?.compare(self.number(right)?, test, by_index);
        let holds = match relation {
            Relation::Unequal | Relation::AtMost | Relation::Below => !holds,
            _ => holds,
        };
        Ok(Check::all([self.presence(left)?, self.presence(right)?, holds]))
    }

    /// Whether the headers are there that a number is loaded from. Of two numbers with a sign between them only the
    /// first is asked for, as in libpcap: `1 + tcp[0]` takes its byte from whatever the packet is.
    fn presence(&self, number: &Number) -> Result<Check, Fault> {
        Ok(match number {
            Number::Constant(_) | Number::Length => Check::Always(true),
            Number::Operation(_, left, ..) => self.presence(left)?,
            Number::Negative(inner) => self.presence(inner)?,
            Number::Bytes { protocol, offset, at, .. } => {
                let own = match protocol.place {
                    Place::Link => Check::Always(true),
                    Place::Network(number) if u32::from(number) > LONGEST_LENGTH => self.network(number.into()),
                    Place::Transport(number @ ICMPV6, _) => {
                        Check::all([self.network(IPV6.into()), self.payload(6, Width::Byte).is(number.into())])
                    }
                    Place::Transport(number, _) if has_known_header(protocol) => {
                        Check::all([self.carried(number.into(), Carrier::Ipv4), self.first_fragment()])
                    }
                    _ => {
                        return Err(Fault::new(
                            at.clone(),
                            format!("the bytes of {} cannot be asked for", protocol.word),
                        )
                        .hint("count from the beginning of ip, ip6 or ether instead"));
                    }
                };
                Check::all([self.presence(offset)?, own])
            }
        })
    }

    fn number(&self, number: &Number) -> Result<Value, Fault> {
        Ok(match number {
            Number::Constant(number) => Value::Constant(*number),
            Number::Length => self.length(),
            Number::Negative(inner) => self.number(inner)?.negative(),
            Number::Operation(operation, left, right, at) => {
                let right = self.number(right)?;
                let divides = matches!(operation, Operation::Divide | Operation::Remainder);
                if divides && right == Value::Constant(0) {
                    return Err(Fault::new(at.clone(), "nothing can be divided by 0"));
                }
                Value::operation(*operation, self.number(left)?, right)
            }
            Number::Bytes { protocol, offset, size, at } => {
                let width = match size {
                    1 => Width::Byte,
                    2 => Width::Half,
                    _ => Width::Word,
                };
                let payload = self.start();
                let (header, start) = match protocol.place {
                    Place::Link => (None, 0),
                    Place::Transport(ICMPV6, _) => (None, payload + 40),
                    Place::Transport(..) => (Some(payload), payload),
                    Place::Network(_) => (None, payload),
                };
                match (self.number(offset)?, header) {
                    (Value::Constant(offset), _) if offset > FARTHEST => {
                        return Err(Fault::new(at.clone(), "no frame is that long"));
                    }
                    (Value::Constant(offset), None) => self.load(start + offset, width),
                    (Value::Constant(offset), Some(_)) => self.behind_ipv4(offset, width),
                    (index, header) => self.indexed(header, start, index, width, at)?,
                }
            }
        })
    }

    /// What is asked of the source at one offset, of the destination at the other.
    fn directed(
        &self,
        direction: Direction,
        source: u32,
        destination: u32,
        ask: impl Fn(&Self, u32) -> Check,
    ) -> Check {
        let (source, destination) = (|| ask(self, source), || ask(self, destination));
        match direction {
            Direction::Source => source(),
            Direction::Destination => destination(),
            Direction::Either => Check::any([source(), destination()]),
            Direction::Both => Check::all([source(), destination()]),
        }
    }
}

/// Whether bytes behind the IP header can be asked for by this protocol's name.
fn has_known_header(protocol: &Protocol) -> bool {
    !matches!(protocol.word, "ah" | "esp")
}

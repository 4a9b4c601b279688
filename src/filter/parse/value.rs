//! Values: addresses, networks, ports and numbers of protocols, by what stands before them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::{Parser, Qualifier};
use crate::filter::refusal::Fault;
use crate::filter::syntax::{Direction, Network, Primitive, Tree, Within};
use crate::filter::token::Kind;
use crate::filter::words::{
    NUMBERS_IN_IP, NUMBERS_ON_THE_LINK, Place, SCTP, TCP, Transport, UDP, Word, look_up, protocol,
};

impl Qualifier {
    fn direction(self) -> Direction {
        self.direction.unwrap_or(Direction::Either)
    }

    fn is_for_addresses(self) -> bool {
        matches!(self.kind, None | Some(Word::Host | Word::Net))
    }
}

impl Parser<'_> {
    /// Whether what follows is a value, or values in parentheses, and not the beginning of a comparison.
    pub(super) fn begins_value(&self) -> bool {
        let mut ahead = self.tokens.iter().skip(self.next).map(|token| token.kind);
        match ahead.find(|kind| *kind != Kind::Sign("(")) {
            Some(Kind::Number(_)) => !matches!(ahead.find(|kind| *kind != Kind::Sign(")")), Some(Kind::Sign(_))),
            Some(first) => is_value(first),
            None => false,
        }
    }

    /// A value with the meaning of `qualifier`, negated, or several in parentheses.
    pub(super) fn id(&mut self, qualifier: Qualifier) -> Result<Tree, Fault> {
        if self.take(Kind::Word(Word::Not)) {
            let inner = self.deeper(|parser| parser.id(qualifier))?;
            return Ok(Tree::Not(Box::new(inner)));
        }
        if self.take(Kind::Sign("(")) {
            let tree = self.deeper(|parser| parser.ids(qualifier))?;
            self.close()?;
            return Ok(tree);
        }
        self.value(qualifier)
    }

    /// Values joined by `and` and `or`. The first stands alone: it is neither negated nor several in parentheses.
    fn ids(&mut self, qualifier: Qualifier) -> Result<Tree, Fault> {
        let mut tree = if self.peek() == Kind::Sign("(") {
            let (number, at) = self.number_in_parentheses()?;
            self.number(qualifier, number, at)?
        } else {
            self.value(qualifier)?
        };
        while let Some(join) = self.join() {
            tree = join(tree, self.id(qualifier)?);
        }
        Ok(tree)
    }

    /// A number, in parentheses or not, and its place.
    pub(super) fn number_in_parentheses(&mut self) -> Result<(u32, Range<usize>), Fault> {
        if self.take(Kind::Sign("(")) {
            let inner = self.deeper(Self::number_in_parentheses)?;
            self.close()?;
            return Ok(inner);
        }
        let Kind::Number(number) = self.peek() else { return Err(self.fault("expected a number here")) };
        let at = self.here();
        self.next += 1;
        Ok((number, at))
    }

    fn value(&mut self, qualifier: Qualifier) -> Result<Tree, Fault> {
        self.one_more()?;
        let (kind, at, start) = (self.peek(), self.here(), self.next);
        if !is_value(kind) {
            return Err(self.no_value(qualifier));
        }
        self.next += 1;
        let primitive = match kind {
            Kind::Number(number) => return self.number(qualifier, number, at),
            Kind::Dotted(value, bits) => self.ipv4(qualifier, value, bits, start)?,
            Kind::Ipv6(address) => self.ipv6(qualifier, address, start)?,
            Kind::Mac(mac) => {
                let is_link = qualifier.protocol.is_some_and(|protocol| protocol.place == Place::Link);
                if !is_link || !matches!(qualifier.kind, None | Some(Word::Host)) {
                    return Err(Fault::new(at, "a MAC address belongs to the link")
                        .hint("such as: ether host 00:11:22:33:44:55"));
                }
                Primitive::Mac { direction: qualifier.direction(), mac }
            }
            _ => self.name(qualifier, start)?,
        };
        Ok(Tree::Leaf(primitive, self.since(start)))
    }

    /// A dotted number, which may go on as a network: `/8`, `mask 255.0.0.0`.
    fn ipv4(&mut self, qualifier: Qualifier, value: u32, bits: u32, start: usize) -> Result<Primitive, Fault> {
        let promoted = |value: u32, bits: u32| value.checked_shl(32 - bits).unwrap_or(0);
        let given = if self.take(Kind::Word(Word::Mask)) {
            let Kind::Dotted(mask, bits) = self.peek() else {
                return Err(self.fault("expected a mask here").hint("such as: net 192.168.1.0 mask 255.255.255.0"));
            };
            self.next += 1;
            Some(promoted(mask, bits))
        } else {
            self.prefix(32)?.map(|prefix| promoted(u32::MAX, prefix))
        };
        self.expect_address(qualifier, given.is_some(), start)?;
        let address = promoted(value, bits);
        let mask = given.unwrap_or(promoted(u32::MAX, bits));
        if address & !mask != 0 {
            let network = Ipv4Addr::from_bits(address & mask);
            return Err(bits_outside(self.since(start), &network));
        }
        self.host(qualifier, address, mask, self.since(start))
    }

    fn ipv6(&mut self, qualifier: Qualifier, address: Ipv6Addr, start: usize) -> Result<Primitive, Fault> {
        let given = self.prefix(128)?;
        let prefix = given.unwrap_or(128);
        self.expect_address(qualifier, prefix != 128, start)?;
        let at = self.since(start);
        let outside = u128::MAX.checked_shr(prefix).unwrap_or(0);
        if address.to_bits() & outside != 0 {
            return Err(bits_outside(at, &Ipv6Addr::from_bits(address.to_bits() & !outside)));
        }
        let within = self.within(qualifier.protocol, start)?;
        if !matches!(within, Within::Any | Within::Ipv6) {
            return Err(Fault::new(at, "an IPv6 address is found in ip6 only"));
        }
        Ok(Primitive::Host { within, direction: qualifier.direction(), network: Network::Ipv6 { address, prefix } })
    }

    /// The length after a slash.
    fn prefix(&mut self, most: u32) -> Result<Option<u32>, Fault> {
        if !self.take(Kind::Sign("/")) {
            return Ok(None);
        }
        match self.peek() {
            Kind::Number(prefix) if prefix <= most => {
                self.next += 1;
                Ok(Some(prefix))
            }
            _ => Err(self.fault(&format!("expected a prefix length up to {most} here"))),
        }
    }

    fn expect_address(&self, qualifier: Qualifier, network: bool, start: usize) -> Result<(), Fault> {
        let at = self.since(start);
        if !qualifier.is_for_addresses() {
            let wanted = if qualifier.kind == Some(Word::Proto) { "a protocol" } else { "a port" };
            return Err(Fault::new(at, format!("expected {wanted} here, not an address")));
        }
        if network && qualifier.kind != Some(Word::Net) {
            let text = self.text.get(at.clone()).unwrap_or_default();
            return Err(Fault::new(at, "this is a network, not a host").hint(format!("try: net {text}")));
        }
        Ok(())
    }

    fn host(&self, qualifier: Qualifier, address: u32, mask: u32, at: Range<usize>) -> Result<Primitive, Fault> {
        let within = self.within(qualifier.protocol, self.next.saturating_sub(1))?;
        if matches!(within, Within::Link | Within::Ipv6) {
            return Err(Fault::new(at, "an IPv4 address is found in ip, arp and rarp only"));
        }
        let network = Network::Ipv4 { address: Ipv4Addr::from_bits(address), mask };
        Ok(Primitive::Host { within, direction: qualifier.direction(), network })
    }

    /// A plain number as a value.
    fn number(&self, qualifier: Qualifier, number: u32, at: Range<usize>) -> Result<Tree, Fault> {
        let primitive = match qualifier.kind {
            Some(Word::Port | Word::PortRange) => {
                let port = u16::try_from(number).map_err(|_| Fault::new(at.clone(), "port numbers end at 65535"))?;
                ports(qualifier, None, (port, port), &at)?
            }
            Some(Word::Proto) => Primitive::Carried { within: self.carrier(qualifier, &at)?, number },
            Some(Word::Net) => {
                // 10 means 10.0.0.0/8: a network is written without the zeros at its end.
                let missing = if number == 0 { 0 } else { number.leading_zeros() / 8 * 8 };
                self.host(qualifier, number << missing, u32::MAX << missing, at.clone())?
            }
            _ => self.host(qualifier, number, u32::MAX, at.clone())?,
        };
        Ok(Tree::Leaf(primitive, at))
    }

    /// A name as a value.
    fn name(&self, qualifier: Qualifier, start: usize) -> Result<Primitive, Fault> {
        let at = self.since(start);
        let text = self.text.get(at.clone()).unwrap_or_default();
        let name = text.strip_prefix('\\').unwrap_or(text);
        match qualifier.kind {
            Some(Word::Port) => {
                let (port, only) = self.service(name, &at)?;
                ports(qualifier, only, (port, port), &at)
            }
            Some(Word::PortRange) => {
                let (low, high) = name.split_once('-').ok_or_else(|| {
                    Fault::new(at.clone(), "this is not a range of ports").hint("such as: portrange 8000-8080")
                })?;
                let (low, low_only) = self.service(low, &at)?;
                let (high, high_only) = self.service(high, &at)?;
                let only = low_only.filter(|_| low_only == high_only);
                ports(qualifier, only, (low.min(high), low.max(high)), &at)
            }
            Some(Word::Proto) => {
                let within = self.carrier(qualifier, &at)?;
                let table = if within == Within::Link { NUMBERS_ON_THE_LINK } else { NUMBERS_IN_IP };
                let number = look_up(table, name).ok_or_else(|| {
                    let known: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
                    Fault::new(at.clone(), "this protocol is not known by name here")
                        .hint(format!("give its number, or one of: \\{}", known.join(", \\")))
                })?;
                Ok(Primitive::Carried { within, number })
            }
            Some(Word::Net) => {
                Err(Fault::new(at, "networks are known by number only").hint("such as: net 192.168.1.0/24"))
            }
            _ => {
                let within = self.within(qualifier.protocol, start)?;
                if within == Within::Link {
                    return Err(
                        Fault::new(at, "expected a MAC address here").hint("such as: ether host 00:11:22:33:44:55")
                    );
                }
                Ok(Primitive::Named { within, direction: qualifier.direction(), name: name.to_owned() })
            }
        }
    }

    /// A port by the name of its service or by its number.
    fn service(&self, name: &str, at: &Range<usize>) -> Result<(u16, Option<Transport>), Fault> {
        let number = name.parse().ok().map(|port| (port, None));
        number.or_else(|| (self.services)(name)).ok_or_else(|| {
            Fault::new(at.clone(), "no service of this name is known here").hint("give the port's number")
        })
    }

    /// In which header the number of what follows is sought.
    fn carrier(&self, qualifier: Qualifier, at: &Range<usize>) -> Result<Within, Fault> {
        match self.within(qualifier.protocol, self.next.saturating_sub(1)) {
            Ok(within @ (Within::Any | Within::Link | Within::Ipv4 | Within::Ipv6)) => Ok(within),
            _ => Err(Fault::new(at.clone(), "only ether, ip and ip6 tell what they carry")),
        }
    }

    fn no_value(&self, qualifier: Qualifier) -> Fault {
        let wanted = match qualifier.kind {
            Some(Word::Port) => "expected a port here",
            Some(Word::PortRange) => "expected a range of ports here",
            Some(Word::Proto) => "expected the number of a protocol here",
            Some(Word::Net) => "expected a network here",
            _ => "expected an address here",
        };
        let text = self.text.get(self.here()).unwrap_or_default();
        let fault = self.fault(wanted);
        match (self.peek(), qualifier.kind) {
            (Kind::Protocol(_), Some(Word::Proto)) if protocol(text).is_some() => {
                fault.hint(format!("after proto, a name needs a backslash before it: '\\{text}'"))
            }
            (_, Some(Word::Port)) => fault.hint("such as: port 80"),
            (_, Some(Word::PortRange)) => fault.hint("such as: portrange 8000-8080"),
            (_, Some(Word::Net)) => fault.hint("such as: net 192.168.1.0/24"),
            (_, Some(Word::Proto)) => fault.hint("such as: ip proto 17"),
            _ => fault.hint("such as: host 192.168.1.1"),
        }
    }
}

/// Ports of one transport or of any. `only` is the one transport of a service.
fn ports(
    qualifier: Qualifier,
    only: Option<Transport>,
    range: (u16, u16),
    at: &Range<usize>,
) -> Result<Primitive, Fault> {
    let transport = match qualifier.protocol.map(|protocol| (protocol.word, protocol.place)) {
        None => only,
        Some((_, Place::Transport(TCP, _))) => Some(Transport::Tcp),
        Some((_, Place::Transport(UDP, _))) => Some(Transport::Udp),
        Some((_, Place::Transport(SCTP, _))) => Some(Transport::Sctp),
        Some((word, _)) => {
            return Err(Fault::new(at.clone(), format!("{word} has no ports of its own"))
                .hint("ports belong to tcp, udp and sctp; such as: ip and port 80"));
        }
    };
    if let (Some(asked), Some(only)) = (transport, only)
        && asked != only
    {
        let name = format!("{only:?}").to_lowercase();
        return Err(Fault::new(at.clone(), format!("this service runs over {name} only")));
    }
    Ok(Primitive::Ports { transport, direction: qualifier.direction(), range })
}

fn is_value(kind: Kind) -> bool {
    matches!(kind, Kind::Number(_) | Kind::Name | Kind::Escaped | Kind::Dotted(..) | Kind::Ipv6(_) | Kind::Mac(_))
}

fn bits_outside(at: Range<usize>, network: &dyn std::fmt::Display) -> Fault {
    Fault::new(at, "the address has bits outside the network's mask").hint(format!("the network is {network}"))
}

//! The probes of one trace: how they are made, and how an answer names the probe it belongs to.
//!
//! Routers that share load between several paths choose by the fields that stay the same within one conversation
//! (addresses, protocol, ports; for ICMP often the checksum). So every probe of a trace has the same ones, and they
//! all take the same path. What tells one probe from another, its *tag*, sits where no router looks and every ICMP
//! error quotes it: among the first eight bytes after the IP header (RFC 792).
//!
//! | probe | stays the same | the tag is in |
//! |---|---|---|
//! | ICMP echo | type, code, checksum, identifier | sequence number, made up for by two bytes of payload |
//! | UDP | both ports, length | checksum, made to say so by two bytes of payload |
//! | TCP SYN | both ports | sequence number |
//!
//! The IP identification carries the tag a second time, for the case that a translator rewrote ports and checksum.

use std::net::Ipv4Addr;

use crate::model::{Answer, Packet, Quote};
use crate::proto::{checksum, icmp, ipv4, tcp, udp};

/// Largest tag. Tags count from 1; after this one they begin again.
pub(super) const LAST_TAG: u16 = 0x7ffe;

/// Bytes after the ICMP or UDP header: a probe is 60 bytes long, as traceroute's.
const PAYLOAD: usize = 32;

/// Distance between the sequence numbers of two SYNs: more than a window, so that a host which holds the first one
/// for a connection does not take the second for a part of it.
const STRIDE: u32 = 17;

/// What kind of packet looks for the routers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// ICMP echo requests; the target answers with echo replies.
    Icmp {
        /// The identifier in all of them.
        identifier: u16,
    },
    /// UDP datagrams to a port where nobody listens; the target answers with ICMP "port unreachable".
    Udp {
        /// Our port, in all of them.
        source_port: u16,
        /// The target's port, in all of them.
        port: u16,
    },
    /// TCP SYNs; the target answers with SYN/ACK or RST.
    Tcp {
        /// Our port, in all of them.
        source_port: u16,
        /// The target's port, in all of them.
        port: u16,
        /// Sequence number from which the tags are counted.
        sequence: u32,
    },
}

/// What all probes of one trace have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Our address.
    pub source: Ipv4Addr,
    /// The address whose path is looked for.
    pub target: Ipv4Addr,
    /// What kind of packet.
    pub method: Method,
    /// IPv4 identification from which the tags are counted.
    pub identification: u16,
}

/// An answer to one of our probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub tag: u16,
    pub answer: Answer,
    pub from: Ipv4Addr,
    pub reply_ttl: u8,
    pub quote: Option<Quote>,
}

impl Flow {
    /// The probe `tag` with this TTL, as an IP packet.
    pub(super) fn craft(&self, tag: u16, ttl: u8) -> Vec<u8> {
        let (source, target) = (self.source, self.target);
        let (protocol, message) = match self.method {
            Method::Icmp { identifier } => {
                let echo = icmp::Echo { reply: false, identifier, sequence: tag };
                (ipv4::ICMP, icmp::craft_echo(&echo, &payload(!tag)))
            }
            Method::Udp { source_port, port } => {
                let header = udp::Udp { source_port, destination_port: port };
                let plain = udp::craft(&header, source, target, &payload(0));
                let found = word(&plain, 6).unwrap_or_default();
                // The sum of the datagram is !found; with the two bytes it must become !tag.
                let rest = add(!tag, found);
                (ipv4::UDP, udp::craft(&header, source, target, &payload(rest)))
            }
            Method::Tcp { source_port, port, sequence } => {
                let header = tcp::Tcp {
                    source_port,
                    destination_port: port,
                    sequence: sequence.wrapping_add(u32::from(tag) << STRIDE),
                    acknowledgment: 0,
                    flags: tcp::Flags::SYN,
                    window: 64240,
                    urgent: 0,
                };
                (ipv4::TCP, tcp::craft(&header, &[tcp::TcpOption::MaximumSegmentSize(1460)], source, target, &[]))
            }
        };
        let header = ipv4::Ipv4 {
            identification: self.identification.wrapping_add(tag),
            ttl,
            protocol,
            source,
            destination: target,
            ..ipv4::Ipv4::default()
        };
        ipv4::craft(&header, &message)
    }

    /// The tag of a packet that is one of our probes, seen leaving.
    pub(super) fn own(&self, packet: &Packet<'_>) -> Option<u16> {
        let view = packet.find(&ipv4::HEADER)?;
        let ip = ipv4::Ipv4::read(view.bytes())?;
        let addressed = ip.source == self.source && ip.destination == self.target;
        let tag = self.tag(&ip, view.payload())?;
        (addressed && ip.identification == self.identification.wrapping_add(tag)).then_some(tag)
    }

    /// What `packet` answers, if it is an answer to a probe of this flow.
    pub(super) fn answered(&self, packet: &Packet<'_>) -> Option<Answered> {
        let view = packet.find(&ipv4::HEADER)?;
        let ip = ipv4::Ipv4::read(view.bytes())?;
        if ip.destination != self.source {
            return None;
        }
        let (tag, answer, quote) = match ip.protocol {
            ipv4::ICMP => self.echoed(packet).or_else(|| self.reported(packet))?,
            ipv4::TCP => self.shaken(packet)?,
            _ => return None,
        };
        Some(Answered { tag, answer, from: ip.source, reply_ttl: ip.ttl, quote })
    }

    /// An echo reply with our identifier, sequence number and payload.
    fn echoed(&self, packet: &Packet<'_>) -> Option<(u16, Answer, Option<Quote>)> {
        let Method::Icmp { identifier } = self.method else { return None };
        let view = packet.find(&icmp::HEADER)?;
        let echo = icmp::Echo::read(view.bytes())?;
        let ours = echo.reply
            && echo.identifier == identifier
            && view.payload() == payload(!echo.sequence)
            && view.layer().checksum == Some(checksum::Status::Good);
        ours.then_some((echo.sequence, Answer::EchoReply, None))
    }

    /// A SYN/ACK or RST for one of our SYNs: it acknowledges the SYN's own sequence number.
    fn shaken(&self, packet: &Packet<'_>) -> Option<(u16, Answer, Option<Quote>)> {
        let Method::Tcp { source_port, port, sequence } = self.method else { return None };
        let view = packet.find(&tcp::HEADER)?;
        let segment = tcp::Tcp::read(view.bytes())?;
        let ours = segment.source_port == port && segment.destination_port == source_port;
        let tag = stride(segment.acknowledgment.wrapping_sub(1).wrapping_sub(sequence))?;
        let whole = !matches!(view.layer().checksum, Some(checksum::Status::Bad { .. }));
        let flags = segment.flags;
        let answer = if flags.contains(tcp::Flags::RST) {
            Answer::Reset
        } else if flags.contains(tcp::Flags::SYN) {
            Answer::SynAck
        } else {
            return None;
        };
        (ours && whole && flags.contains(tcp::Flags::ACK)).then_some((tag, answer, None))
    }

    /// An ICMP error that quotes one of our probes.
    fn reported(&self, packet: &Packet<'_>) -> Option<(u16, Answer, Option<Quote>)> {
        let view = packet.find(&icmp::HEADER)?;
        let problem = icmp::Report::read(view.bytes())?;
        if matches!(view.layer().checksum, Some(checksum::Status::Bad { .. })) {
            return None;
        }
        let quoted = packet.find_quoted(&ipv4::HEADER)?;
        let ip = ipv4::Ipv4::read(quoted.bytes())?;
        let (tag, rewritten) = self.recognise(&ip, quoted.payload())?;
        let udp = matches!(self.method, Method::Udp { .. });
        let (kind, code) = (problem.kind, problem.code);
        let answer = match kind {
            icmp::TIME_EXCEEDED => Answer::TimeExceeded { code },
            // "Protocol unreachable" can only come from a host that looked at the packet's content.
            icmp::UNREACHABLE if code == 2 || (code == 3 && udp) => Answer::Delivered { code },
            icmp::UNREACHABLE | icmp::PARAMETER_PROBLEM => {
                Answer::Unreachable { kind, code, mtu: problem.next_hop_mtu.filter(|&mtu| mtu > 0) }
            }
            _ => return None,
        };
        let (source, destination) = (ip.source, ip.destination);
        Some((tag, answer, Some(Quote { ttl: ip.ttl, dsfield: ip.dsfield, source, destination, rewritten })))
    }

    /// The tag of a quoted datagram, and whether its transport header was rewritten on the way. Untouched addresses
    /// and transport fields are enough to know it; where a translator changed one of them, the identification has to
    /// agree.
    fn recognise(&self, ip: &ipv4::Ipv4, content: &[u8]) -> Option<(u16, bool)> {
        let identified = ip.identification.wrapping_sub(self.identification);
        let same_addresses = ip.source == self.source && ip.destination == self.target;
        match self.tag(ip, content) {
            Some(tag) if same_addresses || tag == identified => Some((tag, false)),
            Some(_) => None,
            None => {
                let carried = same_addresses && ip.protocol == self.protocol() && (1..=LAST_TAG).contains(&identified);
                (carried && self.half_known(identified, content)).then_some((identified, true))
            }
        }
    }

    /// The transport header was rewritten, but what translators leave alone is ours: type and sequence number, or the
    /// port asked.
    fn half_known(&self, tag: u16, content: &[u8]) -> bool {
        match self.method {
            Method::Icmp { .. } => word(content, 0) == Some(0x0800) && word(content, 6) == Some(tag),
            Method::Udp { port, .. } => word(content, 2) == Some(port),
            Method::Tcp { port, sequence, .. } => {
                let ours = sequence.wrapping_add(u32::from(tag) << STRIDE);
                word(content, 2) == Some(port) && double(content, 4) == Some(ours)
            }
        }
    }

    fn protocol(&self) -> u8 {
        match self.method {
            Method::Icmp { .. } => ipv4::ICMP,
            Method::Udp { .. } => ipv4::UDP,
            Method::Tcp { .. } => ipv4::TCP,
        }
    }

    /// The tag in the first eight bytes after an IP header, if they are a probe's.
    fn tag(&self, ip: &ipv4::Ipv4, content: &[u8]) -> Option<u16> {
        if ip.protocol != self.protocol() || ip.fragment_offset != 0 {
            return None;
        }
        let ports = |source, target| word(content, 0) == Some(source) && word(content, 2) == Some(target);
        let tag = match self.method {
            Method::Icmp { identifier } => {
                let ours = word(content, 0) == Some(0x0800) && word(content, 4) == Some(identifier);
                word(content, 6).filter(|_| ours)
            }
            Method::Udp { source_port, port } => word(content, 6).filter(|_| ports(source_port, port)),
            Method::Tcp { source_port, port, sequence } => {
                stride(double(content, 4)?.wrapping_sub(sequence)).filter(|_| ports(source_port, port))
            }
        };
        tag.filter(|tag| (1..=LAST_TAG).contains(tag))
    }
}

/// The payload of a probe: letters, then the two bytes that make the checksum what it must be.
fn payload(rest: u16) -> Vec<u8> {
    let letters = (b'a'..=b'z').cycle().take(PAYLOAD - 2);
    letters.chain(rest.to_be_bytes()).collect()
}

/// The tag that lies this far from the first sequence number.
fn stride(distance: u32) -> Option<u16> {
    let tag = u16::try_from(distance >> STRIDE).ok()?;
    (u32::from(tag) << STRIDE == distance).then_some(tag)
}

/// The 16-bit number at byte `offset`.
fn word(bytes: &[u8], offset: usize) -> Option<u16> {
    let pair = bytes.get(offset..offset.checked_add(2)?)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

/// The 32-bit number at byte `offset`.
fn double(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from(word(bytes, offset)?) << 16 | u32::from(word(bytes, offset.checked_add(2)?)?))
}

/// Sum in ones' complement, as checksums add (RFC 1071).
fn add(a: u16, b: u16) -> u16 {
    let (sum, carry) = a.overflowing_add(b);
    sum + u16::from(carry)
}

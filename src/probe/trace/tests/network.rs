//! A network in memory: routers in a row as data, a target, and a clock that jumps to the next thing that happens.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::super::{Flow, Method};
use crate::dissect::dissect;
use crate::model::{Event, Frame, FrameNo, LinkType, Nanos};
use crate::probe::{Outgoing, Probe, Step};
use crate::proto::{checksum, icmp, ipv4, tcp};

pub const PC: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 2);
pub const WWW: Ipv4Addr = Ipv4Addr::new(93, 184, 216, 34);
pub const IDENTIFIER: u16 = 0x3a1f;

/// What a router does with packets whose TTL runs out at it, and with those that it should pass on.
#[derive(Clone, Debug, Default)]
pub struct Router {
    /// It answers from each of these in turn.
    pub addresses: Vec<Ipv4Addr>,
    /// Round trip to it, in milliseconds.
    pub rtt: i64,
    /// Never reports.
    pub silent: bool,
    /// Reports this often at once, then once a second.
    pub burst: Option<i64>,
    /// Drops the packets that ran out with these numbers, counted from 0.
    pub drops: Vec<usize>,
    /// Answers with this type and code instead of passing on.
    pub refuses: Option<(u8, u8)>,
}

/// What the target does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Silent,
    /// Answers as a host does, from this address.
    Host(Ipv4Addr),
    /// The same, with the TCP port open.
    Open(Ipv4Addr),
}

#[derive(Debug)]
pub struct Network {
    pub routers: Vec<Router>,
    pub target: Target,
    pub target_rtt: i64,
    /// What happens to each quoted datagram on its way (a translator's work).
    pub rewrite: fn(&mut Vec<u8>),
    /// How many copies of each answer arrive.
    pub copies: usize,
    /// The operating system refuses to send the packets with these numbers, counted from 0.
    pub refused: Vec<usize>,
    seen: Vec<usize>,
}

/// Everything that happened.
#[derive(Debug, Default)]
pub struct Log {
    /// Time in nanoseconds and bytes of every probe.
    pub sent: Vec<(i64, Vec<u8>)>,
    pub events: Vec<Event>,
    /// When it ended, in nanoseconds.
    pub ended: i64,
}

impl Router {
    pub fn at(last: u8, rtt: i64) -> Self {
        Self { addresses: vec![router(last)], rtt, ..Self::default() }
    }
}

/// The address of router `last`.
pub fn router(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

impl Network {
    /// `count` routers, each 2 ms farther than the one before, and a target that answers 2 ms behind the last.
    pub fn of(count: u8) -> Self {
        Self {
            routers: (1..=count).map(|number| Router::at(number, 2 * i64::from(number))).collect(),
            target: Target::Host(WWW),
            target_rtt: 2 * (i64::from(count) + 1),
            rewrite: |_| {},
            copies: 1,
            refused: Vec::new(),
            seen: Vec::new(),
        }
    }

    pub fn silent(mut self, ttl: usize) -> Self {
        self.routers[ttl - 1].silent = true;
        self
    }

    /// Runs `probe` to its end.
    pub fn run(&mut self, probe: &mut dyn Probe) -> Log {
        self.run_until(probe, i64::MAX)
    }

    /// Runs `probe` to its end or until `limit`, in nanoseconds.
    pub fn run_until(&mut self, probe: &mut dyn Probe, limit: i64) -> Log {
        let mut log = Log::default();
        let mut now = 0;
        let mut coming: BTreeMap<(i64, usize), Vec<u8>> = BTreeMap::new();
        let (mut order, mut frames) = (0, 0);
        for turn in 0.. {
            assert!(turn < 400_000, "the probe never ends");
            let step = probe.next(Nanos(now));
            log.events.extend(probe.events());
            match step {
                Step::Send(Outgoing::Ip(packets)) => {
                    let packet = packets.into_iter().next().expect("one packet");
                    let refused = self.refused.contains(&log.sent.len());
                    log.sent.push((now, packet.clone()));
                    probe.sent(Nanos(now), if refused { Err(105) } else { Ok(()) });
                    if !refused {
                        hear(probe, now, &mut frames, packet.clone());
                        if let Some((rtt, answer)) = self.carry(&packet, now) {
                            for copy in 0..self.copies {
                                order += 1;
                                let at = now + rtt * 1_000_000 + i64::try_from(copy).expect("few");
                                coming.insert((at, order), answer.clone());
                            }
                        }
                    }
                }
                Step::Send(Outgoing::Link(_)) => panic!("a trace sends IP packets"),
                Step::Wait(until) => {
                    assert!(until > Nanos(now), "a wait that does not wait");
                    let next = coming.keys().next().copied();
                    if next.is_some_and(|(at, _)| at <= until.0) {
                        let (key, packet) = coming.pop_first().expect("looked at it");
                        now = key.0;
                        hear(probe, now, &mut frames, packet);
                    } else {
                        now = until.0;
                    }
                }
                Step::Done => break,
            }
            log.events.extend(probe.events());
            if now >= limit {
                break;
            }
        }
        log.ended = now;
        log
    }

    /// What comes back for `packet`, and after how many milliseconds.
    fn carry(&mut self, packet: &[u8], now: i64) -> Option<(i64, Vec<u8>)> {
        let ttl = usize::from(packet[8]);
        self.seen.resize(self.routers.len(), 0);
        let refuses = self.routers.iter().take(ttl.saturating_sub(1)).position(|router| router.refuses.is_some());
        let stopped = refuses.or((ttl <= self.routers.len()).then(|| ttl - 1));
        let Some(index) = stopped else { return self.arrive(packet) };
        let count = self.seen[index];
        self.seen[index] += 1;
        let router = &mut self.routers[index];
        if router.silent || router.drops.contains(&count) {
            return None;
        }
        if let Some(burst) = router.burst {
            // One report a second refills the bucket, which is full at first.
            let allowed = burst + now / 1_000_000_000;
            if i64::try_from(count).expect("few") >= allowed {
                self.seen[index] -= 1;
                return None;
            }
        }
        let (kind, code) = refuses.and(router.refuses).unwrap_or((11, 0));
        let from = router.addresses[count % router.addresses.len()];
        let mut quote = packet.to_vec();
        quote[8] = 1;
        (self.rewrite)(&mut quote);
        Some((router.rtt, error(from, kind, code, &quote)))
    }

    /// The target's answer.
    fn arrive(&self, packet: &[u8]) -> Option<(i64, Vec<u8>)> {
        let (from, open) = match self.target {
            Target::Silent => return None,
            Target::Host(from) => (from, false),
            Target::Open(from) => (from, true),
        };
        let content = &packet[20..];
        let answer = match packet[9] {
            1 => {
                let echo = icmp::Echo::read(content).expect("an echo");
                let reply = icmp::craft_echo(&icmp::Echo { reply: true, ..echo }, &content[8..]);
                ipv4::craft(&header(from, ipv4::ICMP), &reply)
            }
            17 => error(from, 3, 3, packet),
            _ => {
                let syn = tcp::Tcp::read(content).expect("a SYN");
                let flags = if open {
                    tcp::Flags(tcp::Flags::SYN.0 | tcp::Flags::ACK.0)
                } else {
                    tcp::Flags(tcp::Flags::RST.0 | tcp::Flags::ACK.0)
                };
                let answer = tcp::Tcp {
                    source_port: syn.destination_port,
                    destination_port: syn.source_port,
                    sequence: 7,
                    acknowledgment: syn.sequence.wrapping_add(1),
                    flags,
                    window: 0,
                    urgent: 0,
                };
                ipv4::craft(&header(from, ipv4::TCP), &tcp::craft(&answer, &[], from, PC, &[]))
            }
        };
        Some((self.target_rtt, answer))
    }
}

fn hear(probe: &mut dyn Probe, now: i64, frames: &mut u32, bytes: Vec<u8>) {
    *frames += 1;
    let frame = Frame {
        number: FrameNo(*frames),
        time: Nanos(now),
        direction: None,
        link: LinkType::RawIp,
        original: bytes.len(),
        checksum_pending: false,
        bytes,
    };
    probe.heard(Nanos(now), &dissect(&frame));
}

fn header(source: Ipv4Addr, protocol: u8) -> ipv4::Ipv4 {
    ipv4::Ipv4 { protocol, source, destination: PC, ttl: 60, ..ipv4::Ipv4::default() }
}

/// An ICMP error from `from` that quotes the header and the first 8 bytes of `original`.
pub fn error(from: Ipv4Addr, kind: u8, code: u8, original: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
    if (kind, code) == (3, 4) {
        message[6..8].copy_from_slice(&1400_u16.to_be_bytes());
    }
    message.extend_from_slice(&original[..28]);
    let sum = checksum::Sum::default().plus(&message).checksum();
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    ipv4::craft(&header(from, ipv4::ICMP), &message)
}

pub fn flow(method: Method) -> Flow {
    Flow { source: PC, target: WWW, method, identification: 1000 }
}

pub const ICMP: Method = Method::Icmp { identifier: IDENTIFIER };
pub const UDP: Method = Method::Udp { source_port: 50_000, port: 33_434 };
pub const TCP: Method = Method::Tcp { source_port: 50_000, port: 80, sequence: 0xffff_0000 };

//! Conversations that go wrong in every way, made from a seed: two TCP ends that lose, repeat, reorder and forget, and
//! a capture that missed some of it.

use std::net::{IpAddr, Ipv4Addr};

use netlab::proto::ipv4::{self, Ipv4};
use netlab::proto::ipv6::{self, Ipv6};
use netlab::proto::tcp::{self, Flags, Tcp, TcpOption};

/// Numbers that look random and are the same for the same seed (xorshift64*).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u32) -> u32 {
        if limit == 0 { 0 } else { self.next() % limit }
    }

    /// Whether something happens that happens in `percent` of all cases.
    fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(u32::try_from(list.len()).expect("short")) as usize].clone()
    }
}

/// A packet with this segment in it.
fn carried(source: IpAddr, destination: IpAddr, segment: &[u8]) -> Vec<u8> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            ipv4::craft(&Ipv4 { protocol: ipv4::TCP, source, destination, ..Ipv4::default() }, segment)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let rest = Ipv6 { traffic_class: 0, flow: 7, next_header: ipv4::TCP, hop_limit: 64, source, destination };
            ipv6::craft(&rest, segment)
        }
        _ => unreachable!("both ends have the same version"),
    }
}

/// A transfer of which the acknowledgements are missing for longer than Wireshark remembers segments.
pub fn monologue() -> Vec<Vec<u8>> {
    let (source, destination) = (Ipv4Addr::new(172, 16, 0, 1), Ipv4Addr::new(172, 16, 0, 2));
    let packet = |answers: bool, flags, sequence, acknowledgment, length: usize| {
        let (source, destination) = if answers { (destination, source) } else { (source, destination) };
        let (source_port, destination_port) = if answers { (80, 9) } else { (9, 80) };
        let header = Tcp { source_port, destination_port, sequence, acknowledgment, flags, window: 9000, urgent: 0 };
        let bytes = tcp::craft(&header, &[], source, destination, &vec![b'.'; length]);
        ipv4::craft(&Ipv4 { protocol: ipv4::TCP, source, destination, ..Ipv4::default() }, &bytes)
    };
    let many = 10_000;
    let mut packets: Vec<_> = (0..many + 5).map(|step| packet(false, A, 5000 + step * 2, 1, 2)).collect();
    let end = 5000 + (many + 5) * 2;
    packets.push(packet(false, F | A, end, 1, 0));
    packets.push(packet(false, A, 5000, 1, 2));
    packets.extend((1..10).map(|step| packet(true, A, 1, 5000 + step * 2000 + step % 2, 0)));
    packets.push(packet(false, F | A, end, 1, 0));
    packets.push(packet(false, A, end - 6, 1, 4));
    packets.extend((0..4).map(|step| packet(true, A, 1, end - 1 + step, 0)));
    packets
}

/// "Port unreachable" from the receiver of the packet with this header.
fn complaint(about: &Ipv4, quotation: &[u8]) -> Vec<u8> {
    let mut bytes = vec![3, 3, 0, 0, 0, 0, 0, 0];
    bytes.extend_from_slice(quotation);
    let sum = bytes
        .chunks(2)
        .fold(0_u32, |sum, pair| sum + u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)])));
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = u16::try_from((sum & 0xffff) + (sum >> 16)).expect("folded twice");
    bytes[2..4].copy_from_slice(&(!sum).to_be_bytes());
    let header = Ipv4 { protocol: ipv4::ICMP, source: about.destination, destination: about.source, ..Ipv4::default() };
    ipv4::craft(&header, &bytes)
}

/// A captured packet (raw IP) and its time in nanoseconds since 1970.
pub type Captured = (i64, Vec<u8>);

/// One end as the generator has it; numbers are absolute.
#[derive(Clone)]
struct End {
    address: IpAddr,
    port: u16,
    isn: u32,
    next: u32,
    /// What it has heard of the other's numbers.
    heard: u32,
    window: u16,
    shift: Option<u8>,
    sack: bool,
    stamps: bool,
    sent: Vec<(u32, u32)>,
    fin: bool,
}

/// A conversation being made.
pub struct Talk {
    dice: Dice,
    ends: [End; 2],
    /// How long a round trip takes, in nanoseconds.
    trip: i64,
    opened: u8,
    step: u32,
    wild: bool,
}

const S: Flags = Flags::SYN;
const A: Flags = Flags::ACK;
const F: Flags = Flags::FIN;
const R: Flags = Flags::RST;
const P: Flags = Flags::PSH;

/// A cookie of Fast Open, one as in the experiment before the standard, and the question for one.
const FAST_OPEN: [TcpOption<'static>; 3] = [
    TcpOption::Unknown { kind: 34, data: b"a cookie" },
    TcpOption::Unknown { kind: 254, data: b"\xf9\x89cookie" },
    TcpOption::Unknown { kind: 34, data: b"" },
];

impl Talk {
    /// A conversation that nobody else's `number` has.
    pub fn new(number: u32) -> Self {
        let mut dice = Dice::new(u64::from(number) + 1);
        let [_, b, c, d] = number.to_be_bytes();
        let end = |last: u8, port: u16, dice: &mut Dice| {
            let isn = match dice.below(6) {
                0 => 0,
                1 => u32::MAX - dice.below(5000),
                2 => 0x7fff_ffff - dice.below(3000),
                3 => dice.below(3),
                _ => dice.next(),
            };
            let v4 = Ipv4Addr::new(10, b.wrapping_add(last), c, d);
            End {
                address: if number.is_multiple_of(4) { v4.to_ipv6_mapped().into() } else { v4.into() },
                port,
                isn,
                next: isn,
                heard: 0,
                window: dice.of(&[64_240, 1000, 500, 65_535, 3, 0]),
                shift: dice.chance(60).then(|| dice.of(&[0, 1, 7, 14, 15])),
                sack: dice.chance(60),
                stamps: dice.chance(20),
                sent: Vec::new(),
                fin: false,
            }
        };
        let same = number.is_multiple_of(37);
        let first = end(100, 40_000, &mut dice);
        let mut second = end(if same { 100 } else { 0 }, 80, &mut dice);
        if number.is_multiple_of(111) {
            second.port = 40_000;
        }
        let trip = dice.of(&[100_000, 2_000_000, 2_999_999, 3_000_001, 25_000_000, 120_000_000]);
        // Some are captured from their middle on.
        let opened = dice.of(&[0, 0, 0, 3]);
        let wild = dice.chance(40);
        let mut talk = Self { dice, ends: [first, second], trip, opened, step: 0, wild };
        if talk.opened == 3 {
            talk.ends[0].heard = talk.ends[1].next;
            talk.ends[1].heard = talk.ends[0].next;
        }
        talk
    }

    /// How long to wait before the next packet.
    pub fn pause(&mut self) -> i64 {
        let trip = self.trip;
        match self.dice.below(14) {
            0 => 0,
            1 => 2_999_999,
            2 => 3_000_000,
            3 => 3_000_001,
            4 => 19_999_999,
            5 => 20_000_000,
            6 => trip,
            7 => trip - 1,
            8 => 200_000_000,
            9 => 1_000_000_000,
            10 if self.wild => -1_000_000,
            _ => i64::from(self.dice.below(200_000)),
        }
    }

    fn segment(&mut self, from: usize, flags: Flags, sequence: u32, acknowledgment: u32, length: u32) -> Vec<u8> {
        let sack = (self.dice.chance(12) && self.ends[from].sack && flags.contains(A)).then(|| self.blocks(from));
        let end = &self.ends[from];
        let other = &self.ends[1 - from];
        let mut options = Vec::new();
        if flags.contains(S) {
            options.push(TcpOption::MaximumSegmentSize(1460));
            if end.sack {
                options.push(TcpOption::SackPermitted);
            }
            if let Some(shift) = end.shift {
                options.extend([TcpOption::Nop, TcpOption::WindowScale(shift)]);
            }
            if self.dice.chance(30) {
                options.push(self.dice.of(&FAST_OPEN));
            }
        }
        if self.wild && self.step.is_multiple_of(29) {
            // Where it has no business.
            options.push(TcpOption::WindowScale(3));
        }
        if end.stamps {
            options.push(TcpOption::Timestamps { value: self.step, echo: 7 });
        }
        if let Some(blocks) = sack {
            options.extend([TcpOption::Nop, TcpOption::Nop, TcpOption::Sack(blocks.into_iter().collect())]);
        }
        let header = Tcp {
            source_port: end.port,
            destination_port: other.port,
            sequence,
            acknowledgment,
            flags,
            window: end.window,
            urgent: 0,
        };
        let payload = vec![b'.'; length as usize];
        let bytes = tcp::craft(&header, &options, end.address, other.address, &payload);
        carried(end.address, other.address, &bytes)
    }

    fn blocks(&mut self, from: usize) -> Vec<(u32, u32)> {
        let heard = self.ends[from].heard;
        let mut edge = if self.dice.chance(20) { heard.wrapping_sub(self.dice.below(900)) } else { heard };
        (0..=self.dice.below(3))
            .map(|_| {
                let left = edge.wrapping_add(self.dice.below(500));
                edge = left.wrapping_add(1 + self.dice.below(700));
                (left, edge)
            })
            .collect()
    }

    /// New data from one end, with all that it has heard acknowledged.
    fn data(&mut self, from: usize) -> Vec<u8> {
        let length = self.dice.of(&[1, 1, 2, 100, 100, 500, 1000, 1460]);
        let flags = if self.dice.chance(40) { A | P } else { A };
        let (sequence, heard) = (self.ends[from].next, self.ends[from].heard);
        let packet = self.segment(from, flags, sequence, heard, length);
        self.sent(from, sequence, length);
        packet
    }

    fn sent(&mut self, from: usize, sequence: u32, length: u32) {
        let end = &mut self.ends[from];
        end.sent.push((sequence, length));
        let after = sequence.wrapping_add(length);
        if after.wrapping_sub(end.next) < 1 << 31 {
            end.next = after;
        }
    }

    /// What the capture has next: a packet, or the fragments of one.
    pub fn next(&mut self) -> Vec<Vec<u8>> {
        self.step += 1;
        let packet = self.packet();
        let Some(header) = Ipv4::read(&packet).filter(|_| packet[0] >> 4 == 4) else { return vec![packet] };
        match self.dice.below(120) {
            // A complaint about it instead.
            0 => {
                let cut = self.dice.of(&[28, 40, 60, 200]).min(packet.len());
                vec![complaint(&header, &packet[..cut])]
            }
            // A complaint about something that the capture does not have.
            1 => {
                let mut other = packet;
                other[15] = other[15].wrapping_add(77);
                vec![complaint(&header, &other)]
            }
            2 if packet.len() > 200 => {
                let identification = u16::try_from(self.step).expect("few packets");
                ipv4::fragments(&Ipv4 { identification, ..header }, &packet[20..], 100)
            }
            _ => vec![packet],
        }
    }

    fn packet(&mut self) -> Vec<u8> {
        if self.opened < 3 && self.dice.chance(85) {
            return self.open();
        }
        let from = usize::from(self.dice.chance(45));
        if self.dice.chance(8) {
            self.ends[from].window = self.dice.of(&[64_240, 1000, 0, 0, 1, 2000, 65_535]);
        }
        // What is heard at all is mostly heard at once.
        if self.dice.chance(70) {
            self.ends[from].heard = self.ends[1 - from].next;
        }
        let End { next, heard, isn, .. } = self.ends[from];
        match self.dice.below(100) {
            0..=34 => self.data(from),
            35..=49 => self.segment(from, A, next, heard, 0),
            50..=55 => self.again(from, heard),
            56..=59 => {
                // Just what the other end asks for.
                let asked = self.ends[1 - from].heard;
                let length = self.dice.of(&[1, 100, 1460]);
                let packet = self.segment(from, A, asked, heard, length);
                self.sent(from, asked, length);
                packet
            }
            60..=62 => {
                // Something is missing in the capture, and perhaps comes later.
                let missing = 1 + self.dice.below(1500);
                self.sent(from, next, missing);
                self.data(from)
            }
            63..=66 => {
                let length = self.dice.below(3);
                self.segment(from, A, next.wrapping_sub(1), heard, length)
            }
            67..=69 => {
                let packet = self.segment(from, A, next, heard, 1);
                if self.dice.chance(30) {
                    self.sent(from, next, 1);
                }
                packet
            }
            70..=73 => {
                let some = heard.wrapping_sub(self.dice.below(2000));
                self.segment(from, A, next, some, 0)
            }
            74..=75 => {
                let more = heard.wrapping_add(1 + self.dice.below(2000));
                self.ends[from].heard = more;
                self.segment(from, A, next, more, 0)
            }
            76..=79 => {
                // To the edge of the other's window.
                let other = &self.ends[1 - from];
                let shift = if self.dice.chance(70) { other.shift.unwrap_or(0).min(14) } else { 0 };
                let edge = other.heard.wrapping_add(u32::from(other.window) << shift);
                let length = edge.wrapping_sub(next);
                if (1..1461).contains(&length) {
                    let packet = self.segment(from, A, next, heard, length);
                    self.sent(from, next, length);
                    return packet;
                }
                let packet = self.segment(from, A, edge.wrapping_sub(50), heard, 50);
                self.sent(from, edge.wrapping_sub(50), 50);
                packet
            }
            80..=83 => {
                let flags = self.dice.of(&[F | A, F | A, F | A | P, F]);
                let length = self.dice.of(&[0, 0, 10]);
                let packet = self.segment(from, flags, next, heard, length);
                if !self.ends[from].fin || self.dice.chance(10) {
                    self.sent(from, next, length + 1);
                    self.ends[from].fin = true;
                }
                packet
            }
            84 => self.segment(from, R, next, 0, 0),
            85 => {
                let length = self.dice.of(&[0, 0, 5]);
                self.segment(from, R | A, next, heard, length)
            }
            86 => self.segment(from, S, isn, 0, 0),
            87 => self.segment(from, S | A, isn, heard, 0),
            88 if self.dice.chance(40) => self.reopen(from),
            89 if self.wild => {
                let (sequence, length) = (self.dice.next(), self.dice.below(100));
                self.segment(from, A, sequence, heard, length)
            }
            90 if self.wild => {
                let acknowledgment = self.dice.next();
                self.segment(from, A, next, acknowledgment, 0)
            }
            91 if self.wild => {
                let flags = Flags(u16::try_from(self.dice.below(512)).expect("below 512"));
                let length = self.dice.of(&[0, 0, 1, 30]);
                self.segment(from, flags, next, heard, length)
            }
            92..=93 => self.segment(from, Flags::default(), next, 0, 0),
            _ => self.segment(from, A, next, self.ends[from].heard, 0),
        }
    }

    /// One of the last segments once more, in whole, in part, or with more behind it.
    fn again(&mut self, from: usize, heard: u32) -> Vec<u8> {
        let back = self.dice.below(4) as usize;
        let Some(&(start, length)) = self.ends[from].sent.iter().rev().nth(back) else { return self.data(from) };
        let skip = if self.dice.chance(30) { self.dice.below(length) } else { 0 };
        let length = if self.dice.chance(20) { length + 1 + self.dice.below(300) } else { length };
        let (start, length) = (start.wrapping_add(skip), length - skip);
        let packet = self.segment(from, A | P, start, heard, length);
        self.sent(from, start, length);
        packet
    }

    fn open(&mut self) -> Vec<u8> {
        let flags = [S, S | A, A][usize::from(self.opened)];
        let from = usize::from(self.opened == 1);
        // Data with the SYN, now and then; and both may ask at once.
        let (from, flags) = if self.opened == 1 && self.dice.chance(8) { (1, S) } else { (from, flags) };
        let length = if self.dice.chance(if flags == S { 25 } else { 5 }) { 20 } else { 0 };
        let sequence = if flags.contains(S) { self.ends[from].isn } else { self.ends[from].next };
        // That data may not be taken.
        let ignores = flags == S | A && self.dice.chance(40);
        let heard = match flags.contains(A) {
            true if ignores => self.ends[1 - from].isn.wrapping_add(1),
            true => self.ends[from].heard,
            false => 0,
        };
        let packet = self.segment(from, flags, sequence, heard, length);
        self.sent(from, sequence, length + u32::from(flags.contains(S)));
        if !self.dice.chance(10) {
            self.ends[1 - from].heard = self.ends[from].next;
            self.opened += 1;
        }
        packet
    }

    /// The same ports again, with other numbers; or a SYN/ACK with another number.
    fn reopen(&mut self, from: usize) -> Vec<u8> {
        let isn = self.dice.next();
        let length = if self.dice.chance(10) { 10 } else { 0 };
        if self.dice.chance(30) {
            let heard = self.ends[from].heard;
            return self.segment(from, S | A, isn, heard, 0);
        }
        self.opened = 1;
        for end in &mut self.ends {
            (end.isn, end.next, end.heard, end.fin) = (isn.wrapping_mul(3), isn.wrapping_mul(3), 0, false);
            end.sent.clear();
        }
        (self.ends[from].isn, self.ends[from].next) = (isn, isn);
        let packet = self.segment(from, S, isn, 0, length);
        self.sent(from, isn, length + 1);
        self.ends[1 - from].heard = self.ends[from].next;
        if from == 1 {
            self.ends.swap(0, 1);
        }
        packet
    }
}

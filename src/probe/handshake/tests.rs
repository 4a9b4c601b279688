//! The handshake under a scripted clock, against a scripted peer. Numbers are relative to both initial ones.

use super::*;
use crate::dissect::dissect;
use crate::model::{Frame, LinkType, Negotiated};

const PC: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 2);
const WWW: Ipv4Addr = Ipv4Addr::new(93, 184, 216, 34);
const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 1);
/// Both counters wrap within the first bytes, so that nothing here works by accident.
const OUR_ISN: u32 = u32::MAX - 1;
const THEIR_ISN: u32 = u32::MAX - 2;

fn plan() -> Plan {
    Plan {
        source: PC,
        target: WWW,
        source_port: 49_152,
        port: 80,
        isn: OUR_ISN,
        identification: 7,
        timestamp_offset: 5000,
        offer: Offer { mss: Some(1460), window_scale: Some(7), sack: true, timestamps: true },
        window: 64_240,
        ttl: 64,
        mtu: 1500,
        patience: Nanos(2_000_000_000),
        retries: 2,
        request: Vec::new(),
        ending: Ending::Fin,
    }
}

fn asking(request: &[u8]) -> Plan {
    Plan { request: request.to_vec(), ..plan() }
}

/// A segment of the peer, which knows every option and whose clock shows the script's milliseconds.
#[derive(Clone)]
struct Peer {
    flags: Flags,
    seq: u32,
    ack: u32,
    window: u16,
    offer: Offer,
    value: Option<u32>,
    payload: Vec<u8>,
}

const S: Flags = Flags::SYN;
const A: Flags = Flags::ACK;
const F: Flags = Flags::FIN;
const R: Flags = Flags::RST;

fn peer(flags: Flags, seq: u32, ack: u32) -> Peer {
    let offer = Offer { mss: Some(1400), window_scale: Some(9), sack: true, timestamps: true };
    let window = if flags.contains(S) { 64_000 } else { 1000 };
    Peer { flags, seq, ack, window, offer, value: None, payload: Vec::new() }
}

fn data(seq: u32, ack: u32, payload: &[u8]) -> Peer {
    Peer { payload: payload.to_vec(), ..peer(A, seq, ack) }
}

impl Peer {
    fn packet(&self, now: u32) -> Vec<u8> {
        let header = Tcp {
            source_port: 80,
            destination_port: 49_152,
            sequence: THEIR_ISN.wrapping_add(self.seq),
            acknowledgment: if self.flags.contains(A) { OUR_ISN.wrapping_add(self.ack) } else { 0 },
            flags: self.flags,
            window: self.window,
            urgent: 0,
        };
        let mut options = Vec::new();
        if self.flags.contains(S) {
            options.extend(self.offer.mss.map(tcp::TcpOption::MaximumSegmentSize));
            options.extend(self.offer.window_scale.map(tcp::TcpOption::WindowScale));
            options.extend(self.offer.sack.then_some(tcp::TcpOption::SackPermitted));
        }
        if self.offer.timestamps {
            options.push(tcp::TcpOption::Timestamps { value: self.value.unwrap_or(now), echo: 5000 });
        }
        let ip = Ipv4 { ttl: 57, protocol: ipv4::TCP, source: WWW, destination: PC, ..Ipv4::default() };
        ipv4::craft(&ip, &tcp::craft(&header, &options, WWW, PC, &self.payload))
    }
}

/// A handshake, a clock in milliseconds, and a wire that numbers and stamps the frames it carries.
struct Script {
    shake: Handshake,
    now: i64,
    frames: u32,
    sent: Vec<Vec<u8>>,
    done: bool,
}

impl Script {
    fn new(plan: Plan) -> Self {
        Self { shake: Handshake::new(plan), now: 0, frames: 0, sent: Vec::new(), done: false }
    }

    /// A connection that is open at 10 ms. Whatever follows the ACK at once is returned.
    fn open(plan: Plan) -> (Self, Vec<String>) {
        let mut script = Self::new(plan);
        assert_eq!(script.says(0), ["SYN 0"]);
        script.hears(10, &peer(S | A, 0, 1));
        let mut said = script.says(10);
        assert_eq!(said.remove(0), "ACK 1 ack 1");
        (script, said)
    }

    fn clock(&self) -> Nanos {
        Nanos(self.now * 1_000_000)
    }

    fn frame(&mut self, bytes: Vec<u8>) -> Frame {
        self.frames += 1;
        Frame {
            number: FrameNo(self.frames),
            time: self.clock(),
            direction: None,
            link: LinkType::RawIp,
            original: bytes.len(),
            checksum_pending: false,
            bytes,
        }
    }

    /// What is due at `at` ms: `FLAGS seq[+bytes][ ack n]`.
    fn says(&mut self, at: i64) -> Vec<String> {
        self.now = at;
        let mut said = Vec::new();
        loop {
            match self.shake.next(self.clock()) {
                Step::Send(Outgoing::Ip(packets)) => {
                    self.shake.sent(self.clock(), Ok(()));
                    for packet in packets {
                        said.push(describe(&packet));
                        self.sent.push(packet.clone());
                        let frame = self.frame(packet);
                        self.shake.heard(self.clock(), &dissect(&frame));
                    }
                }
                Step::Send(other) => panic!("{other:?}"),
                Step::Wait(_) => return said,
                Step::Done => {
                    self.done = true;
                    return said;
                }
            }
        }
    }

    /// At `at` ms, the next moment to act is `until`.
    fn waits(&mut self, at: i64, until: i64) {
        assert_eq!(self.shake.next(Nanos(at * 1_000_000)), Step::Wait(Nanos(until * 1_000_000)));
    }

    fn hears_packet(&mut self, at: i64, packet: Vec<u8>) -> FrameNo {
        self.now = at;
        let frame = self.frame(packet);
        self.shake.heard(self.clock(), &dissect(&frame));
        frame.number
    }

    fn hears(&mut self, at: i64, segment: &Peer) -> FrameNo {
        self.hears_packet(at, segment.packet(u32::try_from(at).expect("a time")))
    }

    /// The peer says `segment` at `at` ms; what is said to that.
    fn answers(&mut self, at: i64, segment: &Peer) -> Vec<String> {
        self.hears(at, segment);
        self.says(at)
    }

    fn gone(&self) -> Option<Gone> {
        self.shake.summary().gone
    }

    fn last_header(&self) -> &[u8] {
        &self.sent.last().expect("a packet")[20..]
    }
}

fn describe(packet: &[u8]) -> String {
    let segment = &packet[20..];
    let header = Tcp::read(segment).expect("a segment");
    let payload = segment.len() - usize::from(segment[12] >> 4) * 4;
    let mut text = format!("{} {}", header.flags, header.sequence.wrapping_sub(OUR_ISN));
    if payload > 0 {
        text += &format!("+{payload}");
    }
    if header.flags.contains(A) {
        text += &format!(" ack {}", header.acknowledgment.wrapping_sub(THEIR_ISN));
    }
    text
}

/// An ICMP error from `ROUTER` that quotes `original` (header and first 8 bytes).
fn error(kind: u8, code: u8, rest: [u8; 4], original: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0];
    message.extend_from_slice(&rest);
    message.extend_from_slice(&original[..28]);
    let sum = checksum::Sum::default().plus(&message).checksum();
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let ip = Ipv4 { protocol: ipv4::ICMP, source: ROUTER, destination: PC, ..Ipv4::default() };
    ipv4::craft(&ip, &message)
}

fn statuses(script: &mut Script) -> Vec<(u16, Status)> {
    let status = |event| match event {
        Event::Probed(probed) => (probed.seq, probed.status),
        _ => panic!("{event:?}"),
    };
    script.shake.events().into_iter().map(status).collect()
}

// Opening

#[test]
fn an_open_port_is_greeted_and_left_with_four_segments() {
    let (mut script, said) = Script::open(plan());
    assert_eq!(said, ["FIN, ACK 1 ack 1"]);
    assert_eq!(script.shake.state(), TcpState::FinWait1);
    assert!(script.answers(20, &peer(A, 1, 2)).is_empty());
    assert_eq!(script.shake.state(), TcpState::FinWait2);
    assert_eq!(script.answers(21, &peer(F | A, 1, 2)), ["ACK 2 ack 2"]);
    assert_eq!(script.shake.state(), TcpState::TimeWait);
    assert!(script.done);
    let summary = script.shake.summary();
    assert_eq!((summary.port, summary.established, summary.gone), (PortState::Open, true, Some(Gone::Finished)));
    assert_eq!(summary.connect_rtt, Some(Nanos(10_000_000)));
    assert_eq!(summary.close(), Some("fin"));
    assert!(summary.closed_first);
    assert_eq!(
        (summary.syns, summary.confirmed, summary.proof),
        (vec![FrameNo(1)], Some(FrameNo(3)), Some(FrameNo(5)))
    );
    assert_eq!(summary.answer, Some(Heard { frame: FrameNo(2), ttl: 57 }));
    assert_eq!(summary.goodbye, [4, 5, 6, 7].map(FrameNo));
}

#[test]
fn the_syn_carries_the_offer_and_every_later_segment_the_timestamps() {
    let mut script = Script::new(plan());
    script.says(0);
    let offered: Vec<_> = tcp::options(script.last_header()).collect();
    assert_eq!(
        offered,
        [
            tcp::TcpOption::MaximumSegmentSize(1460),
            tcp::TcpOption::SackPermitted,
            tcp::TcpOption::Timestamps { value: 5000, echo: 0 },
            tcp::TcpOption::Nop,
            tcp::TcpOption::WindowScale(7),
        ]
    );
    let header = Tcp::read(script.last_header()).expect("a header");
    assert_eq!((header.window, header.acknowledgment), (64_240, 0));
    script.hears(10, &Peer { value: Some(777), ..peer(S | A, 0, 1) });
    script.says(12);
    assert_eq!(tcp::timestamps(script.last_header()), Some((5010, 777)));
    assert_eq!(Tcp::read(script.last_header()).expect("a header").window, 502, "64,240 shifted by 7, rounded up");
    let ip = Ipv4::read(script.sent.last().expect("a packet")).expect("a header");
    assert_eq!((ip.identification, ip.dont_fragment, ip.ttl), (9, true, 64));
}

#[test]
fn what_only_one_end_offers_does_not_hold() {
    let mut script = Script::new(asking(b"hello"));
    script.says(0);
    let plain = Offer::default();
    script.hears(10, &Peer { offer: plain, window: 4, ..peer(S | A, 0, 1) });
    assert_eq!(script.says(10), ["ACK 1 ack 1", "ACK 1+4 ack 1"], "the window of a SYN counts bytes");
    assert_eq!(tcp::options(script.last_header()).count(), 0);
    assert_eq!(Tcp::read(script.last_header()).expect("a header").window, 64_240, "no scaling");
    let negotiated = script.shake.summary().negotiated.expect("negotiated");
    assert_eq!(negotiated, Negotiated { ours: plan().offer, theirs: plain });
    assert_eq!((negotiated.shifts(), negotiated.sack(), negotiated.timestamps()), (None, false, false));
    // Their window of 4 still means 4 in a later segment.
    assert_eq!(script.answers(20, &Peer { offer: plain, window: 1, ..peer(A, 1, 5) }), ["PSH, ACK 5+1 ack 1"]);
}

#[test]
fn silence_is_three_syns_with_doubling_waits_then_filtered() {
    let mut script = Script::new(plan());
    assert_eq!(script.says(0), ["SYN 0"]);
    script.waits(1999, 2000);
    assert_eq!(script.says(2000), ["SYN 0"]);
    script.waits(2001, 6000);
    assert_eq!(script.says(6000), ["SYN 0"]);
    script.waits(6001, 14_000);
    assert!(script.says(14_000).is_empty() && script.done);
    let summary = script.shake.summary();
    assert_eq!((summary.port, summary.gone, summary.connect_rtt), (PortState::Filtered, None, None));
    assert_eq!(summary.syns, [1, 2, 3].map(FrameNo));
    assert_eq!(statuses(&mut script), [1, 2, 3].map(|seq| (seq, Status::Timeout)));
}

#[test]
fn the_answer_to_a_repeated_syn_is_measured_from_the_one_it_echoes() {
    // The scripted peer echoes 5000, the value of the first SYN.
    for (echoes, seq, rtt) in [(true, 1, 2030), (false, 2, 30)] {
        let mut script = Script::new(plan());
        script.says(0);
        script.says(2000);
        let mut answer = peer(S | A, 0, 1);
        answer.offer.timestamps = echoes;
        script.hears(2030, &answer);
        let events = script.shake.events();
        let Some(Event::Probed(probed)) = events.last() else { panic!("{events:?}") };
        assert_eq!((probed.seq, probed.status), (seq, Status::Reply));
        assert_eq!(script.shake.summary().connect_rtt, Some(Nanos(rtt * 1_000_000)));
    }
}

#[test]
fn a_reset_that_answers_our_syn_is_a_closed_port() {
    let mut script = Script::new(plan());
    script.says(0);
    let frame = script.hears(10, &Peer { offer: Offer::default(), ..peer(R | A, 0, 1) });
    assert!(script.says(10).is_empty() && script.done);
    let summary = script.shake.summary();
    assert_eq!((summary.port, summary.gone, summary.established), (PortState::Closed, None, false));
    assert_eq!(summary.reset, Some(Heard { frame, ttl: 57 }));
    assert_eq!(statuses(&mut script), [(1, Status::Reply)]);
}

#[test]
fn a_reset_that_does_not_answer_our_syn_is_nobodys_word() {
    let mut script = Script::new(plan());
    script.says(0);
    script.hears(10, &peer(R, 0, 0));
    script.hears(11, &peer(R | A, 0, 7));
    assert_eq!(script.shake.state(), TcpState::SynSent);
    assert!(script.says(12).is_empty());
}

#[test]
fn a_syn_ack_with_a_wrong_number_is_refused_and_the_right_one_still_counts() {
    let mut script = Script::new(plan());
    script.says(0);
    let frame = script.hears(10, &peer(S | A, 0, 7));
    assert_eq!(script.says(10), ["RST 7"]);
    assert_eq!(script.shake.events(), [Event::Rejected { frame, mismatch: Mismatch::Acknowledgment }]);
    assert_eq!(script.answers(20, &peer(S | A, 0, 1)), ["ACK 1 ack 1", "FIN, ACK 1 ack 1"]);
    assert_eq!(script.shake.summary().port, PortState::Open);
}

#[test]
fn an_answer_with_a_bad_checksum_is_rejected() {
    let mut script = Script::new(plan());
    script.says(0);
    let mut packet = peer(S | A, 0, 1).packet(10);
    packet[36] ^= 1;
    let frame = script.hears_packet(10, packet);
    assert_eq!(script.shake.events(), [Event::Rejected { frame, mismatch: Mismatch::Checksum }]);
    assert!(script.says(10).is_empty());
}

#[test]
fn strangers_are_not_heard() {
    let mut script = Script::new(plan());
    script.says(0);
    let right = peer(S | A, 0, 1).packet(10);
    for at in [15, 19, 21, 23] {
        let mut packet = right.clone();
        packet[at] ^= 1; // an address or a port
        script.hears_packet(10, packet);
    }
    assert!(script.says(10).is_empty());
    assert_eq!(script.shake.events(), []);
}

#[test]
fn an_icmp_error_that_quotes_our_syn_ends_the_attempt() {
    for (kind, code, status) in [
        (3, 1, Status::Unreachable { kind: 3, code: 1 }),
        (3, 13, Status::Unreachable { kind: 3, code: 13 }),
        (11, 0, Status::TimeExceeded { code: 0 }),
    ] {
        let mut script = Script::new(plan());
        script.says(0);
        let syn = script.sent[0].clone();
        let mut other = syn.clone();
        other[27] ^= 1; // not our sequence number
        script.hears_packet(4, error(kind, code, [0; 4], &other));
        assert_eq!(script.shake.summary().port, PortState::Filtered);
        let frame = script.hears_packet(5, error(kind, code, [0; 4], &syn));
        assert!(script.says(5).is_empty() && script.done);
        let summary = script.shake.summary();
        assert_eq!(summary.port, PortState::Unreachable);
        assert_eq!(summary.complaints, [Complaint { frame, from: ROUTER, kind, code }]);
        assert_eq!(statuses(&mut script), [(1, status)]);
    }
}

#[test]
fn an_icmp_error_in_a_living_connection_is_only_noted() {
    let (mut script, _) = Script::open(asking(b"hello"));
    let request = script.sent.last().expect("a packet").clone();
    script.hears_packet(11, error(3, 1, [0; 4], &request));
    assert_eq!(script.shake.state(), TcpState::Established);
    assert_eq!(script.shake.summary().complaints.len(), 1);
}

#[test]
fn what_the_system_refuses_to_send_never_left() {
    let mut script = Script::new(Plan { retries: 0, ..plan() });
    assert!(matches!(script.shake.next(Nanos(0)), Step::Send(_)));
    script.shake.sent(Nanos(0), Err(100));
    assert!(script.says(2000).is_empty() && script.done);
    let summary = script.shake.summary();
    assert_eq!((summary.port, summary.refused), (PortState::Error, Some(100)));
    assert_eq!(statuses(&mut script), [(1, Status::NotSent { errno: 100 })]);
}

#[test]
fn syns_may_cross() {
    let mut script = Script::new(plan());
    script.says(0);
    assert_eq!(script.answers(5, &peer(S, 0, 0)), ["SYN, ACK 0 ack 1"]);
    assert_eq!(script.shake.state(), TcpState::SynReceived);
    let said = script.answers(10, &peer(S | A, 0, 1));
    assert_eq!(said, ["ACK 1 ack 1", "FIN, ACK 1 ack 1"]);
    assert_eq!(script.shake.summary().port, PortState::Open);
}

// Other ways to leave

#[test]
fn half_open_is_left_by_a_bare_reset() {
    let mut script = Script::new(Plan { ending: Ending::HalfOpen, ..plan() });
    script.says(0);
    assert_eq!(script.answers(10, &peer(S | A, 0, 1)), ["RST 1"]);
    assert!(script.done);
    let summary = script.shake.summary();
    assert_eq!((summary.port, summary.established, summary.close()), (PortState::Open, false, Some("rst")));
    assert_eq!(summary.gone, Some(Gone::ResetAsPlanned));
}

#[test]
fn abort_is_a_reset_instead_of_a_fin() {
    let (script, said) = Script::open(Plan { ending: Ending::Abort, ..plan() });
    assert_eq!(said, ["RST, ACK 1 ack 1"]);
    assert!(script.done);
    assert_eq!(script.gone(), Some(Gone::ResetAsPlanned));
}

#[test]
fn an_interrupt_resets_what_is_open_and_nothing_else() {
    let (mut script, _) = Script::open(asking(b"hello"));
    script.shake.interrupt(script.clock());
    assert_eq!(script.says(11), ["RST, ACK 6 ack 1"]);
    assert!(script.done);
    assert_eq!(script.gone(), Some(Gone::Interrupted));
    let mut early = Script::new(plan());
    early.says(0);
    early.shake.interrupt(early.clock());
    assert!(early.says(1).is_empty() && early.done);
    assert_eq!(early.gone(), None);
}

#[test]
fn a_reset_by_our_own_kernel_is_told_from_ours() {
    let mut script = Script::new(Plan { ending: Ending::KernelReset, ..plan() });
    script.says(0);
    assert!(script.answers(10, &peer(S | A, 0, 1)).is_empty(), "nothing but the kernel answers");
    let header = Tcp {
        source_port: 49_152,
        destination_port: 80,
        sequence: OUR_ISN.wrapping_add(1),
        flags: R,
        acknowledgment: 0,
        window: 0,
        urgent: 0,
    };
    let ip = Ipv4 { protocol: ipv4::TCP, source: PC, destination: WWW, ..Ipv4::default() };
    let frame = script.hears_packet(11, ipv4::craft(&ip, &tcp::craft(&header, &[], PC, WWW, &[])));
    assert!(script.says(11).is_empty() && script.done);
    let summary = script.shake.summary();
    assert_eq!((summary.port, summary.gone), (PortState::Open, Some(Gone::ResetByKernel)));
    assert_eq!(summary.reset.map(|reset| reset.frame), Some(frame));
}

// Goodbyes

#[test]
fn a_peer_that_closes_first_gets_acknowledgement_and_fin_in_one() {
    let (mut script, said) = Script::open(asking(b"bye"));
    assert_eq!(said, ["PSH, ACK 1+3 ack 1"]);
    assert_eq!(script.answers(20, &peer(F | A, 1, 4)), ["FIN, ACK 4 ack 2"]);
    assert_eq!(script.shake.state(), TcpState::LastAck);
    assert!(script.answers(30, &peer(A, 2, 5)).is_empty());
    assert_eq!((script.shake.state(), script.gone()), (TcpState::Closed, Some(Gone::Finished)));
    assert!(!script.shake.summary().closed_first);
}

#[test]
fn fins_may_cross() {
    let (mut script, _) = Script::open(plan());
    assert_eq!(script.answers(11, &peer(F | A, 1, 1)), ["ACK 2 ack 2"]);
    assert_eq!(script.shake.state(), TcpState::Closing);
    script.hears(12, &peer(A, 2, 2));
    assert_eq!((script.shake.state(), script.gone()), (TcpState::TimeWait, Some(Gone::Finished)));
}

#[test]
fn three_segments_are_enough() {
    let (mut script, _) = Script::open(plan());
    assert_eq!(script.answers(20, &peer(F | A, 1, 2)), ["ACK 2 ack 2"]);
    assert_eq!(script.shake.state(), TcpState::TimeWait);
}

#[test]
fn a_banner_in_the_half_closed_connection_is_taken_and_acknowledged() {
    let (mut script, _) = Script::open(plan());
    assert_eq!(script.answers(20, &data(1, 2, b"220 hello\r\n")), ["ACK 2 ack 12"]);
    assert_eq!(script.answers(21, &peer(F | A, 12, 2)), ["ACK 2 ack 13"]);
    assert_eq!(script.shake.received(), b"220 hello\r\n");
    assert_eq!((script.shake.summary().bytes_received, script.gone()), (11, Some(Gone::Finished)));
}

#[test]
fn a_peer_that_never_closes_is_reset_after_our_patience() {
    let (mut script, _) = Script::open(plan());
    script.hears(20, &peer(A, 1, 2));
    assert!(script.says(1000).is_empty());
    script.hears(1500, &data(1, 2, b"still here"));
    assert_eq!(script.says(2500), ["ACK 2 ack 11"], "news renew the patience");
    assert_eq!(script.says(3500), ["RST, ACK 2 ack 11"]);
    assert_eq!(script.gone(), Some(Gone::ResetStillOpen));
}

#[test]
fn a_peer_that_talks_for_ever_is_reset_in_the_end() {
    let (mut script, _) = Script::open(plan());
    script.hears(20, &peer(A, 1, 2));
    let mut seq = 1;
    for at in (1000..60_000).step_by(1000) {
        assert_eq!(script.answers(at, &data(seq, 2, b"x")).len(), 1);
        seq += 1;
    }
    assert_eq!(script.says(60_010), [format!("RST, ACK 2 ack {seq}")]);
    assert_eq!(script.gone(), Some(Gone::ResetStillOpen));
}

#[test]
fn a_reset_in_the_middle_ends_it() {
    let (mut script, _) = Script::open(asking(b"hello"));
    let frame = script.hears(20, &peer(R, 1, 0));
    assert!(script.says(20).is_empty() && script.done);
    assert_eq!(script.gone(), Some(Gone::ResetByPeer));
    assert_eq!(script.shake.summary().reset, Some(Heard { frame, ttl: 57 }));
}

#[test]
fn a_repeated_fin_is_acknowledged_again() {
    let (mut script, _) = Script::open(plan());
    script.hears(20, &peer(F | A, 1, 2));
    script.hears(21, &peer(F | A, 1, 2));
    assert_eq!(script.says(21), ["ACK 2 ack 2", "ACK 2 ack 2"]);
}

// Segments that are lost, late, twice or forged

#[test]
fn a_fin_that_nobody_acknowledges_is_repeated_then_given_up() {
    let (mut script, _) = Script::open(plan());
    // The handshake took 10 ms; the timeout is at its least, 200 ms, and doubles.
    assert!(script.says(209).is_empty());
    assert_eq!(script.says(210), ["FIN, ACK 1 ack 1"]);
    assert_eq!(script.says(610), ["FIN, ACK 1 ack 1"]);
    assert_eq!(script.says(1410), ["FIN, ACK 1 ack 1"], "retries are used up, but the patience is not");
    assert_eq!(script.says(3010), ["RST, ACK 2 ack 1"]);
    assert_eq!((script.gone(), script.shake.summary().repeated), (Some(Gone::GaveUp), 3));
}

#[test]
fn a_repeated_syn_ack_is_acknowledged_again() {
    let (mut script, _) = Script::open(asking(b"hello"));
    assert_eq!(script.answers(1000 / 10, &peer(S | A, 0, 1)), ["ACK 6 ack 1"]);
    assert_eq!(script.shake.state(), TcpState::Established);
}

#[test]
fn data_are_put_in_order_and_gaps_are_named_by_sack() {
    let (mut script, _) = Script::open(asking(b"hello"));
    assert_eq!(script.answers(20, &data(6, 6, b"world")), ["ACK 6 ack 1"]);
    let edges = tcp::options(script.last_header()).find_map(|option| match option {
        tcp::TcpOption::Sack(edges) => Some(edges),
        _ => None,
    });
    let edge = |seq: u32| THEIR_ISN.wrapping_add(seq);
    assert_eq!(edges.as_deref(), Some(&[(edge(6), edge(11))][..]));
    assert_eq!(script.answers(21, &data(1, 6, b"hello")), ["ACK 6 ack 11"]);
    assert_eq!(script.answers(22, &data(1, 6, b"hello")), ["ACK 6 ack 11"], "a duplicate is acknowledged again");
    assert_eq!(script.shake.received(), b"helloworld");
    assert_eq!(script.shake.summary().bytes_received, 10);
}

#[test]
fn an_acknowledgement_that_has_not_left_yet_gives_way_to_one_for_more() {
    let (mut script, _) = Script::open(asking(b"hello"));
    script.hears(20, &data(1, 6, b"wor"));
    script.hears(20, &data(4, 6, b"ld"));
    assert_eq!(script.says(20), ["ACK 6 ack 6"]);
    script.hears(21, &data(6, 6, b"!"));
    script.hears(21, &peer(F | A, 7, 6));
    assert_eq!(script.says(21), ["FIN, ACK 6 ack 8"]);
}

#[test]
fn a_lost_request_is_sent_again() {
    let (mut script, _) = Script::open(asking(b"hello"));
    assert_eq!(script.says(210), ["PSH, ACK 1+5 ack 1"]);
    script.hears(215, &peer(A, 1, 6));
    assert!(script.says(600).is_empty());
    assert_eq!(script.shake.summary().repeated, 1);
}

#[test]
fn three_repeated_acknowledgements_bring_the_missing_segment_back() {
    let (mut script, said) = Script::open(asking(&[7; 5000]));
    assert_eq!(said.len(), 4, "{said:?}");
    for at in 19..22 {
        script.hears(at, &peer(A, 1, 1)); // the first of them changes the window, so it is no repetition
    }
    assert!(script.says(22).is_empty());
    assert_eq!(script.answers(23, &peer(A, 1, 1)), ["ACK 1+1388 ack 1"]);
    assert_eq!(script.answers(33, &peer(A, 1, 1389)), ["ACK 1389+1388 ack 1"], "the next hole at once");
    assert!(script.answers(40, &peer(A, 1, 5001)).is_empty());
    assert_eq!(script.shake.summary().bytes_sent, 5000);
}

#[test]
fn the_peers_window_and_mss_are_kept() {
    let mut script = Script::new(asking(&[7; 3000]));
    script.says(0);
    script.hears(10, &Peer { window: 1000, ..peer(S | A, 0, 1) });
    assert_eq!(script.says(10)[1..], ["ACK 1+1000 ack 1"]);
    // 4 << 9 = 2048 bytes from here on; 12 bytes of the MSS of 1400 are options.
    let said = script.answers(20, &Peer { window: 4, ..peer(A, 1, 1001) });
    assert_eq!(said, ["ACK 1001+1388 ack 1", "PSH, ACK 2389+612 ack 1"]);
}

#[test]
fn a_shut_window_is_asked_about_until_it_opens() {
    let (mut script, said) = Script::open(asking(b"hello"));
    assert_eq!(said, ["PSH, ACK 1+5 ack 1"]);
    let mut script2 = Script::new(asking(b"hello"));
    script2.says(0);
    script2.hears(10, &Peer { window: 0, ..peer(S | A, 0, 1) });
    assert_eq!(script2.says(10), ["ACK 1 ack 1"]);
    assert_eq!(script2.says(210), ["ACK 1+1 ack 1"], "one byte, to ask");
    assert!(script2.answers(220, &Peer { window: 0, ..peer(A, 1, 1) }).is_empty());
    assert_eq!(script2.says(610), ["ACK 1+1 ack 1"]);
    assert_eq!(script2.answers(620, &Peer { window: 1, ..peer(A, 1, 2) }), ["PSH, ACK 2+4 ack 1"]);
    script.hears(20, &peer(A, 1, 6));
}

#[test]
fn a_window_that_stays_shut_ends_by_reset() {
    let mut script = Script::new(asking(b"hello"));
    script.says(0);
    script.hears(10, &Peer { window: 0, ..peer(S | A, 0, 1) });
    for at in (10..2010).step_by(50) {
        script.says(at);
        script.hears(at, &Peer { window: 0, ..peer(A, 1, 1) });
    }
    assert_eq!(script.says(2010), ["RST, ACK 2 ack 1"]);
    assert_eq!(script.gone(), Some(Gone::GaveUp));
}

#[test]
fn our_own_shut_window_takes_nothing_but_answers() {
    let (mut script, _) = Script::open(Plan { window: 0, request: b"x".to_vec(), ..plan() });
    assert_eq!(script.answers(20, &data(1, 2, b"p")), ["ACK 2 ack 1"]);
    assert_eq!(script.shake.summary().bytes_received, 0);
}

#[test]
fn impossible_numbers_are_objected_to_and_change_nothing() {
    let (mut script, _) = Script::open(asking(b"hello"));
    assert_eq!(script.answers(20, &peer(A, 1, 7)), ["ACK 6 ack 1"], "never sent");
    assert_eq!(script.answers(21, &data(100_000, 6, b"far")), ["ACK 6 ack 1"], "outside the window");
    assert_eq!(script.answers(22, &peer(R, 9, 0)), ["ACK 6 ack 1"], "challenge: nearly right is not right");
    assert_eq!(script.answers(23, &peer(S, 5, 0)), ["ACK 6 ack 1"], "challenge: a SYN inside a connection");
    assert!(script.answers(24, &peer(R, 100_000, 0)).is_empty());
    assert_eq!(script.answers(25, &Peer { value: Some(3), ..data(1, 6, b"old") }), ["ACK 6 ack 1"], "an old timestamp");
    assert!(script.answers(26, &Peer { offer: Offer::default(), ..data(1, 6, b"none") }).is_empty());
    assert_eq!((script.shake.state(), script.shake.received()), (TcpState::Established, &b""[..]));
}

#[test]
fn objections_end() {
    let (mut script, _) = Script::open(asking(b"hello"));
    let said: usize = (0..500).map(|at| script.answers(20 + at / 10, &peer(A, 1, 7)).len()).sum();
    assert!((100..=101).contains(&said), "{said}");
}

#[test]
fn a_smaller_link_on_the_way_makes_smaller_segments() {
    let (mut script, said) = Script::open(asking(&[7; 2000]));
    assert_eq!(said, ["ACK 1+1388 ack 1", "PSH, ACK 1389+612 ack 1"]);
    let long = script.sent[script.sent.len() - 2].clone();
    script.hears_packet(12, error(3, 4, [0, 0, 0x03, 0xe8], &long));
    assert_eq!(script.says(12), ["ACK 1+948 ack 1"], "1000 bytes in all");
    let again = script.answers(22, &peer(A, 1, 949));
    assert_eq!(again, ["ACK 949+948 ack 1"]);
}

#[test]
fn an_answer_is_awaited_then_we_close() {
    let (mut script, _) = Script::open(asking(b"hello"));
    assert_eq!(script.answers(20, &data(1, 6, b"world")), ["ACK 6 ack 6"]);
    assert!(script.says(2019).is_empty());
    assert_eq!(script.says(2020), ["FIN, ACK 6 ack 6"]);
    script.hears(2030, &peer(F | A, 6, 7));
    assert_eq!(script.says(2030), ["ACK 7 ack 7"]);
    assert_eq!(script.gone(), Some(Gone::Finished));
}

#[test]
fn hostile_peers_cannot_make_it_panic() {
    let mut state = 0x1234_5678_u32;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    for round in 0..300 {
        let mut script = Script::new(Plan { ending: Ending::Fin, ..asking(&[1; 4000]) });
        script.says(0);
        let mut at = 0;
        if round % 3 > 0 {
            script.hears(1, &peer(S | A, 0, 1));
        }
        for _ in 0..60 {
            at += i64::from(random() % 300);
            let near = |number: u32, base: u32| if number.is_multiple_of(4) { number } else { number % 9000 + base };
            let segment = Peer {
                flags: Flags(u16::try_from(random() % 64).expect("six bits")),
                seq: near(random(), 0),
                ack: near(random(), 0),
                window: u16::try_from(random() % 65_536).expect("a window"),
                value: Some(random() % 5000),
                offer: Offer { timestamps: !random().is_multiple_of(3), ..peer(A, 0, 0).offer },
                payload: vec![0; usize::try_from(random() % 1500).expect("a length")],
            };
            script.hears(at, &segment);
            if !random().is_multiple_of(4) {
                script.says(at);
            }
        }
        script.says(at + 600_000);
        script.says(at + 1_200_000);
        assert!(script.done || script.says(at + 1_900_000).is_empty());
        assert!(script.frames < 4000);
    }
}

//! A conversation at a time: segments in, and what each is to its messages.

use super::*;

/// One direction of a conversation between a client and a server of `port`.
struct Stream {
    messages: Messages,
    port: u16,
    frame: u32,
}

impl Stream {
    fn to(port: u16) -> Self {
        Self { messages: Messages::default(), port, frame: 0 }
    }

    fn segment<'a>(&mut self, side: bool, sequence: u32, payload: &'a [u8]) -> Segment<'a> {
        self.frame += 1;
        let ports = if side { (49152, self.port) } else { (self.port, 49152) };
        Segment {
            frame: FrameNo(self.frame),
            stream: 0,
            side,
            ports,
            sequence,
            payload,
            length: payload.len(),
            fin: false,
            order: Order::Regular,
            broken: false,
        }
    }

    /// What the client sends.
    fn asks(&mut self, sequence: u32, payload: &[u8]) -> Outcome {
        let segment = self.segment(true, sequence, payload);
        self.messages.observe(&segment)
    }

    /// What the server sends.
    fn answers(&mut self, sequence: u32, payload: &[u8]) -> Outcome {
        let segment = self.segment(false, sequence, payload);
        self.messages.observe(&segment)
    }
}

fn pieces(outcome: &Outcome) -> Vec<(usize, usize, Part)> {
    outcome.pieces.iter().map(|piece| (piece.at, piece.length, piece.part)).collect()
}

const HTTP: Part = Part::Message(Application::Http);
const DNS: Part = Part::Message(Application::Dns);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// An answer with a body of this many bytes.
fn answer(length: usize) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + length, b'x');
    answer
}

#[test]
fn whole_messages_are_read_in_place() {
    let mut stream = Stream::to(80);
    assert_eq!(pieces(&stream.asks(1, REQUEST)), [(0, 27, HTTP)]);
    let two = [answer(3), answer(0)].concat();
    assert_eq!(pieces(&stream.answers(1, &two)), [(0, 41, HTTP), (41, 38, HTTP)]);
}

#[test]
fn a_message_in_segments_is_told_when_its_last_one_comes() {
    let mut stream = Stream::to(80);
    let answer = answer(2000);
    let first = stream.answers(1, &answer[..1000]);
    assert_eq!(pieces(&first), [(0, 1000, Part::Begun)], "its first line can be read");
    assert_eq!(pieces(&stream.answers(1001, &answer[1000..1500])), [(0, 500, Part::Unfinished)]);
    let mut last = answer[1500..].to_vec();
    last.extend_from_slice(b"HTTP/1.1 204 No Content\r\n\r\n");
    let last = stream.answers(1501, &last);
    assert_eq!(pieces(&last), [(0, 541, Part::Silent), (541, 27, HTTP)]);
    let assembled = last.assembled.expect("a message");
    assert_eq!(assembled.bytes, answer);
    assert_eq!(assembled.segments, [(FrameNo(1), 1000), (FrameNo(2), 500), (FrameNo(3), 541)]);
    assert_eq!(assembled.pieces.to_vec(), [piece(0, 2041, HTTP)]);
}

#[test]
fn a_first_line_that_comes_in_two_segments_is_told_with_the_second() {
    let mut stream = Stream::to(80);
    assert_eq!(pieces(&stream.asks(1, &REQUEST[..8])), [(0, 8, Part::Unfinished)]);
    let second = stream.asks(9, &REQUEST[8..20]);
    assert_eq!(pieces(&second), [(0, 12, Part::Unfinished)]);
    let begun = second.assembled.expect("its first line");
    assert_eq!((begun.bytes.as_slice(), begun.segments.len()), (&b"GET / HTTP/1.1\r\n"[..], 0));
    assert_eq!(stream.asks(21, &REQUEST[20..]).assembled.map(|whole| whole.bytes), Some(REQUEST.to_vec()));
}

#[test]
fn a_hole_is_waited_for_and_what_came_first_stays() {
    let mut stream = Stream::to(80);
    let answer = answer(300);
    stream.answers(1, &answer[..100]);
    stream.answers(201, &answer[200..]);
    assert!(stream.answers(301, b"forged").assembled.is_none());
    let filled = stream.answers(101, &answer[100..200]).assembled.expect("whole now");
    assert_eq!(filled.bytes, answer);
    assert_eq!(filled.segments.len(), 4, "what was there already counts as a part");
}

#[test]
fn what_comes_again_is_not_read_again() {
    let mut stream = Stream::to(80);
    let answer = answer(100);
    stream.answers(1, &answer[..60]);
    assert_eq!(pieces(&stream.answers(1, &answer[..60])), [(0, 60, Part::Silent)]);
    assert!(stream.answers(61, &answer[60..]).assembled.is_some());
    assert_eq!(pieces(&stream.answers(61, &answer[60..])), [(0, 80, Part::Late)]);
    let mut again = stream.segment(false, 61, &answer[60..]);
    again.order = Order::Again;
    assert_eq!(pieces(&stream.messages.observe(&again)), [(0, 80, Part::Silent)]);
}

#[test]
fn a_segment_out_of_order_is_no_message_to_wireshark() {
    let mut stream = Stream::to(80);
    let mut early = stream.segment(true, 100, REQUEST);
    early.order = Order::OutOfOrder;
    assert_eq!(pieces(&stream.messages.observe(&early)), []);
}

#[test]
fn an_answer_without_a_length_ends_with_the_stream() {
    let mut stream = Stream::to(80);
    assert_eq!(pieces(&stream.answers(1, b"HTTP/1.0 200 OK\r\n\r\nsome")), [(0, 23, Part::Begun)]);
    assert_eq!(pieces(&stream.answers(24, b" words")), [(0, 6, Part::Unfinished)]);
    let mut fin = stream.segment(false, 30, b"");
    fin.fin = true;
    let whole = stream.messages.observe(&fin).assembled.expect("a message");
    assert_eq!(whole.bytes, b"HTTP/1.0 200 OK\r\n\r\nsome words");
}

#[test]
fn the_answer_to_head_has_no_body() {
    let mut stream = Stream::to(80);
    stream.asks(1, b"HEAD / HTTP/1.1\r\n\r\n");
    let head = &answer(100)[..40];
    assert_eq!(pieces(&stream.answers(1, head)), [(0, 40, HTTP)]);
}

#[test]
fn after_a_tunnel_is_open_there_is_no_http() {
    let mut stream = Stream::to(8080);
    stream.asks(1, b"CONNECT a:443 HTTP/1.1\r\n\r\n");
    assert_eq!(pieces(&stream.answers(1, b"HTTP/1.1 200 OK\r\n\r\n")), [(0, 19, HTTP)]);
    assert_eq!(pieces(&stream.asks(27, b"GET / HTTP/1.1\r\n\r\n")), []);
}

#[test]
fn http_is_known_by_its_look_on_any_port() {
    let mut stream = Stream::to(9999);
    assert_eq!(pieces(&stream.asks(1, b"SSH-2.0-x\r\n")), []);
    assert_eq!(pieces(&stream.asks(12, REQUEST)), [(0, 27, HTTP)]);
    assert_eq!(pieces(&stream.answers(1, b"HTTP/1.1 204 No Content\r\n\r\n")), [(0, 27, HTTP)]);
}

#[test]
fn a_dns_message_is_as_long_as_it_says() {
    let mut stream = Stream::to(53);
    let message = [&[0, 12][..], &[7; 12]].concat();
    let two = [&message[..], &message[..]].concat();
    assert_eq!(pieces(&stream.asks(1, &two)), [(0, 14, DNS), (14, 14, DNS)]);
    assert_eq!(pieces(&stream.asks(29, &message[..1])), [(0, 1, Part::Unfinished)]);
    assert_eq!(pieces(&stream.asks(30, &message[1..5])), [(0, 4, Part::Unfinished)]);
    let last = stream.asks(34, &[&message[5..], &message[..3]].concat());
    assert_eq!(pieces(&last), [(0, 9, Part::Silent), (9, 3, Part::Silent)]);
    assert_eq!(last.assembled.map(|whole| whole.bytes), Some(message));
}

#[test]
fn sequence_numbers_wrap() {
    let mut stream = Stream::to(80);
    let answer = answer(100);
    let start = u32::MAX - 50;
    stream.answers(start, &answer[..80]);
    let whole = stream.answers(start.wrapping_add(80), &answer[80..]).assembled;
    assert_eq!(whole.map(|whole| whole.bytes), Some(answer));
}

#[test]
fn what_the_capture_cut_is_read_as_far_as_it_goes() {
    let mut stream = Stream::to(80);
    let mut cut = stream.segment(true, 1, &REQUEST[..20]);
    cut.length = REQUEST.len();
    assert_eq!(pieces(&stream.messages.observe(&cut)), [(0, 27, HTTP)]);
    let mut stream = Stream::to(80);
    let mut cut = stream.segment(true, 28, &REQUEST[..2]);
    cut.length = REQUEST.len();
    assert_eq!(pieces(&stream.messages.observe(&cut)), [], "not even a method");
}

#[test]
fn a_very_long_message_is_followed_to_its_end_without_being_kept() {
    let mut stream = Stream::to(80);
    let length = 5 << 20;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    stream.answers(1, &head);
    let mut sequence = 1 + u32::try_from(head.len()).expect("short");
    let chunk = vec![b'x'; 1 << 16];
    let mut whole = None;
    for _ in 0..length >> 16 {
        whole = stream.answers(sequence, &chunk).assembled;
        sequence += 1 << 16;
        assert!(stream.messages.kept <= 1 << 20);
    }
    let whole = whole.expect("the last segment completes it");
    assert_eq!((whole.length, whole.bytes.len()), (head.len() + length, 1 << 20));
    assert_eq!(whole.pieces.to_vec(), [piece(0, head.len() + length, HTTP)]);
    assert_eq!(pieces(&stream.answers(sequence, &answer(0))), [(0, 38, HTTP)], "and the next one is found");
}

#[test]
fn memory_is_bounded() {
    let mut messages = Messages::default();
    let mut payload = b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n".to_vec();
    payload.resize(60_000, b'x');
    for stream in 0..5000 {
        let segment = Segment {
            frame: FrameNo(1),
            stream,
            side: true,
            ports: (80, 49152),
            sequence: 1,
            payload: &payload,
            length: payload.len(),
            fin: false,
            order: Order::Regular,
            broken: false,
        };
        messages.observe(&segment);
        assert!(messages.kept <= KEPT && messages.open.len() <= REMEMBERED);
    }
}

#[test]
fn hostile_segments_take_bounded_time() {
    // A header without an end, byte by byte; and chunks of one byte each.
    for (start, unit) in [
        (&b"GET / HTTP/1.1\r\nX: "[..], &b"y"[..]),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ] {
        let mut stream = Stream::to(80);
        stream.answers(1, start);
        let mut sequence = 1 + u32::try_from(start.len()).expect("short");
        for _ in 0..50_000 {
            stream.answers(sequence, unit);
            sequence += u32::try_from(unit.len()).expect("short");
        }
    }
}

#[test]
fn no_bytes_lead_astray() {
    // Every prefix, every cut, every changed byte of a conversation: no panic, and pieces lie in their segment.
    let conversation = [
        REQUEST.to_vec(),
        answer(30),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_vec(),
    ]
    .concat();
    for at in 0..conversation.len() {
        for mask in [0, 1, 0x0f, 0x80, 0xff] {
            let mut bytes = conversation.clone();
            bytes[at] ^= mask;
            for port in [80, 53] {
                let mut stream = Stream::to(port);
                for (sequence, part) in [(1, &bytes[..at]), (u32::try_from(at + 1).expect("short"), &bytes[at..])] {
                    let outcome = stream.asks(sequence, part);
                    let mut end = 0;
                    for piece in &outcome.pieces {
                        assert!(piece.at >= end && piece.length > 0, "{outcome:?}");
                        end = piece.at + piece.length;
                    }
                    assert!(end <= part.len(), "{outcome:?}");
                }
            }
        }
    }
}

#[test]
fn what_comes_with_a_reset_is_no_message() {
    use crate::dissect::dissect;
    use crate::model::{LinkType, Nanos, Value};
    use crate::proto::ipv4::{self, Ipv4};

    let (source, destination) = (std::net::Ipv4Addr::new(10, 0, 0, 1), std::net::Ipv4Addr::new(10, 0, 0, 2));
    let text = b"GET / HTTP/1.1\r\n\r\n";
    for (flags, is_reset) in [(Flags::ACK, false), (Flags::RST | Flags::ACK, true)] {
        let header = Tcp {
            source_port: 49152,
            destination_port: 80,
            sequence: 1,
            acknowledgment: 1,
            flags,
            window: 1000,
            urgent: 0,
        };
        let segment = tcp::craft(&header, &[], source, destination, text);
        let bytes = ipv4::craft(&Ipv4 { protocol: ipv4::TCP, source, destination, ..Ipv4::default() }, &segment);
        let (number, time, direction, link) = (FrameNo(1), Nanos(0), None, LinkType::RawIp);
        let frame = Frame { number, time, direction, link, original: bytes.len(), checksum_pending: false, bytes };
        let packet = dissect(&frame);
        assert_eq!(Segment::read(&packet, 0, Order::Regular).is_none(), is_reset);
        let cause = packet.find(&tcp::HEADER).and_then(|view| view.field("tcp.reset_cause")).map(|field| field.value);
        let expected = is_reset.then_some(Value::Text("GET / HTTP/1.1\r\n\r\n"));
        assert_eq!(cause, expected);
        assert_eq!(packet.views().any(|view| view.layer().header.name == "data"), !is_reset);
    }
}

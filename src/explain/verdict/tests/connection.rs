//! Connections: how they begin, what goes wrong, how they end, what they are used for.

use super::*;

#[test]
fn connections_that_come_about() {
    let (capture, number) = connected(&[]);
    assert_eq!(
        ids(&capture, number),
        [
            "connection.open",
            "connection.still-open",
            "handshake.options",
            "connection.mss",
            "handshake.why-open",
            "connection.blind.ack"
        ]
    );
    assert_eq!(
        text(&capture, number, "connection.open"),
        "Port 80 of 93.184.216.34 is open: its SYN/ACK came 1.000 ms after the SYN."
    );
    let exchange = [talk(true, PA, 1, 1, 78), talk(false, PA, 1, 79, 1000), talk(true, A, 79, 1001, 0)];
    let (capture, number) = connected(&exchange);
    assert_eq!(
        text(&capture, number, "connection.data"),
        "192.168.11.2 sent 78 bytes of data, 93.184.216.34 sent 1000."
    );
    assert_eq!(ids(&capture, number).last(), Some(&"connection.blind.read"));
    let (capture, number) = connected(&[talk(true, PA, 1, 1, 78), talk(false, A, 1, 79, 0)]);
    assert_eq!(ids(&capture, number).last(), Some(&"connection.blind.program"));
    let middle = exchange.map(Segment::bytes);
    let (capture, number) = after(middle);
    let said = ids(&capture, number);
    assert_eq!((said[0], said.last()), ("connection.begun-before", Some(&"connection.blind.before")));
    let late = [talk(false, SA, 0, 1, 0), talk(true, A, 1, 1, 0)].map(Segment::bytes);
    assert_eq!(ids(&after(late).0, 1)[0], "connection.open-late");
    let plain = [
        Segment { options: &[], ..talk(true, S, 0, 0, 0) }.bytes(),
        Segment { options: &[], ..talk(false, SA, 0, 1, 0) }.bytes(),
    ];
    assert!(ids(&after(plain).0, 1).contains(&"handshake.plain"));
}

#[test]
fn connections_that_end() {
    let four = [talk(false, FA, 1, 1, 0), talk(true, A, 1, 2, 0), talk(true, FA, 1, 2, 0), talk(false, A, 2, 2, 0)];
    let (capture, number) = connected(&four);
    assert!(text(&capture, number, "connection.closed-four").contains("93.184.216.34 said FIN first"));
    let three = [talk(true, FA, 1, 1, 0), talk(false, FA, 1, 2, 0), talk(true, A, 2, 2, 0)];
    let (capture, number) = connected(&three);
    assert!(text(&capture, number, "connection.closed-three").contains("192.168.11.2 said FIN first"));
    let at_once = [talk(true, FA, 1, 1, 0), talk(false, FA, 1, 1, 0), talk(true, A, 2, 2, 0), talk(false, A, 2, 2, 0)];
    assert!(ids(&connected(&at_once).0, 1).contains(&"connection.closed-at-once"));
    let partly = [talk(true, FA, 1, 1, 0), talk(false, FA, 1, 2, 0)];
    assert!(ids(&connected(&partly).0, 1).contains(&"connection.closed-partly"));
    let half = [talk(true, FA, 1, 1, 0), talk(false, A, 1, 2, 0)];
    let (capture, number) = connected(&half);
    assert!(
        text(&capture, number, "connection.half-closed").starts_with("192.168.11.2 said FIN, 93.184.216.34 did not")
    );
    let same = [talk(false, RA, 1, 1, 0)];
    let (capture, number) = connected(&same);
    let said = ids(&capture, number);
    assert!(said.contains(&"connection.reset") && said.contains(&"connection.reset-same"), "{said:?}");
    let forged = [Segment { ttl: 61, ..talk(false, RA, 1, 1, 0) }];
    let (capture, number) = connected(&forged);
    assert!(ids(&capture, number).contains(&"connection.reset-other"), "{:?}", ids(&capture, number));
}

#[test]
fn connections_that_do_not_come_about() {
    let refused = |ttl| [talk(true, S, 0, 0, 0).bytes(), Segment { ttl, ..talk(false, RA, 0, 1, 0) }.bytes()];
    says(refused(52), &["handshake.refused", "handshake.why-refused-far", "handshake.blind-who"]);
    says(refused(64), &["handshake.refused", "handshake.why-refused", "handshake.blind-who"]);
    let link = |ttl, teller| {
        let [syn, reset] = refused(ttl);
        [
            arp(arp::REQUEST, (PC, PC_MAC), (SERVER, MacAddr::ZERO)),
            arp(arp::REPLY, (SERVER, LAPTOP_MAC), (PC, PC_MAC)),
            linked(PC_MAC, teller, ethernet::IPV4, &syn),
            linked(teller, PC_MAC, ethernet::IPV4, &reset),
        ]
    };
    let says_why = |ttl, teller, why: &str| {
        let (capture, number) = after(link(ttl, teller));
        assert!(ids(&capture, number).contains(&why), "{why}: {:?}", ids(&capture, number));
    };
    says_why(52, LAPTOP_MAC, "handshake.why-refused-odd");
    says_why(64, ROUTER_MAC, "handshake.why-refused-router");
    let me = |flags| Segment { from: (PC, 5000), to: (PC, 80), ..talk(true, flags, 0, 1, 0) };
    let own = [me(S).bytes(), Segment { from: (PC, 80), to: (PC, 5000), acknowledgment: 1001, ..me(RA) }.bytes()];
    says(own, &["handshake.refused", "handshake.why-refused-self", "handshake.blind-who"]);

    let mut capture = Capture::default();
    for wait in [0, 1000, 2000, 4000] {
        capture.wait(wait.max(1));
        capture.see(talk(true, S, 0, 0, 0).bytes());
    }
    let expected = ["connection.unanswered", "connection.waits", "handshake.why-silent", "handshake.blind-silence"];
    assert_eq!(ids(&capture, 1), expected);
    assert_eq!(
        text(&capture, 1, "connection.unanswered"),
        "192.168.11.2 sent 4 SYNs to port 80 of 93.184.216.34, and nothing came back."
    );
    assert!(text(&capture, 1, "connection.waits").contains("again 3 times, with waits of 1.00, 2.00, 4.00 s"));

    let syn = talk(true, S, 0, 0, 0).bytes();
    says(
        [syn.clone(), error(ROUTER, PC, 3, 1, &syn)],
        &["connection.complaint", "ping.why-host", "ping.blind.reporter"],
    );
}

#[test]
fn connections_in_trouble() {
    let found = |rest: &[Segment<'_>], id: &str| {
        let (capture, number) = connected(rest);
        text(&capture, number, id)
    };
    let data = |sequence| talk(true, PA, sequence, 1, 100);
    let mut capture = Capture::default();
    for segment in opening().iter().chain(&[data(1), data(101)]) {
        capture.see(segment.bytes());
    }
    capture.wait(300);
    capture.see(data(1).bytes());
    let again = text(&capture, 1, "connection.again-late");
    assert!(again.starts_with("1 segment of 192.168.11.2 came again"), "{again}");
    let gap = found(&[data(1), data(201)], "connection.gaps");
    assert!(gap.starts_with("At 1 place bytes of 192.168.11.2 were missing"), "{gap}");
    let missed = found(&[data(1), talk(false, A, 1, 501, 0)], "connection.capture-lost");
    assert!(missed.starts_with("Of what 192.168.11.2 sent, the capture misses some"), "{missed}");
    let shut = found(&[data(1), Segment { window: 0, ..talk(false, A, 1, 101, 0) }], "connection.window-shut");
    assert!(shut.starts_with("93.184.216.34 said once that it had no room left, so 192.168.11.2"), "{shut}");
    let alive = found(&[data(1), talk(false, A, 1, 101, 0), talk(true, A, 100, 1, 0)], "connection.keep-alive");
    assert!(alive.starts_with("192.168.11.2 asked once"), "{alive}");
    let reused = [talk(true, FA, 1, 1, 0), Segment { sequence: 99_000, ..talk(true, S, 0, 0, 0) }];
    let (capture, number) = connected(&reused);
    assert_eq!(number, 2);
    assert!(ids(&capture, number).contains(&"tcp.reused-ports"), "{:?}", ids(&capture, number));
}

#[test]
fn what_is_sent_again_and_why() {
    let data = |sequence| talk(true, PA, sequence, 1, 100);
    let ack = |number| talk(false, A, 1, number, 0);
    let play = |rows: &[(i64, Segment<'_>)]| {
        let mut capture = Capture::default();
        for (wait, segment) in opening().iter().map(|segment| (1, *segment)).chain(rows.iter().copied()) {
            capture.wait(wait);
            capture.see(segment.bytes());
        }
        ids(&capture, 1)
    };
    let asked = [(1, data(1)), (1, ack(1)), (1, data(101)), (1, ack(1)), (1, data(201)), (1, ack(1)), (1, data(301))];
    let fast = play(&[&asked[..], &[(1, ack(1)), (5, data(1))]].concat());
    assert!(fast.contains(&"connection.again-asked"), "{fast:?}");
    assert!(fast.contains(&"connection.why-again"), "{fast:?}");
    let needless = play(&[(1, data(1)), (1, ack(101)), (300, data(1))]);
    assert!(needless.contains(&"connection.again-needless"), "{needless:?}");
    let both = play(&[(1, data(1)), (300, data(1)), (1, ack(101)), (300, data(1))]);
    assert!(both.contains(&"connection.again"), "{both:?}");
    let overtaken = play(&[(1, data(1)), (1, data(201)), (1, data(101))]);
    assert!(overtaken.contains(&"connection.out-of-order"), "{overtaken:?}");
    let shut = Segment { window: 0, ..ack(101) };
    let asks = play(&[(1, data(1)), (1, shut), (300, talk(true, A, 100, 1, 0)), (1, shut)]);
    assert!(asks.contains(&"connection.asks-for-room") && asks.contains(&"connection.why-window"), "{asks:?}");
}

#[test]
fn a_scanner_s_reset_comes_from_its_kernel() {
    let scan = [talk(true, S, 0, 0, 0), talk(false, SA, 0, 1, 0), Segment { ttl: 63, ..talk(true, R, 1, 0, 0) }];
    let (capture, number) = after(scan.map(Segment::bytes));
    assert!(ids(&capture, number).contains(&"connection.kernel-reset"), "{:?}", ids(&capture, number));
}

#[test]
fn what_a_connection_was_used_for() {
    let get: &[u8] = b"GET /x HTTP/1.1\r\nHost: test\r\n\r\n";
    let found: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let length = u32::try_from(get.len()).expect("short");
    let ask = Segment { data: get, ..talk(true, PA, 1, 1, 0) };
    let answer = |data| Segment { data, ..talk(false, PA, 1, 1 + length, 0) };
    let used = |rest: &[Segment<'_>]| {
        let notes = of_stream(opening().iter().chain(rest).map(|segment| segment.bytes()));
        let note = notes.into_iter().find(|note| note.id.starts_with("http.")).expect("a request");
        (note.id, words::of(Language::English, &note))
    };
    let answered = used(&[ask, answer(found)]);
    assert_eq!(answered, ("http.answered", "GET /x: answered with 404 after 1.000 ms.".to_owned()));
    assert_eq!(used(&[ask]).0, "http.unanswered");
    assert_eq!(used(&[ask, answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")]).0, "http.unread");
}

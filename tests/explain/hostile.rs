//! What of a hostile file reaches the terminal.

use std::net::{IpAddr, Ipv4Addr};

use netlab::proto::ipv4::{self, Ipv4};
use netlab::proto::tcp::{self, Flags, Tcp};
use netlab::proto::udp::{self, Udp};

use super::*;

/// A capture whose every text is hostile.
fn hostile(path: &Path) {
    const EVIL: &[u8] = b"\x1b]0;owned\x07\x1b[31mred\x1b[2J\r\n\x9b5m\xe2\x80\xaegpj.exe\x00";
    let (client, server) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    let small = |length: usize| u8::try_from(length).expect("a short text");
    let long = |bytes: &[u8]| u32::try_from(bytes.len()).expect("a short message");
    let request = [b"GET /", EVIL, b" HTTP/1.1\r\nHost: ", EVIL, b"\r\nX-", EVIL, b": ", EVIL, b"\r\n\r\n"].concat();
    let response = [b"HTTP/1.1 200 ", EVIL, b"\r\nServer: ", EVIL, b"\r\nContent-Length: 0\r\n\r\n"].concat();
    let say = |from_client: bool, flags: u16, sequence: u32, acknowledgment: u32, bytes: &[u8]| {
        let (source, destination) = if from_client { (client, server) } else { (server, client) };
        let (source_port, destination_port) = if from_client { (40_000, 80) } else { (80, 40_000) };
        let flags = Flags(flags);
        let header = Tcp { source_port, destination_port, sequence, acknowledgment, flags, window: 65_535, urgent: 0 };
        let segment = tcp::craft(&header, &[], IpAddr::V4(source), IpAddr::V4(destination), bytes);
        ipv4::craft(&Ipv4 { protocol: ipv4::TCP, source, destination, ..Ipv4::default() }, &segment)
    };
    let (asked, answered) = (1 + long(&request), 1 + long(&response));
    let mut frames = vec![
        say(true, 0x02, 0, 0, b""),
        say(false, 0x12, 0, 1, b""),
        say(true, 0x18, 1, 1, &request),
        say(false, 0x18, 1, asked, &response),
        say(true, 0x10, asked, answered, b""),
    ];
    // A name of one hostile label, asked for and answered with hostile text.
    let mut question = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, small(EVIL.len())];
    question.extend(EVIL);
    question.extend([0, 0, 16, 0, 1]);
    let mut answer = question.clone();
    (answer[2], answer[3], answer[7]) = (0x81, 0x80, 1);
    answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, small(EVIL.len() + 1), small(EVIL.len())]);
    answer.extend(EVIL);
    for (from, to, ports, message) in
        [(client, server, (40_001, 53), &question), (server, client, (53, 40_001), &answer)]
    {
        let header = Udp { source_port: ports.0, destination_port: ports.1 };
        let datagram = udp::craft(&header, IpAddr::V4(from), IpAddr::V4(to), message);
        let header = Ipv4 { protocol: ipv4::UDP, source: from, destination: to, ..Ipv4::default() };
        frames.push(ipv4::craft(&header, &datagram));
    }
    save(path, frames, &[String::from_utf8_lossy(EVIL).into_owned()]);
}

#[test]
fn nothing_in_a_hostile_file_acts_on_the_terminal() {
    let folder = scratch("explain");
    let path = folder.join("\u{1b}[31mred.pcapng");
    hostile(&path);
    let file = path.display().to_string();
    let http = explain(&[&file, "--summary"]).out;
    // As Wireshark writes what cannot be seen.
    assert!(http.contains("GET /") && http.contains("\\033]0;owned"), "{http}");
    for view in [&[][..], &["--summary"], &["--ladder"], &["-v"], &["-vv"], &["--json"], &["-q"]] {
        for look in ["--unicode", "--ascii"] {
            let Run { code, out, err } = explain(&[&[file.as_str(), look], view].concat());
            assert_eq!((code, err.as_str()), (0, ""), "{view:?}");
            assert_harmless(&out, &format!("{view:?} {look}"));
            if !["--json", "--summary"].iter().any(|long| view.contains(long)) {
                assert_fits(&out, &format!("{view:?}"));
            }
        }
    }
    std::fs::write(folder.join("\u{1b}[2Jbad"), b"\x1b[2J").expect("written");
    let refused = explain(&[&folder.join("\u{1b}[2Jbad").display().to_string()]);
    assert_eq!(refused.code, 2);
    assert_harmless(&refused.err, "the error");
}

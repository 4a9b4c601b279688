//! What is refused, and where. What filters mean is compared with tcpdump in `tests/language.rs`.

use std::net::IpAddr;

use super::*;

fn parse(text: &str) -> Result<Filter, Refusal> {
    Filter::parse(text, &common_service)
}

fn refusal(text: &str) -> Refusal {
    let compiled = parse(text).and_then(|filter| filter.compile(Conditions::of_file(LinkType::Ethernet)));
    compiled.expect_err(text)
}

#[test]
fn a_refusal_points_at_the_place() {
    for (text, place, words) in [
        ("port", "", "a port at the end"),
        ("port http and", "", "a question at the end"),
        ("port foo", "foo", "no service"),
        ("tcp port and host 10.0.0.1", "and", "a port"),
        ("port 70000", "70000", "65535"),
        ("1.2.3.4", "1.2.3.4", "alone"),
        ("TCP", "TCP", "small letters"),
        ("tcp 80", "80", "\"and\" or \"or\""),
        ("tcp and 80", "80", "not clear"),
        ("src 10.0.0.0/8", "10.0.0.0/8", "a network, not a host"),
        ("net 10.0.0.5/8", "10.0.0.5/8", "outside"),
        ("tcp[13", "", "\"]\""),
        ("tcp[13:3] = 1", "3", "1, 2 or 4"),
        ("tcp[tcpflags] = tcp-sny", "tcp-sny", "a number"),
        ("(tcp and port 80", "", "closing"),
        ("tcp and port 80)", ")", "no parenthesis"),
        ("tcp and mpls", "mpls", "not in the part"),
        ("ip proto tcp", "tcp", "the number of a protocol"),
        ("vlan 5000", "5000", "4095"),
        ("ip port 80", "80", "no ports"),
        ("ip[0] / (2 - 2) = 1", "(", "divided by 0"),
        ("tcp and esp[0] = 1", "esp[0]", "cannot be asked for"),
        ("host foo.example", "foo.example", "not known"),
        ("ip[0x1000000] = 1", "ip[0x1000000]", "that long"),
        ("tcp \u{1b}[31m", "\u{1b}", "not a sign"),
    ] {
        let refusal = refusal(text);
        assert_eq!(&text[refusal.at.clone()], place, "{refusal}");
        assert!(refusal.message.contains(words), "{refusal}");
        assert!(!refusal.to_string().chars().any(|c| c.is_control() && c != '\n'), "{refusal}");
    }
}

#[test]
fn frames_without_macs_have_none_to_ask_for() {
    for text in ["ether host 2:0:0:0:0:1", "broadcast", "multicast", "vlan"] {
        let compiled = parse(text).expect(text).compile(Conditions::of_file(LinkType::RawIp));
        assert!(compiled.expect_err(text).message.contains("raw IP"));
    }
}

#[test]
fn no_filter_takes_for_ever_or_overflows() {
    let deep = ["(", "not ", "tcp[", "1+(", "-", "port ("].map(|part| part.repeat(20_000));
    let wide = ["tcp or ", "1+", "port 80 and ", "host a and not ", "tcp and udp or "].map(|part| part.repeat(20_000));
    for text in deep.iter().chain(&wide) {
        for cut in [text.len().min(60_000), text.len()] {
            drop(refusal(&text[..cut]));
        }
    }
    // As deep and as wide as may be.
    parse(&format!("{}tcp{}", "(".repeat(99), ")".repeat(99))).expect("deep");
    let all = vec!["tcp port 80"; 500].join(" or ");
    parse(&all).expect("wide").compile(Conditions::of_file(LinkType::Ethernet)).expect_err("too long for the kernel");
    let mixed = vec!["tcp and udp"; 250].join(" or ");
    drop(parse(&mixed).expect("mixed").compile(Conditions::of_file(LinkType::Ethernet)));
}

#[test]
fn names_are_told_and_looked_up() {
    let mut filter = parse("host b or a or b and not src c.example and ip6 host d").expect("a filter");
    assert_eq!(filter.names(), ["a", "b", "c.example", "d"]);
    let address: IpAddr = "10.0.0.1".parse().expect("an address");
    let other: IpAddr = "fe80::1".parse().expect("an address");
    for name in filter.names() {
        filter.resolve(&name, &[address, other]);
    }
    assert!(filter.names().is_empty());
    let mut one = parse("host b").expect("a filter");
    one.resolve("b", &[address, other]);
    let same = parse("host 10.0.0.1 or fe80::1").expect("a filter");
    let program = |filter: &Filter| filter.compile(Conditions::of_file(LinkType::Ethernet)).expect("compiles");
    assert_eq!(program(&one), program(&same));
}

#[test]
fn nothing_asked_takes_everything() {
    let filter = parse(" \n").expect("a filter");
    assert!(filter.is_empty());
    let program = filter.compile(Conditions::of_file(LinkType::RawIp)).expect("compiles");
    assert!(program.accepts(bpf::Sight::default()));
}

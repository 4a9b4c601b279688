//! Filters made from a seed: of the language that netlab takes, and of words in any order.

use crate::world::Dice;

/// A filter of the language that netlab takes.
pub fn speech(dice: &mut Dice, depth: u32) -> String {
    let mut text = term(dice, depth);
    for _ in 0..dice.pick(&[0, 0, 1, 1, 2, 3]) {
        text = format!("{text} {} {}", dice.pick(&["and", "or", "&&", "||"]), term(dice, depth));
    }
    text
}

fn term(dice: &mut Dice, depth: u32) -> String {
    if depth > 0 && dice.once_in(4) {
        let inner = speech(dice, depth - 1);
        return if dice.once_in(2) { format!("({inner})") } else { format!("not ({inner})") };
    }
    let not = if dice.once_in(5) { dice.pick(&["not ", "!", "! "]) } else { "" };
    format!("{not}{}", question(dice))
}

fn question(dice: &mut Dice) -> String {
    let direction = |dice: &mut Dice| {
        dice.pick(&["", "", "src ", "dst ", "src or dst ", "src and dst ", "dst or src ", "dst and src "])
    };
    match dice.roll(14) {
        0 | 1 => dice
            .pick(&[
                "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "igrp", "pim", "vrrp",
                "carp", "ah", "esp", "stp",
            ])
            .to_owned(),
        2 | 3 => {
            let within = dice.pick(&["", "", "", "ip ", "arp ", "rarp "]);
            let direction = direction(dice);
            let kind = if direction.is_empty() { "host " } else { dice.pick(&["", "host "]) };
            format!(
                "{within}{direction}{kind}{}",
                values(dice, &["10.0.0.1", "10.0.0.2", "10.7.1.2", "10.7.2.2", "192.168.1.1", "10.1", "10.0.0"])
            )
        }
        4 => {
            let within = dice.pick(&["", "", "ip6 "]);
            let direction = direction(dice);
            format!("{within}{direction}host {}", values(dice, &["fe80::1", "fe80::2", "2001:db8::1"]))
        }
        5 => {
            let direction = direction(dice);
            let networks = [
                "10.0.0.0/8",
                "10",
                "10.0.0.0/24",
                "10.0.0",
                "192.168.1.0 mask 255.255.255.0",
                "fe80::/10",
                "2001:db8::/32",
                "0.0.0.0/0",
                "10.7.1.0/24",
                "2001:db8:0:1::/64",
            ];
            format!("{direction}net {}", values(dice, &networks))
        }
        6 | 7 => {
            let transport = dice.pick(&["", "", "tcp ", "udp ", "sctp "]);
            let direction = direction(dice);
            match transport {
                "" => format!(
                    "{direction}port {}",
                    values(dice, &["80", "81", "443", "53", "http", "domain", "0x50", "0120"])
                ),
                _ => format!("{transport}{direction}port {}", values(dice, &["80", "81", "443", "53", "domain"])),
            }
        }
        8 => {
            let transport = dice.pick(&["", "", "tcp ", "udp ", "sctp "]);
            let direction = direction(dice);
            format!("{transport}{direction}portrange {}", values(dice, &["80-81", "81-80", "53-443", "1-1000", "80"]))
        }
        9 => match dice.roll(3) {
            0 => format!(
                "{}proto {}",
                dice.pick(&["", "ip ", "ip6 "]),
                values(dice, &["6", "17", "\\tcp", "\\udp", "\\ipv6-icmp", "44", "1", "300"])
            ),
            1 => format!(
                "ether proto {}",
                values(
                    dice,
                    &[
                        "0x800", "0x86dd", "\\arp", "\\ip", "0x42", "0xfe", "0xe0", "0x809b", "0x80f3", "0x8100",
                        "100", "1500", "1501"
                    ]
                )
            ),
            _ => format!(
                "ether {}host {}",
                direction(dice),
                values(dice, &["2:0:0:0:0:1", "02:00:00:00:00:02", "ff:ff:ff:ff:ff:ff", "020000000001"])
            ),
        },
        10 => dice
            .pick(&[
                "broadcast",
                "multicast",
                "ether broadcast",
                "ether multicast",
                "ip broadcast",
                "ip multicast",
                "ip6 multicast",
                "less 60",
                "greater 60",
                "less 5",
                "len > 64",
            ])
            .to_owned(),
        11 => dice.pick(&["vlan", "vlan 5", "vlan 6", "vlan (5)", "vlan 0"]).to_owned(),
        _ => {
            let relation = dice.pick(&["=", "==", "!=", ">", ">=", "<", "<="]);
            format!("{} {relation} {}", number(dice, 2), number(dice, 1))
        }
    }
}

/// A value, or several of the same meaning.
fn values(dice: &mut Dice, choices: &[&str]) -> String {
    let one = |dice: &mut Dice| dice.pick(choices).to_owned();
    let join = |dice: &mut Dice| dice.pick(&[" or ", " and ", " || ", " or not ", " and not "]);
    match dice.roll(6) {
        0 => format!("{}{}{}", one(dice), join(dice), one(dice)),
        1 => format!("({}{}{})", one(dice), join(dice), one(dice)),
        2 => format!("({})", one(dice)),
        3 => format!("not {}", one(dice)),
        _ => one(dice),
    }
}

fn number(dice: &mut Dice, depth: u32) -> String {
    match dice.roll(if depth == 0 { 5 } else { 9 }) {
        0 => dice.pick(&["0", "1", "2", "4", "5", "6", "8", "17", "60", "80", "0xff", "0x0f", "255"]).to_owned(),
        1 => dice.pick(&["tcp-syn", "tcp-ack", "(tcp-syn|tcp-fin)", "icmp-echo", "icmp6-echo", "len"]).to_owned(),
        2..=4 => {
            let protocol = dice.pick(&[
                "ip", "ip", "tcp", "tcp", "udp", "icmp", "ip6", "icmp6", "arp", "rarp", "ether", "igmp", "sctp", "pim",
            ]);
            let offset = if depth > 0 && dice.once_in(5) {
                number(dice, depth - 1)
            } else {
                dice.pick(&["0", "1", "2", "4", "6", "9", "12", "13", "16", "tcpflags", "icmptype", "icmp6type"])
                    .to_owned()
            };
            format!("{protocol}[{offset}{}]", dice.pick(&["", "", ":1", ":2", ":4"]))
        }
        5 => format!("({})", number(dice, depth - 1)),
        6 => format!("({} - {})", number(dice, depth - 1), number(dice, depth - 1)),
        _ => {
            // No right side of "/" and "%" that is 0, and no shift by more than 31 bits, for tcpdump refuses these too.
            let sign = dice.pick(&["+", "-", "*", "&", "|", "^", "&", "/", "%", "<<", ">>"]);
            match sign {
                "/" | "%" | "<<" | ">>" => {
                    format!("{} {sign} {}", number(dice, depth - 1), dice.pick(&["1", "2", "3", "7"]))
                }
                _ => format!("{} {sign} {}", number(dice, depth - 1), number(dice, depth - 1)),
            }
        }
    }
}

/// Words of the language in any order: now and then a filter.
pub fn babble(dice: &mut Dice) -> String {
    let words = [
        "tcp",
        "ip",
        "ip6",
        "ether",
        "arp",
        "port",
        "host",
        "net",
        "src",
        "dst",
        "and",
        "or",
        "not",
        "(",
        ")",
        "80",
        "10.0.0.1",
        "10",
        "proto",
        "vlan",
        "[",
        "]",
        "13",
        "=",
        "&",
        "+",
        "%",
        "^",
        "-",
        "len",
        "less",
        "broadcast",
        "multicast",
        "!",
        "portrange",
        "80-81",
        "fe80::1",
        "/",
        "8",
        "mask",
        "255.0.0.0",
        "\\tcp",
        "2:0:0:0:0:1",
        ":",
        "tcp-syn",
        "udp",
        "<",
        ">=",
        "0",
        "and",
        "or",
        "port 80",
        "host 10.0.0.1",
        "tcp[13]",
        "ip[0]",
        "vlan 5",
    ];
    let count = 1 + dice.roll(7);
    (0..count).map(|_| dice.pick(&words)).collect::<Vec<_>>().join(" ")
}

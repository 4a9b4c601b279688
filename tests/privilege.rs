//! Giving up privilege. Capabilities belong to threads and ids to processes, so each case is a process of its own, and
//! there is no test harness here, whose threads would be in the way.

mod stage;

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use netlab::error::Kind;
use netlab::proto::{icmp, ipv4};
use netlab::wire::{Channel, Filter, Options, Sniffer, Sockets, path_to, privilege};

use stage::{alone_on_stage, block_on};

const NAME: &str = "without_privilege_open_sockets_still_work";

/// Set in a process that plays one case.
const CASE: &str = "NETLAB_TEST_PRIVILEGE";

fn main() {
    if std::env::var_os(CASE).is_some() {
        return alone_on_stage(NAME, without_privilege_open_sockets_still_work);
    }
    case("as oneself", &[]);
    if nix::unistd::geteuid().is_root() {
        case("under sudo", &[("SUDO_UID", "65534"), ("SUDO_GID", "65534")]);
    }
}

fn case(name: &str, with: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().expect("own path"));
    command.env(CASE, "1").env_remove("SUDO_UID").env_remove("SUDO_GID").envs(with.iter().copied());
    let status = command.status().expect("runs");
    assert!(status.success(), "{NAME}, {name}: {status}");
    println!("test {NAME}, {name} ... ok");
}

fn status(key: &str) -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("status");
    let line = status.lines().find(|line| line.starts_with(key)).expect("a line");
    line.split_once(':').expect("a colon").1.trim().to_owned()
}

fn without_privilege_open_sockets_still_work() {
    let invoker = privilege::invoking_user();
    let Sockets { sniff, send } = Sockets::open("test", None).expect("sockets");
    let held = caps::read(None, caps::CapSet::Permitted).expect("capabilities");
    for set in [caps::CapSet::Inheritable, caps::CapSet::Ambient] {
        caps::set(None, set, &held).expect("something to lose");
    }
    privilege::drop_all().expect("dropped");
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(u64::from_str_radix(&status(set), 16), Ok(0), "{set}");
    }
    assert_eq!(status("NoNewPrivs"), "1");
    if let Some(invoker) = invoker {
        let id = invoker.uid.to_string();
        assert_eq!(status("Uid").split_whitespace().collect::<Vec<_>>(), [id.as_str(); 4]);
        assert_eq!(status("Gid").split_whitespace().collect::<Vec<_>>(), [id.as_str(); 4]);
        assert_eq!(status("Groups"), id);
    }
    let again = Sockets::open("ping 127.0.0.1", Some("lo")).map(drop).expect_err("no privilege is left");
    assert_eq!(again.kind(), Kind::Privilege);
    assert_eq!(again.to_string(), "cannot open a raw socket on lo: operation not permitted (EPERM)");
    block_on(async {
        let target = Ipv4Addr::LOCALHOST;
        let (lo, _) = path_to(target, Options::default()).await.expect("a path");
        let mut sniffer = Sniffer::start(sniff, &lo, &Filter::new().echo(target, Some(target), 3)).expect("a sniffer");
        let mut channel = Channel::open(send, &lo).expect("a channel");
        let message = icmp::craft_echo(&icmp::Echo { reply: false, identifier: 3, sequence: 1 }, &[7; 8]);
        let header = ipv4::Ipv4 { protocol: ipv4::ICMP, source: target, destination: target, ..ipv4::Ipv4::default() };
        channel.send(&ipv4::craft(&header, &message)).expect("sent");
        let mut kinds = Vec::new();
        while let Ok(next) = tokio::time::timeout(Duration::from_millis(150), sniffer.next()).await {
            let frame = next.expect("no error").expect("not ended");
            kinds.push(*frame.bytes.iter().rev().nth(15).expect("an ICMP message of 16 bytes"));
        }
        assert_eq!(kinds, [8, 0], "the request, then the kernel's reply");
    });
}

//! `netlab sniff` as its users run it: how it begins and ends, what it shows, and what is left of it in a file.
//!
//! `sniff_command.rs` is about `sniff -- COMMAND`, `wire.rs` about what the interface delivers.

#[path = "support/sniffing.rs"]
mod sniffing;
mod stage;
mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use serde_json::Value;

use netlab::model::MacAddr;
use netlab::wire::{Channel, Sockets, interfaces};

use sniffing::{PATIENCE, Sniffing, pid};
use stage::{Peer, block_on, on_stage};
use support::run::{Run, run};
use support::{as_nobody, netlab, require_program, scratch};

/// Sends a datagram to each of `ports` of this host. Nobody listens, and nobody has to.
fn send(bytes: &[u8], ports: &[u16]) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for port in ports {
        socket.send_to(bytes, ("127.0.0.1", *port)).expect("sent");
    }
}

/// What Wireshark's programs find in a file: the number of its packets, with nothing missing at its end.
fn packets_in(file: &Path) -> usize {
    let output = Command::new("capinfos").args(["-M", "-T", "-r", "-c"]).arg(file).output().expect("capinfos runs");
    let row = support::printed(&output);
    let counted = row.trim().rsplit('\t').next().and_then(|cell| cell.parse().ok());
    let output = Command::new("tshark").args(["-n", "-T", "fields", "-e", "frame.number", "-r"]).arg(file).output();
    let numbers = support::printed(&output.expect("tshark runs")).lines().count();
    assert_eq!(counted, Some(numbers), "{row}");
    numbers
}

fn has_wireshark() -> bool {
    require_program("capinfos") && require_program("tshark")
}

#[test]
fn it_stops_after_so_many_packets_that_pass() {
    on_stage("it_stops_after_so_many_packets_that_pass", || {
        let sniffing = Sniffing::to(&["-I", "lo", "-c", "3", "--json", "udp", "port", "7000"]);
        send(b"hello", &[7001, 7000, 7001, 7000, 7000, 7000]);
        let run = sniffing.ended();
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        let objects: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let kinds: Vec<&str> = objects.iter().filter_map(|object| object["type"].as_str()).collect();
        assert_eq!(kinds.len(), objects.len(), "{}", run.out);
        assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("start", "summary"), "{kinds:?}");
        let (start, summary) = (&objects[0], run.summary());
        assert_eq!((&start["command"], &start["interface"]), (&"sniff".into(), &"lo".into()), "{start}");
        assert_eq!((&summary["packets"], &summary["conversations"]), (&3.into(), &1.into()), "{summary}");
        assert_eq!(summary["dropped"], 0, "{summary}");
        let packets = run.objects("packet");
        let numbers: Vec<_> = packets.iter().map(|packet| packet["number"].as_u64()).collect();
        assert_eq!(numbers, [Some(1), Some(2), Some(3)]);
        for packet in packets {
            let udp = packet["layers"].as_array().expect("layers").iter().find(|layer| layer["name"] == "udp");
            assert_eq!(udp.expect("a datagram")["fields"]["udp.dstport"], 7000, "{packet}");
            assert!(packet["time"].is_i64() && packet["relative"].is_i64(), "{packet}");
        }
    });
}

#[test]
fn the_story_ends_with_what_was_counted() {
    on_stage("the_story_ends_with_what_was_counted", || {
        let sniffing = Sniffing::to(&["-I", "lo", "-c", "2", "udp"]);
        send(b"hello", &[7000, 7000]);
        let run = sniffing.ended();
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        assert!(run.out.contains("\n--- lo ---\n2 packets, 1 conversation, 0 dropped, "), "{}", run.out);
        // On loopback there are no other hosts, so nothing is hidden of them.
        assert!(!run.out.contains("other hosts"), "{}", run.out);
    });
}

#[test]
fn silence_is_answered_with_1() {
    on_stage("silence_is_answered_with_1", || {
        for (more, note) in [(&[][..], "sniff.silence"), (&["tcp"], "sniff.nothing-passed")] {
            let run = run(&[&["sniff", "-I", "lo", "--json", "--duration", "0.2"], more].concat());
            assert!(run.code == 1 && run.has(note) && run.err.is_empty(), "{}{}", run.out, run.err);
            assert_eq!(run.summary()["packets"], 0);
        }
        // A question for what is not there, and one that nobody may ask.
        let sniffing = Sniffing::to(&["-I", "lo", "tcp port 9"]);
        let run = sniffing.interrupt();
        assert!(run.code == 1 && run.err.is_empty(), "{}{}", run.out, run.err);
    });
}

#[test]
fn what_cannot_be_listened_to_is_refused() {
    let refused = |arguments: &[&str]| {
        let run = run(&[&["sniff"], arguments].concat());
        assert!(run.code == 2 && run.out.is_empty(), "{arguments:?}: {}{}", run.out, run.err);
        run.err
    };
    on_stage("what_cannot_be_listened_to_is_refused", move || {
        let error = refused(&["-I", "eth77"]);
        assert!(error.contains("there is no interface eth77") && error.contains("lo"), "{error}");
        let error = refused(&["-I", "lo", "--save", "/no/such/folder/file.pcapng"]);
        assert!(error.contains("/no/such/folder/file.pcapng"), "{error}");
        let folder = scratch("refused");
        let file = folder.join("never.pcapng");
        let error = refused(&["-I", "lo", "--save", file.to_str().expect("UTF-8"), "tcp", "and", "porrt", "7"]);
        let lines: Vec<&str> = error.lines().collect();
        let (words, mark) = (lines[1], lines[2]);
        assert_eq!(words.find("porrt"), mark.find('^'), "{error}");
        assert!(lines[0].starts_with("netlab: filter: ") && lines[3].starts_with("hint: "), "{error}");
        assert!(!file.exists(), "what is refused leaves no file");
    });
}

#[test]
fn a_plain_user_is_told_what_to_do() {
    let mut command = netlab(["sniff", "-I", "lo", "-c", "1"]);
    as_nobody(&mut command);
    let run: Run = command.output().expect("netlab runs").into();
    assert!(run.code == 2 && run.out.is_empty(), "{}{}", run.out, run.err);
    let lines: Vec<&str> = run.err.lines().collect();
    assert_eq!(lines[0], "netlab: cannot open a raw socket on lo: operation not permitted (EPERM)");
    assert_eq!(lines[1], "try: netlab --lab sniff -I lo -c 1 (needs no rights)");
    assert!(lines[2].starts_with("or once: sudo setcap cap_net_raw+ep /"), "{}", run.err);
}

#[test]
fn a_file_is_whole_after_an_interrupt() {
    if !has_wireshark() {
        return;
    }
    on_stage("a_file_is_whole_after_an_interrupt", || {
        let folder = scratch("interrupted");
        let file = folder.join("file.pcapng");
        let path = file.to_str().expect("UTF-8");
        let mut sniffing = Sniffing::to(&["-I", "lo", "--json", "--save", path, "udp"]);
        send(b"hello", &[7000, 7000, 7000]);
        sniffing.until(r#""number":3"#);
        let run = sniffing.interrupt();
        assert_eq!((run.code, run.summary()["packets"].as_u64()), (0, Some(3)), "{}", run.err);
        assert_eq!(packets_in(&file), 3);
        // Nothing came, and still it is a capture.
        let run = Sniffing::to(&["-I", "lo", "--save", path, "udp"]).interrupt();
        assert_eq!((run.code, packets_in(&file)), (1, 0), "{}", run.err);
        // What goes to the file alone waits in memory first.
        let quiet = Sniffing::from(netlab(["sniff", "-q", "-I", "lo", "--save", path, "udp"]));
        let deadline = Instant::now() + PATIENCE;
        while std::fs::metadata(&file).expect("there").len() < 2000 {
            assert!(Instant::now() < deadline, "nothing is written");
            send(&[b'x'; 1000], &[7000]);
            std::thread::sleep(Duration::from_millis(5));
        }
        let run = quiet.interrupt();
        let said = format!("{} packet", packets_in(&file));
        assert!(run.code == 0 && run.out.contains(&said), "{said}: {}{}", run.out, run.err);
    });
}

#[test]
fn a_file_is_whole_after_the_disk_is_full() {
    if !has_wireshark() {
        return;
    }
    on_stage("a_file_is_whole_after_the_disk_is_full", || {
        let folder = scratch("full");
        let disk = folder.join("disk");
        std::fs::create_dir(&disk).expect("a folder");
        let script = r#"mount -t tmpfs -o size=1m none "$1" || exit 99; shift
            "$NETLAB" sniff -I lo --save "$PWD/disk/file.pcapng" "$@" udp; code=$?
            cp disk/file.pcapng copy.pcapng; exit $code"#;
        for more in [&["--json", "-c", "100"][..], &["-q"]] {
            let mut command = Command::new("unshare");
            command.args(["-m", "sh", "-c", script, "sh", "disk"]).args(more).current_dir(&*folder);
            for (variable, value) in netlab([""; 0]).get_envs().filter_map(|(name, value)| Some((name, value?))) {
                command.env(variable, value);
            }
            let mut sniffing = Sniffing::from(command);
            if more[0] == "--json" {
                sniffing.until(r#""type":"start""#);
                send(&vec![b'x'; 30_000], &[7000; 100]);
            } else {
                while sniffing.child.try_wait().expect("a child").is_none() {
                    send(&vec![b'x'; 30_000], &[7000; 2]);
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
            let run = sniffing.ended();
            assert_eq!(run.code, 2, "{more:?}: {}{}", run.out, run.err);
            let reason = run.err.lines().next().expect("a reason").to_lowercase();
            assert!(reason.contains("file.pcapng") && reason.contains("no space left"), "{}", run.err);
            if more[0] == "--json" {
                // What is on screen is not lost with the disk.
                assert_eq!(run.summary()["packets"], 100);
            }
            let saved = packets_in(&folder.join("copy.pcapng"));
            assert!((20..40).contains(&saved), "{more:?}: {saved} packets of 30,000 bytes in 1 MB");
            std::fs::remove_file(folder.join("copy.pcapng")).expect("there");
        }
    });
}

#[test]
fn a_closed_pipe_ends_it_quietly_and_leaves_a_whole_file() {
    if !has_wireshark() {
        return;
    }
    on_stage("a_closed_pipe_ends_it_quietly_and_leaves_a_whole_file", || {
        let folder = scratch("closed");
        let file = folder.join("file.pcapng");
        let path = file.to_str().expect("UTF-8");
        for form in [&[][..], &["--json"], &["-v"]] {
            let mut sniffing = Sniffing::to(&[&["-I", "lo", "--save", path, "udp"], form].concat());
            send(b"hello", &[7000]);
            sniffing.until("7000");
            sniffing.stop_reading();
            while sniffing.child.try_wait().expect("a child").is_none() {
                send(b"hello", &[7000]);
                std::thread::sleep(Duration::from_millis(2));
            }
            let run = sniffing.ended();
            // As with every command: whoever closed it does not want to know.
            assert_eq!((run.code, run.err.as_str()), (1, ""), "{form:?}");
            assert!(packets_in(&file) >= 1, "{form:?}");
        }
    });
}

#[test]
fn what_came_too_fast_is_said_at_the_end() {
    on_stage("what_came_too_fast_is_said_at_the_end", || {
        for form in [&["--json"][..], &[]] {
            let sniffing = Sniffing::to(&[&["-I", "lo", "udp"], form].concat());
            let pid = pid(&sniffing.child);
            kill(pid, Signal::SIGSTOP).expect("stopped");
            waitpid(pid, Some(WaitPidFlag::WUNTRACED)).expect("it stops");
            // More than its memory takes while it sleeps.
            send(&vec![b'x'; 60_000], &[7000; 1000]);
            kill(pid, Signal::SIGINT).expect("interrupted");
            kill(pid, Signal::SIGCONT).expect("continued");
            let run = sniffing.ended();
            assert_eq!((run.code, run.err.as_str()), (0, ""));
            if form.is_empty() {
                assert!(run.out.contains("faster than they could be taken in"), "{}", run.out);
                assert!(!run.out.contains(", 0 dropped,"), "{}", run.out);
            } else {
                let summary = run.summary();
                let dropped = summary["dropped"].as_u64().expect("a number");
                assert!(run.has("sniff.dropped") && dropped > 0, "{summary}");
                assert_eq!(summary["packets"].as_u64(), Some(run.objects("packet").len() as u64));
            }
        }
    });
}

/// A host at the other end of a cable.
fn cabled() -> Peer {
    Peer::cabled("10.77.0.1/24", "10.77.0.2/24")
}

/// Has the peer send a frame: to whom, what stands between addresses and EtherType, and its number among bytes that
/// belong to an EtherType kept for experiments.
fn send_frame(peer: &Peer, to: MacAddr, tag: &'static [u8], number: u8) {
    peer.run(move || {
        block_on(async {
            let send = Sockets::open("test", None).expect("sockets").send;
            let all = interfaces().await.expect("interfaces");
            let far = all.into_iter().find(|interface| interface.name == "far").expect("exists");
            let mut channel = Channel::open(send, &far).expect("a channel");
            let from = far.mac.expect("a MAC address");
            channel.send(&[&to.0[..], &from.0, tag, &[0x88, 0xb5], &[number; 50]].concat()).expect("sent");
        });
    });
}

/// The direction of packets, and the last byte of each.
fn directions(run: &Run) -> Vec<(String, String)> {
    let packets = run.objects("packet").into_iter().map(|packet| {
        let data = packet["layers"].as_array().and_then(|layers| layers.last()).expect("a layer");
        let bytes = data["fields"]["data.data"].as_str().unwrap_or_default();
        (packet["direction"].as_str().expect("live").to_owned(), bytes[..2].to_owned())
    });
    packets.collect()
}

#[test]
fn packets_between_others_are_shown_where_all_are_asked_for() {
    on_stage("packets_between_others_are_shown_where_all_are_asked_for", || {
        let peer = cabled();
        let other = MacAddr([2, 0, 0, 0, 0, 9]);
        for (all, expected) in [(true, &[("other", "01"), ("in", "02")][..]), (false, &[("in", "02")])] {
            let arguments = ["-I", "near", "--json", "-c", if all { "2" } else { "1" }, "ether proto 0x88b5"];
            let sniffing = Sniffing::to(&[&arguments[..], if all { &["--all"] } else { &[] }].concat());
            send_frame(&peer, other, &[], 1);
            send_frame(&peer, MacAddr::BROADCAST, &[], 2);
            let run = sniffing.ended();
            let found = directions(&run);
            let found: Vec<(&str, &str)> = found.iter().map(|(way, byte)| (way.as_str(), byte.as_str())).collect();
            assert_eq!(found, expected, "{}", run.err);
            assert!(run.has(if all { "sniff.blind-all" } else { "sniff.blind" }), "{:?}", run.notes());
        }
    });
}

#[test]
fn a_tag_that_the_kernel_takes_off_is_shown_and_saved() {
    if !has_wireshark() {
        return;
    }
    on_stage("a_tag_that_the_kernel_takes_off_is_shown_and_saved", || {
        let peer = cabled();
        let folder = scratch("tagged");
        let file = folder.join("file.pcapng");
        let path = file.to_str().expect("UTF-8");
        let sniffing = Sniffing::to(&["-I", "near", "-v", "-c", "1", "--save", path, "vlan 5"]);
        send_frame(&peer, MacAddr::BROADCAST, &[0x81, 0, 0x60, 6], 1);
        send_frame(&peer, MacAddr::BROADCAST, &[], 2);
        send_frame(&peer, MacAddr::BROADCAST, &[0x81, 0, 0x60, 5], 3);
        let run = sniffing.ended();
        assert!(run.out.contains("vlan  network 5, priority Excellent Effort, "), "{}", run.out);
        let output = Command::new("tshark")
            .args(["-n", "-T", "fields", "-e", "vlan.id", "-e", "vlan.priority", "-e", "frame.len", "-r", path])
            .output();
        assert_eq!(support::printed(&output.expect("tshark runs")).trim(), "5\t3\t68");
    });
}

#[test]
fn the_story_is_the_same_from_the_saved_file() {
    on_stage("the_story_is_the_same_from_the_saved_file", || {
        let peer = cabled();
        let folder = scratch("same");
        let file = folder.join("file.pcapng");
        let path = file.to_str().expect("UTF-8");
        let (ready, wait) = std::sync::mpsc::channel();
        let server = peer.start(move || {
            let listener = TcpListener::bind((Ipv4Addr::new(10, 77, 0, 2), 7000)).expect("bind");
            ready.send(()).expect("the test waits");
            let mut said = String::new();
            listener.accept().expect("a connection").0.read_to_string(&mut said).expect("bytes");
        });
        wait.recv().expect("the server is ready");
        let mut sniffing = Sniffing::to(&["-I", "near", "--json", "--save", path]);
        stage::run("ping -q -c 2 -i 0.2 10.77.0.2");
        let mut stream = TcpStream::connect(("10.77.0.2", 7000)).expect("connects");
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("sent");
        drop(stream);
        server.join().expect("the server ends");
        let socket = UdpSocket::bind("10.77.0.1:0").expect("a socket");
        socket.send_to(b"last", ("10.77.0.2", 7009)).expect("sent");
        sniffing.until("Port unreachable");
        let live = sniffing.interrupt();
        let read = run(&["explain", "--json", path]);
        let (live, read) = (live.objects("packet"), read.objects("packet"));
        assert!(live.len() >= 14, "{}", live.len());
        for (live, read) in live.iter().zip(&read) {
            assert_eq!(live, read);
        }
        assert_eq!(live.len(), read.len());
    });
}

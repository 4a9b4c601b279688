//! Captures that several threads share in telling, which they do of any regular file where there are several processors.
//! What they write is what one thread writes of a pipe.

use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr};
use std::process::Stdio;

use netlab::proto::ipv4::{self, Ipv4};
use netlab::proto::udp::{self, Udp};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::streaming::piped;
use super::*;
use crate::support::netlab;

/// Says so where one thread compared with one proves less than it should.
fn count_processors() {
    if std::thread::available_parallelism().is_ok_and(|threads| threads.get() == 1) {
        eprintln!("SKIPPED: several threads side by side, for there is one processor");
    }
}

/// The datagram that a server at 10.0.0.1 answers with.
fn datagram(source_port: u16, destination_port: u16, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    let header = Udp { source_port, destination_port };
    let datagram = udp::craft(&header, IpAddr::V4(source), IpAddr::V4(destination), payload);
    ipv4::craft(&Ipv4 { protocol: ipv4::UDP, source, destination, ..Ipv4::default() }, &datagram)
}

/// `count` answers of 64 kB, each of which has thousands of long names in few bytes.
fn bombs(count: usize) -> Vec<Vec<u8>> {
    const RECORDS: u16 = 4600;
    let label = [&[63][..], &[b'a'; 63]].concat();
    let name = [&label[..], &label, &label, &[61], &[b'b'; 61], &[0]].concat();
    let alias = [&[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12][..]].concat();
    let head = [&[0, 7, 0x81, 0x80, 0, 1][..], &RECORDS.to_be_bytes(), &[0, 0, 0, 0]].concat();
    let message = [head, name, vec![0, 1, 0, 1], alias.repeat(usize::from(RECORDS))].concat();
    vec![datagram(53, 40_000, &message); count]
}

/// Has `file` explained from the file and through a pipe, and compares all but what the capture is called.
fn assert_same(file: &Path, arguments: &[&str], code: i32) {
    let bytes = std::fs::read(file).expect("a capture");
    let name = file.to_string_lossy();
    let from_file = explain(&[&[&*name], arguments].concat());
    let from_pipe = piped(&bytes, arguments);
    let called = |text: &str| text.replace(&*name, "standard input");
    let seen = (from_file.out, called(&from_file.err), from_file.code);
    assert_eq!(seen, (from_pipe.out, from_pipe.err, code), "{arguments:?}");
}

#[test]
fn a_long_file_is_told_in_order() {
    count_processors();
    let bytes = std::fs::read(capture("web.pcap")).expect("a capture");
    let (head, records) = bytes.split_at(24);
    let long = [head, &records.repeat(60)].concat();
    let folder = scratch("explain");
    let file = folder.join("long.pcap");
    std::fs::write(&file, &long).expect("room for a file");
    let views: [&[&str]; 8] = [
        &["--summary"],
        &["--json"],
        &["-v"],
        &["-vv"],
        &["-v", "--stream", "0"],
        &["--summary", "tcp[tcpflags] & tcp-syn != 0"],
        &["--json", "port", "53"],
        &["--json", "port", "1"],
    ];
    for view in views {
        assert_same(&file, view, 0);
    }
    // What is in it of a file that ends in the middle of a packet, and where that is.
    std::fs::write(&file, &long[..long.len() - 10]).expect("room for a file");
    for view in [&["--summary"][..], &["--json"], &["-v"]] {
        assert_same(&file, view, 2);
    }
}

#[test]
fn conversations_that_end_with_the_file_are_all_told() {
    count_processors();
    let folder = scratch("explain");
    let file = folder.join("open.pcapng");
    save(&file, (1000..2000).map(|port| datagram(9, port, b"hello")).collect(), &[]);
    assert_same(&file, &["--json"], 0);
    let told = explain(&[&file.to_string_lossy(), "--json"]);
    // Each with a verdict of four sentences.
    assert_eq!((told.objects("note").len(), &told.summary()["conversations"]), (4 * 1000, &1000.into()));
}

#[test]
fn what_is_saved_on_the_way_is_the_same_too() {
    let folder = scratch("explain");
    let (file, [one, other]) = (capture("web.pcap"), ["one", "other"].map(|name| folder.join(name)));
    let saved = |path: &Path| std::fs::read(path).expect("a capture");
    for view in ["--summary", "--json", "-v", "-vv"] {
        let from_file = explain(&[&file, view, "--save", &one.to_string_lossy()]);
        let from_pipe = piped(&saved(Path::new(&file)), &[view, "--save", &other.to_string_lossy()]);
        assert_eq!((from_file.out, saved(&one)), (from_pipe.out, saved(&other)), "{view}");
    }
}

/// Where the output fails, what comes behind is not written, and the one error is that of the output.
#[test]
fn a_full_disk_is_reported_once() {
    let folder = scratch("explain");
    let file = folder.join("long.pcapng");
    save(&file, (0..5000).map(|port| datagram(9, port, b"hello")).collect(), &[]);
    for view in ["--summary", "--json", "-v", "-vv"] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("a full disk");
        let run = netlab(["explain", &file.to_string_lossy(), view]).stdout(full).stderr(Stdio::piped()).output();
        let run = Run::from(run.expect("it ends"));
        assert!(
            run.code == 2 && run.err.lines().count() <= 2 && run.err.contains("No space left"),
            "{view}: {}",
            run.err
        );
    }
}

#[test]
fn names_that_unfold_to_much_more_than_their_bytes_do_not_fill_memory() {
    const KILOBYTES: usize = 96 * 1024;
    let folder = scratch("explain");
    let file = folder.join("bombs.pcapng");
    save(&file, bombs(36), &[]);
    let limited = format!("ulimit -d {KILOBYTES} && exec \"$NETLAB\" explain \"$0\" --json");
    let output = netlab([""; 0])
        .get_envs()
        .fold(Command::new("sh"), |mut command, (name, value)| {
            command.env(name, value.unwrap_or_default());
            command
        })
        .args(["-c", &limited])
        .arg(&file)
        .output();
    let run = Run::from(output.expect("it ends"));
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(run.summary()["packets"], 36);
    // The limit means something: there is more than that to tell.
    assert!(run.out.len() > KILOBYTES * 1024, "{}", run.out.len());
}

#[test]
fn an_interrupt_is_heeded_before_all_is_told() {
    let folder = scratch("explain");
    let file = folder.join("bombs.pcapng");
    save(&file, bombs(48), &[]);
    let mut child =
        netlab(["explain", &file.to_string_lossy(), "--json"]).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    // Nobody reads on before it has been interrupted, so it cannot write on either.
    let mut first = [0];
    output.read_exact(&mut first).expect("a packet");
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).expect("interrupted");
    let packets = output.lines().map(|line| line.expect("text")).filter(|line| line.contains("\"type\":\"packet\""));
    let told = packets.count();
    assert!(told < 40, "{told} packets");
    assert!(child.wait().expect("it ends").success());
}

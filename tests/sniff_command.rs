//! `netlab sniff -- COMMAND` beside a noisy neighbour: nothing of the command's traffic is missing, and nothing of the
//! neighbour's is there.
//!
//! The client of both is this program itself. `NETLAB_RUNS=200` runs it more often than usual.

mod stage;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use netlab::capture::Reader;

use stage::{Peer, Witness, on_stage};

const OURS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const THEIRS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
/// What the client is told to do, in its environment: the word in its packets, and how often.
const CLIENT: &str = "NETLAB_TEST_CLIENT";
/// A noisy neighbour that never gets a port that the command had: whose a port is *now* is all that can be asked.
const APART: &str = "NOISE-APART";
/// Ports: a datagram that nobody answers, a question that is answered, a connection, and two that are refused.
const SINK: u16 = 7001;
const ECHO: u16 = 7002;
const SERVER: u16 = 7003;
const REFUSED: u16 = 7101;
const REFUSED_TO_OTHERS: u16 = 7102;

/// Not a test of its own: what this program does when it is started as a client.
#[test]
fn client() {
    let Ok(order) = std::env::var(CLIENT) else { return };
    let (word, times) = order.split_once(' ').expect("two words");
    let refused = if word == "OURS" { REFUSED } else { REFUSED_TO_OTHERS };
    for number in 0..times.parse::<u32>().expect("a number") {
        let words = format!("{word}-{number:06}");
        // Ports that nobody gets who does not ask for them, or any.
        let port =
            |which| if word == APART { 10_000 + u16::try_from((number * 2 + which) % 20_000).unwrap_or(0) } else { 0 };
        // Each socket lives for one packet, and some are gone before that is on the wire.
        let send = || -> std::io::Result<()> {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port(0)))?;
            socket.send_to(words.as_bytes(), (THEIRS, SINK))?;
            drop(socket);
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port(1)))?;
            socket.set_read_timeout(Some(Duration::from_secs(2)))?;
            socket.connect((THEIRS, ECHO))?;
            socket.send(words.as_bytes())?;
            socket.recv(&mut [0; 64])?;
            let mut stream = TcpStream::connect((THEIRS, SERVER))?;
            stream.write_all(words.as_bytes())?;
            stream.read_exact(&mut vec![0; words.len()])?;
            Ok(())
        };
        // Where only packets tell of sockets, these have to be there when they are looked for.
        if word == "SLOW" {
            let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
            socket.send_to(words.as_bytes(), (THEIRS, SINK)).expect("sent");
            let mut stream = TcpStream::connect((THEIRS, SERVER)).expect("connects");
            stream.write_all(words.as_bytes()).expect("sent");
            stream.read_exact(&mut vec![0; words.len()]).expect("answered");
            std::thread::sleep(Duration::from_secs(1));
            continue;
        }
        // A noisy neighbour may run out of ports.
        if let Err(error) = send() {
            assert!(word != "OURS", "{error}");
        }
        assert!(TcpStream::connect((THEIRS, refused)).is_err());
        if word != "OURS" {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// This program as a client.
fn as_client(word: &str, times: u32) -> Command {
    let mut command = Command::new("env");
    command.arg(format!("{CLIENT}={word} {times}")).arg(std::env::current_exe().expect("own path"));
    command.args(["--exact", "client", "--nocapture"]).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// What the peer serves, until the flag is raised.
fn serve(done: &Arc<AtomicBool>) {
    let sink = UdpSocket::bind((THEIRS, SINK)).expect("a port");
    let echo = UdpSocket::bind((THEIRS, ECHO)).expect("a port");
    let server = TcpListener::bind((THEIRS, SERVER)).expect("a port");
    let over = |done: &AtomicBool| done.load(Ordering::Relaxed);
    let patience = Some(Duration::from_millis(50));
    for (socket, answers) in [(sink, false), (echo, true)] {
        socket.set_read_timeout(patience).expect("a deadline");
        let done = Arc::clone(done);
        std::thread::spawn(move || {
            let mut buffer = [0; 64];
            while !over(&done) {
                if let Ok((length, from)) = socket.recv_from(&mut buffer)
                    && answers
                {
                    drop(socket.send_to(&buffer[..length], from));
                }
            }
        });
    }
    for _ in 0..4 {
        let server = server.try_clone().expect("shared");
        let done = Arc::clone(done);
        std::thread::spawn(move || {
            while !over(&done) {
                let Ok((mut stream, _)) = server.accept() else { return };
                drop(stream.set_read_timeout(Some(Duration::from_secs(2))));
                let mut buffer = [0; 64];
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    drop(stream.write_all(&buffer[..length]));
                }
            }
        });
    }
}

/// A frame's protocol, its two ends with their ports, and all of it.
type Seen = (u8, SocketAddr, SocketAddr, Vec<u8>, i64);

/// The TCP and UDP frames of a capture.
fn segments(file: &Path) -> Vec<Seen> {
    let mut found = Vec::new();
    for record in Reader::open(file).expect("a capture") {
        let frame = record.expect("whole").frame;
        let (bytes, time) = (frame.bytes, frame.time.0);
        if bytes.get(12..14) == Some(&[8, 0]) && matches!(bytes[23], 6 | 17) {
            let end = |address: usize, port: usize| {
                let ip: [u8; 4] = bytes[address..address + 4].try_into().expect("four bytes");
                SocketAddr::from((ip, u16::from_be_bytes([bytes[port], bytes[port + 1]])))
            };
            found.push((bytes[23], end(26, 34), end(30, 36), bytes, time));
        }
    }
    found
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

fn sniff(file: &Path, times: u32) -> Output {
    let client = as_client("OURS", times);
    Command::new(env!("CARGO_BIN_EXE_netlab"))
        .args(["sniff", "-q", "-I", "near", "--save"])
        .arg(file)
        .arg("--")
        .arg(client.get_program())
        .args(client.get_args())
        .env("NETLAB_NO_LAST", "1")
        .output()
        .expect("netlab runs")
}

/// One run beside `neighbours` noisy ones: everything of the command's and nothing else.
fn one_run(neighbours: u32) {
    let file = stage::temporary("caused.pcapng");
    let witness = Witness::listen("near", &["tcp or udp"]);
    let mut noise: Vec<_> = (0..neighbours)
        .map(|number| as_client(&format!("NOISE{number}"), 1_000_000).spawn().expect("a neighbour"))
        .collect();
    std::thread::sleep(Duration::from_millis(100));
    let output = sniff(&file, 12);
    for child in &mut noise {
        drop(child.kill());
        drop(child.wait());
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let seen = witness.testimony();
    let all = stage::temporary("all.pcapng");
    let source = netlab::capture::Source { interface: None, link: netlab::model::LinkType::Ethernet };
    let mut writer = netlab::capture::Writer::create(&all, &source).expect("a file");
    for record in &seen {
        writer.write(&record.frame, &[]).expect("written");
    }
    drop(writer);
    let (all_frames, told) = (segments(&all), segments(&file));
    // Datagrams carry a word. Connections are ours when they carry ours, or go to the port that only we are refused by.
    let ends = |frame: &Seen| if frame.1.ip() == OURS { (frame.1, frame.2) } else { (frame.2, frame.1) };
    let is_tcp = |frame: &&Seen| frame.0 == 6;
    let speaks = |frame: &&Seen| has(&frame.3, b"OURS-") || ends(frame).1.port() == REFUSED;
    let connections: HashSet<_> = all_frames.iter().filter(is_tcp).filter(speaks).map(ends).collect();
    assert_eq!(connections.len(), 24, "12 connections of both kinds: {said}");
    let is_ours =
        |frame: &&Seen| if frame.0 == 6 { connections.contains(&ends(frame)) } else { has(&frame.3, b"OURS-") };
    let strangers: Vec<_> = told.iter().filter(|frame| !is_ours(frame)).collect();
    assert!(
        strangers.is_empty(),
        "{} strangers, such as {:?}\n{said}",
        strangers.len(),
        (strangers[0].4, strangers[0])
    );
    let ours: Vec<_> = all_frames.iter().filter(is_ours).collect();
    assert_eq!(ours.iter().filter(|frame| frame.0 == 17).count(), 36, "12 datagrams of three kinds: {said}");
    let told: HashSet<&Vec<u8>> = told.iter().map(|frame| &frame.3).collect();
    let missing: Vec<_> = ours.iter().filter(|frame| !told.contains(&frame.3)).collect();
    assert!(missing.is_empty(), "{} missing, such as {:?}\n{said}", missing.len(), missing[0]);
    let noisy = all_frames.iter().filter(|frame| has(&frame.3, b"NOISE")).count();
    assert!(neighbours == 0 || noisy > 50, "the neighbours were noisy: {noisy}");
    for path in [file, all] {
        std::fs::remove_file(path).expect("temporary file");
    }
}

/// A command that is looked at already cannot be looked at again: one run inside another has to ask about packets.
#[test]
fn what_the_kernel_gives_no_notice_of_is_asked_for() {
    on_stage("what_the_kernel_gives_no_notice_of_is_asked_for", || {
        let peer = Peer::cabled("10.77.0.1/24", "10.77.0.2/24");
        let done = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&done);
        peer.run(move || serve(&flag));
        let file = stage::temporary("asked.pcapng");
        let mut noise = as_client(APART, 1_000_000).spawn().expect("a neighbour");
        let netlab = env!("CARGO_BIN_EXE_netlab");
        let client = as_client("SLOW", 3);
        let output = Command::new(netlab)
            .args(["sniff", "-q", "-I", "lo", "--", netlab, "sniff", "-q", "-I", "near", "--save"])
            .arg(&file)
            .arg("--")
            .arg(client.get_program())
            .args(client.get_args())
            .env("NETLAB_NO_LAST", "1")
            .output()
            .expect("netlab runs");
        drop(noise.kill());
        drop(noise.wait());
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let told = segments(&file);
        assert!(!told.iter().any(|frame| has(&frame.3, b"NOISE")), "{said}");
        let datagrams = told.iter().filter(|frame| frame.0 == 17).count();
        let connections: HashSet<_> =
            told.iter().filter(|frame| frame.0 == 6 && frame.1.ip() == OURS).map(|frame| frame.1).collect();
        assert_eq!((datagrams, connections.len()), (3, 3), "{said}");
        std::fs::remove_file(&file).expect("temporary file");
        done.store(true, Ordering::Relaxed);
        drop(TcpStream::connect((THEIRS, SERVER)));
    });
}

#[test]
fn nothing_is_missing_and_nobody_else_is_there() {
    on_stage("nothing_is_missing_and_nobody_else_is_there", || {
        let peer = Peer::cabled("10.77.0.1/24", "10.77.0.2/24");
        let done = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&done);
        peer.run(move || serve(&flag));
        let runs = std::env::var("NETLAB_RUNS").map_or(4, |runs| runs.parse().expect("a number"));
        one_run(0);
        for _ in 0..runs {
            one_run(2);
        }
        done.store(true, Ordering::Relaxed);
        drop(TcpStream::connect((THEIRS, SERVER)));
    });
}

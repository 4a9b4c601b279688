//! How many small frames a second `netlab sniff -q --save` takes without loss, beside `tcpdump -w`, on a virtual cable.
//!
//! `cargo bench --bench flood -- [FRAMES_A_SECOND] [SECONDS] [ROUNDS] [SENDERS]`. Needs root or user namespaces, `ip` and
//! tcpdump. Senders, one unless told otherwise, share the processors with whoever receives.

use std::io::Read;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{setsockopt, sockopt};
use nix::unistd::Pid;

/// The sender's address, and one that nobody has.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const NOBODY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// Bytes in a datagram, so many that its frame is as short as a frame on a cable can be (60 bytes without its check).
const PAYLOAD: u16 = 18;
/// Datagrams in a burst: as many as any Linux cuts at a time.
const BURST: usize = 64;

fn main() {
    let number = |at: usize, usual: u64| {
        let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
        numbers.get(at).copied().unwrap_or(usual)
    };
    let (rate, seconds, rounds) = (number(0, 800_000), number(1, 5), number(2, 3));
    let senders = number(3, 1).max(1);
    if !nix::unistd::geteuid().is_root() {
        unshare(CloneFlags::CLONE_NEWUSER).expect("root, or a user namespace");
    }
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).expect("a network namespace");
    run("ip link add near type veth peer name far");
    for end in ["near", "far"] {
        drop(std::fs::write(format!("/proc/sys/net/ipv6/conf/{end}/disable_ipv6"), "1"));
        run(&format!("ip link set {end} up"));
    }
    // Bursts are cut before they come to the cable.
    run("ip link set far gso_max_segs 1");
    run(&format!("ip address add {ADDRESS}/24 dev far"));
    run(&format!("ip neighbour add {NOBODY} lladdr 02:00:00:00:00:09 dev far nud permanent"));
    let file = std::env::temp_dir().join(format!("netlab-flood-{}.pcapng", std::process::id()));
    for round in 1..=rounds {
        for tool in ["netlab", "tcpdump"] {
            let receiver = Receiver::start(tool, &file);
            let span = Duration::from_secs(seconds);
            let threads: Vec<_> =
                (0..senders).map(|_| std::thread::spawn(move || flood(rate / senders, span))).collect();
            let floods = threads.into_iter().map(|thread| thread.join().expect("it sends"));
            let (sent, took) = floods.fold((0, span), |(sum, longest), (sent, took)| (sum + sent, longest.max(took)));
            let (heard, used) = receiver.stop();
            let lost = sent.saturating_sub(heard);
            #[allow(clippy::cast_precision_loss)] // counts far below 2^53
            let (reached, percent) = (sent as f64 / took.as_secs_f64(), lost as f64 * 100.0 / sent as f64);
            println!(
                "round {round}  {tool:8} {sent:>9} sent at {reached:>8.0}/s  {heard:>9} taken  {lost:>8} lost \
                 ({percent:.3} %)  {:.2} s of processor",
                used.as_secs_f64()
            );
        }
    }
    drop(std::fs::remove_file(&file));
}

/// Somebody who listens on `near`.
struct Receiver {
    tool: String,
    child: Child,
    file: PathBuf,
}

impl Receiver {
    fn start(tool: &str, file: &Path) -> Self {
        let mut command = match tool {
            "netlab" => Command::new(env!("CARGO_BIN_EXE_netlab")),
            other => Command::new(other),
        };
        match tool {
            "netlab" => command.args(["sniff", "--all", "-q", "-I", "near", "--save"]).arg(file),
            _ => command.args(["-i", "near", "-n", "-B", "98304", "-Z", "root", "-w"]).arg(file),
        };
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let index = nix::net::if_::if_nametoindex("near").expect("the interface").to_string();
        let listens = |line: &str| line.split_whitespace().nth(4) == Some(&index);
        let deadline = Instant::now() + Duration::from_secs(10);
        while !std::fs::read_to_string("/proc/thread-self/net/packet").is_ok_and(|list| list.lines().any(listens)) {
            assert!(Instant::now() < deadline, "{tool} listens");
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(100));
        Self { tool: tool.to_owned(), child, file: file.to_owned() }
    }

    /// Frames in its file, and the processor time that it took.
    fn stop(mut self) -> (u64, Duration) {
        std::thread::sleep(Duration::from_millis(300));
        let used = processor_time(self.child.id());
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), Signal::SIGINT).expect("interrupts");
        let mut said = String::new();
        if let Some(stdout) = self.child.stdout.as_mut() {
            drop(stdout.read_to_string(&mut said));
        }
        if let Some(stderr) = self.child.stderr.as_mut() {
            drop(stderr.read_to_string(&mut said));
        }
        self.child.wait().expect("ends");
        let reader = netlab::capture::Reader::open(&self.file).expect("a capture");
        let count = reader.flatten().count();
        eprint!("{}: {}", self.tool, said.lines().filter(|line| line.contains("drop")).collect::<Vec<_>>().join("; "));
        eprintln!();
        (u64::try_from(count).expect("a count"), used)
    }
}

/// User and system time of a process, from `/proc/PID/stat`.
fn processor_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let ticks: u64 = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split(' ')
        .skip(12)
        .take(2)
        .filter_map(|t| t.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Sends frames of 60 bytes through `far` at `rate` a second; how many, and how long it took. The kernel cuts each
/// datagram that it is given into a burst of small ones, all of them buffers of their own: so a sender needs no more of
/// the processors than the frames themselves do.
fn flood(rate: u64, span: Duration) -> (u64, Duration) {
    let socket = UdpSocket::bind((ADDRESS, 0)).expect("a socket");
    setsockopt(&socket, sockopt::UdpGsoSegment, &i32::from(PAYLOAD)).expect("datagrams are cut");
    // To somebody else, so that no stack has more to do with it than to see that.
    socket.connect((NOBODY, 9)).expect("an address");
    let burst = vec![0; usize::from(PAYLOAD) * BURST];
    let (start, mut sent) = (Instant::now(), 0_u64);
    loop {
        let elapsed = start.elapsed();
        if elapsed >= span {
            return (sent, elapsed);
        }
        let due = u64::try_from(elapsed.as_micros()).expect("short") * rate / 1_000_000;
        if due < sent {
            std::hint::spin_loop();
            continue;
        }
        sent += socket.send(&burst).map_or(0, |_| BURST as u64);
    }
}

fn run(line: &str) {
    let status = Command::new("sh").args(["-c", line]).status().expect("sh runs");
    assert!(status.success(), "{line}");
}

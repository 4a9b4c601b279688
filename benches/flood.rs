//! How many small frames a second `netlab sniff -q --save` takes without loss, beside `tcpdump -w`, on a virtual cable.
//!
//! `cargo bench --bench flood -- [FRAMES_A_SECOND] [SECONDS] [ROUNDS] [SENDERS]`. Needs root or user namespaces, `ip` and
//! tcpdump. The senders, one for each processor unless told otherwise, share these with whoever receives: what they reach
//! is what the machine can do.
#![allow(unsafe_code)] // binds a packet socket, which no safe crate does, and takes the way around the send queue

use std::io::Read;
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::libc;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const BATCH: usize = 64;

fn main() {
    let number = |at: usize, usual: u64| {
        let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
        numbers.get(at).copied().unwrap_or(usual)
    };
    let (rate, seconds, rounds) = (number(0, 800_000), number(1, 5), number(2, 3));
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let senders = number(3, processors).max(1);
    if !nix::unistd::geteuid().is_root() {
        unshare(CloneFlags::CLONE_NEWUSER).expect("root, or a user namespace");
    }
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).expect("a network namespace");
    run("ip link add near type veth peer name far");
    for end in ["near", "far"] {
        drop(std::fs::write(format!("/proc/sys/net/ipv6/conf/{end}/disable_ipv6"), "1"));
        run(&format!("ip link set {end} up"));
    }
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

/// Sends frames of 60 bytes from `far` at `rate` a second; how many, and how long it took.
fn flood(rate: u64, span: Duration) -> (u64, Duration) {
    let socket = packet_socket("far");
    let mut frame = [0_u8; 60];
    // To somebody else, so that no stack has more to do with it than to see that.
    frame[..6].copy_from_slice(&[2, 0, 0, 0, 0, 9]);
    frame[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
    frame[12..14].copy_from_slice(&[8, 0]);
    frame[14..34].copy_from_slice(&[0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame[34..42].copy_from_slice(&[0x10, 0, 0x20, 0, 0, 26, 0, 0]);
    let mut part = libc::iovec { iov_base: frame.as_mut_ptr().cast(), iov_len: frame.len() };
    // SAFETY: mmsghdr is integers and pointers, for which all-zero bytes are valid.
    let mut messages: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
    for message in &mut messages {
        message.msg_hdr.msg_iov = &raw mut part;
        message.msg_hdr.msg_iovlen = 1;
    }
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
        // SAFETY: the messages point to `part`, and `part` to `frame`; all live until the call returns.
        let done = unsafe { libc::sendmmsg(socket.as_raw_fd(), messages.as_mut_ptr(), 64, 0) };
        sent += u64::try_from(done).unwrap_or(0);
    }
}

fn packet_socket(interface: &str) -> OwnedFd {
    let socket = socket2::Socket::new(socket2::Domain::PACKET, socket2::Type::RAW, None).expect("a packet socket");
    let on: libc::c_int = 1;
    let length = libc::socklen_t::try_from(mem::size_of::<libc::c_int>()).expect("small");
    // SAFETY: the pointer and the length describe `on`.
    let bypass = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_QDISC_BYPASS,
            (&raw const on).cast(),
            length,
        )
    };
    assert_eq!(bypass, 0, "the send queue can be gone around");
    // SAFETY: sockaddr_ll is plain integers, for which all-zero bytes are valid.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).expect("small");
    let index = nix::net::if_::if_nametoindex(interface).expect("the interface");
    address.sll_ifindex = i32::try_from(index).expect("small");
    let length = libc::socklen_t::try_from(mem::size_of::<libc::sockaddr_ll>()).expect("small");
    // SAFETY: the pointer and the length describe `address`.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    assert_eq!(bound, 0, "{}", std::io::Error::last_os_error());
    socket.into()
}

fn run(line: &str) {
    let status = Command::new("sh").args(["-c", line]).status().expect("sh runs");
    assert!(status.success(), "{line}");
}

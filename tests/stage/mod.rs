//! The stage for tests with real network stacks: a thread in a fresh network namespace, a peer in another one at the
//! end of a virtual cable, and tcpdump as the witness.
#![allow(dead_code)] // every test file uses its part of it

use std::io::{BufRead, BufReader};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use netlab::capture::{Reader, Record};

/// Set in a process that was started to have a stage.
const INSIDE: &str = "NETLAB_TEST_STAGE";

/// A user and a network namespace in which we keep our user id: as root, tcpdump would try to become somebody else,
/// which a namespace with one user does not allow.
const USER_NAMESPACE: [&str; 4] = ["--user", "--map-current-user", "--keep-caps", "--net"];

/// Whether all of `programs` are installed. If not, says so, and fails if `NETLAB_REQUIRE_LAB` is set.
pub fn installed(programs: &[&str]) -> bool {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let missing = programs.iter().find(|program| !folders.iter().any(|folder| folder.join(program).is_file()));
    if let Some(program) = missing {
        assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "{program} is not installed");
        eprintln!("SKIPPED: {program} is not installed");
    }
    missing.is_none()
}

/// Runs `play` on a thread in a network namespace of its own with loopback up. Without root, runs the test again in a
/// user namespace. Says so where neither is possible, and fails then if `NETLAB_REQUIRE_LAB` is set.
pub fn on_stage(test: &str, play: impl FnOnce() + Send + 'static) {
    if !installed(&["ip", "nsenter", "ping", "tcpdump", "unshare"]) {
        return;
    }
    if !nix::unistd::geteuid().is_root() && std::env::var_os(INSIDE).is_none() {
        return again_in_user_namespace(test);
    }
    let played = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace");
        quiet();
        run("ip link set lo up");
        play();
    });
    if let Err(panic) = played.join() {
        std::panic::resume_unwind(panic);
    }
}

/// [`on_stage`] on the calling thread, which must be the only one of its process.
pub fn alone_on_stage(test: &str, play: impl FnOnce()) {
    if !nix::unistd::geteuid().is_root() && std::env::var_os(INSIDE).is_none() {
        return again_in_user_namespace(test);
    }
    unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace");
    quiet();
    run("ip link set lo up");
    play();
}

fn again_in_user_namespace(test: &str) {
    let program = std::env::current_exe().expect("own path");
    let possible =
        Command::new("unshare").args(USER_NAMESPACE).arg("true").status().is_ok_and(|status| status.success());
    if !possible {
        eprintln!("SKIPPED {test}: neither root nor user namespaces here");
        assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "a skip is a failure under NETLAB_REQUIRE_LAB");
        return;
    }
    let status = Command::new("unshare")
        .args(USER_NAMESPACE)
        .arg(program)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, test)
        .status()
        .expect("unshare runs");
    assert!(status.success(), "{test} failed in a user namespace");
}

/// No IPv6 chatter: what tests see is what they caused.
fn quiet() {
    for scope in ["all", "default"] {
        let path = format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6");
        if let Err(error) = std::fs::write(&path, "1") {
            eprintln!("{path}: {error}");
        }
    }
}

/// Runs a command line and returns what it prints; it must succeed.
pub fn run(line: &str) -> String {
    let output = Command::new("sh").args(["-c", line]).output().expect("sh runs");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether a command line succeeds.
pub fn works(line: &str) -> bool {
    Command::new("sh").args(["-c", line]).output().is_ok_and(|output| output.status.success())
}

/// Runs a future to its end on this thread.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime").block_on(future)
}

/// A program that runs beside the test, and not longer, however that ends.
pub struct Beside(Child);

impl Beside {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("it starts"))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Another host: a network namespace kept alive by a sleeping process.
pub struct Peer(Beside);

impl Peer {
    /// A peer joined to us by a virtual cable: our end `near` with address `ours`, its end `far` with `theirs` (both
    /// with prefix length).
    pub fn cabled(ours: &str, theirs: &str) -> Self {
        let peer = Self(Beside::start(Command::new("unshare").args(["-n", "sleep", "600"])));
        peer.wait_until_apart();
        run(&format!("ip link add near type veth peer name far netns {}", peer.id()));
        peer.run(quiet);
        peer.sh("ip link set lo up");
        peer.sh(&format!("ip addr add {theirs} dev far && ip link set far up"));
        run(&format!("ip addr add {ours} brd + dev near && ip link set near up"));
        peer
    }

    fn id(&self) -> u32 {
        self.0.0.id()
    }

    fn wait_until_apart(&self) {
        let own = std::fs::read_link("/proc/thread-self/ns/net").expect("own namespace");
        let theirs = format!("/proc/{}/ns/net", self.id());
        let deadline = Instant::now() + Duration::from_secs(5);
        while std::fs::read_link(&theirs).map_or(true, |namespace| namespace == own) {
            assert!(Instant::now() < deadline, "the peer has no namespace of its own");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Runs a command line at the peer.
    pub fn sh(&self, line: &str) -> String {
        let line = line.to_owned();
        self.run(move || run(&line))
    }

    /// Runs `act` on a thread at the peer.
    pub fn run<T: Send + 'static>(&self, act: impl FnOnce() -> T + Send + 'static) -> T {
        match self.start(act).join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Starts `act` on a thread at the peer.
    pub fn start<T: Send + 'static>(&self, act: impl FnOnce() -> T + Send + 'static) -> std::thread::JoinHandle<T> {
        let namespace = std::fs::File::open(format!("/proc/{}/ns/net", self.id())).expect("the peer's namespace");
        std::thread::spawn(move || {
            setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).expect("enter the peer's namespace");
            act()
        })
    }
}

/// tcpdump, writing what it sees to a file.
pub struct Witness {
    child: Child,
    file: PathBuf,
}

impl Witness {
    /// Starts tcpdump on `interface` with more of its arguments, and waits until it listens.
    pub fn listen(interface: &str, arguments: &[&str]) -> Self {
        let file = temporary("witness.pcap");
        let mut child = Command::new("tcpdump")
            .args(["-i", interface, "-n", "-U", "-Z", "root", "--immediate-mode", "-B", "65536"])
            .args(["--time-stamp-precision=nano", "-w"])
            .arg(&file)
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .expect("tcpdump runs");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let listening = lines.any(|line| line.is_ok_and(|line| line.contains("listening on")));
        assert!(listening, "tcpdump does not listen on {interface}");
        // Its last words need a reader, or it dies of a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, file }
    }

    /// Stops tcpdump and returns what it saw.
    pub fn testimony(mut self) -> Vec<Record> {
        std::thread::sleep(Duration::from_millis(100));
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), Signal::SIGINT).expect("interrupt tcpdump");
        self.child.wait().expect("tcpdump ends");
        let records = Reader::open(&self.file).expect("a capture").collect::<Result<_, _>>().expect("whole");
        std::fs::remove_file(&self.file).expect("temporary file");
        records
    }
}

/// A path for a temporary file that no other test uses.
pub fn temporary(name: &str) -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("netlab-test-{}-{count}-{name}", std::process::id()))
}

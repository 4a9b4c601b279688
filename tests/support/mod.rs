//! What the tests of the binary share: running it, running it as nobody, and skipping loudly.
#![allow(dead_code)] // every test binary uses its own part of this

pub mod folder;
pub mod run;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

pub use folder::scratch;

const NOBODY: u32 = 65534;

/// Whether labs can be made here. If not, says why on standard error, and fails where `NETLAB_REQUIRE_LAB=1`.
pub fn require_lab() -> bool {
    static REFUSAL: OnceLock<Option<String>> = OnceLock::new();
    let refusal = REFUSAL.get_or_init(|| {
        let output = netlab(["lab", "--", "true"]).output().expect("the binary under test starts");
        (!output.status.success()).then(|| text(&output.stderr))
    });
    allowed(refusal.as_ref())
}

/// The same as [`require_lab`] for a user without rights.
pub fn require_lab_as_nobody() -> bool {
    static REFUSAL: OnceLock<Option<String>> = OnceLock::new();
    let refusal = REFUSAL.get_or_init(|| {
        let mut command = netlab(["lab", "--", "true"]);
        as_nobody(&mut command);
        let output = command.output().expect("the binary under test starts as nobody");
        (!output.status.success()).then(|| text(&output.stderr))
    });
    allowed(refusal.as_ref())
}

/// Whether `program` is installed. If not, says so on standard error, and fails where `NETLAB_REQUIRE_LAB=1`.
pub fn require_program(program: &str) -> bool {
    let directories = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let is_there = std::env::split_paths(&directories).chain(usual).any(|directory| directory.join(program).is_file());
    allowed((!is_there).then(|| format!("{program} is not installed")).as_ref())
}

fn allowed(refusal: Option<&String>) -> bool {
    let Some(reason) = refusal else { return true };
    let is_required = std::env::var_os("NETLAB_REQUIRE_LAB").is_some();
    assert!(!is_required, "NETLAB_REQUIRE_LAB=1, but: {reason}");
    eprintln!("SKIPPED: {reason}");
    false
}

/// The binary under test with `arguments`, without input, and without what a lab around the tests would tell it.
pub fn netlab<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).stdin(Stdio::null());
    for variable in ["NETLAB_LAB", "NETLAB_NODES", "NETLAB_SCENARIO", "NETLAB_LAB_ENGINE"] {
        command.env_remove(variable);
    }
    // Where administrators' programs are, which users' paths often leave out.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command.env("NETLAB", binary());
    // The same output everywhere, and nothing left behind in the state directory of whoever runs the tests.
    command.env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").env("NETLAB_NO_LAST", "1");
    command
}

/// Whether the tests are run by root.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Has `command` run as the user nobody where the tests run as root; else it already runs without rights.
pub fn as_nobody(command: &mut Command) {
    if is_root() {
        // Setting the user this way also clears the supplementary groups.
        command.uid(NOBODY).gid(NOBODY).current_dir("/").env("HOME", "/");
    }
}

/// Runs `script` by `sh` inside a lab; `$NETLAB` is the binary under test.
pub fn in_lab(options: &[&str], script: &str) -> Output {
    let arguments = [&["lab"], options, &["--", "sh", "-c", script]].concat();
    netlab(arguments).output().expect("the binary under test starts")
}

/// Bytes of a program's output as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What `output` printed, if the program succeeded.
///
/// # Panics
/// It did not succeed.
pub fn printed(output: &Output) -> String {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{}\n--- stdout\n{out}\n--- stderr\n{err}", output.status);
    out
}

/// The binary under test, at a place where every user may run it.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let built = Path::new(env!("CARGO_BIN_EXE_netlab"));
        let open = |path: &Path| fs::metadata(path).is_ok_and(|entry| entry.permissions().mode() & 0o001 != 0);
        if !is_root() || built.ancestors().all(|part| part.as_os_str().is_empty() || open(part)) {
            return built.to_owned();
        }
        // A private checkout (such as /root/…): nobody can only run a copy.
        let (copy, new) = (shared("netlab-under-test"), shared(&format!("netlab-under-test-{}", std::process::id())));
        fs::copy(built, &new).expect("the temporary directory takes a copy of the binary");
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).expect("the copy is ours");
        fs::rename(&new, &copy).expect("both names are in one directory");
        copy
    })
}

fn shared(name: &str) -> PathBuf {
    std::env::temp_dir().join(name)
}

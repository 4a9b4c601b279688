//! What the integration tests share: the binary, who runs it, and what to do where something is missing.

#![allow(dead_code)] // each test file uses its own part

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// User and group id of an ordinary user without any rights.
const NOBODY: u32 = 65534;

/// `netlab` with these arguments; without colour, in a UTF-8 locale, with nothing to read.
pub fn netlab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netlab"));
    command.args(arguments).env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").env("NETLAB_NO_LAST", "1");
    command.env_remove("NETLAB_LAB").stdin(Stdio::null());
    command
}

/// Makes `command` run as an ordinary user. Does nothing when the tests are run by one.
pub fn as_nobody(command: &mut Command) {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
    }
}

/// Whether the tests are run by root.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Whether labs can be made here. If not, says so; fails where `NETLAB_REQUIRE_LAB` forbids skipping.
pub fn require_lab() -> bool {
    static POSSIBLE: OnceLock<Result<(), String>> = OnceLock::new();
    let possible = POSSIBLE.get_or_init(|| {
        let output = netlab(&["lab", "--", "true"]).output().expect("netlab runs");
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    });
    match possible {
        Ok(()) => true,
        Err(reason) => skip(&format!("no lab can be made here: {reason}")),
    }
}

/// Whether `program` is installed. If not, as [`require_lab`].
pub fn require(program: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path)
            .chain(["/usr/sbin".into(), "/sbin".into()])
            .any(|folder| folder.join(program).is_file())
    });
    found || skip(&format!("{program} is not installed"))
}

fn skip(reason: &str) -> bool {
    assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "nothing may be skipped here: {reason}");
    eprintln!("skipped: {reason}");
    false
}

/// A new empty folder that everybody can use.
pub fn scratch(name: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("netlab-{name}-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).expect("permissions");
    folder
}

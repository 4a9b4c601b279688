//! Privilege: what to say when it is missing, and how to be rid of it.

use nix::errno::Errno;
use nix::unistd::{Gid, Uid};

use crate::error::{Error, Kind, Result};

use caps::{CapSet, Capability};

/// The user who started this process through sudo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoker {
    /// User id.
    pub uid: u32,
    /// Main group id.
    pub gid: u32,
}

/// Who called sudo, if this process runs as root through sudo; files it writes should belong to them.
#[must_use]
pub fn invoking_user() -> Option<Invoker> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let id = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    // uid_t -1 means "leave unchanged" to the kernel and is nobody's.
    Some(Invoker { uid: id("SUDO_UID")?, gid: id("SUDO_GID")? })
        .filter(|invoker| invoker.uid != 0 && invoker.uid != u32::MAX && invoker.gid != u32::MAX)
}

/// Gives up all privilege for good: every capability set of this thread, and any way to gain some by executing a
/// program. Under sudo, also becomes the invoking user. Sockets that are open keep working.
///
/// Capabilities belong to threads: call this before any other thread exists (tokio's included). A thread started
/// earlier would keep its power.
///
/// # Errors
/// [`Kind::System`] when the kernel refuses.
pub fn drop_all() -> Result<()> {
    let failed = |what: &str, why: &dyn std::fmt::Display| {
        Error::new(Kind::System, format!("cannot give up privileges: {what}: {why}"))
    };
    let has = |capability| caps::has_cap(None, CapSet::Effective, capability).unwrap_or(false);
    // The bounding set can be reduced only with CAP_SETPCAP; without it, it grants nothing by itself because
    // no_new_privs below keeps file capabilities and set-uid bits from counting.
    if has(Capability::CAP_SETPCAP) {
        caps::clear(None, CapSet::Bounding).map_err(|error| failed("bounding set", &error))?;
    }
    if let Some(Invoker { uid, gid }) = invoking_user().filter(|_| has(Capability::CAP_SETUID)) {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        // Groups first: they need the power that leaves with the user id. libc changes all threads' ids.
        nix::unistd::setgroups(&[gid]).map_err(|error| failed("groups", &error))?;
        nix::unistd::setresgid(gid, gid, gid).map_err(|error| failed("group id", &error))?;
        nix::unistd::setresuid(uid, uid, uid).map_err(|error| failed("user id", &error))?;
    }
    for (set, name) in [
        (CapSet::Ambient, "ambient set"),
        (CapSet::Effective, "effective set"),
        (CapSet::Permitted, "permitted set"),
        (CapSet::Inheritable, "inheritable set"),
    ] {
        caps::clear(None, set).map_err(|error| failed(name, &error))?;
    }
    nix::sys::prctl::set_no_new_privs().map_err(|error| failed("no_new_privs", &error))
}

/// The error for a raw socket that could not be opened. `command` is what the user typed after the program's name,
/// such as `ping 192.168.11.1`; `interface` is the one asked for, if any.
#[must_use]
pub fn missing_raw(errno: Errno, interface: Option<&str>, command: &str) -> Error {
    let on = interface.map(|name| format!(" on {}", name.escape_debug())).unwrap_or_default();
    let what = format!("cannot open a raw socket{on}: {} ({errno:?})", errno.desc().to_lowercase());
    if !matches!(errno, Errno::EPERM | Errno::EACCES) {
        return Error::new(Kind::System, what).hint("netlab needs Linux packet sockets (AF_PACKET) and raw IP sockets");
    }
    let program = std::env::current_exe().map_or_else(|_| "netlab".to_owned(), |path| shell_word(&path));
    Error::new(Kind::Privilege, what)
        .hint(format!("try: netlab --lab {command} (needs no rights)"))
        .hint(format!("or once: sudo setcap cap_net_raw+ep {program}"))
}

/// The path as one word of a shell command.
fn shell_word(path: &std::path::Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c);
    if text.chars().all(plain) { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_says_both_ways_out() {
        let error = missing_raw(Errno::EPERM, Some("eth0"), "ping 192.168.11.1");
        assert_eq!(error.kind(), Kind::Privilege);
        assert_eq!(error.to_string(), "cannot open a raw socket on eth0: operation not permitted (EPERM)");
        assert_eq!(error.hints()[0], "try: netlab --lab ping 192.168.11.1 (needs no rights)");
        assert!(error.hints()[1].starts_with("or once: sudo setcap cap_net_raw+ep "));
        assert_eq!(missing_raw(Errno::EAFNOSUPPORT, None, "").kind(), Kind::System);
    }

    #[test]
    fn a_path_with_spaces_is_one_shell_word() {
        for path in ["/usr/bin/netlab", "/home/a b/netlab", "/tmp/it's/netlab"] {
            let script = format!("printf %s {}", shell_word(std::path::Path::new(path)));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().expect("sh runs");
            assert_eq!(String::from_utf8_lossy(&output.stdout), path);
        }
    }
}

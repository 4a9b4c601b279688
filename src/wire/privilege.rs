//! Privilege: what to say when it is missing, and how to be rid of it.

use std::ffi::OsStr;
use std::path::PathBuf;

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

/// Home directory of the user who called: under sudo, of the invoking user, also when the process has become that user.
#[must_use]
pub fn home() -> Option<PathBuf> {
    let caller = std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse::<u32>().ok()).map(Uid::from_raw);
    let became = caller.filter(|caller| nix::unistd::geteuid() == *caller);
    match invoking_user().map(|invoker| Uid::from_raw(invoker.uid)).or(became) {
        Some(uid) => nix::unistd::User::from_uid(uid).ok().flatten().map(|user| user.dir),
        None => std::env::var_os("HOME").map(PathBuf::from),
    }
}

/// Gives up all privilege for good: every capability set of this thread, and any way to gain some by executing a
/// program. Under sudo, also becomes the invoking user. Sockets that are open keep working.
///
/// Capabilities belong to threads: call this before any other thread exists (tokio's included). A thread started
/// earlier would keep its power, so nothing is given up where there is one.
///
/// # Errors
/// [`Kind::System`] when the kernel refuses.
pub fn drop_all() -> Result<()> {
    let failed = |what: &str, why: &dyn std::fmt::Display| {
        Error::new(Kind::System, format!("cannot give up privileges: {what}: {why}"))
            .hint("netlab keeps none while it reads from a network: run it without root, with --lab")
    };
    let tasks = std::fs::read_dir("/proc/self/task").map_err(|error| failed("count threads", &error))?.count();
    if tasks != 1 {
        return Err(failed("threads", &format!("{tasks} run, and each would keep its own")));
    }
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
    let program = own_program();
    Error::new(Kind::Privilege, what)
        .hint(format!("try: netlab --lab {command} (needs no rights)"))
        .hint(format!("or once: sudo setcap cap_net_raw+ep {program}"))
}

/// `text` as one word of a shell command, to be pasted; what is plain stays as it is. Control characters, which would
/// act on the terminal, are written as the octal escapes of `$'…'` (POSIX.1-2024).
#[must_use]
pub fn shell_word(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@%:,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    if !text.contains(char::is_control) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut word = "$'".to_owned();
    for c in text.chars() {
        match c {
            '\'' | '\\' => word.extend(['\\', c]),
            c if c.is_control() => {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| word.push_str(&format!("\\{byte:03o}")));
            }
            c => word.push(c),
        }
    }
    word.push('\'');
    word
}

/// Refuses to go on in a process that was given another user's rights by the set-user-id bit of its file: it would
/// read and write files with rights that its user does not have.
///
/// # Errors
/// [`Kind::Privilege`] when the real and the effective user differ.
pub fn refuse_set_user_id() -> Result<()> {
    let (real, effective) = (nix::unistd::getuid(), nix::unistd::geteuid());
    if real == effective {
        return Ok(());
    }
    let program = own_program();
    let what = format!("refuses to run set-user-id (as user {effective} for user {real})");
    Err(Error::new(Kind::Privilege, what)
        .hint(format!("take the bit away, and give the one right it needs: sudo chmod u-s {program}"))
        .hint(format!("and once: sudo setcap cap_net_raw+ep {program}")))
}

fn own_program() -> String {
    std::env::current_exe().map_or_else(|_| "netlab".to_owned(), |path| shell_word(path.as_os_str()))
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
    fn whatever_it_holds_it_is_one_shell_word() {
        let words =
            ["/usr/bin/netlab", "/home/a b/netlab", "/tmp/it's/netlab", "", "~", "$HOME", "a\\n", "*", "süß", "né'é"];
        for word in words {
            let script = format!("printf %s {}", shell_word(OsStr::new(word)));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().expect("sh runs");
            assert_eq!(String::from_utf8_lossy(&output.stdout), word, "{script}");
        }
        assert_eq!(shell_word(OsStr::new("süß.example")), "süß.example");
        let quoted = shell_word(OsStr::new("it's \x1b[31m\\\n\u{9b}"));
        assert!(!quoted.contains(char::is_control), "{quoted:?}");
        if std::path::Path::new("/bin/bash").exists() {
            let script = format!("printf %s {quoted}");
            let output = std::process::Command::new("bash").args(["-c", &script]).output().expect("bash runs");
            assert_eq!(String::from_utf8_lossy(&output.stdout), "it's \x1b[31m\\\n\u{9b}", "{script}");
        } else {
            eprintln!("SKIPPED: no bash to read $'…'");
        }
    }

    #[test]
    fn nothing_is_given_up_while_another_thread_would_keep_it() {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || ended.recv().is_err());
        let held = caps::read(None, CapSet::Permitted).expect("capabilities");
        let error = drop_all().expect_err("there is another thread");
        assert!(error.to_string().contains("threads"), "{error}");
        assert_eq!(caps::read(None, CapSet::Permitted).expect("capabilities"), held);
        drop(end);
        other.join().expect("it ends");
    }
}

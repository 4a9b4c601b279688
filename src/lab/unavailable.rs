//! Why a machine does not let a lab be made, and the way out.

use std::path::Path;

use nix::errno::Errno;
use nix::unistd::geteuid;

use super::namespace::Refused;
use crate::error::{Error, Kind};

/// The error for a lab that could not be made because of `refused`.
pub(super) fn unavailable(refused: &Refused) -> Error {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let exists = |path: &str| Path::new(path).exists();
    let reason = reason(&refused.step, refused.error.raw_os_error(), &read, &exists);
    let message = format!("cannot {} for the lab: {}", refused.step, described(&refused.error));
    let error = Error::new(Kind::Lab, reason.map_or(message.clone(), |reason| format!("{message} ({reason})")));
    if geteuid().is_root() {
        error.hint("run it on the machine itself: here even root may not make network namespaces")
    } else {
        error.hint("sudo netlab --lab … (root needs no user namespace)")
    }
}

/// Settings that forbid a lab: the steps they concern, where they stand, their forbidding value, and what it means.
const SWITCHES: &[(&str, &str, &str, &str)] = &[
    (
        "user namespace",
        "/proc/sys/user/max_user_namespaces",
        "0",
        "user.max_user_namespaces = 0: no user namespaces on this machine",
    ),
    (
        "namespace",
        "/proc/sys/user/max_net_namespaces",
        "0",
        "user.max_net_namespaces = 0: no network namespaces on this machine",
    ),
    (
        "user namespace",
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "kernel.unprivileged_userns_clone = 0: only root may make user namespaces here",
    ),
    (
        "", // the namespace may be given, and be worth nothing
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "kernel.apparmor_restrict_unprivileged_userns = 1: AppArmor keeps user namespaces from programs without a profile",
    ),
];

/// What forbids `step`, as far as the system tells.
fn reason(
    step: &str,
    errno: Option<i32>,
    read: &dyn Fn(&str) -> Option<String>,
    exists: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let errno = Errno::from_raw(errno?);
    if ![Errno::EPERM, Errno::EACCES, Errno::ENOSPC, Errno::EUSERS].contains(&errno) {
        return None;
    }
    let is_filtered = read("/proc/self/status").is_some_and(|status| {
        status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"))
    });
    let in_container = exists("/.dockerenv") || exists("/run/.containerenv");
    let seccomp =
        if in_container { "this container's seccomp filter forbids it" } else { "a seccomp filter forbids it" };
    // A filter answers before any setting is looked at, and with EPERM; AppArmor's refusal would be EACCES.
    if is_filtered && errno == Errno::EPERM && step.contains("namespace") {
        return Some(seccomp.to_owned());
    }
    let forbids = |&&(part, path, value, _): &&(&str, &str, &str, &str)| {
        step.contains(part) && read(path).is_some_and(|text| text.trim() == value)
    };
    if let Some((.., words)) = SWITCHES.iter().find(forbids) {
        return Some((*words).to_owned());
    }
    let words = match (errno, is_filtered, in_container) {
        (Errno::ENOSPC | Errno::EUSERS, ..) => "the limit of namespaces of this user or container is reached",
        (_, true, _) => seccomp,
        (_, false, true) => "this container forbids it",
        (_, false, false) => return None,
    };
    Some(words.to_owned())
}

fn described(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => {
            let errno = Errno::from_raw(number);
            format!("{} ({errno:?})", errno.desc().to_lowercase())
        }
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(errno: Errno, files: &[(&str, &str)]) -> Option<String> {
        let read = |path: &str| Some(files.iter().find(|(name, _)| *name == path)?.1.to_owned());
        reason("make a user namespace", Some(errno as i32), &read, &|path| files.iter().any(|(name, _)| *name == path))
    }

    #[test]
    fn the_setting_that_forbids_is_named() {
        let apparmor = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
        assert!(told(Errno::EACCES, &[(apparmor, "1\n")]).is_some_and(|reason| reason.contains("AppArmor")));
        assert_eq!(told(Errno::EACCES, &[(apparmor, "0\n")]), None);
        let limit = "/proc/sys/user/max_user_namespaces";
        assert!(told(Errno::ENOSPC, &[(limit, "0\n")]).is_some_and(|reason| reason.contains("max_user_namespaces")));
        assert!(told(Errno::ENOSPC, &[(limit, "9\n")]).is_some_and(|reason| reason.contains("limit")));
        let status = ("/proc/self/status", "Name:\tx\nSeccomp:\t2\n");
        assert_eq!(told(Errno::EPERM, &[status]).as_deref(), Some("a seccomp filter forbids it"));
        assert_eq!(told(Errno::EPERM, &[status, (apparmor, "1\n")]).as_deref(), Some("a seccomp filter forbids it"));
        let container = told(Errno::EPERM, &[status, ("/.dockerenv", "")]);
        assert_eq!(container.as_deref(), Some("this container's seccomp filter forbids it"));
    }

    #[test]
    fn the_step_and_the_error_number_are_told() {
        let refused = Refused { step: "make a user namespace".to_owned(), error: Errno::EPERM.into() };
        let error = unavailable(&refused);
        assert_eq!(error.kind(), Kind::Lab);
        assert!(
            error.to_string().starts_with("cannot make a user namespace for the lab: operation not permitted (EPERM)")
        );
        assert_eq!(error.hints().len(), 1);
    }
}

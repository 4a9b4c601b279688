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
    let reason = reason(refused.error.raw_os_error(), &read, &exists);
    let message = format!("cannot {} for the lab: {}", refused.step, described(&refused.error));
    let error = Error::new(Kind::Lab, reason.map_or(message.clone(), |reason| format!("{message} ({reason})")));
    if geteuid().is_root() {
        error.hint("run it on the machine itself: here even root may not make network namespaces")
    } else {
        error.hint("sudo netlab --lab … (root needs no user namespace)")
    }
}

/// What forbids it, as far as the system tells.
fn reason(errno: Option<i32>, read: &dyn Fn(&str) -> Option<String>, exists: &dyn Fn(&str) -> bool) -> Option<String> {
    let refusals = [Errno::EPERM, Errno::EACCES, Errno::ENOSPC, Errno::EUSERS].map(|errno| errno as i32);
    if !errno.is_some_and(|errno| refusals.contains(&errno)) {
        return None;
    }
    let setting = |path: &str, value: &str| read(path).is_some_and(|text| text.trim() == value);
    let switches = [
        ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces = 0: no user namespaces on this machine"),
        (
            "/proc/sys/user/max_net_namespaces",
            "0",
            "user.max_net_namespaces = 0: no network namespaces on this machine",
        ),
        (
            "/proc/sys/kernel/unprivileged_userns_clone",
            "0",
            "kernel.unprivileged_userns_clone = 0: only root may make user namespaces here",
        ),
        (
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "kernel.apparmor_restrict_unprivileged_userns = 1: AppArmor keeps user namespaces from programs without a profile",
        ),
    ];
    if let Some((_, _, words)) = switches.iter().find(|(path, value, _)| setting(path, value)) {
        return Some((*words).to_owned());
    }
    if errno == Some(Errno::ENOSPC as i32) {
        return Some("the limit of namespaces of this user or container is reached".to_owned());
    }
    let is_filtered = read("/proc/self/status").is_some_and(|status| {
        status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"))
    });
    let in_container = exists("/.dockerenv") || exists("/run/.containerenv");
    let words = match (is_filtered, in_container) {
        (true, true) => "this container's seccomp filter forbids it",
        (true, false) => "a seccomp filter forbids it",
        (false, true) => "this container forbids it",
        (false, false) => return None,
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
        reason(Some(errno as i32), &read, &|path| files.iter().any(|(name, _)| *name == path))
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

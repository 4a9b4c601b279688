//! The processes of the command, and the sockets among their files: what `/proc` shows.

use std::fs;

/// Processes in one command at most: a command that starts more is not followed into all of them.
const MOST: usize = 10_000;

/// All descendants of process `root`.
pub(super) fn descendants(root: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(process) = next.pop() {
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { continue };
        for thread in threads.flatten() {
            let list = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            let children: Vec<u32> = list.split_whitespace().filter_map(|child| child.parse().ok()).collect();
            if found.len() + children.len() > MOST {
                return found;
            }
            next.extend(&children);
            found.extend(children);
        }
    }
    found
}

/// Whether one of `processes` has the socket with this inode open.
pub(super) fn holds(processes: &[u32], inode: u64) -> bool {
    processes.iter().any(|process| sockets(*process).any(|held| held == inode))
}

/// Under how many numbers `process` has the socket with this inode open.
pub(super) fn count(process: u32, inode: u64) -> usize {
    sockets(process).filter(|held| *held == inode).count()
}

/// Those of `inodes` that `process` has open.
pub(super) fn held(process: u32, inodes: &[u64]) -> Vec<u64> {
    if inodes.is_empty() { Vec::new() } else { sockets(process).filter(|held| inodes.contains(held)).collect() }
}

/// The inodes of the sockets that `process` has open, once for each of their numbers.
fn sockets(process: u32) -> impl Iterator<Item = u64> {
    let files = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    files.filter_map(|file| inode_of(&fs::read_link(file.path()).ok()?))
}

/// The inode of the socket that is file `number` of `process`; `None` where it is no socket.
pub(super) fn socket(process: u32, number: i32) -> Option<u64> {
    inode_of(&fs::read_link(format!("/proc/{process}/fd/{number}")).ok()?)
}

/// The process that a thread belongs to.
pub(super) fn process_of(thread: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}

/// `socket:[4026]` → 4026.
fn inode_of(link: &std::path::Path) -> Option<u64> {
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn own_sockets_and_children_are_found() {
        let (us, socket_file) = (std::process::id(), UdpSocket::bind("127.0.0.1:0").expect("a socket"));
        let inode = socket(us, socket_file.as_raw_fd()).expect("it is a socket");
        assert!(holds(&[us], inode) && !holds(&[us], 1) && !holds(&[], inode));
        assert_eq!(socket(us, -1), None);
        assert_eq!(process_of(us), Some(us));
        let line = "sleep 5 & echo; wait";
        let mut child = Command::new("sh").args(["-c", line]).stdout(Stdio::piped()).spawn().expect("sh");
        let mut byte = [0];
        std::io::Read::read_exact(child.stdout.as_mut().expect("piped"), &mut byte).expect("it has started both");
        let found = descendants(us);
        assert!(found.contains(&child.id()), "{found:?}");
        let grandchildren = descendants(child.id());
        assert_eq!(grandchildren.len(), 1);
        assert!(found.contains(&grandchildren[0]));
        drop(Command::new("kill").arg(grandchildren[0].to_string()).status());
        child.wait().expect("ends");
    }
}

//! Joining a lab that runs: how programs inside it find its other nodes.
//!
//! The lab's process holds a descriptor of every node's namespace. Programs started in it know the process
//! ([`LAB`]), the descriptors ([`NODES`]) and what was asked for ([`SCENARIO`]) from their environment.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;

use nix::sched::{CloneFlags, setns};

use super::namespace;
use crate::error::{Error, Kind, Result};

/// Environment variable: the process that keeps the lab.
pub const LAB: &str = "NETLAB_LAB";
/// Environment variable: `NODE=DESCRIPTOR:INODE` of every node, separated by commas.
pub const NODES: &str = "NETLAB_NODES";
/// Environment variable: the scenario, as a name or an absolute path.
pub const SCENARIO: &str = "NETLAB_SCENARIO";

/// A running lab that this process was started in.
#[derive(Clone, Debug)]
pub struct Membership {
    process: u32,
    scenario: String,
    nodes: Vec<(String, u32, u64)>,
}

impl Membership {
    /// The lab that the environment tells of, if it still runs.
    #[must_use]
    pub fn of_environment() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let lab = Self::read(&variable(LAB)?, &variable(NODES)?, variable(SCENARIO).as_deref())?;
        // A number that another process has by now leads to no such namespace.
        lab.nodes.first().filter(|&&(_, fd, inode)| lab.open(fd, inode).is_ok())?;
        Some(lab)
    }

    fn read(process: &str, nodes: &str, scenario: Option<&str>) -> Option<Self> {
        let node = |text: &str| {
            let (name, place) = text.split_once('=')?;
            let (fd, inode) = place.split_once(':')?;
            Some((name.to_owned(), fd.parse().ok()?, inode.parse().ok()?))
        };
        let nodes = nodes.split(',').map(node).collect::<Option<Vec<_>>>()?;
        Some(Self { process: process.parse().ok()?, scenario: scenario.unwrap_or("home").to_owned(), nodes })
    }

    /// Whether this process is on one of the lab's nodes, whatever the environment says.
    #[must_use]
    pub fn holds_us(&self) -> bool {
        let here = fs::metadata("/proc/self/ns/net").map(|entry| entry.ino());
        here.is_ok_and(|here| self.nodes.iter().any(|&(_, fd, inode)| inode == here && self.open(fd, inode).is_ok()))
    }

    /// What was asked for when the lab was made.
    #[must_use]
    pub fn scenario(&self) -> &str {
        &self.scenario
    }

    /// The process that keeps the lab.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Moves the calling process, which must have one thread only, to the node called `node`. Programs it starts
    /// have every capability over the lab.
    ///
    /// # Errors
    /// There is no such node, or the lab belongs to somebody else.
    pub fn enter(&self, node: &str) -> Result<()> {
        let Some((_, fd, inode)) = self.nodes.iter().find(|(name, ..)| name == node) else {
            let names: Vec<_> = self.nodes.iter().map(|(name, ..)| name.as_str()).collect();
            return Err(Error::new(Kind::Usage, format!("there is no node called {node} in this lab"))
                .hint(format!("nodes: {}", names.join(", "))));
        };
        self.move_to(*fd, *inode).map_err(|error| {
            Error::new(Kind::Lab, format!("cannot join the lab of process {}: {error}", self.process))
                .hint("join it as the user who made it, best from a shell inside: netlab lab")
        })
    }

    fn move_to(&self, fd: u32, inode: u64) -> io::Result<()> {
        let process = self.process;
        // All are opened first: after the first move, the others may not be reachable any more.
        let network = self.open(fd, inode)?;
        let foreign = |kind: &str| -> io::Result<Option<File>> {
            let theirs = File::open(format!("/proc/{process}/ns/{kind}"))?;
            let is_ours = theirs.metadata()?.ino() == fs::metadata(format!("/proc/self/ns/{kind}"))?.ino();
            Ok((!is_ours).then_some(theirs))
        };
        let (user, mounts) = (foreign("user")?, foreign("mnt")?);
        let directory = std::env::current_dir();
        if let Some(user) = user {
            setns(user, CloneFlags::CLONE_NEWUSER)?;
        }
        if let Some(mounts) = mounts {
            setns(mounts, CloneFlags::CLONE_NEWNS)?;
            // Entering mounts leads to their root.
            if let Ok(directory) = directory {
                std::env::set_current_dir(directory)?;
            }
        }
        setns(network, CloneFlags::CLONE_NEWNET)?;
        if !nix::unistd::geteuid().is_root() {
            namespace::hand_capabilities_on().map_err(|error| io::Error::other(error.to_string()))?;
        }
        Ok(())
    }

    fn open(&self, fd: u32, inode: u64) -> io::Result<File> {
        let path = format!("/proc/{}/fd/{fd}", self.process);
        // Looked at before it is opened: a number used again may lead to a pipe, and opening that could block.
        if fs::metadata(&path)?.ino() != inode {
            return Err(io::Error::other("the lab has ended"));
        }
        File::open(path)
    }
}

/// `scenario`, so that it means the same in another directory.
pub(super) fn absolute(scenario: &str) -> String {
    let is_name = super::topology::SCENARIOS.iter().any(|(name, _)| *name == scenario);
    let path = if is_name { None } else { fs::canonicalize(scenario).ok() };
    path.and_then(|path| path.into_os_string().into_string().ok()).unwrap_or_else(|| scenario.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_reads_or_is_no_lab() {
        let lab = Membership::read("12", "pc=5:4026532,router=6:4026533", None).expect("sound");
        assert_eq!(lab.nodes[1], ("router".to_owned(), 6, 4_026_533));
        assert_eq!((lab.process(), lab.scenario()), (12, "home"));
        for (process, nodes) in [("x", "pc=5:1"), ("1", ""), ("1", "pc=5"), ("1", "pc=x:1"), ("1", "pc=5:1,")] {
            assert!(Membership::read(process, nodes, None).is_none(), "{process} {nodes}");
        }
    }

    #[test]
    fn a_descriptor_that_is_no_longer_that_namespace_is_refused() {
        let lab = Membership { process: std::process::id(), scenario: String::new(), nodes: Vec::new() };
        assert!(lab.open(0, u64::MAX).is_err());
    }
}

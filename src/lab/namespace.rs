//! Namespaces: where a lab's nodes live, made without any privilege.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use caps::{CapSet, Capability};
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl::set_dumpable;
use nix::unistd::{getegid, geteuid};

/// A step towards the lab that the system refused.
#[derive(Debug)]
pub(super) struct Refused {
    /// What was tried, as in "cannot …".
    pub step: String,
    /// The system's answer.
    pub error: io::Error,
}

/// A network namespace, held open.
#[derive(Debug)]
pub(super) struct Namespace {
    fd: OwnedFd,
    inode: u64,
}

impl Namespace {
    /// Moves the calling thread into a new network namespace.
    pub(super) fn unshare() -> Result<Self, Refused> {
        unshare(CloneFlags::CLONE_NEWNET).map_err(refused("make a network namespace"))?;
        Self::current()
    }

    /// The network namespace of the calling thread.
    pub(super) fn current() -> Result<Self, Refused> {
        let open = || -> io::Result<Self> {
            let file = File::open("/proc/thread-self/ns/net")?;
            Ok(Self { inode: file.metadata()?.ino(), fd: file.into() })
        };
        open().map_err(refused("open a network namespace"))
    }

    /// Moves the calling thread here.
    pub(super) fn enter(&self) -> Result<(), Refused> {
        setns(&self.fd, CloneFlags::CLONE_NEWNET).map_err(refused("enter a network namespace"))
    }

    /// The number that `/proc/PID/ns/net` shows for it.
    pub(super) fn inode(&self) -> u64 {
        self.inode
    }

    /// A further descriptor of it.
    pub(super) fn duplicate(&self) -> io::Result<OwnedFd> {
        self.fd.try_clone()
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Moves the calling process, which must have one thread only, out of the machine's network and mounts. Where it may
/// not do that, it first becomes the master of a user namespace in which it is still the same user, with every
/// capability, and passes these on to the programs it starts.
pub(super) fn leave_the_machine() -> Result<(), Refused> {
    let apart = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET;
    let is_allowed = caps::has_cap(None, CapSet::Effective, Capability::CAP_SYS_ADMIN).unwrap_or(false);
    if is_allowed {
        unshare(apart).map_err(refused("make a network namespace"))?;
    } else {
        // The maps belong to root while the process is not dumpable, as after exec of a file with capabilities.
        set_dumpable(true).map_err(refused("make this process readable"))?;
        let (user, group) = (geteuid(), getegid());
        unshare(apart | CloneFlags::CLONE_NEWUSER).map_err(refused("make a user namespace"))?;
        set_dumpable(true).map_err(refused("make this process readable"))?;
        let write = |file: &str, text: String| {
            fs::write(file, text).map_err(|error| Refused { step: format!("write {file}"), error })
        };
        write("/proc/self/setgroups", "deny".to_owned())?;
        // The same numbers inside: with root inside, programs that give up root (tcpdump) would find no user to become.
        write("/proc/self/uid_map", format!("{user} {user} 1"))?;
        write("/proc/self/gid_map", format!("{group} {group} 1"))?;
        hand_capabilities_on().map_err(|error| Refused {
            step: "pass capabilities on".to_owned(),
            error: io::Error::other(error.to_string()),
        })?;
    }
    // Our mounts must not become the machine's.
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, flags, None::<&str>).map_err(refused("keep mounts private"))
}

/// Lets programs started from here keep every capability this thread has.
pub(super) fn hand_capabilities_on() -> Result<(), caps::errors::CapsError> {
    let own = caps::read(None, CapSet::Permitted)?;
    caps::set(None, CapSet::Inheritable, &own)?;
    caps::set(None, CapSet::Ambient, &own)
}

/// Lays a file with each text over the one at its path, for the calling process and its children. Returns those paths
/// that could not be covered. Nothing is written to a disk.
pub(super) fn cover(files: &[(&'static str, String)]) -> Vec<(&'static str, io::Error)> {
    let store = match Store::mount() {
        Ok(store) => store,
        Err(error) => {
            let each = files.iter().map(|(path, _)| (*path, io::Error::new(error.kind(), error.to_string())));
            return each.collect();
        }
    };
    let cover = |number: usize, path: &str, text: &str| -> io::Result<()> {
        let source = store.0.join(number.to_string());
        fs::write(&source, text)?;
        fs::set_permissions(&source, fs::Permissions::from_mode(0o644))?;
        Ok(mount(Some(&source), path, None::<&str>, MsFlags::MS_BIND, None::<&str>)?)
    };
    let numbered = files.iter().enumerate();
    numbered.filter_map(|(number, (path, text))| Some((*path, cover(number, path, text).err()?))).collect()
}

/// A file system in memory that only this process sees, until it is dropped; what is mounted from it stays. (Files
/// that were unlinked instead could not be covered again, by a lab within the lab.)
struct Store(PathBuf);

impl Store {
    fn mount() -> io::Result<Self> {
        let mut last = io::ErrorKind::NotFound.into();
        for directory in ["/dev/shm", "/tmp", "/run"].map(PathBuf::from) {
            let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
            match mount(Some("netlab"), &directory, Some("tmpfs"), flags, Some("size=64k,mode=0755")) {
                Ok(()) => return Ok(Self(directory)),
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Were it to stay, the lab's programs would find an empty directory; no reason to end the lab.
        let _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}

/// Turns an error into the refusal of `step`.
pub(super) fn refused<E: IntoIoError>(step: &str) -> impl FnOnce(E) -> Refused {
    move |error| Refused { step: step.to_owned(), error: error.into_io_error() }
}

/// Errors that come from the operating system.
pub(super) trait IntoIoError {
    /// The same as an [`io::Error`].
    fn into_io_error(self) -> io::Error;
}

impl IntoIoError for Errno {
    fn into_io_error(self) -> io::Error {
        self.into()
    }
}

impl IntoIoError for io::Error {
    fn into_io_error(self) -> io::Error {
        self
    }
}

impl IntoIoError for rtnetlink::Error {
    fn into_io_error(self) -> io::Error {
        match self {
            Self::NetlinkError(message) => message.to_io(),
            other => io::Error::other(other.to_string()),
        }
    }
}

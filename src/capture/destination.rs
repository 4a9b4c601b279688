//! The file that will hold a capture, opened while there is the right to, and left alone until the capture begins.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::write::cannot_create;
use crate::error::Result;

/// A file that is open for writing and of which nothing has changed yet. Dropped unused, it leaves no trace.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    file: File,
    /// It was not there before, and nothing has been written to it.
    new: bool,
}

impl Destination {
    /// Opens `path`, creating it where there is none.
    ///
    /// # Errors
    /// [`Kind::File`](crate::error::Kind::File) when it cannot be written.
    pub fn open(path: &Path) -> Result<Self> {
        let new = path.symlink_metadata().is_err();
        // Without this flag, opening a pipe would wait until somebody reads it, and show nothing meanwhile.
        let flags = OFlag::O_NONBLOCK;
        let file = OpenOptions::new().write(true).create(true).truncate(false).custom_flags(flags.bits()).open(path);
        let file = file.map_err(|error| match error.raw_os_error() {
            Some(number) if number == Errno::ENXIO as i32 => {
                cannot_create(path, &error).hint("nobody reads this pipe yet")
            }
            _ => cannot_create(path, &error),
        })?;
        let restored = fcntl(&file, FcntlArg::F_SETFL(OFlag::empty()));
        restored.map_err(|error| cannot_create(path, &error.into()))?;
        Ok(Self { path: path.to_owned(), file, new })
    }

    /// The file, emptied, and its path.
    pub(super) fn take(mut self) -> Result<(File, PathBuf)> {
        let failed = |error| cannot_create(&self.path, &error);
        let file = self.file.try_clone().map_err(failed)?;
        if file.metadata().map_err(failed)?.is_file() {
            file.set_len(0).map_err(failed)?;
        }
        self.new = false;
        Ok((file, self.path.clone()))
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if self.new {
            // An empty file that nobody asked for; if it cannot be removed it does no harm.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_it_leaves_everything_as_it_was() {
        let folder = std::env::temp_dir().join(format!("netlab-destination-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (old, new) = (folder.join("old"), folder.join("new"));
        std::fs::write(&old, "precious").expect("a file");
        drop(Destination::open(&old).expect("opens"));
        drop(Destination::open(&new).expect("opens"));
        assert_eq!(std::fs::read_to_string(&old).expect("still there"), "precious");
        assert!(!new.exists());
        let (_, path) = Destination::open(&old).expect("opens").take().expect("empties");
        assert_eq!((path, std::fs::read(&old).expect("there")), (old, Vec::new()));
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}

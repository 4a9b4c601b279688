//! The file that will hold a capture, opened while there is the right to, and left alone until the capture begins.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::write::cannot_create;
use crate::error::{Error, Kind, Result};

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
        // Without O_NONBLOCK, opening a named pipe waits for a reader without a word.
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).custom_flags(OFlag::O_NONBLOCK.bits());
        let file = options.open(path).map_err(|error| match error.raw_os_error() {
            Some(errno) if errno == Errno::ENXIO as i32 && is_pipe(path) => unread(path),
            _ => cannot_create(path, &error),
        })?;
        // From here on, a slow reader is waited for.
        let blocking = fcntl(&file, FcntlArg::F_SETFL(OFlag::empty()));
        blocking.map_err(|errno| cannot_create(path, &errno.into()))?;
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

fn unread(path: &Path) -> Error {
    let name = path.display().to_string();
    Error::new(Kind::File, format!("nobody reads from {} (ENXIO)", name.escape_debug()))
        .hint("start its reader first; such as: wireshark -k -i PIPE")
}

fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.file_type().is_fifo())
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
    fn a_pipe_without_a_reader_is_refused_and_one_with_a_reader_waited_for() {
        use std::io::{Read, Write};
        let pipe = std::env::temp_dir().join(format!("netlab-destination-{}.fifo", std::process::id()));
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a named pipe");
        let (tell, told) = std::sync::mpsc::channel();
        let path = pipe.clone();
        std::thread::spawn(move || tell.send(Destination::open(&path).map(drop)));
        let answer = told.recv_timeout(std::time::Duration::from_secs(5)).expect("it does not wait for ever");
        let error = answer.expect_err("nobody reads");
        assert!(error.to_string().contains("nobody reads") && !error.hints().is_empty(), "{error}");

        let path = pipe.clone();
        let reader = std::thread::spawn(move || {
            let mut file = File::open(path).expect("opens with its writer");
            // More than a pipe holds is under way by now.
            std::thread::sleep(std::time::Duration::from_millis(100));
            let mut all = Vec::new();
            file.read_to_end(&mut all).expect("reads");
            all.len()
        });
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(5);
        let destination = loop {
            match Destination::open(&pipe) {
                Ok(destination) => break destination,
                Err(error) => assert!(std::time::Instant::now() < patience, "{error}"),
            }
        };
        let (mut file, _) = destination.take().expect("a pipe is not emptied");
        file.write_all(&vec![7; 1 << 18]).expect("waits for its reader");
        drop(file);
        assert_eq!(reader.join().expect("ends"), 1 << 18);
        std::fs::remove_file(&pipe).expect("removed");
    }

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

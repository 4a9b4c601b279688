//! The capture that every run leaves behind, so that it can be explained afterwards without having been saved.
//!
//! The file has its name from the first moment and is valid at every moment, so a run that was interrupted or killed is
//! there, too. Each run writes a file of its own and puts it in the place of the one before: of two at the same time
//! the one that began last is kept, whole.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::write::{Source, Writer};
use crate::error::{Error, Kind, Result};
use crate::model::{Frame, Nanos};

/// So many bytes are kept of a run at most.
const MOST: u64 = 16_000_000;

/// What stands in the file of a longer run.
const CUT: &str = "netlab kept the beginning of this run only: 16 MB";

/// Set to anything, it keeps runs from being kept.
const SWITCH: &str = "NETLAB_NO_LAST";

/// Where the last run's capture is, for a user whose home directory is `home`.
///
/// # Errors
/// [`Kind::File`] when there is none.
pub fn last(home: Option<&Path>) -> Result<PathBuf> {
    let found = path(std::env::var_os("XDG_STATE_HOME"), home).filter(|path| path.exists());
    found.ok_or_else(|| {
        let error = Error::new(Kind::File, "no run has been kept that could be explained")
            .hint("run a probing command first: netlab --lab ping 192.168.11.1")
            .hint("or give a capture file: netlab explain FILE");
        if is_switched_off() { error.hint(format!("{SWITCH} is set: no run is kept")) } else { error }
    })
}

/// The capture of this run in the making. Being a convenience it never complains: where it cannot be written, there is
/// none.
pub struct Last {
    writer: Option<Writer>,
    most: u64,
    kept: u64,
}

impl Last {
    /// Begins it in the place of the one before, with the rights that the process has now; `None` where it cannot be, or
    /// is not wanted. A link in its place is replaced, not followed.
    #[must_use]
    pub fn begin(home: Option<&Path>, source: &Source<'_>) -> Option<Self> {
        let path = path(std::env::var_os("XDG_STATE_HOME"), home).filter(|_| !is_switched_off())?;
        Self::begin_at(&path, source, MOST)
    }

    fn begin_at(path: &Path, source: &Source<'_>, most: u64) -> Option<Self> {
        let folder = path.parent()?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder).ok()?;
        let draft = folder.join(format!("run-{}.pcapng", std::process::id()));
        let file = create(&draft).ok()?;
        let writer = Writer::on(file, path.to_owned(), source).ok();
        match writer.filter(|_| std::fs::rename(&draft, path).is_ok()) {
            Some(writer) => Some(Self { writer: Some(writer), most, kept: 0 }),
            None => {
                // Nobody asked for it, so nobody has to know.
                drop(std::fs::remove_file(&draft));
                None
            }
        }
    }

    /// Keeps one frame, if there is room.
    pub fn keep(&mut self, frame: &Frame) {
        let Some(writer) = &mut self.writer else { return };
        let room = self.most.saturating_sub(writer.size());
        let kept = if room < frame.bytes.len() as u64 + OVERHEAD {
            let told = writer.count(frame.time, self.kept, 0, Some(CUT));
            drop(told);
            false
        } else {
            writer.write(frame, &[]).is_ok()
        };
        if kept {
            self.kept += 1;
        } else {
            self.writer = None;
        }
    }

    /// Ends it as [`Writer::finish`] does.
    pub fn finish(self, time: Nanos, seen: u64, dropped: u64) {
        if let Some(writer) = self.writer {
            drop(writer.finish(time, seen, dropped));
        }
    }
}

/// More than a frame's block has beside the frame, and the last remark.
const OVERHEAD: u64 = 256;

/// A file that was not there. What a killed process with our number has left is removed.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    // create_new follows no link.
    options.write(true).create_new(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(path)?;
            options.open(path)
        }
        outcome => outcome,
    }
}

/// By the XDG base directory specification, which takes no relative paths.
fn path(state: Option<OsString>, home: Option<&Path>) -> Option<PathBuf> {
    let state = state.map(PathBuf::from).filter(|state| state.is_absolute());
    let base = state.or_else(|| Some(home.filter(|home| home.is_absolute())?.join(".local/state")))?;
    Some(base.join("netlab/last.pcapng"))
}

fn is_switched_off() -> bool {
    std::env::var_os(SWITCH).is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::capture::{Reader, Record};
    use crate::model::LinkType;

    const SOURCE: Source<'static> = Source { interface: Some("eth0"), link: LinkType::Ethernet };

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("netlab-last-{name}-{}", std::process::id()))
    }

    fn frame(length: usize) -> Frame {
        Frame { bytes: vec![7; length], original: length, ..Record::default().frame }
    }

    fn lengths(path: &Path) -> Vec<usize> {
        Reader::open(path).expect("a capture").map(|record| record.expect("whole").frame.bytes.len()).collect()
    }

    #[test]
    fn the_path_is_below_the_state_directory() {
        let home = Some(Path::new("/home/me"));
        assert_eq!(path(None, home), Some("/home/me/.local/state/netlab/last.pcapng".into()));
        assert_eq!(path(Some("/state".into()), home), Some("/state/netlab/last.pcapng".into()));
        assert_eq!(path(Some("state".into()), home), Some("/home/me/.local/state/netlab/last.pcapng".into()));
        assert_eq!(path(Some("".into()), None), None);
        assert_eq!(path(None, Some(Path::new("here"))), None);
    }

    #[test]
    fn a_run_replaces_the_one_before_and_is_whole_at_every_moment() {
        let folder = folder("replaced");
        let path = folder.join("netlab/last.pcapng");
        let mut first = Last::begin_at(&path, &SOURCE, MOST).expect("begun");
        first.keep(&frame(60));
        assert_eq!(lengths(&path), [60]);
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut second = Last::begin_at(&path, &SOURCE, MOST).expect("begun");
        assert_eq!(lengths(&path), [0; 0]);
        second.keep(&frame(61));
        first.keep(&frame(60));
        first.finish(Nanos(1), 2, 0);
        assert_eq!(lengths(&path), [61], "the run that began last");
        second.finish(Nanos(1), 1, 0);
        assert_eq!(std::fs::read_dir(folder.join("netlab")).expect("a folder").count(), 1, "no drafts are left");
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_long_run_is_cut_and_says_so() {
        let folder = folder("cut");
        let path = folder.join("netlab/last.pcapng");
        let mut last = Last::begin_at(&path, &SOURCE, 10_000).expect("begun");
        for _ in 0..100 {
            last.keep(&frame(1000));
        }
        last.finish(Nanos(1), 100, 0);
        let size = std::fs::metadata(&path).expect("there").len();
        assert!((8_000..10_000).contains(&size), "{size}");
        let mut reader = Reader::open(&path).expect("a capture");
        assert_eq!(reader.by_ref().filter_map(Result::ok).count(), 9);
        assert_eq!(reader.remarks(), [CUT]);
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn where_it_cannot_be_written_there_is_none_and_no_complaint() {
        let folder = folder("refused");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("netlab"), "in the way").expect("a file");
        assert!(Last::begin_at(&folder.join("netlab/last.pcapng"), &SOURCE, MOST).is_none());
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_link_in_its_place_is_replaced_and_not_followed() {
        let folder = folder("link");
        let (path, precious) = (folder.join("netlab/last.pcapng"), folder.join("precious"));
        std::fs::create_dir_all(folder.join("netlab")).expect("a folder");
        std::fs::write(&precious, "precious").expect("a file");
        for link in [path.clone(), folder.join(format!("netlab/run-{}.pcapng", std::process::id()))] {
            std::os::unix::fs::symlink(&precious, link).expect("a link");
        }
        Last::begin_at(&path, &SOURCE, MOST).expect("begun").keep(&frame(60));
        assert_eq!(lengths(&path), [60]);
        assert_eq!(std::fs::read_to_string(&precious).expect("there"), "precious");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}

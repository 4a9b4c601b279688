//! A capture without a name, for frames of which it is not known yet whether they are wanted.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::write::cannot_create;
use super::{Reader, Source, Writer};
use crate::error::Result;
use crate::model::Frame;

/// Frames that wait, in a file that is gone when this is dropped.
pub struct Spool {
    writer: Writer,
    file: File,
}

/// Bytes that wait in memory.
const HELD_BACK: usize = 1 << 16;

impl Spool {
    /// An empty one for frames of `source`, in the directory `place`, or in memory where that is not possible there.
    ///
    /// # Errors
    /// [`Kind::File`](crate::error::Kind::File) when there can be none.
    pub fn begin(place: &Path, source: &Source<'_>) -> Result<Self> {
        let path = PathBuf::from("frames that wait");
        let failed = |error: std::io::Error| cannot_create(&path, &error);
        let mut options = OpenOptions::new();
        // Without a name nobody else can open it.
        options.read(true).write(true).custom_flags(OFlag::O_TMPFILE.bits()).mode(0o600);
        let file = match options.open(place) {
            Ok(file) => file,
            Err(_) => memfd_create("netlab", MFdFlags::MFD_CLOEXEC).map_err(|errno| failed(errno.into()))?.into(),
        };
        let mut writer = Writer::on(file.try_clone().map_err(failed)?, path.clone(), source)?;
        writer.hold_back(HELD_BACK);
        Ok(Self { writer, file })
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// [`Kind::File`](crate::error::Kind::File) when there is no room.
    pub fn keep(&mut self, frame: &Frame) -> Result<()> {
        self.writer.write(frame, &[])
    }

    /// All frames so far, from the first on.
    ///
    /// # Errors
    /// [`Kind::File`](crate::error::Kind::File) when they cannot be read again.
    pub fn read(mut self) -> Result<Reader> {
        self.writer.flush()?;
        let failed = |error: std::io::Error| cannot_create(Path::new("frames that wait"), &error);
        self.file.seek(SeekFrom::Start(0)).map_err(failed)?;
        Reader::new("what was captured", self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Direction, FrameNo, LinkType, Nanos};

    #[test]
    fn frames_come_back_as_they_went_in() {
        let source = Source { interface: Some("eth0"), link: LinkType::Ethernet };
        let frame = |number: u32| Frame {
            number: FrameNo(number),
            time: Nanos(1_000_000_007 * i64::from(number)),
            direction: Some(Direction::Out),
            link: LinkType::Ethernet,
            original: 60,
            checksum_pending: true,
            bytes: vec![u8::try_from(number % 256).expect("a byte"); 60],
        };
        for place in [std::env::temp_dir(), PathBuf::from("/no/such/place")] {
            let mut spool = Spool::begin(&place, &source).expect("a spool");
            for number in 1..=2000 {
                spool.keep(&frame(number)).expect("room");
            }
            let frames: Vec<Frame> =
                spool.read().expect("readable").map(|record| record.expect("whole").frame).collect();
            assert_eq!(frames, (1..=2000).map(frame).collect::<Vec<_>>());
        }
    }
}

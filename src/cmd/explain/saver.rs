//! `-w` and `--save`: the packets that pass, in a file of their own.

use crate::capture::{Destination, Source, Writer};
use crate::error::Result;
use crate::explain::words::{self, Language};
use crate::model::{Frame, LinkType, Note};

/// The file that is written.
pub(super) struct Saver {
    destination: Option<Destination>,
    writer: Option<Writer>,
    /// With the explanations as comments, in this language.
    explained: Option<Language>,
}

impl Saver {
    /// Nothing is written before the first packet, which says what kind of packets they are.
    pub(super) fn new(destination: Destination, explained: Option<Language>) -> Self {
        Self { destination: Some(destination), writer: None, explained }
    }

    /// Whether what there is to say about a packet is saved with it.
    pub(super) fn is_explained(&self) -> bool {
        self.explained.is_some()
    }

    /// Writes the next packet with the comments that it had, and `notes`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn write(&mut self, frame: &Frame, comments: &[String], notes: &[Note]) -> Result<()> {
        self.begin(frame.link)?;
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let Some(language) = self.explained else { return writer.write(frame, comments) };
        let explained = notes.iter().map(|note| words::of(language, note));
        writer.write(frame, &comments.iter().cloned().chain(explained).collect::<Vec<_>>())
    }

    fn begin(&mut self, link: LinkType) -> Result<()> {
        if let Some(destination) = self.destination.take() {
            self.writer = Some(Writer::begin(destination, &Source { interface: None, link })?);
        }
        Ok(())
    }

    /// Ends the file. A capture without a packet is a capture, too.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn finish(mut self) -> Result<()> {
        self.begin(LinkType::Ethernet)
    }
}

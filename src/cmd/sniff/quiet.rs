//! Only counting and saving, as fast as frames may come.

use std::cell::RefCell;
use std::io::{self, Write};
use std::ops::ControlFlow;

use super::Watch;
use crate::cmd::keep::Keep;
use crate::cmd::report;
use crate::converse::Count;
use crate::error::{Error, Result};
use crate::model::{Frame, FrameNo, SniffSummary};
use crate::render::statistics;

/// What is done with each frame.
struct Tally {
    keep: Keep,
    count: Count,
    packets: u32,
    most: u32,
    summary: SniffSummary,
}

impl Watch<'_> {
    /// Counts and saves; 0 when there was a packet.
    pub(super) async fn quietly(mut self, mut keep: Keep) -> Result<u8> {
        keep.hold_back();
        let most = self.args.count.unwrap_or(u32::MAX);
        let tally =
            RefCell::new(Tally { keep, count: Count::default(), packets: 0, most, summary: SniffSummary::default() });
        let ending =
            self.listen(&mut |frame| tally.borrow_mut().frame(frame), &mut || tally.borrow_mut().keep.flush()).await;
        let tally = tally.into_inner();
        let counts = self.tap.counts();
        let summary = SniffSummary { dropped: counts.dropped, conversations: tally.count.number(), ..tally.summary };
        let saved = tally.keep.close(counts);
        // Standard output may be where the packets go.
        let mut out: Box<dyn Write> =
            if self.args.write.is_some() { Box::new(io::stderr()) } else { Box::new(io::stdout()) };
        statistics::sniff(&mut *out, report::look(self.common), &self.interface.name, &summary).map_err(Error::from)?;
        out.flush()?;
        ending?;
        saved?;
        Ok(u8::from(summary.packets == 0))
    }
}

impl Tally {
    fn frame(&mut self, frame: &mut Frame) -> Result<ControlFlow<()>> {
        self.packets += 1;
        frame.number = FrameNo(self.packets);
        self.summary.packet(frame.time);
        self.count.see(frame);
        self.keep.frame(frame, Vec::new);
        self.keep.is_whole()?;
        Ok(if self.packets >= self.most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

//! The story as it happens: a line a packet, and a sentence the first time.

use std::cell::RefCell;
use std::net::IpAddr;
use std::ops::ControlFlow;

use super::{End, Watch};
use crate::cmd::keep::Keep;
use crate::cmd::report::Report;
use crate::engine::Engine;
use crate::error::{Kind, Result};
use crate::explain::{Context, sniff as story};
use crate::filter::Filter;
use crate::model::{Frame, FrameNo, SniffSummary};
use crate::render::statistics;
use crate::session::Observer;

/// Tells each frame.
struct Teller {
    report: Report,
    engine: Engine,
    most: u32,
    summary: SniffSummary,
}

impl Watch<'_> {
    /// Tells what passes; 0 when there was a packet.
    pub(super) async fn telling(mut self, filter: &Filter, lab: bool, keep: Keep) -> Result<u8> {
        let interface = &self.interface;
        let addresses: Vec<IpAddr> = interface.addresses.iter().map(|own| own.cidr.address.into()).collect();
        let mut report = Report::new(self.common, Context { addresses: addresses.clone(), router: None });
        report.save_to(keep);
        report.in_bursts();
        let heading = story::heading(&interface.name, filter.text().trim(), self.args.all);
        report.listen("sniff", &interface.name, filter.text().trim(), &addresses, lab, &heading)?;
        let most = self.args.count.unwrap_or(u32::MAX);
        let teller = RefCell::new(Teller { report, engine: Engine::default(), most, summary: SniffSummary::default() });
        let ending = self
            .listen(&mut |frame| teller.borrow_mut().frame(frame), &mut || teller.borrow_mut().report.flush())
            .await;
        if ending.as_ref().is_err_and(|error| error.kind() == Kind::ClosedPipe) {
            return ending.map(|_| 1);
        }
        let Teller { mut report, engine, mut summary, .. } = teller.into_inner();
        let counts = self.tap.counts();
        summary.dropped = counts.dropped;
        summary.conversations = engine.tracker().conversations().count().into();
        let name = &self.interface.name;
        let local = self.interface.is_loopback();
        let verdict = story::verdict(name, &summary, !filter.is_empty(), self.args.all, local);
        report.conclude(
            &verdict,
            |out, look| statistics::sniff(out, look, name, &summary),
            |json, out| json.capture_summary(out, summary.packets, Some(summary.dropped), summary.conversations),
            None,
        )?;
        report.close(counts)?;
        match ending? {
            End::Enough | End::Stopped => Ok(u8::from(summary.packets == 0)),
        }
    }
}

impl Teller {
    fn frame(&mut self, frame: &mut Frame) -> Result<ControlFlow<()>> {
        self.summary.packet(frame.time);
        let number = u32::try_from(self.summary.packets).unwrap_or(u32::MAX);
        frame.number = FrameNo(number);
        let Self { report, engine, .. } = self;
        engine.see(frame, |seen| {
            report.packet(seen)?;
            seen.whole.iter().try_for_each(|whole| report.whole(whole))
        })?;
        while engine.tracker_mut().ended().is_some() {}
        Ok(if number >= self.most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

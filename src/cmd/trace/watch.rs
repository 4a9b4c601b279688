//! `netlab trace --watch`: a table of figures, redrawn on a terminal, printed once at the end elsewhere.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use super::naming::Names;
use super::{Args, Door, Seen, go};
use crate::cmd::args::Common;
use crate::cmd::report::Report;
use crate::engine;
use crate::error::{Kind, Result};
use crate::explain;
use crate::model::{Event, Nanos, Packet, Path, TraceSummary};
use crate::probe::trace::{Watch, WatchPlan, Watched};
use crate::probe::{Errno, Probe, Step};
use crate::render::Look;
use crate::render::trace::{WatchedRow, watched};
use crate::session::{Ending, Observer, Session};

/// From one redrawing to the next, at least.
const REDRAW: Nanos = Nanos(100_000_000);

/// From one look whether the last names have come to the next.
const GLANCE: Duration = Duration::from_millis(2);

/// A watched trace that lets others look at it.
struct Open {
    watch: Watch,
    table: Rc<RefCell<Vec<Watched>>>,
}

/// Draws the table over itself.
struct Screen {
    report: Report,
    names: Rc<RefCell<Names>>,
    table: Rc<RefCell<Vec<Watched>>>,
    seen: Seen,
    /// Packets have lines of their own.
    packets: bool,
    /// Lines drawn that the next drawing covers; `None` where there is no terminal to draw on.
    drawn: Option<usize>,
    last: Option<Nanos>,
}

/// Watches until it is over or interrupted; 0 when the target answers, 1 when not.
pub(super) async fn watch(
    args: &Args,
    common: &Common,
    path: &Path,
    door: &Door,
    session: &mut Session,
    report: Report,
    names: Rc<RefCell<Names>>,
) -> Result<u8> {
    let plan = WatchPlan {
        flow: door.flow,
        first: args.first,
        last: args.last,
        patience: args.timeout,
        parallel: args.max_parallel.into(),
        interval: Nanos::SECOND,
        rounds: args.count,
    };
    let table = Rc::new(RefCell::new(Vec::new()));
    let mut probe = Open { watch: Watch::new(plan), table: table.clone() };
    let terminal = io::stdout().is_terminal() && common.verbose == 0 && !common.json && !common.quiet;
    let drawn = terminal.then_some(0);
    let mut screen =
        Screen { report, names, table, seen: Seen::default(), packets: common.verbose > 0, drawn, last: None };
    let (ending, answered) = go(session, path, &mut probe, &mut screen).await;
    if ending.as_ref().is_err_and(|error| error.kind() == Kind::ClosedPipe) {
        return ending.map(|_| 1);
    }
    let hops = probe.watch.hops();
    let summary = TraceSummary {
        reached: hops.iter().any(|hop| hop.reached),
        hops: hops.iter().rev().find(|hop| !hop.addresses.is_empty()).map_or(0, |hop| hop.ttl),
    };
    screen.settle().await;
    let rows = screen.rows();
    screen.draw(&rows)?;
    let verdict = explain::trace::watched(&explain::trace::WatchedRun {
        path,
        kind: door.kind,
        hops: &hops.iter().map(|hop| (hop.ttl, hop.figures)).collect::<Vec<_>>(),
        summary,
        rounds: probe.watch.round(),
        arp_answered: (!screen.seen.arp.is_empty()).then_some(answered),
        arp_frames: &screen.seen.arp,
    });
    let on_terminal = screen.drawn.is_some();
    let last_table = |out: &mut dyn Write, look: Look| {
        if on_terminal || rows.is_empty() { Ok(()) } else { watched(out, look, &rows).map(|_| ()) }
    };
    let json_table = |json: &mut crate::render::json::Json, out: &mut dyn Write| {
        rows.iter().try_for_each(|row| json.watched(out, row))?;
        json.trace_summary(out, summary)
    };
    screen.report.conclude(&verdict, last_table, json_table, None)?;
    screen.report.close(session.counts())?;
    match ending? {
        Ending::Done | Ending::Interrupted => Ok(u8::from(!summary.reached)),
    }
}

impl Probe for Open {
    fn next(&mut self, now: Nanos) -> Step {
        let step = self.watch.next(now);
        if matches!(step, Step::Wait(_) | Step::Done) {
            self.table.replace(self.watch.hops().to_vec());
        }
        step
    }

    fn sent(&mut self, now: Nanos, result: std::result::Result<(), Errno>) {
        self.watch.sent(now, result);
    }

    fn heard(&mut self, now: Nanos, packet: &Packet<'_>) {
        self.watch.heard(now, packet);
    }

    fn events(&mut self) -> Vec<Event> {
        self.watch.events()
    }
}

impl Screen {
    fn rows(&mut self) -> Vec<WatchedRow> {
        let mut names = self.names.borrow_mut();
        let mut row = |hop: &Watched| {
            let addresses: &[IpAddr] = &hop.addresses;
            names.ask(addresses);
            names.ready(addresses);
            WatchedRow { ttl: hop.ttl, names: names.of(addresses), figures: hop.figures }
        };
        self.table.borrow().iter().map(&mut row).collect()
    }

    /// Waits for the names that are still on their way: a second at most, as long as a look-up may take.
    async fn settle(&mut self) {
        loop {
            let addresses: Vec<IpAddr> =
                self.table.borrow().iter().flat_map(|hop| hop.addresses.iter().copied()).collect();
            if self.names.borrow_mut().ready(&addresses) {
                return;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Draws the table over the one drawn before, on a terminal.
    fn draw(&mut self, rows: &[WatchedRow]) -> Result<()> {
        let Some(before) = self.drawn.filter(|_| !rows.is_empty()) else { return Ok(()) };
        let mut now = 0;
        self.report.draw(|out, look| {
            // Up to where the table began, and clear from there: the terminal is known to be one.
            if before > 0 {
                write!(out, "\u{1b}[{before}A\u{1b}[J")?;
            } else {
                writeln!(out)?;
            }
            now = watched(out, look, rows)?;
            Ok(())
        })?;
        self.drawn = Some(now);
        Ok(())
    }
}

impl Observer for Screen {
    fn packet(&mut self, seen: &engine::Seen<'_, '_, '_>) -> Result<()> {
        let packet = seen.packet;
        self.seen.packet(packet);
        self.report.packet(seen)?;
        let due = self.last.is_none_or(|last| packet.frame.time - last >= REDRAW);
        if self.drawn.is_some() && due {
            self.last = Some(packet.frame.time);
            let rows = self.rows();
            self.draw(&rows)?;
        }
        Ok(())
    }

    fn whole(&mut self, packet: &Packet<'_>) -> Result<()> {
        self.report.whole(packet)
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        if let Event::Probed(probed) = event {
            self.names.borrow_mut().ask(probed.from.as_slice());
        }
        if self.packets || self.report.is_json() { self.report.event(event) } else { Ok(()) }
    }
}

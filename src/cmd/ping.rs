//! `netlab ping`: echo requests, who answered, how fast, and what that proves.

use std::net::Ipv4Addr;

use super::args::{self, Common, Pattern};
use super::report::Report;
use super::stage::{Open, Scene, Stage};
use crate::engine::Seen;
use crate::error::{Kind, Result};
use crate::explain::{self, Context};
use crate::model::{Event, FrameNo, Hop, Mismatch, Nanos, Packet, Path, PingSummary, Probed};
use crate::probe::ping::{Fragmenting, Ping, Plan};
use crate::render::statistics;
use crate::session::{Ending, Observer};
use crate::wire::{Filter, Options};

/// Echo requests: who answers, how fast, and what that proves
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Whom to ask: an address or a name
    #[arg(value_name = "TARGET")]
    target: String,
    /// Number of requests
    #[arg(short, long, value_name = "N", default_value_t = 4, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=65535))]
    count: u32,
    /// Seconds from one request to the next
    #[arg(short, long, value_name = "SECONDS", default_value = "1", allow_negative_numbers = true, value_parser = args::seconds)]
    interval: Nanos,
    /// Seconds to wait for each reply
    #[arg(short = 'W', long, value_name = "SECONDS", default_value = "2", allow_negative_numbers = true, value_parser = args::seconds)]
    timeout: Nanos,
    /// Seconds after which the whole run ends
    #[arg(short = 'w', long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = args::seconds)]
    deadline: Option<Nanos>,
    /// Time to live: how many routers may pass the request on
    #[arg(short, long, value_name = "HOPS", default_value_t = 64, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(1..))]
    ttl: u8,
    /// Bytes to be echoed
    #[arg(short, long, value_name = "BYTES", default_value_t = 56, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(..=65507))]
    size: u16,
    /// What these bytes repeat, in hexadecimal, instead of counting up from 00
    #[arg(short, long, value_name = "HEX", value_parser = args::pattern)]
    pattern: Option<Pattern>,
    /// The "don't fragment" flag: always or never, instead of on all that fits the link
    #[arg(short = 'M', long, value_name = "do|dont", value_parser = ["do", "dont"])]
    pmtudisc: Option<String>,
    /// Show the time of day of each packet, as seconds since 1970
    #[arg(short = 'D', long)]
    timestamps: bool,
    /// Source address: one of this host's own
    #[arg(short = 'S', long, value_name = "ADDRESS", value_parser = args::ipv4)]
    source: Option<Ipv4Addr>,
    /// Allow a broadcast or multicast target
    #[arg(long)]
    broadcast: bool,
}

const EXAMPLES: &str = "\
Examples:
  netlab --lab ping 192.168.11.1               in the built-in network
  netlab ping -c 2 -vv 192.168.11.1            every field of every packet
  netlab ping -s 1472 -M do www.example.com    does a full frame pass uncut?
  netlab ping --json -c 1 192.168.11.1         one object a line, for scripts";

/// Listens for the figures of the verdict while the report is told.
struct Witness {
    report: Report,
    fates: Vec<Probed>,
    rejected: Vec<FrameNo>,
}

/// Fates kept at most: a peer that repeats its answers for ever must not fill the memory.
const KEPT: usize = 1 << 17;

/// Runs `netlab ping`; 0 when a reply came, 1 when none did.
///
/// # Errors
/// When it could not run.
pub fn run(args: &Args, common: &Common) -> Result<u8> {
    common.only_ipv4(&args.target)?;
    common.polite(args.interval, args.count)?;
    Stage::set(common)?.play(|open| ping(args, common, open))
}

async fn ping(args: &Args, common: &Common, open: Open) -> Result<u8> {
    let options = Options { source: args.source, broadcast: args.broadcast, ..Options::default() };
    let mut scene = Scene::find(open, common, &args.target, options).await?;
    let path = scene.path.clone();
    let plan = plan(args, &path);
    let router = match path.hop {
        Hop::Router { address, .. } => Some(address),
        _ => None,
    };
    let mut report =
        Report::new(common, Context { addresses: vec![path.source.into()], router: router.map(Into::into) });
    report.save_to(scene.keep()?);
    if args.timestamps {
        report.absolute_times();
    }
    let rest = i64::from(args.count.saturating_sub(1));
    report.expect(args.count, args.deadline.unwrap_or(Nanos(args.interval.0.saturating_mul(rest))));
    let (in_lab, others) = (scene.in_lab(), std::mem::take(&mut scene.others));
    let mut session = scene.open(&filter(&plan))?;
    let mut heading = vec![explain::ping::heading(&path, args.count, args.size.into())];
    heading.extend(explain::path::first_of(&path, &others));
    heading.extend(explain::path::heading(&path));
    report.begin("ping", &args.target, &path, in_lab, &heading)?;

    let mut witness = Witness { report, fates: Vec::new(), rejected: Vec::new() };
    let mut probe = Ping::new(plan);
    let begun = session.now();
    let mut answered = None;
    let ending = match session.find_hop_within(&path, args.deadline, &mut witness).await {
        Ok((ending, found)) => {
            answered = Some(found).filter(|_| !session.asked().is_empty() && ending == Ending::Done);
            if found && ending == Ending::Done {
                probe.hurry(session.now() - begun);
                session.run(&mut probe, &mut witness).await
            } else {
                Ok(ending)
            }
        }
        Err(error) => Err(error),
    };
    if ending.as_ref().is_err_and(|error| error.kind() == Kind::ClosedPipe) {
        return ending.map(|_| 1);
    }
    let elapsed = probe.started().map_or(Nanos(0), |started| session.now() - started);
    let summary = PingSummary::of(probe.transmitted(), elapsed, &witness.fates);
    let run = explain::ping::Run {
        path: &path,
        ttl: args.ttl,
        summary: &summary,
        fates: &witness.fates,
        reply_ttl: probe.reply_ttl(),
        arp_answered: answered,
        arp_frames: session.asked(),
        rejected: &witness.rejected,
    };
    let verdict = explain::ping::verdict(&run);
    let more = (common.verbose < 2).then_some(("-vv", "more.ping-fields"));
    let statistics = |out: &mut dyn std::io::Write, look| statistics::ping(out, look, &args.target, &summary);
    witness.report.conclude(&verdict, statistics, |json, out| json.ping_summary(out, &summary), more)?;
    witness.report.close(session.counts())?;
    ending?;
    Ok(u8::from(summary.received == 0))
}

fn plan(args: &Args, path: &Path) -> Plan {
    let size = usize::from(args.size);
    #[allow(clippy::cast_possible_truncation)] // counts up and begins again after 255
    let counting = || (0..size).map(|index| index as u8).collect();
    Plan {
        source: path.source,
        target: path.target,
        anyone: matches!(path.hop, Hop::Group { .. }),
        identifier: rand::random(),
        identification: rand::random(),
        count: args.count,
        interval: args.interval,
        patience: args.timeout,
        deadline: args.deadline,
        ttl: args.ttl,
        payload: args.pattern.as_ref().map_or_else(counting, |pattern| pattern.repeat(size)),
        fragmenting: match args.pmtudisc.as_deref() {
            Some("do") => Fragmenting::Never,
            Some(_) => Fragmenting::Allowed,
            None => Fragmenting::WhereNeeded,
        },
        mtu: path.mtu,
    }
}

/// What this run may send and receive.
fn filter(plan: &Plan) -> Filter {
    let theirs = (!plan.anyone).then_some(plan.target);
    Filter::new()
        .arp(plan.source)
        .echo(plan.source, theirs, plan.identifier)
        .icmp_errors(plan.source)
        .later_fragments(plan.source, theirs)
}

impl Observer for Witness {
    fn packet(&mut self, seen: &Seen<'_, '_, '_>) -> Result<()> {
        self.report.packet(seen)
    }

    fn whole(&mut self, packet: &Packet<'_>) -> Result<()> {
        self.report.whole(packet)
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Probed(probed) if self.fates.len() < KEPT => self.fates.push(*probed),
            // Other programs' errors are no answers to this run.
            Event::Rejected { mismatch: Mismatch::Quotation, .. } => {}
            Event::Rejected { frame, .. } if self.rejected.len() < KEPT => self.rejected.push(*frame),
            _ => {}
        }
        self.report.event(event)
    }
}

//! `netlab trace`: the routers on the way, one TTL at a time.

mod naming;
mod watch;

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::rc::Rc;

use socket2::{Domain, Socket, Type};

use super::args::{self, Common};
use super::report::{self, Report};
use super::stage::{Open, Scene, Stage};
use crate::engine;
use crate::error::{Error, Kind, Result};
use crate::explain::{self, Context};
use crate::model::{Event, FrameNo, Hop, HopReport, Nanos, Packet, Path, ProbeKind, TraceSummary};
use crate::probe::Probe;
use crate::probe::trace::{Flow, Method, Plan, Trace};
use crate::proto::{arp, ipv4, tcp};
use crate::render::trace::{Table, picture};
use crate::session::{Ending, Observer, Session};
use crate::wire::{Filter, Options};
use naming::{Named, Names};

/// The port that traceroute begins with: nobody listens there.
const UDP_PORT: u16 = 33434;
/// The port of web servers: firewalls let it pass where they let anything pass.
const TCP_PORT: u16 = 80;

/// The routers on the way, one TTL at a time
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[allow(clippy::struct_excessive_bools)] // they are switches of a command line
pub struct Args {
    /// Whose path to look for: an address or a name
    #[arg(value_name = "TARGET")]
    target: String,
    /// Last TTL
    #[arg(short = 'm', long = "max-ttl", value_name = "HOPS", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..))]
    last: u8,
    /// First TTL
    #[arg(short = 'f', long = "first-ttl", value_name = "HOPS", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..))]
    first: u8,
    /// Probes a hop
    #[arg(short = 'q', long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=10))]
    queries: u8,
    /// Seconds to wait at most, for all hops beyond the last answer together
    #[arg(short = 'W', long, value_name = "SECONDS", default_value = "4", value_parser = args::seconds)]
    timeout: Nanos,
    /// Send ICMP echo requests (this is the default)
    #[arg(long, conflicts_with_all = ["udp", "tcp"])]
    icmp: bool,
    /// Send UDP datagrams to a port where nobody listens
    #[arg(long, conflicts_with = "tcp")]
    udp: bool,
    /// Send TCP SYNs
    #[arg(long)]
    tcp: bool,
    /// The target's port: 33434 with --udp, 80 with --tcp if not given
    #[arg(short, long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Source address: one of this host's own
    #[arg(short = 'S', long, value_name = "ADDRESS", value_parser = args::ipv4)]
    source: Option<Ipv4Addr>,
    /// Probes on their way at once, at most
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=1000))]
    max_parallel: u16,
    /// Keep going: loss, times and jitter of every hop, until interrupted
    #[arg(long)]
    watch: bool,
    /// Rounds of --watch, one a second; endless if not given
    #[arg(short, long, value_name = "N", requires = "watch", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// Only the result
    // In this command -q is the number of probes; an argument with the same id takes the place of the common one.
    #[arg(id = "quiet", long, conflicts_with = "verbose", help_heading = "Output")]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  netlab --lab trace www.example.com          in the built-in network
  netlab trace --tcp -p 443 www.example.com   where firewalls drop pings
  netlab trace -n -q 1 -m 12 192.0.2.1        addresses only, one probe a hop, twelve hops
  netlab trace --watch -c 20 www.example.com  loss and jitter of every hop over twenty seconds";

/// Listens for the figures of the verdict while the report is told.
struct Witness {
    report: Report,
    table: Table,
    names: Rc<RefCell<Names>>,
    /// Packet lines are shown, so the table comes after them.
    packets: bool,
    rows: Vec<HopReport>,
    seen: Seen,
}

/// Frames that the verdict points at.
#[derive(Default)]
struct Seen {
    arp: Vec<FrameNo>,
    resets: Vec<FrameNo>,
}

/// Runs `netlab trace`; 0 when the target was reached, 1 when not.
///
/// # Errors
/// When it could not run.
pub fn run(args: &Args, common: &Common) -> Result<u8> {
    common.only_ipv4(&args.target)?;
    if args.first > args.last {
        let (first, last) = (args.first, args.last);
        return Err(Error::new(Kind::Usage, format!("the first TTL ({first}) is larger than the last one ({last})"))
            .hint(format!("try: netlab trace -f {last} -m {first} {}", args.target.escape_debug())));
    }
    if args.port.is_some() && !args.udp && !args.tcp {
        return Err(
            Error::new(Kind::Usage, "ICMP echo requests have no port").hint("try: --udp or --tcp together with -p")
        );
    }
    Stage::set(common)?.play(|open| trace(args, common, open))
}

async fn trace(args: &Args, common: &Common, open: Open) -> Result<u8> {
    let options = Options { source: args.source, ..Options::default() };
    let mut scene = Scene::find(open, common, &args.target, options).await?;
    let path = scene.path.clone();
    let door = Door::open(args, &path)?;
    let router = match path.hop {
        Hop::Router { address, .. } => Some(address),
        _ => None,
    };
    let mut report =
        Report::new(common, Context { addresses: vec![path.source.into()], router: router.map(Into::into) });
    report.save_to(scene.keep()?);
    let packets = common.verbose > 0;
    if !packets {
        report.hide_packets();
    }
    let (in_lab, others) = (scene.in_lab(), std::mem::take(&mut scene.others));
    let mut session = scene.open(&filter(&door.flow))?;
    let queries = if args.watch { 1 } else { args.queries };
    let mut heading = vec![explain::trace::heading(&path, door.kind, args.first, args.last, queries)];
    heading.extend(explain::path::first_of(&path, &others));
    heading.extend(explain::path::heading(&path));
    report.begin("trace", &args.target, &path, in_lab, &heading)?;
    let names = Rc::new(RefCell::new(Names::new(!common.numeric)));
    if args.watch {
        return watch::watch(args, common, &path, &door, &mut session, report, names).await;
    }

    let mut table = Table::new(report::look(common), report::language(common), !common.numeric, args.queries);
    if common.quiet {
        table.alone();
    }
    let mut witness = Witness { report, table, names: names.clone(), packets, rows: Vec::new(), seen: Seen::default() };
    let plan = Plan {
        flow: door.flow,
        first: args.first,
        last: args.last,
        queries: args.queries,
        patience: args.timeout,
        parallel: args.max_parallel.into(),
    };
    let mut probe = Named::new(Trace::new(plan), names);
    let (ending, answered) = go(&mut session, &path, &mut probe, &mut witness).await;
    if ending.as_ref().is_err_and(|error| error.kind() == Kind::ClosedPipe) {
        return ending.map(|_| 1);
    }
    let mut trace = probe.into_inner();
    let interrupted = matches!(ending, Ok(Ending::Interrupted));
    if interrupted || ending.is_err() {
        trace.stop();
        trace.events().iter().try_for_each(|event| witness.event(event))?;
    }
    let run = explain::trace::Run {
        path: &path,
        kind: door.kind,
        last: args.last,
        hops: trace.reports(),
        arp_answered: (!witness.seen.arp.is_empty()).then_some(answered),
        arp_frames: &witness.seen.arp,
        resets: &witness.seen.resets,
        interrupted,
    };
    let verdict = explain::trace::verdict(&run);
    let summary = trace.summary();
    witness.finish(&verdict, trace.reports(), summary, common)?;
    witness.report.close(session.counts())?;
    ending?;
    Ok(u8::from(!summary.reached))
}

/// Finds the first receiver and runs `probe`; whether the first receiver answered, where it was asked.
async fn go(
    session: &mut Session,
    path: &Path,
    probe: &mut dyn Probe,
    observer: &mut dyn Observer,
) -> (Result<Ending>, bool) {
    match session.find_hop(path, observer).await {
        Ok((Ending::Done, true)) => (session.run(probe, observer).await, true),
        Ok((ending, found)) => (Ok(ending), found || ending == Ending::Interrupted),
        Err(error) => (Err(error), false),
    }
}

/// The flow of a trace, and the socket that keeps its source port from being given to anybody else meanwhile.
struct Door {
    flow: Flow,
    kind: ProbeKind,
    _port: Option<Socket>,
}

impl Door {
    /// A reserved TCP port is bound but does not listen, so the system still answers an unexpected SYN/ACK with RST:
    /// that is what ends the half-open connection at the target.
    fn open(args: &Args, path: &Path) -> Result<Self> {
        let refused =
            |error: std::io::Error| Error::new(Kind::System, format!("cannot reserve a source port: {error}"));
        let source = SocketAddr::from((path.source, 0));
        let (method, kind, socket) = if args.udp {
            let socket = UdpSocket::bind(source).map_err(refused)?;
            let source_port = socket.local_addr().map_err(refused)?.port();
            let port = args.port.unwrap_or(UDP_PORT);
            (Method::Udp { source_port, port }, ProbeKind::Udp { port }, Some(socket.into()))
        } else if args.tcp {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).map_err(refused)?;
            socket.bind(&source.into()).map_err(refused)?;
            let bound = socket.local_addr().map_err(refused)?.as_socket();
            let source_port = bound.map_or(0, |bound| bound.port());
            let port = args.port.unwrap_or(TCP_PORT);
            (Method::Tcp { source_port, port, sequence: rand::random() }, ProbeKind::Tcp { port }, Some(socket))
        } else {
            (Method::Icmp { identifier: rand::random() }, ProbeKind::Icmp, None)
        };
        let flow = Flow { source: path.source, target: path.target, method, identification: rand::random() };
        Ok(Self { flow, kind, _port: socket })
    }
}

/// What this run may send and receive. The answer may come from another address than the one asked.
fn filter(flow: &Flow) -> Filter {
    let filter = Filter::new().arp(flow.source).icmp_errors(flow.source);
    match flow.method {
        Method::Icmp { identifier } => filter.echo(flow.source, None, identifier),
        Method::Udp { source_port, port } => filter.udp((flow.source, Some(source_port)), (None, Some(port))),
        Method::Tcp { source_port, port, .. } => filter.tcp((flow.source, Some(source_port)), (None, Some(port))),
    }
}

impl Seen {
    fn packet(&mut self, packet: &Packet<'_>) {
        if packet.find(&arp::HEADER).is_some() {
            self.arp.push(packet.frame.number);
        }
        let reset = |view: crate::model::LayerView<'_, '_>| {
            tcp::Tcp::read(view.bytes()).is_some_and(|segment| segment.flags.contains(tcp::Flags::RST))
        };
        let out = packet.frame.direction == Some(crate::model::Direction::Out);
        if out && packet.find(&ipv4::HEADER).is_some() && packet.find(&tcp::HEADER).is_some_and(reset) {
            self.resets.push(packet.frame.number);
        }
    }
}

impl Witness {
    /// Shows one row, in text and in JSON.
    fn row(&mut self, hop: &HopReport) -> Result<()> {
        let Self { report, table, names, .. } = self;
        let named = names.borrow().of(&hop.addresses());
        let known: Vec<String> = named.iter().filter_map(|named| named.name.clone()).collect();
        report.tell(|out| table.hop(out, hop, &named), |json, out| json.hop(out, hop, &known))
    }

    /// The end of the table, the picture and the verdict.
    fn finish(
        &mut self,
        verdict: &[crate::model::Note],
        hops: &[HopReport],
        summary: TraceSummary,
        common: &Common,
    ) -> Result<()> {
        for hop in std::mem::take(&mut self.rows) {
            self.row(&hop)?;
        }
        let Self { report, table, .. } = self;
        report.tell(|out| table.end(out), |_, _| Ok(()))?;
        let more = (common.verbose < 1).then_some(("-v", "more.trace-packets"));
        let drawn = |out: &mut dyn std::io::Write, look| if common.quiet { Ok(()) } else { picture(out, look, hops) };
        report.conclude(verdict, drawn, |json, out| json.trace_summary(out, summary), more)
    }
}

impl Observer for Witness {
    fn packet(&mut self, seen: &engine::Seen<'_, '_, '_>) -> Result<()> {
        self.seen.packet(seen.packet);
        self.report.packet(seen)
    }

    fn whole(&mut self, packet: &Packet<'_>) -> Result<()> {
        self.report.whole(packet)
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Hop(hop) if self.packets && !self.report.is_json() => {
                self.rows.push(hop.clone());
                Ok(())
            }
            Event::Hop(hop) => self.row(hop),
            // Where packets have no lines, what became of each has none either: the row shows it.
            _ if self.packets || self.report.is_json() => self.report.event(event),
            _ => Ok(()),
        }
    }
}

/// The addresses of `hop` that a name server can be asked about.
fn asked(addresses: &[IpAddr]) -> impl Iterator<Item = Ipv4Addr> {
    addresses.iter().filter_map(|address| match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    })
}

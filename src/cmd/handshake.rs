//! `netlab handshake`: a TCP connection opened and closed by hand, segment by segment, or by the kernel and watched.

use std::cell::Cell;
use std::rc::Rc;

use super::args::{self, Common};
use super::report::Report;
use super::stage::{Open, Scene, Stage};
use crate::error::{Error, Kind, Result};
use crate::explain::{self, Context, handshake as story};
use crate::model::{ConnectionSummary, FrameNo, Hop, Nanos, Offer, Path, PortState};
use crate::probe::handshake::{Ending as Leave, Handshake, Plan, Watch};
use crate::proto::icmp;
use crate::render::{reply, statistics};
use crate::session::{Ending, Session};
use crate::wire::{Connect, Filter, Gate, Guard, Options};

/// Addresses of one name that are tried at most.
const ADDRESSES: usize = 8;

/// Open and close a TCP connection by hand, segment by segment
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[allow(clippy::struct_excessive_bools)] // they are switches of a command line
pub struct Args {
    /// Whom to connect to: an address or a name, and a port
    #[arg(value_name = "HOST:PORT")]
    target: Option<String>,
    /// Seconds to wait for an answer to the first SYN, and later for the other end to go on
    #[arg(short = 'W', long, value_name = "SECONDS", default_value = "2", value_parser = args::seconds)]
    timeout: Nanos,
    /// How often a segment that is not answered is sent again; each wait is twice the one before
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(..=10))]
    retries: u32,
    /// Stop at the SYN/ACK, and reset
    #[arg(long, conflicts_with_all = ["get", "send", "kernel", "abort", "let_kernel_reset"])]
    half_open: bool,
    /// Ask for a page inside the connection: an HTTP/1.1 GET
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = "/")]
    get: Option<String>,
    /// Send this inside the connection; \r, \n, \t and \\ stand for control characters and the backslash
    #[arg(long, value_name = "TEXT", conflicts_with = "get")]
    send: Option<String>,
    /// Let the operating system connect, and only watch
    #[arg(long, conflicts_with_all = ["mss", "window", "wscale", "no_options", "let_kernel_reset"])]
    kernel: bool,
    /// Do not keep this host's own TCP quiet, and see what it answers to the SYN/ACK
    #[arg(long, conflicts_with_all = ["get", "send", "abort"])]
    let_kernel_reset: bool,
    /// Our port, instead of a free one
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    source_port: Option<u16>,
    /// Largest payload that we announce to take in a segment, instead of what fits the link
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(1..))]
    mss: Option<u16>,
    /// Bytes that we take ahead: the window of the SYN
    #[arg(long, value_name = "BYTES", default_value_t = 64_240)]
    window: u16,
    /// How far our windows are shifted: 7 means times 128
    #[arg(long, value_name = "SHIFT", default_value_t = 7, value_parser = clap::value_parser!(u8).range(..=14))]
    wscale: u8,
    /// A SYN without any option
    #[arg(long, conflicts_with_all = ["mss", "wscale"])]
    no_options: bool,
    /// Leave with RST instead of FIN
    #[arg(long)]
    abort: bool,
}

const EXAMPLES: &str = "\
Examples:
  netlab --lab handshake www.example.com:80          open it, close it
  netlab --lab handshake --get www.example.com:80    and ask for a page in between
  netlab --lab handshake www.example.com:81          a port where nothing answers
  netlab --lab handshake --kernel --get www.example.com:80   how your own system does it";

/// Where the connection goes, as the user wrote it.
struct Target {
    written: String,
    host: String,
    port: u16,
}

/// What a run came to.
struct Outcome {
    path: Path,
    summary: ConnectionSummary,
    received: Vec<u8>,
    arp_answered: Option<bool>,
    arp_frames: Vec<FrameNo>,
    /// Why it stopped, where the wire broke.
    ending: Result<Ending>,
}

/// Runs `netlab handshake`; 0 when the port is open, 1 when it is not.
///
/// # Errors
/// When it could not run.
pub fn run(args: &Args, common: &Common) -> Result<u8> {
    let mut args = args.clone();
    // The path after --get may be left out, and then a target that follows is taken for one.
    if args.target.is_none() && args.get.as_ref().is_some_and(|page| !page.starts_with('/')) {
        args.target = args.get.replace("/".to_owned());
    }
    if let Some(page) = &args.get {
        check_page(page)?;
    }
    let written = args.target.clone().ok_or_else(|| {
        Error::new(Kind::Usage, "no HOST:PORT is given").hint("try: netlab --lab handshake www.example.com:80")
    })?;
    let target = Target::read(&written, common)?;
    let (stage, gate) = Stage::set_with(common, Gate::shut)?;
    stage.play(|open| handshake(&args, common, target, open, gate))
}

async fn handshake(args: &Args, common: &Common, target: Target, open: Open, gate: Gate) -> Result<u8> {
    let (mut scene, mut paths) = Scene::find_all(open, common, &target.host, Options::default()).await?;
    paths.truncate(ADDRESSES);
    let path = scene.path.clone();
    let mut own_port = Port::take(args, &path, gate)?;
    let router = match path.hop {
        Hop::Router { address, .. } => Some(address),
        _ => None,
    };
    let mut report =
        Report::new(common, Context { addresses: vec![path.source.into()], router: router.map(Into::into) })
            .drawn(common);
    report.save_to(scene.keep()?);
    let in_lab = scene.in_lab();
    let mut session = scene.open(&filter(&paths, args, &own_port, target.port))?;
    let mut heading = vec![story::heading(&path, target.port, own_port.number())];
    heading.extend(explain::path::heading(&path));
    report.begin("handshake", &target.written, &path, in_lab, &heading)?;

    let mut outcome = None;
    for (index, path) in paths.iter().enumerate() {
        let tried = attempt(args, &target, path, &mut own_port, &mut session, &mut report).await;
        let go_on = matches!(tried.ending, Ok(Ending::Done)) && tried.summary.port != PortState::Open;
        outcome = Some(tried);
        let Some(next) = paths.get(index + 1).filter(|_| go_on) else { break };
        report.remark(&story::next_address(path.target, next.target))?;
    }
    // There is at least one path, so there was an attempt.
    let Some(outcome) = outcome else { return Ok(1) };
    if let Err(error) = &outcome.ending
        && error.kind() == Kind::ClosedPipe
    {
        return Err(error.clone());
    }
    tell(args, &mut report, &target, &outcome)?;
    report.close(session.counts())?;
    outcome.ending?;
    Ok(u8::from(outcome.summary.port != PortState::Open))
}

/// One attempt, with one address.
async fn attempt(
    args: &Args,
    target: &Target,
    path: &Path,
    port: &mut Port,
    session: &mut Session,
    report: &mut Report,
) -> Outcome {
    let mut outcome = Outcome {
        path: path.clone(),
        summary: ConnectionSummary::default(),
        received: Vec::new(),
        arp_answered: None,
        arp_frames: Vec::new(),
        ending: Ok(Ending::Done),
    };
    if let Port::Kernel(connect) = port {
        let connect = match connect.take().map_or_else(|| Connect::from(path.source, args.source_port), Ok) {
            Ok(connect) => connect,
            Err(error) => {
                outcome.ending = Err(error);
                return outcome;
            }
        };
        let result = by_kernel(args, target, path, connect, session, report).await;
        (outcome.summary, outcome.received, outcome.ending) = result;
        return outcome;
    }
    match session.find_hop(path, report).await {
        Ok((Ending::Done, true)) => {
            let mut probe = Handshake::new(plan(args, target, path, port.number()));
            let mut ending = session.run(&mut probe, report).await;
            if matches!(ending, Ok(Ending::Interrupted)) {
                // Not without a word: the other end would wait for us.
                probe.interrupt(session.now());
                ending = session.part(&mut probe, report).await.map(|()| Ending::Interrupted);
            }
            outcome.summary = probe.summary();
            outcome.received = probe.received().to_vec();
            outcome.ending = ending;
            outcome.arp_answered = (!session.asked().is_empty()).then_some(true);
        }
        Ok((ending, found)) => {
            outcome.arp_answered = Some(found || ending == Ending::Interrupted);
            outcome.summary.port = if found { PortState::Error } else { PortState::Unreachable };
            outcome.ending = Ok(ending);
        }
        Err(error) => outcome.ending = Err(error),
    }
    outcome.arp_frames = session.asked().to_vec();
    outcome
}

/// The operating system connects, talks and closes, while we watch the same wire.
async fn by_kernel(
    args: &Args,
    target: &Target,
    path: &Path,
    connect: Connect,
    session: &mut Session,
    report: &mut Report,
) -> (ConnectionSummary, Vec<u8>, Result<Ending>) {
    let released = Rc::new(Cell::new(false));
    let ours = (path.source, connect.port());
    let mut watch = Watch::new(ours, (path.target, target.port), LAST_LOOK, released.clone());
    let patience = span(args.timeout);
    // As long as our own SYNs would be waited for.
    let whole = span(Nanos(args.timeout.0.saturating_mul((1 << (args.retries + 1)) - 1)));
    let request = request(args, target);
    let talk = async {
        connect.visit(path.target, target.port, &request, args.abort, whole, patience).await;
        released.set(true);
    };
    let ending = {
        let watching = session.run(&mut watch, report);
        tokio::pin!(talk, watching);
        let mut talking = true;
        loop {
            tokio::select! {
                ending = &mut watching => break ending,
                () = &mut talk, if talking => talking = false,
            }
        }
    };
    (watch.summary(), watch.received().to_vec(), ending)
}

/// How long after the kernel is done its last segments are waited for.
const LAST_LOOK: Nanos = Nanos(300_000_000);

fn tell(args: &Args, report: &mut Report, target: &Target, outcome: &Outcome) -> Result<()> {
    let run = story::Run {
        path: &outcome.path,
        port: target.port,
        summary: &outcome.summary,
        arp_answered: outcome.arp_answered,
        arp_frames: &outcome.arp_frames,
        by_kernel: args.kernel,
        icmp_name: icmp::name,
    };
    let verdict = story::verdict(&run);
    let summary = &outcome.summary;
    let statistics = |out: &mut dyn std::io::Write, look| {
        reply::write(out, look, &outcome.received, summary.bytes_received)?;
        if summary.bytes_received > 0 {
            writeln!(out)?;
        }
        statistics::handshake(out, look, &target.written, summary)
    };
    report.conclude(&verdict, statistics, |json, out| json.handshake_summary(out, summary), None)
}

fn plan(args: &Args, target: &Target, path: &Path, source_port: u16) -> Plan {
    // Header lengths of IPv4 and TCP without options (RFC 6691 §2).
    let fits = u16::try_from(path.mtu.saturating_sub(40)).unwrap_or(u16::MAX);
    let offer = if args.no_options {
        Offer::default()
    } else {
        let window_scale = Some(args.wscale);
        Offer { mss: Some(args.mss.unwrap_or(fits)), window_scale, sack: true, timestamps: true }
    };
    Plan {
        source: path.source,
        target: path.target,
        source_port,
        port: target.port,
        isn: rand::random(),
        identification: rand::random(),
        timestamp_offset: rand::random(),
        offer,
        window: args.window,
        ttl: 64,
        mtu: path.mtu,
        patience: args.timeout,
        retries: args.retries,
        request: request(args, target),
        ending: if args.half_open {
            Leave::HalfOpen
        } else if args.let_kernel_reset {
            Leave::KernelReset
        } else if args.abort {
            Leave::Abort
        } else {
            Leave::Fin
        },
    }
}

/// What to say inside the connection.
fn request(args: &Args, target: &Target) -> Vec<u8> {
    if let Some(page) = &args.get {
        let host = if target.port == 80 { target.host.clone() } else { format!("{}:{}", target.host, target.port) };
        return format!(
            "GET {page} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: netlab\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        )
        .into_bytes();
    }
    args.send.as_deref().map(unescape).unwrap_or_default()
}

/// What this run may send and receive.
fn filter(paths: &[Path], args: &Args, own: &Port, port: u16) -> Filter {
    // With several addresses to try, the kernel may choose a port for each.
    let own_port = (paths.len() == 1 || !args.kernel).then(|| own.number());
    let source = paths.first().map_or(std::net::Ipv4Addr::UNSPECIFIED, |path| path.source);
    let filter = Filter::new().arp(source).icmp_errors(source);
    paths.iter().fold(filter, |filter, path| {
        let theirs = Some(path.target);
        filter.tcp((source, own_port), (theirs, Some(port))).later_fragments(source, theirs)
    })
}

/// Our port, and whoever keeps it for us.
enum Port {
    Guarded(Guard),
    /// A socket that may connect once; each further attempt needs a new one, with another port.
    Kernel(Option<Connect>),
}

impl Port {
    fn take(args: &Args, path: &Path, gate: Gate) -> Result<Self> {
        if args.kernel {
            Connect::from(path.source, args.source_port).map(|connect| Self::Kernel(Some(connect)))
        } else if args.let_kernel_reset {
            Guard::talkative(path.source, args.source_port).map(Self::Guarded)
        } else {
            gate.guard(path.source, args.source_port).map(Self::Guarded)
        }
    }

    fn number(&self) -> u16 {
        match self {
            Self::Guarded(guard) => guard.port(),
            Self::Kernel(connect) => connect.as_ref().map_or(0, Connect::port),
        }
    }
}

impl Target {
    fn read(text: &str, common: &Common) -> Result<Self> {
        common.only_ipv4(text)?;
        let shown = text.escape_debug();
        let Some((host, port)) = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()) else {
            return Err(Error::new(Kind::Usage, format!("{shown} names no port"))
                .hint(format!("try: netlab handshake {}:80", text.trim_matches(':').escape_debug())));
        };
        common.only_ipv4(host)?;
        match port.parse::<u16>() {
            Ok(port @ 1..) => Ok(Self { written: text.to_owned(), host: host.to_owned(), port }),
            _ => Err(Error::new(Kind::Usage, format!("{} is not a port", port.escape_debug()))
                .hint("ports are numbers from 1 to 65535: 80 for web servers, 22 for SSH")),
        }
    }
}

/// Refuses what is no path of a page: a request line has no room for spaces and control characters (RFC 9112 §3).
fn check_page(page: &str) -> Result<()> {
    if page.starts_with('/') && page.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, format!("{} is not the path of a page", page.escape_debug()))
        .hint("try: --get / or --get /index.html"))
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('r') => out.push('\r'),
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (plain, false) => out.push(plain),
        }
    }
    out.into_bytes()
}

fn span(nanos: Nanos) -> std::time::Duration {
    std::time::Duration::from_nanos(u64::try_from(nanos.0).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_stand_for_control_characters() {
        assert_eq!(unescape(r"a\r\n\t\\b\"), b"a\r\n\t\\b\\");
    }

    #[test]
    fn pages_are_paths() {
        assert_eq!(check_page("/a?b=c"), Ok(()));
        for wrong in ["", "a", "/a b", "/a\r\nHost: x"] {
            assert!(check_page(wrong).is_err(), "{wrong:?}");
        }
    }
}

//! `netlab sniff`: watch an interface, or just what one command puts on the wire.

mod belongs;
mod command;
mod live;
mod quiet;
mod told;

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::PathBuf;

use tokio::time::{Instant, sleep_until};

use super::args::{self, Common};
use super::services;
use super::stage::{Open, Stage};
use crate::error::Result;
use crate::filter::bpf::Program;
use crate::filter::{Conditions, Filter, Vantage};
use crate::model::{Frame, LinkType, Nanos};
use crate::session::Interrupts;
use crate::wire::cause::Prepared;
use crate::wire::{self, Interface, Tap};

/// Watch an interface, or just what one command puts on the wire
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which packets, in tcpdump's language: host 192.168.11.1, tcp port 80, not arp; without it, all
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    /// Stop after so many packets
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = args::seconds)]
    duration: Option<Nanos>,
    /// Not only what this host sends and receives: also packets between others, where the network delivers them here
    #[arg(long)]
    all: bool,
    /// Write the packets to this file as they are, in pcapng, and tell only how many; - is standard output
    #[arg(short = 'w', long, value_name = "FILE.pcapng", conflicts_with_all = ["save", "json", "verbose"])]
    #[arg(help_heading = "Output")]
    write: Option<PathBuf>,
    /// Run this command, and show only what it puts on the wire and gets back
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "count")]
    command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  netlab sniff                                 what this host sends and receives
  netlab sniff -c 10 tcp port 80 or port 53    ten packets of web and of names
  netlab sniff 'tcp[tcpflags] & tcp-syn != 0'  who opens connections
  netlab sniff -I wlan0 --all not port 22      what others send, too
  netlab sniff -q --save busy.pcapng           all into a file, however fast
  netlab sniff -w - arp | tshark -r -          into another program
  netlab --lab sniff -- curl http://www.example.com/
                                               what one command does";

/// A run of `sniff`, ready to listen.
struct Watch<'a> {
    args: &'a Args,
    common: &'a Common,
    interface: Interface,
    tap: Tap,
    interrupts: Interrupts,
    until: Option<Instant>,
}

/// Why no more is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// As many packets as were asked for.
    Enough,
    /// The time is over, or the user interrupted.
    Stopped,
}

/// Memory for frames that wait to be looked at, in MiB: a second of a busy 100 Mbit/s link, and most of a second of
/// 800,000 small frames where all of them only go to a file.
const MEMORY: usize = 16;
const MUCH_MEMORY: usize = 96;

/// Runs `netlab sniff`; 0 when a packet was seen, 1 when none was.
///
/// # Errors
/// When it could not run.
pub fn run(args: &Args, common: &Common) -> Result<u8> {
    let filter = Filter::parse(&args.filter.join(" "), &services::service)?;
    // A filter that makes no sense anywhere is refused before any right is asked for.
    filter.check()?;
    let mut common = common.clone();
    if let Some(file) = &args.write {
        common.save = Some(if file.as_os_str() == "-" { "/dev/stdout".into() } else { file.clone() });
    }
    let in_lab = common.lab.is_some();
    let fork = || (!args.command.is_empty()).then(|| Prepared::fork(&args.command, in_lab)).transpose();
    let (stage, prepared) = Stage::set_with(&common, fork)?;
    let environment = stage.environment();
    let prepared = prepared.map(|prepared| (prepared, environment));
    stage.play(|open| sniff(args, &common, filter, open, prepared))
}

async fn sniff(
    args: &Args,
    common: &Common,
    mut filter: Filter,
    mut open: Open,
    prepared: Option<(Prepared, Vec<(String, String)>)>,
) -> Result<u8> {
    let interface = wire::interface_to_watch(common.interface.as_deref()).await?;
    for name in filter.names() {
        let addresses = open.every_address_of(&name).await?;
        filter.resolve(&name, &addresses);
    }
    let program = program(&filter, &interface)?;
    let is_quiet = (common.quiet && !common.json) || args.write.is_some();
    let memory = if is_quiet || prepared.is_some() { MUCH_MEMORY } else { MEMORY };
    let keep = open.keep(&interface)?;
    let in_lab = open.in_lab();
    let (socket, interrupts) = open.ears();
    let tap = Tap::start(socket, &interface, program.as_ref(), memory, args.all)?;
    let until = args.duration.map(|span| Instant::now() + std::time::Duration::from_nanos(span.0.unsigned_abs()));
    let watch = Watch { args, common, interface, tap, interrupts, until };
    if let Some((prepared, environment)) = prepared {
        return watch.of_command(&args.command, prepared, environment, keep).await;
    }
    if is_quiet { watch.quietly(keep).await } else { watch.telling(&filter, in_lab, keep).await }
}

/// What the kernel runs on every frame; nothing where every frame is wanted.
fn program(filter: &Filter, interface: &Interface) -> Result<Option<Program>> {
    if filter.is_empty() {
        return Ok(None);
    }
    let netmask =
        interface.addresses.first().map_or(0, |own| u32::MAX.checked_shl(32 - u32::from(own.cidr.prefix)).unwrap_or(0));
    let link = interface.link.unwrap_or(LinkType::Ethernet);
    Ok(Some(filter.compile(Conditions { link, vantage: Vantage::Wire, netmask })?))
}

impl Watch<'_> {
    /// Shows frames to `see` until it has enough, the time is over, or the user interrupts. `idle` is called whenever
    /// all that has come was shown.
    async fn listen(
        &mut self,
        see: &mut dyn FnMut(&mut Frame) -> Result<ControlFlow<()>>,
        idle: &mut dyn FnMut() -> Result<()>,
    ) -> Result<End> {
        loop {
            let Self { tap, interrupts, until, .. } = self;
            let time = async {
                match *until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            let stopped = tokio::select! {
                biased;
                () = interrupts.wait() => true,
                () = time => true,
                flow = tap.hear(see) => {
                    if flow?.is_break() {
                        return Ok(End::Enough);
                    }
                    idle()?;
                    interrupts.seen()
                }
            };
            if stopped {
                return match tap.hear_rest(see).await? {
                    ControlFlow::Break(()) => Ok(End::Enough),
                    ControlFlow::Continue(()) => Ok(End::Stopped),
                };
            }
        }
    }
}

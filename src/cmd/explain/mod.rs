//! `netlab explain`: what a capture file says.

mod follower;
mod frames;
mod input;
mod relay;
mod saver;
mod turns;
mod views;

use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use follower::{Follower, Picks};
use frames::Frames;
use input::Input;
use saver::Saver;
use views::{Says, Shown, View};

use super::args::Common;
use super::{field, report, services};
use crate::capture::{Destination, Record};
use crate::error::{Error, Kind, Result};
use crate::explain::Context;
use crate::filter::{Filter, Matcher};
use crate::wire::privilege;

/// The story of a capture file: who talks to whom, what each packet says, and how it ends
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The capture, pcap or pcapng; - is standard input; without it, the capture of the last run
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only packets that pass this filter, in tcpdump's language
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    /// One line a packet
    #[arg(long, conflicts_with_all = ["ladder", "field", "json", "verbose", "quiet"], help_heading = "Views")]
    summary: bool,
    /// Sequence diagrams: who says what to whom, and the states of both ends
    #[arg(long, conflicts_with_all = ["field", "json", "quiet"], help_heading = "Views")]
    ladder: bool,
    /// Only the packet with this number: every field of it, or with -v a line a layer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "What is shown")]
    frame: Option<u32>,
    /// Mark this field in the packet's bytes, and say what it means
    #[arg(long, value_name = "KEY", requires = "frame", conflicts_with = "json", help_heading = "What is shown")]
    field: Option<String>,
    /// Only the TCP connection with this number: Wireshark's tcp.stream
    #[arg(long, value_name = "N", help_heading = "What is shown")]
    stream: Option<u32>,
    /// Write the packets that pass to this file, and show them only where a view is asked for
    #[arg(short = 'w', long, value_name = "FILE.pcapng", conflicts_with = "save", help_heading = "Output")]
    write: Option<PathBuf>,
}

/// Threads at most that share in writing. One of them is always reading and understanding, and that is a fourth of the
/// work even where most is written: more would only wait.
const MOST_HANDS: usize = 4;

const EXAMPLES: &str = "\
Examples:
  netlab explain                           the story of the last run
  netlab explain run.pcapng                that of a file
  netlab explain run.pcapng --summary      a line a packet
  netlab explain run.pcapng --ladder --stream 0    one connection, drawn
  netlab explain run.pcapng -v             every layer, and what changed since
  netlab explain run.pcapng tcp port 80    only what passes, as in tcpdump
  netlab explain run.pcapng --frame 4      every field of one packet, and why a
                                           segment has its signs of trouble
  netlab explain run.pcapng --frame 4 --field tcp.flags.syn
                                           one field in its bytes
  tcpdump -w - | netlab explain -          what another program captures";

/// Runs `netlab explain`; 0 when all of the capture could be read.
///
/// # Errors
/// When it cannot be read, or not to its end; then everything before has been told.
pub fn run(args: &Args, common: &Common) -> Result<u8> {
    if let Some(key) = &args.field {
        field::known(key)?;
    }
    let (file, words) = split(args);
    let mut filter = Filter::parse(&words.join(" "), &services::service)?;
    // A filter that makes no sense anywhere is refused before anything is read.
    filter.check()?;
    let input = Input::open(file)?;
    let save = args.write.as_ref().or(common.save.as_ref());
    let open = || save.map(|path| Destination::open(path)).transpose();
    // Under sudo the file is opened with the rights of the user who called it, and is theirs.
    let early = if privilege::invoking_user().is_none() { open()? } else { None };
    privilege::drop_all()?;
    let destination = if early.is_none() { open()? } else { early };

    resolve(&mut filter)?;
    let out = input::output();
    let name = input.name();
    let is_whole = input.is_whole();
    let reader = input.reader(&out)?;
    let mut view = View::new(args, common, Arc::clone(&out));
    // For a file that is there as a whole. Whatever still comes is told as it does.
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(MOST_HANDS));
    let hands = if is_whole && args.frame.is_none() && threads > 1 { view.hands(threads) } else { Vec::new() };
    let says = view.says();
    let saver = |destination| Saver::new(destination, common.save.is_some().then(|| report::language(common)));
    let mut frames = Frames::new(reader, args.frame);
    let mut follower = Follower::new(Picks {
        filter: Matcher::new(filter),
        frame: args.frame,
        stream: args.stream,
        // Hands find out for themselves what there is to say about a packet.
        says: Says { packets: says.packets && hands.is_empty(), ..says },
        context: Context::default(),
        saver: destination.map(saver),
        shown: Shown::default(),
        notes: Vec::new(),
    });
    if hands.is_empty() {
        tell(&mut frames, &mut follower, &mut view)?;
    } else {
        relay::run(&mut frames, &mut follower, hands, &out)?;
    }
    let Follower { engine, picks } = follower;
    let streams = engine.tracker().streams();
    if let Some(judgement) = streams.judgement() {
        view.judgement(judgement)?;
    }
    view.finish(&name, file, frames.dropped(), &picks.shown)?;
    picks.saver.map_or(Ok(()), Saver::finish)?;
    if let Some(damage) = frames.damage() {
        return Err(damage);
    }
    match (args.frame, args.stream) {
        _ if input::interrupted() => Ok(0),
        (Some(number), _) if frames.count() < number => Err(beyond(number, frames.count(), &name)),
        (None, Some(stream)) if streams.count() <= stream => Err(no_stream(stream, streams.count(), &name)),
        _ => Ok(0),
    }
}

/// Reads to the end, and shows `view` what passes.
fn tell(frames: &mut Frames, follower: &mut Follower, view: &mut View) -> Result<()> {
    let mut record = Record::default();
    while frames.read(&mut record) {
        view.begin_at(frames.origin());
        follower.tell(&record, view)?;
        tell_ended(follower, view)?;
    }
    follower.finish();
    tell_ended(follower, view)
}

fn tell_ended(follower: &mut Follower, view: &mut View) -> Result<()> {
    while let Some(conversation) = follower.ended() {
        view.ended(&conversation, &follower.picks.context)?;
    }
    Ok(())
}

/// The file, and the words of the filter. Where the first word names no file and all of them are a filter, the capture
/// is that of the last run.
fn split(args: &Args) -> (Option<&Path>, Vec<String>) {
    let Some(file) = args.file.as_deref() else { return (None, args.filter.clone()) };
    let mut words = vec![file.to_string_lossy().into_owned()];
    words.extend_from_slice(&args.filter);
    let is_filter =
        || Filter::parse(&words.join(" "), &services::service).is_ok_and(|filter| filter.names().is_empty());
    if !file.exists() && file.as_os_str() != "-" && is_filter() {
        return (None, words);
    }
    (Some(file), args.filter.clone())
}

fn beyond(number: u32, frames: u32, name: &str) -> Error {
    let frames = if frames == 1 { "1 frame".to_owned() } else { format!("{frames} frames") };
    Error::new(Kind::Usage, format!("there is no frame {number}: {name} has {frames}"))
        .hint("frames are counted from 1; see them with --summary")
}

fn no_stream(stream: u32, streams: u32, name: &str) -> Error {
    let connections = match streams {
        0 => "no TCP connection".to_owned(),
        1 => "1 TCP connection".to_owned(),
        _ => format!("{streams} TCP connections"),
    };
    Error::new(Kind::Usage, format!("there is no stream {stream}: {name} has {connections}"))
        .hint("streams are counted from 0; each connection's number stands in its title")
}

/// Finds the addresses of the names in `filter`.
fn resolve(filter: &mut Filter) -> Result<()> {
    for name in filter.names() {
        let found = (name.as_str(), 0).to_socket_addrs();
        let addresses: Vec<_> = found.into_iter().flatten().map(|address| address.ip()).collect();
        if addresses.is_empty() {
            let error = format!("nobody knows an address of {}, which is in the filter", name.escape_debug());
            return Err(Error::new(Kind::Name, error).hint("give the address itself"));
        }
        filter.resolve(&name, &addresses);
    }
    Ok(())
}

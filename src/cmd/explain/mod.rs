//! `netlab explain`: what a capture file says.

mod input;
mod relay;
mod teller;
mod views;

use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};

use input::Input;
use teller::{Taker, Teller};
use views::{Says, Shown, Takes as _, View};

use super::args::Common;
use super::{field, report, services};
use crate::capture::{Destination, Reader, Record, Source, Writer};
use crate::converse::Conversation;
use crate::engine::{Engine, Seen};
use crate::error::{Error, Kind, Result};
use crate::explain::words::{self, Language};
use crate::explain::{self, Context};
use crate::filter::{Filter, Matcher};
use crate::model::{Frame, FrameNo, LinkType, Nanos, Note, Value};
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

/// What passes, and where it goes.
struct Run<'a> {
    args: &'a Args,
    /// What is said about packets, and about conversations.
    says: Says,
    filter: Matcher,
    context: Context,
    language: Language,
    saver: Option<Saver>,
    shown: Shown,
    /// When the first frame came.
    origin: Option<Nanos>,
    frames: u32,
}

/// The file that `-w` or `--save` names.
struct Saver {
    destination: Option<Destination>,
    writer: Option<Writer>,
    /// With the explanations as comments.
    explained: bool,
    last: Nanos,
}

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
    let mut reader = input.reader(&out)?;
    let view = View::new(args, common, out);
    let mut run = Run {
        args,
        says: view.says(),
        filter: Matcher::new(filter),
        context: Context::default(),
        language: report::language(common),
        saver: destination.map(|destination| Saver::new(destination, common.save.is_some())),
        shown: Shown::default(),
        origin: None,
        frames: 0,
    };
    let mut engine = Engine::default();
    if let Some(frame) = args.frame {
        engine.tracker_mut().streams_mut().ask(FrameNo(frame));
    }
    let mut teller = Teller::new(view, is_whole)?;
    let read = run.read(&mut reader, &mut engine, &mut teller).and_then(|damage| {
        for conversation in engine.tracker_mut().finish() {
            run.ended(conversation, &mut teller)?;
        }
        Ok(damage)
    });
    // What was told so far is shown, however the reading went.
    let mut view = teller.finish()?;
    let damage = read?;
    if let Some(judgement) = engine.tracker().streams().judgement() {
        view.judgement(judgement)?;
    }
    view.finish(&name, file, reader.dropped(), &run.shown)?;
    run.saver.take().map_or(Ok(()), Saver::finish)?;
    if let Some(damage) = damage {
        return Err(damage);
    }
    let streams = engine.tracker().streams().count();
    match (args.frame, args.stream) {
        _ if input::interrupted() => Ok(0),
        (Some(number), _) if run.frames < number => Err(beyond(number, run.frames, &name)),
        (None, Some(stream)) if streams <= stream => Err(no_stream(stream, streams, &name)),
        _ => Ok(0),
    }
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

impl Run<'_> {
    /// Reads to the end, to the frame that was asked for, or to an interrupt; what was damaged, if anything was.
    fn read(&mut self, reader: &mut Reader, engine: &mut Engine, teller: &mut Teller) -> Result<Option<Error>> {
        let mut damage = None;
        loop {
            let (record, notes, taker) = teller.next();
            let Some(read) = reader.read_into(record) else { break };
            if input::interrupted() {
                return Ok(None);
            }
            if let Err(error) = read {
                damage = damage.or(Some(error));
                continue;
            }
            let Record { frame, comments } = &*record;
            self.frames = frame.number.0;
            let origin = *self.origin.get_or_insert(frame.time);
            // What does not pass still counts: numbers and states are those of the whole capture.
            let accepted = self.filter.accepts(frame)?;
            notes.clear();
            let goes_on = match taker {
                Taker::View(view) => engine.see(frame, |seen| {
                    view.begin_at(origin);
                    let passes = accepted && self.takes(seen, comments, notes)?;
                    if passes { view.packet(seen, notes).map(|()| true) } else { Ok(true) }
                })?,
                Taker::Findings(findings) => {
                    let look = |seen: &Seen<'_, '_, '_>| Ok(accepted && self.takes(seen, comments, notes)?);
                    let passes: Result<bool> = engine.see_and_keep(frame, findings, look);
                    !passes? || teller.hand_on(origin)
                }
            };
            while let Some(conversation) = engine.tracker_mut().ended() {
                self.ended(conversation, teller)?;
            }
            if !goes_on || self.args.frame == Some(self.frames) {
                break;
            }
        }
        Ok(damage.filter(|_| !input::interrupted()))
    }

    /// Whether a packet passes; then it is saved, and `notes` has what there is to say about it.
    fn takes(&mut self, seen: &Seen<'_, '_, '_>, comments: &[String], notes: &mut Vec<Note>) -> Result<bool> {
        if !self.passes(seen) {
            return Ok(false);
        }
        self.shown.add(seen.conversation);
        if self.says.packets || self.saver.as_ref().is_some_and(|saver| saver.explained) {
            explain::tell(seen.packet, &self.context, notes);
            seen.whole.iter().for_each(|whole| explain::tell(whole, &self.context, notes));
        }
        if let Some(saver) = &mut self.saver {
            saver.write(seen.packet.frame, comments, notes, self.language)?;
        }
        Ok(true)
    }

    fn passes(&self, seen: &Seen<'_, '_, '_>) -> bool {
        let FrameNo(number) = seen.packet.frame.number;
        let in_stream = |stream: u32| seen.packet.generated("tcp.stream") == Some(Value::Number(stream.into()));
        self.args.frame.is_none_or(|only| only == number) && self.args.stream.is_none_or(in_stream)
    }

    fn ended(&mut self, conversation: Conversation, teller: &mut Teller) -> Result<()> {
        if !self.says.conversations || !self.shown.has(conversation.number) {
            return Ok(());
        }
        let verdict = explain::verdict(&conversation, &self.context);
        teller.ended(conversation, verdict)
    }
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

impl Saver {
    fn new(destination: Destination, explained: bool) -> Self {
        Self { destination: Some(destination), writer: None, explained, last: Nanos(0) }
    }

    fn write(&mut self, frame: &Frame, comments: &[String], notes: &[Note], language: Language) -> Result<()> {
        self.begin(frame.link)?;
        self.last = frame.time;
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if !self.explained {
            return writer.write(frame, comments);
        }
        let explained = notes.iter().map(|note| words::of(language, note));
        writer.write(frame, &comments.iter().cloned().chain(explained).collect::<Vec<_>>())
    }

    fn begin(&mut self, link: LinkType) -> Result<()> {
        if let Some(destination) = self.destination.take() {
            self.writer = Some(Writer::begin(destination, &Source { interface: None, link })?);
        }
        Ok(())
    }

    /// A capture without a packet is a capture, too.
    fn finish(mut self) -> Result<()> {
        self.begin(LinkType::Ethernet)
    }
}

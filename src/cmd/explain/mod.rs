//! `netlab explain`: what a capture file says.

mod input;
mod views;

use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};

use input::Input;
use views::{Shown, View};

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
  netlab explain                                the story of the last run
  netlab explain visit.pcapng                   that of a file, conversation by conversation
  netlab explain visit.pcapng --summary         a line a packet
  netlab explain visit.pcapng --ladder --stream 0     one connection, drawn
  netlab explain visit.pcapng -v                every layer, and what changed since the packet before
  netlab explain visit.pcapng tcp port 80       only what passes a filter, as in tcpdump
  netlab explain visit.pcapng --frame 4         every field of one packet
  netlab explain visit.pcapng --frame 4 --field tcp.flags.syn     one field in its bytes
  tcpdump -w - | netlab explain -               what another program captures";

/// What passes, and where it goes.
struct Run<'a> {
    args: &'a Args,
    view: View,
    filter: Matcher,
    context: Context,
    language: Language,
    saver: Option<Saver>,
    shown: Shown,
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
    let mut reader = input.reader(&out)?;
    let mut run = Run {
        args,
        view: View::new(args, common, out),
        filter: Matcher::new(filter),
        context: Context::default(),
        language: report::language(common),
        saver: destination.map(|destination| Saver::new(destination, common.save.is_some())),
        shown: Shown::default(),
        frames: 0,
    };
    let mut engine = Engine::default();
    let damage = run.read(&mut reader, &mut engine)?;
    run.finish(&mut engine, &name, file, reader.dropped())?;
    if let Some(damage) = damage {
        return Err(damage);
    }
    match args.frame {
        Some(number) if run.frames < number && !input::interrupted() => Err(beyond(number, run.frames, &name)),
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

impl Run<'_> {
    /// Reads to the end, to the frame that was asked for, or to an interrupt; what was damaged, if anything was.
    fn read(&mut self, reader: &mut Reader, engine: &mut Engine) -> Result<Option<Error>> {
        let mut damage = None;
        let mut record = Record::default();
        while let Some(read) = reader.read_into(&mut record) {
            if input::interrupted() {
                return Ok(None);
            }
            if let Err(error) = read {
                damage = damage.or(Some(error));
                continue;
            }
            let Record { frame, comments } = &record;
            self.frames = frame.number.0;
            self.view.begin_at(frame.time);
            if self.filter.accepts(frame)? {
                engine.see(frame, |seen| self.packet(seen, comments))?;
            } else {
                // What does not pass still counts: numbers and states are those of the whole capture.
                engine.see(frame, |_| ());
            }
            while let Some(conversation) = engine.tracker_mut().conversations_mut().ended() {
                self.ended(&conversation)?;
            }
            if self.args.frame == Some(frame.number.0) {
                break;
            }
        }
        Ok(damage.filter(|_| !input::interrupted()))
    }

    fn packet(&mut self, seen: &Seen<'_, '_, '_>, comments: &[String]) -> Result<()> {
        if !self.passes(seen) {
            return Ok(());
        }
        self.shown.add(seen.conversation);
        let saves_notes = self.saver.as_ref().is_some_and(|saver| saver.explained);
        let notes = if self.view.has_notes() || saves_notes {
            explain::explain(seen.packet, &self.context)
        } else {
            Vec::new()
        };
        if let Some(saver) = &mut self.saver {
            saver.write(seen.packet.frame, comments, &notes, self.language)?;
        }
        self.view.packet(seen, notes)
    }

    fn passes(&self, seen: &Seen<'_, '_, '_>) -> bool {
        let FrameNo(number) = seen.packet.frame.number;
        let in_stream = |stream: u32| seen.packet.generated("tcp.stream") == Some(Value::Number(stream.into()));
        self.args.frame.is_none_or(|only| only == number) && self.args.stream.is_none_or(in_stream)
    }

    fn ended(&mut self, conversation: &Conversation) -> Result<()> {
        if !self.shown.has(conversation.number) || !self.view.has_notes() {
            return Ok(());
        }
        self.view.ended(conversation, explain::verdict(conversation, &self.context))
    }

    fn finish(&mut self, engine: &mut Engine, name: &str, file: Option<&Path>, dropped: u64) -> Result<()> {
        for conversation in engine.tracker_mut().conversations_mut().finish() {
            self.ended(&conversation)?;
        }
        self.view.finish(name, file, dropped, &self.shown)?;
        self.saver.take().map_or(Ok(()), Saver::finish)
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

//! `netlab arp`: who has an address, who is on the network, and whether an address may be taken.

mod aim;
mod ask;
mod claim;

use std::net::Ipv4Addr;

use super::args::{self, Common};
use super::report::Report;
use super::stage::Stage;
use crate::engine::Seen;
use crate::error::{Error, Kind, Result};
use crate::model::{Direction, Event, FrameNo, MacAddr, Nanos, Neighbour, Packet};
use crate::proto::arp as protocol;
use crate::session::Observer;
use aim::Wanted;

/// How often each address of a network is asked for outside the lab, at most.
const MOST_ROUNDS: u32 = 10;

/// Who has an address: one, several, or every address of the local network
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Whom to ask for: addresses or names, or one local network such as 192.168.11.0/24
    #[arg(value_name = "TARGET", required = true)]
    targets: Vec<String>,
    /// How often to ask for each [default: 1; a network: 2, the second time for the silent; -D: 3; -A: 2]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65535))]
    count: Option<u32>,
    /// Seconds from one question to the next for the same address [default: 1; -D: 1 to 2 by chance; -A: 2]
    #[arg(short, long, value_name = "SECONDS", value_parser = args::seconds)]
    interval: Option<Nanos>,
    /// Seconds to wait for an answer [default: 1; a network: a multiple of the slowest answer, at most 1; -D: 2]
    #[arg(short = 'W', long, value_name = "SECONDS", value_parser = args::seconds)]
    timeout: Option<Nanos>,
    /// Seconds after which the whole run ends
    #[arg(short = 'w', long, value_name = "SECONDS", value_parser = args::seconds)]
    deadline: Option<Nanos>,
    /// Stop at the first reply
    #[arg(short, long)]
    first: bool,
    /// Is the address free? Probe for it as RFC 5227 says, in nobody's name: exit code 0 free, 1 taken
    #[arg(short = 'D', long, conflicts_with_all = ["announce", "source"])]
    duplicate: bool,
    /// Announce an address of this host: "it is at my MAC address"
    #[arg(short = 'A', long, conflicts_with = "source")]
    announce: bool,
    /// Source address of the questions: one of this host's own
    #[arg(short = 'S', long, value_name = "ADDRESS", value_parser = args::ipv4)]
    source: Option<Ipv4Addr>,
}

const EXAMPLES: &str = "\
Examples:
  netlab --lab arp 192.168.11.7           whose MAC address is it?
  netlab --lab arp 192.168.11.0/24        everyone on the network, with the makers of their cards
  netlab arp -D 192.168.11.50             is this address free?
  netlab arp --json -f 192.168.11.0/24    one object a line, for scripts";

/// Runs `netlab arp`; 0 when every address was answered for (of a network: any; with `-D`: when it is free), 1 if not.
///
/// # Errors
/// When it could not run.
pub fn run(args: &Args, common: &Common) -> Result<u8> {
    for target in &args.targets {
        common.only_ipv4(target)?;
    }
    let wanted = aim::wanted(&args.targets)?;
    polite(args, common, &wanted)?;
    if args.duplicate || args.announce {
        let [target] = &args.targets[..] else {
            return Err(Error::new(Kind::Usage, "-D and -A are about one address").hint("try: one target at a time"));
        };
        let Wanted::Addresses(_) = wanted else {
            return Err(Error::new(Kind::Usage, "-D and -A are about one address, not a network")
                .hint(format!("try: netlab arp {target} to see who is there")));
        };
        return Stage::set(common)?.play(|open| claim::claim(args, common, target, open));
    }
    Stage::set(common)?.play(|open| async move {
        match wanted {
            Wanted::Addresses(targets) => ask::named(args, common, targets, open).await,
            Wanted::Network(network) => ask::sweep(args, common, network, open).await,
        }
    })
}

fn polite(args: &Args, common: &Common, wanted: &Wanted) -> Result<()> {
    let count = args.count.unwrap_or(1);
    let interval = args.interval.unwrap_or(Nanos::SECOND);
    match wanted {
        Wanted::Network(_) if args.interval.is_some() => {
            Err(Error::new(Kind::Usage, "-i is not for networks: their addresses are asked for as fast as is polite")
                .hint("try: -c for how often, -W for how long to wait"))
        }
        Wanted::Network(_) if !common.in_lab() && count > MOST_ROUNDS => {
            let what = format!("asking a whole network more than {MOST_ROUNDS} times is for the lab only");
            Err(Error::new(Kind::Usage, what).hint("try: netlab --lab … (the virtual network takes any rate)"))
        }
        Wanted::Network(_) => Ok(()),
        Wanted::Addresses(targets) => {
            let packets = u32::try_from(targets.len()).unwrap_or(u32::MAX).saturating_mul(count);
            // The interval is from round to round; a single round has none.
            let interval = if count > 1 { interval } else { Nanos::SECOND };
            common.polite(interval, packets)
        }
    }
}

/// Listens for the figures of the verdict while the report is told.
struct Witness {
    report: Report,
    /// Whose packets are our questions.
    mac: MacAddr,
    questions: Vec<FrameNo>,
    neighbours: Vec<Neighbour>,
}

impl Witness {
    fn new(report: Report, mac: MacAddr) -> Self {
        Self { report, mac, questions: Vec::new(), neighbours: Vec::new() }
    }
}

impl Observer for Witness {
    fn packet(&mut self, seen: &Seen<'_, '_, '_>) -> Result<()> {
        let packet = seen.packet;
        let ours = |arp: protocol::Arp| arp.operation == protocol::REQUEST && arp.sender_mac == self.mac;
        let arp = packet.find(&protocol::HEADER).and_then(|view| protocol::Arp::read(view.bytes()));
        if packet.frame.direction == Some(Direction::Out) && arp.is_some_and(ours) {
            self.questions.push(packet.frame.number);
        }
        self.report.packet(seen)
    }

    fn whole(&mut self, packet: &Packet<'_>) -> Result<()> {
        self.report.whole(packet)
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        if let Event::Neighbour(neighbour) = event {
            self.neighbours.push(*neighbour);
        }
        self.report.event(event)
    }
}

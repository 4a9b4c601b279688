//! Which of the frames that were seen belong to one command. No input and output here: frames and the helper's words come
//! in as arguments.
//!
//! A frame belongs to the command when its flow does, that is when a socket of the command is at our end of it; when it
//! is an ICMP error about such a flow; a later fragment of such a datagram; or a question for the MAC address of the next
//! hop of such a flow.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use crate::model::{Direction, MacAddr, Nanos, Packet};
use crate::proto::arp::Arp;
use crate::proto::ethernet::Ethernet;
use crate::proto::icmp::{self, Echo};
use crate::proto::icmpv6::{self, Neighbor};
use crate::proto::ipv4::Ipv4;
use crate::proto::{arp, ethernet, ip, ipv4, tcp, udp};
use crate::wire::cause::{Claim, Owner};

/// What is known by now.
#[derive(Debug, Default)]
pub(super) struct Belongs {
    /// Over loopback both ends are ours, and every frame comes in.
    loopback: bool,
    /// Every socket of the command is claimed: what is not, is not the command's.
    pub watched: bool,
    flows: Vec<Known>,
    numbers: HashMap<Flow, u32>,
    questions: HashMap<u64, u32>,
    claims: HashMap<(u8, u16), Vec<Claim>>,
    fragments: HashMap<Fragment, u32>,
    /// Flows that somebody has to be asked about.
    ask: Vec<u32>,
    /// Addresses whose MAC addresses the command needed.
    hops: HashSet<IpAddr>,
    /// Who said which MAC address is theirs.
    speakers: HashSet<(IpAddr, MacAddr)>,
    /// Other ends that are claimed.
    remotes: HashSet<IpAddr>,
    /// From the command's first frame to its last.
    span: Option<(Nanos, Nanos)>,
}

/// One conversation as seen from our end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Flow {
    protocol: u8,
    /// For echo requests and replies the port is their identifier.
    local: SocketAddr,
    remote: SocketAddr,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    flow: Flow,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Asked,
    Ours,
    Foreign,
    /// Nobody knows: the socket was gone when it was looked for.
    Lost,
}

/// The pieces of one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Fragment {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    identification: u16,
}

/// What decides about a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// Its flow, by number; when it came, and the MAC address of the other end of the link.
    Flow(u32, Nanos, Option<MacAddr>),
    /// The datagram that it is a piece of.
    Fragment(IpAddr, IpAddr, u8, u16),
    /// A question for a MAC address, or an answer: who speaks, and of whom.
    Neighbour(IpAddr, IpAddr, Nanos),
    /// Nothing: it is nobody's in particular.
    Nobody,
}

/// Flows, and neighbours, that are told apart at most.
const MOST: usize = 1 << 20;

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// Questions for a MAC address are repeated so long, and so long before a packet may they begin.
const NEIGHBOURLY: Nanos = Nanos(4_000_000_000);

impl Belongs {
    /// Knows nothing yet; `loopback` says that both ends of every flow are on this host.
    pub fn new(loopback: bool) -> Self {
        Self { loopback, ..Self::default() }
    }

    /// Finds out what decides about a frame; `None` where it is known already that it is not the command's.
    pub fn frame(&mut self, packet: &Packet<'_>) -> Option<Tag> {
        let time = packet.frame.time;
        if let Some((speaker, subject, mac)) = neighbour(packet) {
            if let Some(mac) = mac.filter(|_| self.speakers.len() < MOST) {
                self.speakers.insert((speaker, mac));
            }
            return Some(Tag::Neighbour(speaker, subject, time));
        }
        let Some(flow) = flow(packet) else {
            let header = packet.find(&ipv4::HEADER).and_then(|view| Ipv4::read(view.bytes()));
            return Some(header.filter(|header| header.fragment_offset > 0).map_or(Tag::Nobody, |header| {
                let (source, destination) = (header.source.into(), header.destination.into());
                Tag::Fragment(source, destination, header.protocol, header.identification)
            }));
        };
        let Some(number) = self.number(flow) else { return Some(Tag::Nobody) };
        if let Some(header) = packet.find(&ipv4::HEADER).and_then(|view| Ipv4::read(view.bytes()))
            && header.more_fragments
        {
            let (source, destination) = (header.source.into(), header.destination.into());
            let (protocol, identification) = (header.protocol, header.identification);
            self.fragments.insert(Fragment { source, destination, protocol, identification }, number);
        }
        let is_foreign = self.flows[number as usize].state == State::Foreign;
        (!is_foreign).then(|| Tag::Flow(number, time, across(packet)))
    }

    /// The flows that somebody has to be asked about: number, protocol, our end, the other end.
    pub fn questions(&mut self) -> Vec<(u32, u8, SocketAddr, SocketAddr)> {
        let ask = std::mem::take(&mut self.ask);
        let question = |number: u32| {
            let flow = self.flows[number as usize].flow;
            (number, flow.protocol, flow.local, flow.remote)
        };
        ask.into_iter().map(question).collect()
    }

    /// Somebody was asked about a flow.
    pub fn asked(&mut self, question: u64, flow: u32) {
        self.questions.insert(question, flow);
    }

    /// A socket of the command.
    pub fn claim(&mut self, claim: Claim) {
        if let Some(remote) = claim.remote {
            self.remotes.insert(remote.ip());
        }
        self.claims.entry((claim.protocol, claim.local.port())).or_default().push(claim);
    }

    /// The answer to a question.
    pub fn answer(&mut self, question: u64, owner: Owner) {
        let Some(number) = self.questions.remove(&question) else { return };
        let flow = self.flows[number as usize].flow;
        let claimed = self.claimed(flow);
        self.flows[number as usize].state = match (owner, claimed) {
            (Owner::Command, _) | (Owner::Unknown, Some(_)) | (Owner::Other, Some(Exact(true))) => State::Ours,
            (Owner::Other, _) => State::Foreign,
            (Owner::Unknown, None) if self.watched => State::Foreign,
            (Owner::Unknown, None) => State::Lost,
        };
    }

    /// Whether a question is not answered yet.
    pub fn waits(&self) -> bool {
        !self.questions.is_empty()
    }

    /// Whether the command asked a name server on this host itself.
    pub fn asked_locally(&self) -> bool {
        const DOMAIN: u16 = 53;
        let local =
            |claim: &Claim| claim.remote.is_some_and(|remote| remote.ip().is_loopback() && remote.port() == DOMAIN);
        self.claims.values().flatten().any(local)
    }

    /// The other ends of the command's sockets and flows.
    pub fn remotes(&self) -> Vec<IpAddr> {
        let of_flows = self.flows.iter().filter(|known| known.state == State::Ours).map(|known| known.flow.remote.ip());
        let mut all: Vec<IpAddr> = self.remotes.iter().copied().chain(of_flows).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Ends the asking: what was not answered is not known.
    pub fn settle(&mut self) {
        let open: Vec<u64> = self.questions.keys().copied().collect();
        open.into_iter().for_each(|question| self.answer(question, Owner::Unknown));
    }

    /// Finds the neighbours that the command needed: `hops`, the next hops to its other ends, and whoever sent or got
    /// its frames; `tags` are those of all frames.
    pub fn find_neighbours(&mut self, hops: impl IntoIterator<Item = IpAddr>, tags: &[Tag]) {
        let mut macs = HashSet::new();
        for tag in tags {
            if let Tag::Flow(number, time, mac) = *tag
                && self.flows[number as usize].state == State::Ours
            {
                macs.extend(mac);
                self.span = Some(self.span.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
            }
        }
        self.hops.extend(hops);
        self.hops.extend(self.speakers.iter().filter(|(_, mac)| macs.contains(mac)).map(|(speaker, _)| *speaker));
    }

    /// Whether a frame is the command's; after [`Belongs::find_neighbours`].
    pub fn holds(&self, tag: Tag) -> bool {
        let ours = |number: u32| self.flows[number as usize].state == State::Ours;
        match tag {
            Tag::Flow(number, ..) => ours(number),
            Tag::Fragment(source, destination, protocol, identification) => {
                let fragment = Fragment { source, destination, protocol, identification };
                self.fragments.get(&fragment).is_some_and(|number| ours(*number))
            }
            Tag::Neighbour(speaker, subject, time) => {
                let about_a_hop = self.hops.contains(&speaker) || self.hops.contains(&subject);
                about_a_hop
                    && self.span.is_none_or(|(first, last)| first - NEIGHBOURLY <= time && time <= last + NEIGHBOURLY)
            }
            Tag::Nobody => false,
        }
    }

    /// Flows of which nobody knows whose they were.
    pub fn lost(&self) -> usize {
        self.flows.iter().filter(|known| known.state == State::Lost).count()
    }

    /// Flows of other programs.
    pub fn foreign(&self) -> usize {
        self.flows.iter().filter(|known| known.state == State::Foreign).count()
    }

    /// The number of a flow, new or known; `None` where there are too many.
    fn number(&mut self, flow: Flow) -> Option<u32> {
        if let Some(number) = self.numbers.get(&flow) {
            return Some(*number);
        }
        if let Some(number) = self.numbers.get(&flow.turned()).filter(|_| self.loopback) {
            return Some(*number);
        }
        let number = u32::try_from(self.flows.len()).ok().filter(|number| *number < MOST as u32)?;
        // A claim on both ends is enough. One on ours alone may be old, and the port somebody else's by now.
        let state = if self.claimed(flow) == Some(Exact(true)) { State::Ours } else { State::Asked };
        self.flows.push(Known { flow, state });
        self.numbers.insert(flow, number);
        if state == State::Asked {
            self.ask.push(number);
        }
        Some(number)
    }

    /// Whether the command claims this flow.
    fn claimed(&self, flow: Flow) -> Option<Exact> {
        let flows = [Some(flow), Some(flow.turned()).filter(|_| self.loopback)];
        flows.into_iter().flatten().filter_map(|flow| self.claimed_by_end(flow)).max()
    }

    fn claimed_by_end(&self, flow: Flow) -> Option<Exact> {
        let claims = self.claims.get(&(flow.protocol, flow.local.port()))?;
        let fits = |claim: &Claim| {
            let local = claim.local.ip();
            let is_ours = local.is_unspecified() || local == flow.local.ip();
            let is_echo = matches!(flow.protocol, ICMP | ICMPV6);
            let exact = claim
                .remote
                .map(|remote| remote.ip() == flow.remote.ip() && (is_echo || remote.port() == flow.remote.port()));
            (is_ours && exact != Some(false)).then_some(Exact(exact.is_some()))
        };
        claims.iter().filter_map(fits).max()
    }
}

impl Flow {
    fn turned(self) -> Self {
        Self { local: self.remote, remote: self.local, ..self }
    }
}

/// A claim that names the other end, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Exact(bool);

/// The MAC address of the other end of the link.
fn across(packet: &Packet<'_>) -> Option<MacAddr> {
    let header = packet.find(&ethernet::HEADER).and_then(|view| Ethernet::read(view.bytes()))?;
    Some(if packet.frame.direction == Some(Direction::Out) { header.destination } else { header.source })
}

/// The flow that a packet belongs to, or that it reports an error about.
fn flow(packet: &Packet<'_>) -> Option<Flow> {
    let out = packet.frame.direction == Some(Direction::Out);
    let quoted = packet.layers.iter().any(|layer| layer.quoted);
    let mut views = packet.views().filter(|view| view.layer().quoted == quoted);
    let ip = views.by_ref().find(|view| ip::is_ip(*view))?;
    let (source, destination) = ip::addresses_of(ip)?;
    let view = views.find(|view| {
        [&tcp::HEADER, &udp::HEADER, &icmp::HEADER, &icmpv6::HEADER].iter().any(|header| view.is(header))
    })?;
    let ports = |bytes: &[u8]| {
        let half = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
        Some((half(0)?, half(2)?))
    };
    let (protocol, (from, to)) = if view.is(&tcp::HEADER) {
        (TCP, ports(view.bytes())?)
    } else if view.is(&udp::HEADER) {
        (UDP, ports(view.bytes())?)
    } else {
        let (protocol, echo) = match Echo::read(view.bytes()).filter(|_| view.is(&icmp::HEADER)) {
            Some(echo) => (ICMP, echo),
            None => (ICMPV6, icmpv6::read_echo(view.bytes()).filter(|_| view.is(&icmpv6::HEADER))?),
        };
        // The identifier is the asker's end; the other end has none.
        (protocol, if echo.reply { (0, echo.identifier) } else { (echo.identifier, 0) })
    };
    let (from, to) = (SocketAddr::new(source, from), SocketAddr::new(destination, to));
    // What an error quotes went the other way.
    let (local, remote) = if out != quoted { (from, to) } else { (to, from) };
    Some(Flow { protocol, local, remote })
}

/// Who asks for, or tells, whose MAC address; and the speaker's own where the packet tells it.
fn neighbour(packet: &Packet<'_>) -> Option<(IpAddr, IpAddr, Option<MacAddr>)> {
    if let Some(arp) = packet.find(&arp::HEADER).and_then(|view| Arp::read(view.bytes())) {
        let mac = (!arp.sender_ip.is_unspecified()).then_some(arp.sender_mac);
        return Some((arp.sender_ip.into(), arp.target_ip.into(), mac));
    }
    let view = packet.find(&icmpv6::HEADER)?;
    let neighbour = Neighbor::read(view.bytes())?;
    let (source, _) = ip::addresses_of(ip::enclosing(view)?)?;
    let mac = packet.find(&ethernet::HEADER).and_then(|view| Ethernet::read(view.bytes())).map(|header| header.source);
    Some((source, neighbour.target.into(), mac))
}

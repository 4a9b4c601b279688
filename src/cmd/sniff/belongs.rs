//! Which of the frames that were seen belong to one command. No input and output here: frames and the helper's words come
//! in as arguments.
//!
//! A frame belongs to the command when a socket of the command is at our end of its flow at that time; when it is an
//! ICMP error about such a frame, or a later fragment of one; or a question for the MAC address of the next hop of such
//! a flow.

mod flow;

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use self::flow::{Datagram, Flow, across, flow, neighbour, piece};
use crate::model::{Direction, MacAddr, Nanos, Packet};
use crate::wire::cause::{Claim, Owner};

/// What is known by now.
#[derive(Debug, Default)]
pub(super) struct Belongs {
    /// Over loopback both ends are ours, and every frame comes in.
    loopback: bool,
    /// Every socket of the command is claimed: what is not, is not the command's.
    watched: bool,
    /// What decides about each frame that was kept, in their order.
    frames: Vec<Tag>,
    flows: Vec<(Flow, State)>,
    numbers: HashMap<Flow, u32>,
    /// Flows that somebody has to be asked about, and those of which the answer is still to come.
    ask: Vec<u32>,
    questions: HashMap<u64, u32>,
    /// By protocol and port.
    claims: HashMap<(u8, u16), Vec<Held>>,
    /// The frames in which datagrams in pieces begin.
    fragments: HashMap<Datagram, usize>,
    /// Who said which MAC address is theirs.
    speakers: HashSet<(IpAddr, MacAddr)>,
}

/// A socket of the command, from when to when.
#[derive(Clone, Copy, Debug)]
struct Held {
    claim: Claim,
    since: Nanos,
    until: Option<Nanos>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Asked,
    Ours,
    Foreign,
    /// Nobody knows: the socket was gone when it was looked for.
    Lost,
}

/// What decides about a frame.
#[derive(Clone, Copy, Debug)]
enum Tag {
    /// Its flow, by number; when it came, whether it left, and the MAC address of the other end of the link.
    Flow { number: u32, time: Nanos, out: bool, across: Option<MacAddr> },
    /// The datagram that it is a piece of.
    Piece(Datagram),
    /// A question for a MAC address, or an answer: who speaks, and of whom.
    Neighbour { speaker: IpAddr, subject: IpAddr, time: Nanos },
    /// Nothing: it is nobody's in particular.
    Nobody,
}

/// Which frames are the command's.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// For each frame that was kept, in their order.
    pub frames: Vec<bool>,
    /// Flows of which nobody knows whose they were.
    pub lost: usize,
}

/// Flows and neighbours that are told apart at most.
const MOST: usize = 1 << 20;

/// A packet that left this long after its socket was closed may still be the socket's.
const LATE: Nanos = Nanos(2_000_000);
/// So may its first packet, when it had to wait for a MAC address, and then leaves at once.
const FIRST_LATE: Nanos = Nanos(4_000_000_000);
const RELEASED: Nanos = Nanos(10_000_000);
/// Answers to it come so long after it was closed.
const ANSWERS: Nanos = Nanos(30_000_000_000);
/// Questions for a MAC address are repeated so long, and so long before a packet may they begin.
const NEIGHBOURLY: Nanos = Nanos(4_000_000_000);

impl Belongs {
    /// Knows nothing yet; `loopback` says that both ends of every flow are on this host.
    pub fn new(loopback: bool) -> Self {
        Self { loopback, ..Self::default() }
    }

    /// Every socket of the command will be claimed.
    pub fn is_watched(&mut self) {
        self.watched = true;
    }

    /// Takes in a frame; `false` where it is known already that it is not the command's, so that it need not be kept.
    pub fn frame(&mut self, packet: &Packet<'_>) -> bool {
        match self.tag(packet) {
            Some(tag) => {
                self.frames.push(tag);
                true
            }
            None => false,
        }
    }

    fn tag(&mut self, packet: &Packet<'_>) -> Option<Tag> {
        let time = packet.frame.time;
        if let Some((speaker, subject, mac)) = neighbour(packet) {
            if let Some(mac) = mac.filter(|_| self.speakers.len() < MOST) {
                self.speakers.insert((speaker, mac));
            }
            return Some(Tag::Neighbour { speaker, subject, time });
        }
        let piece = piece(packet);
        let Some(flow) = flow(packet) else {
            let later = piece.filter(|piece| !piece.is_first);
            return Some(later.map_or(Tag::Nobody, |piece| Tag::Piece(piece.datagram)));
        };
        let Some(number) = self.number(flow) else { return Some(Tag::Nobody) };
        let (_, state) = self.flows[number as usize];
        if state == State::Foreign && self.held(flow).next().is_none() {
            return None;
        }
        if let Some(first) = piece.filter(|piece| piece.is_first) {
            self.fragments.insert(first.datagram, self.frames.len());
        }
        Some(Tag::Flow { number, time, out: packet.frame.direction == Some(Direction::Out), across: across(packet) })
    }

    /// The number of a flow, new or known; `None` where there are too many.
    fn number(&mut self, flow: Flow) -> Option<u32> {
        if let Some(number) = self.numbers.get(&flow) {
            return Some(*number);
        }
        if let Some(number) = self.numbers.get(&flow.turned()).filter(|_| self.loopback) {
            return Some(*number);
        }
        let number = u32::try_from(self.flows.len()).ok().filter(|_| self.flows.len() < MOST)?;
        let state = if self.held(flow).any(Held::is_exact) { State::Ours } else { State::Asked };
        self.flows.push((flow, state));
        self.numbers.insert(flow, number);
        if state == State::Asked {
            self.ask.push(number);
        }
        Some(number)
    }

    /// The flows that somebody has to be asked about: number, protocol, our end, the other end.
    pub fn questions(&mut self) -> Vec<(u32, u8, SocketAddr, SocketAddr)> {
        let question = |number: u32| {
            let (flow, _) = self.flows[number as usize];
            (number, flow.protocol, flow.local, flow.remote)
        };
        std::mem::take(&mut self.ask).into_iter().map(question).collect()
    }

    /// Somebody was asked about a flow.
    pub fn asked(&mut self, question: u64, flow: u32) {
        self.questions.insert(question, flow);
    }

    /// Whether a question is not answered yet.
    pub fn waits(&self) -> bool {
        !self.questions.is_empty()
    }

    /// The answer to a question.
    pub fn answer(&mut self, question: u64, owner: Owner) {
        let Some(number) = self.questions.remove(&question) else { return };
        let (flow, _) = self.flows[number as usize];
        let is_exact = self.held(flow).any(Held::is_exact);
        let is_claimed = self.held(flow).next().is_some();
        self.flows[number as usize].1 = match owner {
            _ if is_exact => State::Ours,
            Owner::Command => State::Ours,
            Owner::Other => State::Foreign,
            Owner::Unknown if is_claimed => State::Ours,
            Owner::Unknown if self.watched => State::Foreign,
            Owner::Unknown => State::Lost,
        };
    }

    /// A socket of the command.
    pub fn claim(&mut self, claim: Claim, since: Nanos) {
        self.claims.entry((claim.protocol, claim.local.port())).or_default().push(Held { claim, since, until: None });
    }

    /// A socket of the command is closed.
    pub fn close(&mut self, protocol: u8, port: u16, until: Nanos) {
        let claims = self.claims.get_mut(&(protocol, port)).into_iter().flatten();
        for held in claims.filter(|held| held.until.is_none() && !held.is_exact()) {
            held.until = Some(until);
        }
    }

    /// Whether the command asked a name server on this host itself.
    pub fn asked_locally(&self) -> bool {
        const DOMAIN: u16 = 53;
        let is_local = |(flow, state): &(Flow, State)| {
            *state == State::Ours && flow.remote.port() == DOMAIN && flow.remote.ip().is_loopback()
        };
        !self.loopback && self.flows.iter().any(is_local)
    }

    /// The other ends that the command named, and those of its flows.
    pub fn remotes(&self) -> Vec<IpAddr> {
        let claimed = self.claims.values().flatten().filter_map(|held| held.claim.remote);
        let of_flows = self.flows.iter().filter(|(_, state)| *state == State::Ours).map(|(flow, _)| flow.remote);
        let mut all: Vec<IpAddr> = claimed.chain(of_flows).map(|remote| remote.ip()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What is the command's of the frames that were kept. `hops` are the next hops to its other ends, as far as they
    /// are known.
    pub fn verdict(mut self, hops: &[IpAddr]) -> Verdict {
        let open: Vec<u64> = self.questions.keys().copied().collect();
        for question in open {
            self.answer(question, Owner::Unknown);
        }
        let mut past = Past::default();
        let mut frames: Vec<bool> = self.frames.iter().map(|tag| self.by_flow(*tag, &mut past)).collect();
        let (mut macs, mut span) = (HashSet::new(), None::<(Nanos, Nanos)>);
        for (tag, ours) in self.frames.iter().zip(&frames) {
            if let (Tag::Flow { time, across, .. }, true) = (*tag, ours) {
                macs.extend(across);
                span = Some(span.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
            }
        }
        let mut hops: HashSet<IpAddr> = hops.iter().copied().collect();
        hops.extend(self.speakers.iter().filter(|(_, mac)| macs.contains(mac)).map(|(speaker, _)| *speaker));
        for (at, tag) in self.frames.iter().enumerate() {
            frames[at] |= match *tag {
                Tag::Piece(datagram) => self.fragments.get(&datagram).is_some_and(|first| frames[*first]),
                Tag::Neighbour { speaker, subject, time } => {
                    let is_about_a_hop = hops.contains(&speaker) || hops.contains(&subject);
                    let near =
                        |(first, last): (Nanos, Nanos)| first - NEIGHBOURLY <= time && time <= last + NEIGHBOURLY;
                    is_about_a_hop && span.is_none_or(near)
                }
                Tag::Flow { .. } | Tag::Nobody => false,
            };
        }
        Verdict { frames, lost: self.flows.iter().filter(|(_, state)| *state == State::Lost).count() }
    }

    /// Whether a frame is of a flow of the command. Frames come in order.
    fn by_flow(&self, tag: Tag, past: &mut Past) -> bool {
        let (number, time, out) = match tag {
            Tag::Flow { number, time, out, .. } => (number, time, out),
            Tag::Neighbour { time, .. } => {
                past.neighbour = Some(time);
                return false;
            }
            Tag::Piece(_) | Tag::Nobody => return false,
        };
        let (flow, state) = self.flows[number as usize];
        let ours = state == State::Ours;
        // A connection has both ends for itself. Other sockets may have a port one after the other.
        let claims: Vec<&Held> = self.held(flow).collect();
        if flow.protocol == TCP || !self.watched || claims.is_empty() || claims.iter().any(|held| held.is_exact()) {
            return ours;
        }
        let just_heard = past.neighbour.is_some_and(|heard| time <= heard + RELEASED);
        let used = past.ports.entry((flow.protocol, flow.local)).or_default();
        let open = |held: &&&Held| held.since <= time && held.until.is_none_or(|until| time <= until + LATE);
        let waited = |held: &&&Held| {
            let is_first = used.claim < Some(held.since) && held.since <= time;
            just_heard && is_first && held.until.is_some_and(|until| time <= until + FIRST_LATE)
        };
        if out || self.loopback {
            let claim = claims.iter().find(open).or_else(|| claims.iter().find(waited));
            used.claim = claim.map(|held| held.since).or(used.claim);
            used.by_us = claim.is_some();
            return used.by_us;
        }
        let just_closed = |held: &&&Held| held.until.is_some_and(|until| time <= until + ANSWERS);
        claims.iter().any(|held| open(&held)) || (used.by_us && claims.iter().any(|held| just_closed(&held)))
    }

    /// The command's sockets at our end of this flow.
    fn held(&self, flow: Flow) -> impl Iterator<Item = &Held> {
        let turned = Some(flow.turned()).filter(|_| self.loopback);
        [Some(flow), turned].into_iter().flatten().flat_map(|flow| {
            let claims = self.claims.get(&(flow.protocol, flow.local.port())).into_iter().flatten();
            claims.filter(move |held| flow.fits(&held.claim))
        })
    }
}

const TCP: u8 = 6;

/// What came before a frame.
#[derive(Debug, Default)]
struct Past {
    /// Who sent from each port last, by protocol.
    ports: HashMap<(u8, SocketAddr), Use>,
    /// When somebody asked for a MAC address last, or told one.
    neighbour: Option<Nanos>,
}

/// Who sent from a port last.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    by_us: bool,
    /// The claim of ours under which something was sent, by its beginning.
    claim: Option<Nanos>,
}

impl Held {
    /// It names the other end, too.
    fn is_exact(&self) -> bool {
        self.claim.remote.is_some()
    }
}

#[cfg(test)]
mod tests;

//! Which conversation each packet of a capture belongs to. Memory is bounded: where there are too many conversations,
//! those that have been silent for long go.

use std::collections::VecDeque;
use std::net::IpAddr;

use foldhash::HashMap;

use super::facts::{Facts, Moment, Wait};
use super::key::{Datagram, Fragment, Key, Outline, Quoted, probed, sorted};
use super::{Conversation, ConversationNo, End, Found, Kind, Speaker, requests};
use crate::converse::{Piece, tcp};
use crate::model::{FrameNo, MacAddr, Nanos, Packet};

/// Conversations followed at a time; when there are more, one that was silent for long is told as it is.
const FOLLOWED: usize = 4096;
/// Conversations that have ended and wait to be told. Whoever does not ask for them loses the oldest.
const UNTOLD: usize = 4096;
/// Datagrams in pieces whose conversation is remembered.
const PIECES: usize = 64;
/// Pings to many at once that are remembered.
const GROUPS: usize = 16;
/// Answers to questions for a MAC address that a first packet may have waited for.
const ANSWERS: usize = 16;
/// A packet that comes later than this after the answer did not wait for it.
const PROMPT: Nanos = Nanos(100 * Nanos::MILLISECOND.0);

/// Where a conversation is kept, with what making room needs.
#[derive(Debug)]
struct Place {
    key: Key,
    conversation: Conversation,
    /// Its latest frame when somebody last looked whether it may go.
    looked: FrameNo,
}

/// An answer to a question for a MAC address: who asked, who answered.
#[derive(Clone, Copy, Debug)]
struct Answer {
    asker: MacAddr,
    owner: MacAddr,
    wait: Wait,
}

/// Where a packet's conversation is, and what the packet is to it.
#[derive(Clone, Copy, Debug)]
struct Met {
    place: usize,
    speaker: Speaker,
    /// The packet says itself where it belongs.
    is_own: bool,
    /// It is the first one.
    begins: bool,
}

/// Follows the conversations of one capture.
#[derive(Debug, Default)]
pub struct Conversations {
    count: u32,
    places: HashMap<Key, usize>,
    numbers: HashMap<ConversationNo, usize>,
    /// The latest conversation between two TCP ports, for errors that quote a segment of it.
    tcp: HashMap<(End, End), usize>,
    open: Vec<Place>,
    /// Where to look next for one that may go.
    hand: usize,
    /// The place of the latest packet's conversation: bursts are common.
    latest: Option<usize>,
    pieces: VecDeque<(Datagram, ConversationNo)>,
    /// Pings to many at once, whose answers come from addresses of their own: asker, identifier.
    groups: VecDeque<(IpAddr, u16, ConversationNo)>,
    answers: VecDeque<Answer>,
    ended: VecDeque<Conversation>,
    /// Nobody wants to know what becomes of them.
    are_only_told_apart: bool,
}

impl Conversations {
    /// From now on it is only found which packet belongs to which conversation, and who speaks: most of the work is to
    /// follow what becomes of them, and not every view tells that.
    pub(in crate::converse) fn only_tell_apart(&mut self) {
        self.are_only_told_apart = true;
    }

    /// How many conversations there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The conversation with this number, while it is followed. What its connection came to, the tracker tells.
    #[must_use]
    pub fn of(&self, number: ConversationNo) -> Option<&Conversation> {
        let latest = self.latest.and_then(|place| self.open.get(place)).map(|place| &place.conversation);
        match latest.filter(|conversation| conversation.number == number) {
            Some(conversation) => Some(conversation),
            None => Some(&self.open.get(*self.numbers.get(&number)?)?.conversation),
        }
    }

    /// Which conversation `packet` belongs to, and who speaks; it may begin one.
    pub fn observe(&mut self, packet: &Packet<'_>, found: &Found<'_>) -> (ConversationNo, Speaker) {
        let outline = Outline::of(packet);
        let fragment = outline.fragment();
        let met = match self.belongs(packet, &outline, fragment) {
            Some(place) => self.meet_stray(packet, &outline, place),
            None => self.meet_own(packet, &outline, fragment, found),
        };
        self.latest = Some(met.place);
        if !self.are_only_told_apart {
            self.follow(packet, &outline, fragment, found, met);
        }
        (self.open[met.place].conversation.number, met.speaker)
    }

    /// Takes in a datagram whose last piece was just observed.
    pub fn observe_whole(&mut self, packet: &Packet<'_>) {
        let outline = Outline::of(packet);
        let Some(conversation) = self.latest_followed() else { return };
        let (_, _, sender) = outline.read(packet);
        conversation.take(packet, &outline, conversation.kind.speaker(sender), None);
    }

    /// Takes in the messages in `packet`: the segment that was just observed, or what it completes.
    pub fn observe_messages(&mut self, packet: &Packet<'_>) {
        let Some(conversation) = self.latest_followed() else { return };
        let now = Moment { frame: packet.frame.number, time: packet.frame.time };
        for view in packet.views().filter(|view| requests::is_message(*view)) {
            conversation.requests.get_or_insert_default().see(view, now);
        }
    }

    /// The latest packet's conversation, if anybody wants to know what becomes of it.
    fn latest_followed(&mut self) -> Option<&mut Conversation> {
        let latest = self.latest.filter(|_| !self.are_only_told_apart)?;
        self.open.get_mut(latest).map(|place| &mut place.conversation)
    }

    /// Takes over what was known of connections that are no longer remembered.
    pub fn connect(&mut self, forgotten: &[tcp::Facts]) {
        if self.are_only_told_apart {
            return;
        }
        for facts in forgotten {
            if let Some(&place) = self.places.get(&Key::Tcp(facts.stream)) {
                self.open[place].conversation.connect(facts);
            }
        }
    }

    /// A conversation that is no longer followed: the one that went first.
    pub fn ended(&mut self) -> Option<Conversation> {
        self.ended.pop_front()
    }

    /// The capture is over: no conversation is followed any longer, in the order in which they began.
    pub fn finish(&mut self) {
        let Self { count, ended, open, are_only_told_apart, .. } = std::mem::take(self);
        (self.count, self.ended, self.are_only_told_apart) = (count, ended, are_only_told_apart);
        if are_only_told_apart {
            return;
        }
        let mut open: Vec<_> = open.into_iter().map(|place| place.conversation).collect();
        open.sort_unstable_by_key(|conversation| conversation.number);
        self.ended.extend(open);
    }

    /// The conversation of a packet that only another packet tells: a later fragment, an ICMP error.
    fn belongs(&self, packet: &Packet<'_>, outline: &Outline<'_, '_>, fragment: Option<Fragment>) -> Option<usize> {
        if let Some(Fragment { datagram, is_first: false }) = fragment {
            let (_, number) = self.pieces.iter().rev().find(|(known, _)| *known == datagram)?;
            return self.numbers.get(number).copied();
        }
        if !outline.quotes() {
            return self.group(outline);
        }
        match outline.quote(packet)?.about? {
            Quoted::Tcp(low, high) => self.tcp.get(&(low, high)).copied(),
            Quoted::Other(key) => self.places.get(&key).copied(),
        }
    }

    /// The ping to many that an echo reply answers, if nobody asked its sender alone.
    fn group(&self, outline: &Outline<'_, '_>) -> Option<usize> {
        if self.groups.is_empty() {
            return None;
        }
        let (echo, (_, asker)) = (outline.echo().filter(|echo| echo.reply)?, outline.ends()?);
        let ping = |group: &&(IpAddr, u16, ConversationNo)| (group.0, group.1) == (asker, echo.identifier);
        let (_, _, number) = self.groups.iter().rev().find(ping)?;
        self.numbers.get(number).copied()
    }

    /// A packet that belongs to the conversation at `place` because of another packet.
    fn meet_stray(&mut self, packet: &Packet<'_>, outline: &Outline<'_, '_>, place: usize) -> Met {
        let conversation = &mut self.open[place].conversation;
        // Neither a later fragment nor a complaint has ports; addresses tell whose it is.
        let speaker = conversation.kind.speaker_at(outline.ends().map(|(from, _)| from));
        conversation.count(packet, speaker);
        Met { place, speaker, is_own: false, begins: false }
    }

    /// A packet that says itself which conversation it belongs to.
    fn meet_own(
        &mut self,
        packet: &Packet<'_>,
        outline: &Outline<'_, '_>,
        fragment: Option<Fragment>,
        found: &Found<'_>,
    ) -> Met {
        let (mut key, kind, sender) = outline.read(packet);
        // Whoever tells of an address that is being probed speaks to the prober.
        if let Kind::Neighbour(one, other) = kind
            && one == other
            && self.places.contains_key(&probed(one))
        {
            key = probed(one);
        }
        let known = self.known(&key);
        let begins = known.is_none();
        let place = known.unwrap_or_else(|| self.begin(key, kind, packet));
        let Place { conversation, .. } = &mut self.open[place];
        let speaker = conversation.kind.speaker(sender);
        conversation.count(packet, speaker);
        conversation.below(packet, outline, speaker, found);
        if let (Kind::Echo(asker, _, identifier), true, true) = (kind, begins, conversation.to_group) {
            if self.groups.len() == GROUPS {
                self.groups.pop_front();
            }
            self.groups.push_back((asker, identifier, conversation.number));
        }
        if let Some(fragment) = fragment {
            if self.pieces.len() == PIECES {
                self.pieces.pop_front();
            }
            self.pieces.push_back((fragment.datagram, conversation.number));
        }
        Met { place, speaker, is_own: true, begins }
    }

    /// Takes in what a packet says about its conversation.
    fn follow(
        &mut self,
        packet: &Packet<'_>,
        outline: &Outline<'_, '_>,
        fragment: Option<Fragment>,
        found: &Found<'_>,
        met: Met,
    ) {
        let Met { place, speaker, is_own, begins } = met;
        let wait = begins.then(|| self.waited(packet, outline)).flatten();
        let Place { conversation, .. } = &mut self.open[place];
        if begins {
            conversation.facts = Facts::of(conversation.kind);
        }
        conversation.wait = conversation.wait.or(wait);
        let quotes = outline.quotes();
        let stands_alone = is_own && matches!(conversation.kind, Kind::Ip(..));
        if stands_alone || quotes && (is_own || fragment.is_none()) {
            conversation.hear(packet, outline);
        }
        if let Some(fragment) = fragment {
            let pieces = conversation.pieces.get_or_insert_default();
            pieces.fragments.see(packet.frame.number);
            pieces.begun = pieces.begun.saturating_add(u32::from(is_own && fragment.is_first));
        } else if is_own || !quotes {
            let conflict = found.conflict.filter(|_| is_own);
            if let Some(wait) = conversation.take(packet, outline, speaker, conflict).filter(|_| is_own) {
                self.remember(outline, wait);
            }
        }
        let Place { conversation, .. } = &mut self.open[place];
        if let (Piece::Last(_), Some(pieces)) = (found.piece, &mut conversation.pieces) {
            pieces.wholes.see(packet.frame.number);
        }
    }

    fn known(&self, key: &Key) -> Option<usize> {
        match self.latest.filter(|&place| self.open.get(place).is_some_and(|place| place.key == *key)) {
            Some(place) => Some(place),
            None => self.places.get(key).copied(),
        }
    }

    fn begin(&mut self, key: Key, kind: Kind, packet: &Packet<'_>) -> usize {
        self.count = self.count.saturating_add(1);
        let number = ConversationNo(self.count);
        let now = (packet.frame.number, packet.frame.time);
        let conversation = Conversation::new(number, kind, now);
        let fresh = Place { key, conversation, looked: now.0 };
        let place = if self.open.len() < FOLLOWED {
            self.open.push(fresh);
            self.open.len() - 1
        } else {
            self.replace(fresh)
        };
        self.places.insert(key, place);
        self.numbers.insert(number, place);
        if let Kind::Tcp(from, to, _) = kind {
            self.tcp.insert(sorted(from, to), place);
        }
        place
    }

    /// Puts `fresh` in the place of a conversation that has been silent for long: whoever spoke since it was looked at
    /// last stays.
    fn replace(&mut self, fresh: Place) -> usize {
        let place = loop {
            let place = self.hand % self.open.len().max(1);
            self.hand = place + 1;
            let Place { conversation, looked, .. } = &mut self.open[place];
            if conversation.last.0 <= *looked {
                break place;
            }
            *looked = conversation.last.0;
        };
        let Place { key, conversation, .. } = std::mem::replace(&mut self.open[place], fresh);
        self.places.remove(&key);
        self.numbers.remove(&conversation.number);
        if let Kind::Tcp(from, to, _) = conversation.kind
            && self.tcp.get(&sorted(from, to)) == Some(&place)
        {
            self.tcp.remove(&sorted(from, to));
        }
        if self.are_only_told_apart {
            return place;
        }
        if self.ended.len() == UNTOLD {
            self.ended.pop_front();
        }
        self.ended.push_back(conversation);
        place
    }

    /// What the first packet of a conversation had to wait for: the answer that told its MAC address, if nothing was
    /// sent there since.
    fn waited(&mut self, packet: &Packet<'_>, outline: &Outline<'_, '_>) -> Option<Wait> {
        outline.ip?;
        let eth = outline.ethernet()?;
        let place =
            self.answers.iter().rposition(|answer| (answer.asker, answer.owner) == (eth.source, eth.destination))?;
        let wait = self.answers.remove(place)?.wait;
        (packet.frame.time - wait.answer.time < PROMPT).then_some(wait)
    }

    fn remember(&mut self, outline: &Outline<'_, '_>, wait: Wait) {
        let Some(eth) = outline.ethernet() else { return };
        if self.answers.len() == ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back(Answer { asker: eth.destination, owner: eth.source, wait });
    }
}

#[cfg(test)]
mod tests;

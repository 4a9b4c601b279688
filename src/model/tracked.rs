//! What conversations tell of their packets: values that are not on the wire but concluded from other frames, which
//! Wireshark calls generated. [`Tracked`] names one, [`Generated`] is one of one packet, [`Conclusions`] are all of it.

use std::fmt;
use std::net::Ipv4Addr;
use std::ops::Deref;

use super::{Nanos, TcpState, Value};

/// Every name of such a value that is told or asked for, protocol by protocol. Those that begin with `netlab` are ours,
/// the others Wireshark's display-filter names.
static KEYS: [&str; 98] = [
    "arp.duplicate-address-detected",
    "arp.duplicate-address-frame",
    "arp.seconds-since-duplicate-address-frame",
    "ip.fragment",
    "ip.fragment.count",
    "ip.fragment.error",
    "ip.fragment.multipletails",
    "ip.fragment.overlap",
    "ip.fragment.overlap.conflict",
    "ip.fragment.toolongfragment",
    "ip.reassembled.length",
    "ipv6.fragment",
    "ipv6.fragment.count",
    "ipv6.fragment.error",
    "ipv6.fragment.multipletails",
    "ipv6.fragment.overlap",
    "ipv6.fragment.overlap.conflict",
    "ipv6.fragment.toolongfragment",
    "ipv6.reassembled.length",
    "icmp.resp_in",
    "icmp.resp_to",
    "icmp.resptime",
    "icmpv6.resp_in",
    "icmpv6.resp_to",
    "icmpv6.resptime",
    "udp.stream",
    "tcp.ack",
    "tcp.analysis.ack_lost_segment",
    "tcp.analysis.ack_rtt",
    "tcp.analysis.acks_frame",
    "tcp.analysis.bytes_in_flight",
    "tcp.analysis.duplicate_ack",
    "tcp.analysis.duplicate_ack_frame",
    "tcp.analysis.duplicate_ack_num",
    "tcp.analysis.fast_retransmission",
    "tcp.analysis.flags",
    "tcp.analysis.initial_rtt",
    "tcp.analysis.keep_alive",
    "tcp.analysis.keep_alive_ack",
    "tcp.analysis.lost_segment",
    "tcp.analysis.out_of_order",
    "tcp.analysis.push_bytes_sent",
    "tcp.analysis.retransmission",
    "tcp.analysis.reused_ports",
    "tcp.analysis.rto",
    "tcp.analysis.rto_frame",
    "tcp.analysis.spurious_retransmission",
    "tcp.analysis.tfo_ack",
    "tcp.analysis.tfo_ignored",
    "tcp.analysis.window_full",
    "tcp.analysis.window_update",
    "tcp.analysis.zero_window",
    "tcp.analysis.zero_window_probe",
    "tcp.analysis.zero_window_probe_ack",
    "tcp.completeness",
    "tcp.connection.fin",
    "tcp.connection.fin_active",
    "tcp.connection.fin_passive",
    "tcp.connection.rst",
    "tcp.connection.syn",
    "tcp.connection.synack",
    "tcp.flags.ace",
    "tcp.nxtseq",
    "tcp.options.sack.dsack_le",
    "tcp.options.sack.dsack_re",
    "tcp.options.sack_le",
    "tcp.options.sack_re",
    "tcp.reassembled.length",
    "tcp.segment",
    "tcp.segment.count",
    "tcp.seq",
    "tcp.stream",
    "tcp.time_delta",
    "tcp.time_relative",
    "tcp.window_size",
    "tcp.window_size_scalefactor",
    "dns.response_to",
    "dns.retransmission",
    "dns.retransmit_request_in",
    "dns.retransmit_response_in",
    "dns.time",
    "dns.unsolicited",
    "http.prev_request_in",
    "http.prev_response_in",
    "http.request_in",
    "http.request_number",
    "http.response_number",
    "http.time",
    "netlab.arp.duplicate",
    "netlab.echo.again",
    "netlab.fragment.conflict",
    "netlab.fragment.long",
    "netlab.fragment.overlap",
    "netlab.fragment.tails",
    "netlab.state.dst",
    "netlab.state.dst.assumed",
    "netlab.state.src",
    "netlab.state.src.assumed",
];

/// [`Conclusions`] have a bit for each.
const _: () = assert!(KEYS.len() <= 2 * u64::BITS as usize);

/// The name of a value that is concluded: one of a list, so that a million packets are searched for numbers and not for
/// text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tracked(u8);

/// A [`Tracked`], as `tracked!("tcp.seq")`; a name that there is not is an error of compilation.
macro_rules! tracked {
    ($key:literal) => {
        const { $crate::model::Tracked::of($key) }
    };
}

pub(crate) use tracked;

impl Tracked {
    /// How many there are.
    pub const COUNT: usize = KEYS.len();

    /// The one named `key`, such as `icmp.resptime`.
    ///
    /// # Panics
    /// When conversations tell of nothing with this name.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // there are fewer
    pub const fn of(key: &str) -> Self {
        let mut place = 0;
        while place < KEYS.len() {
            if same(KEYS[place].as_bytes(), key.as_bytes()) {
                return Self(place as u8);
            }
            place += 1;
        }
        panic!("no value is tracked by this name");
    }

    /// All of them.
    #[allow(clippy::cast_possible_truncation)] // there are fewer
    pub fn all() -> impl Iterator<Item = Self> {
        (0..KEYS.len()).map(|place| Self(place as u8))
    }

    /// Its name.
    #[must_use]
    pub fn key(self) -> &'static str {
        KEYS[self.place()]
    }

    /// Its bit among those of all of them, in which word.
    #[inline]
    fn bit(self) -> (usize, u64) {
        (usize::from(self.0 >> 6 & 1), 1 << (self.0 & 63))
    }

    /// Its place among all of them, below [`Self::COUNT`].
    #[must_use]
    pub fn place(self) -> usize {
        self.0.into()
    }
}

impl fmt::Debug for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut place = 0;
    while place < one.len() {
        if one[place] != other[place] {
            return false;
        }
        place += 1;
    }
    true
}

/// What such a value says. Small, for a segment has a dozen of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackedValue {
    /// A number.
    Number(u64),
    /// That something holds.
    Yes,
    /// A span of time.
    Span(Nanos),
    /// A state of one end of a connection.
    State(TcpState),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
}

impl From<TrackedValue> for Value<'static> {
    fn from(value: TrackedValue) -> Self {
        match value {
            TrackedValue::Number(number) => Self::Number(number),
            TrackedValue::Yes => Self::Flag(true),
            TrackedValue::Span(span) => Self::Span(span),
            TrackedValue::State(state) => Self::Text(state.name()),
            TrackedValue::Ipv4(address) => Self::Ipv4(address),
        }
    }
}

/// A value that is not on the wire but concluded from other frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Which value.
    pub what: Tracked,
    /// Index of the layer it is shown with.
    pub layer: u32,
    /// What it says.
    pub value: TrackedValue,
}

impl Generated {
    /// The value that is shown with the layer at `index`.
    #[inline]
    #[must_use]
    pub fn new(index: usize, what: Tracked, value: TrackedValue) -> Self {
        // A packet has no more layers than bytes.
        Self { what, layer: u32::try_from(index).unwrap_or(u32::MAX), value }
    }

    /// Whether it is shown with the layer at `index`.
    #[inline]
    #[must_use]
    pub fn is_of(&self, index: usize) -> bool {
        self.layer as usize == index
    }
}

/// All such values of one packet, in the order in which they were concluded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conclusions {
    all: Vec<Generated>,
    /// A bit for each that is there, for most questions are about what is not.
    present: [u64; 2],
}

impl Conclusions {
    /// Adds one.
    #[inline]
    pub fn push(&mut self, one: Generated) {
        let (word, bit) = one.what.bit();
        self.present[word] |= bit;
        self.all.push(one);
    }

    /// Forgets them all, and keeps their room.
    pub fn clear(&mut self) {
        self.all.clear();
        self.present = [0; 2];
    }

    /// The first of this name.
    #[inline]
    #[must_use]
    pub fn of(&self, what: Tracked) -> Option<TrackedValue> {
        let (word, bit) = what.bit();
        if self.present[word] & bit == 0 {
            return None;
        }
        self.all.iter().find(|one| one.what == what).map(|one| one.value)
    }
}

impl Extend<Generated> for Conclusions {
    fn extend<I: IntoIterator<Item = Generated>>(&mut self, more: I) {
        more.into_iter().for_each(|one| self.push(one));
    }
}

impl FromIterator<Generated> for Conclusions {
    fn from_iter<I: IntoIterator<Item = Generated>>(all: I) -> Self {
        let mut conclusions = Self::default();
        conclusions.extend(all);
        conclusions
    }
}

impl Deref for Conclusions {
    type Target = [Generated];

    fn deref(&self) -> &[Generated] {
        &self.all
    }
}

#[cfg(test)]
mod tests {
    use super::{Conclusions, Generated, Tracked, TrackedValue};

    #[test]
    fn only_what_was_concluded_is_there_and_the_first_of_its_name_counts() {
        let mut conclusions = Conclusions::default();
        for one in Tracked::all() {
            assert_eq!(Tracked::of(one.key()), one);
            conclusions.push(Generated::new(2, one, TrackedValue::Number(1)));
            conclusions.push(Generated::new(2, one, TrackedValue::Yes));
            for other in Tracked::all() {
                assert_eq!(conclusions.of(other), (one == other).then_some(TrackedValue::Number(1)), "{other:?}");
            }
            assert_eq!(conclusions.len(), 2);
            conclusions.clear();
            assert!(conclusions.is_empty() && conclusions.of(one).is_none());
        }
    }
}

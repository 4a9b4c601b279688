//! Frames: link-layer bytes as captured, with everything the kernel said about them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A point in time or a span, in nanoseconds. Points are counted from the Unix epoch when they come
/// from a frame, and from an arbitrary start when they come from the session's monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Nanos(pub i64);

impl Nanos {
    /// One millisecond.
    pub const MILLISECOND: Self = Self(1_000_000);
    /// One second.
    pub const SECOND: Self = Self(1_000_000_000);

    /// A span of `seconds`, which must be finite; values beyond ±292 years are clamped.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // the cast saturates, as documented
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e9).round() as i64)
    }

    /// This span in milliseconds, as people read round-trip times.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // spans shown to people are far below 2^53 ns
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl std::ops::Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Nanos {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// A span as people read round-trip times: milliseconds with three digits behind the point, rounded half away from zero.
#[derive(Clone, Copy, Debug)]
pub struct Millis(pub Nanos);

impl Millis {
    /// Whether it is below zero, whole milliseconds, and thousandths of one.
    #[must_use]
    pub fn parts(self) -> (bool, u64, u64) {
        let Self(Nanos(span)) = self;
        let thousandths = (span.unsigned_abs() + 500) / 1000;
        (span < 0 && thousandths > 0, thousandths / 1000, thousandths % 1000)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_negative, whole, thousandths) = self.parts();
        write!(f, "{}{whole}.{thousandths:03}", if is_negative { "-" } else { "" })
    }
}

/// The number of a frame in its capture, counted from 1 as Wireshark does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameNo(pub u32);

impl fmt::Display for FrameNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Which way a frame went, seen from the host that captured it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Sent by this host.
    Out,
    /// Received by this host (to its own address, to a group or to everyone).
    In,
    /// Seen on the wire, but between others.
    Other,
}

/// What the first byte of a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkType {
    /// Ethernet II / IEEE 802.3 (`LINKTYPE_ETHERNET`, 1).
    Ethernet,
    /// An IPv4 or IPv6 packet with nothing before it (`LINKTYPE_RAW`, 101): tun, ppp, wireguard.
    RawIp,
    /// Linux's stand-in for a link header, where frames of all interfaces are captured together
    /// (`LINKTYPE_LINUX_SLL`, 113).
    Cooked,
    /// The same with the interface's number in it (`LINKTYPE_LINUX_SLL2`, 276): `tcpdump -i any` today.
    Cooked2,
    /// BSD's loopback: the address family in the byte order of the capturing host (`LINKTYPE_NULL`, 0).
    Null,
    /// The same, always big-endian (`LINKTYPE_LOOP`, 108): OpenBSD.
    Loop,
}

/// Link-layer bytes as captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Position in the capture.
    pub number: FrameNo,
    /// When the kernel saw it, since the Unix epoch.
    pub time: Nanos,
    /// Which way it went, where the capture says.
    pub direction: Option<Direction>,
    /// What `bytes` begins with.
    pub link: LinkType,
    /// Length on the wire in bytes; larger than `bytes.len()` when the capture cut the frame.
    pub original: usize,
    /// The kernel said that the transport checksum is still to be computed by the network card.
    pub checksum_pending: bool,
    /// The captured bytes. A tag that the kernel stripped has been put back.
    pub bytes: Vec<u8>,
}

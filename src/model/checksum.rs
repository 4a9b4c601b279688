//! Whether the checksum of a layer is right.

use super::Value;

/// What a checksum field is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumStatus {
    /// It is what the bytes give.
    Good,
    /// It is not.
    Bad {
        /// What the bytes give.
        expected: u16,
    },
    /// Not computed yet: the frame was seen on its way out, before the network card fills the field in.
    Pending,
    /// Not all the bytes it covers are here (cut by the capture, a fragment, or quoted in an ICMP error).
    Unverified,
    /// The sender chose not to compute one (UDP, field 0).
    Absent,
    /// The sender computed none, though IPv6 requires one (UDP, field 0; RFC 8200 §8.1).
    Missing,
}

impl ChecksumStatus {
    /// Wireshark's number for it in fields such as `tcp.checksum.status`. Wireshark has none for [`Self::Pending`] and
    /// calls it bad; here it counts as unverified.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Bad { .. } => 0,
            Self::Good => 1,
            Self::Pending | Self::Unverified => 2,
            Self::Absent => 3,
            Self::Missing => 4,
        }
    }

    /// The same as a field's value.
    #[must_use]
    pub fn value(self) -> Value<'static> {
        Value::Number(self.number())
    }
}

//! Two ends that talk to each other, whichever of them speaks.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// Address and port of one end.
pub type Endpoint = (IpAddr, u16);

/// The two ends, the smaller one first, so that both directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair(Endpoint, Endpoint);

impl Pair {
    /// The pair of these two.
    pub fn new(one: Endpoint, other: Endpoint) -> Self {
        if one <= other { Self(one, other) } else { Self(other, one) }
    }

    /// Whether `end` is the smaller of the two.
    pub fn is_first(&self, end: Endpoint) -> bool {
        self.0 == end
    }
}

impl Hash for Pair {
    /// In as few words as it has: this runs for every packet.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(u32::from(self.0.1) << 16 | u32::from(self.1.1));
        for address in [self.0.0, self.1.0] {
            match address {
                IpAddr::V4(address) => state.write_u32(address.to_bits()),
                IpAddr::V6(address) => state.write_u128(address.to_bits()),
            }
        }
    }
}

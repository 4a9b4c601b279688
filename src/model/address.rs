//! Link-layer addresses and address ranges.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A 48-bit link-layer (MAC) address, written `aa:bb:cc:dd:ee:ff`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// All ones: every station on the link.
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// All zeros: "not known yet" in an ARP request.
    pub const ZERO: Self = Self([0; 6]);

    /// True for a group address (multicast or broadcast): the lowest bit of the first byte
    /// (IEEE 802-2014 §8.2.2).
    #[must_use]
    pub fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// True for an address somebody made up locally instead of buying it from the IEEE
    /// (the second-lowest bit of the first byte, IEEE 802-2014 §8.2.2).
    #[must_use]
    pub fn is_local(self) -> bool {
        self.0[0] & 2 == 2
    }

    /// The first six bytes of `bytes`, if there are that many.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.get(..6)?.try_into().ok()?))
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let m = self.0;
        write!(f, "{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", m[0], m[1], m[2], m[3], m[4], m[5])
    }
}

/// The text is not an address of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseAddressError;

impl fmt::Display for ParseAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a valid address")
    }
}

impl std::error::Error for ParseAddressError {}

impl FromStr for MacAddr {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 6];
        let mut parts = text.split([':', '-']);
        for byte in &mut bytes {
            let part = parts.next().filter(|part| (1..=2).contains(&part.len())).ok_or(ParseAddressError)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| ParseAddressError)?;
        }
        if parts.next().is_some() {
            return Err(ParseAddressError);
        }
        Ok(Self(bytes))
    }
}

/// An IPv4 address with the length of its network's prefix, such as `192.168.11.2/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ipv4Cidr {
    /// The address; its host bits are kept.
    pub address: Ipv4Addr,
    /// Prefix length, 0–32.
    pub prefix: u8,
}

impl Ipv4Cidr {
    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0)
    }

    /// The lowest address of the network: all host bits zero.
    #[must_use]
    pub fn network(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.address) & self.mask())
    }

    /// The highest address of the network: all host bits one. A broadcast address only where
    /// `prefix` ≤ 30 (RFC 3021).
    #[must_use]
    pub fn broadcast(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.address) | !self.mask())
    }

    /// Whether `address` lies in this network.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & self.mask() == u32::from(self.network())
    }
}

impl fmt::Display for Ipv4Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Ipv4Cidr {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix) = text.split_once('/').ok_or(ParseAddressError)?;
        let address = address.parse().map_err(|_| ParseAddressError)?;
        let prefix = prefix.parse().map_err(|_| ParseAddressError)?;
        if prefix > 32 {
            return Err(ParseAddressError);
        }
        Ok(Self { address, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_reads_as_it_prints() {
        let mac: MacAddr = "4c:e6:76:0a:11:01".parse().expect("valid");
        assert_eq!(mac.to_string(), "4c:e6:76:0a:11:01");
        assert!("4c:e6:76:0a:11".parse::<MacAddr>().is_err());
        assert!("4c:e6:76:0a:11:01:02".parse::<MacAddr>().is_err());
        assert!("4c:e6:76:0a:11:zz".parse::<MacAddr>().is_err());
    }

    #[test]
    fn the_two_low_bits_of_a_mac_are_group_and_local() {
        assert!(MacAddr::BROADCAST.is_group());
        assert!(MacAddr([0x02, 0, 0, 0, 0, 1]).is_local());
        assert!(!MacAddr([0x4c, 0xe6, 0x76, 0, 0, 1]).is_local());
    }

    #[test]
    fn a_network_has_its_two_ends() {
        let network: Ipv4Cidr = "192.168.11.2/24".parse().expect("valid");
        assert_eq!(network.network(), Ipv4Addr::new(192, 168, 11, 0));
        assert_eq!(network.broadcast(), Ipv4Addr::new(192, 168, 11, 255));
        assert!(network.contains(Ipv4Addr::new(192, 168, 11, 254)));
        assert!(!network.contains(Ipv4Addr::new(192, 168, 12, 1)));
        let everything: Ipv4Cidr = "0.0.0.0/0".parse().expect("valid");
        assert!(everything.contains(Ipv4Addr::new(8, 8, 8, 8)));
        assert!("1.2.3.4/33".parse::<Ipv4Cidr>().is_err());
    }
}

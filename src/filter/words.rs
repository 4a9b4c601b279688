//! The words of the language: protocols, named constants, services, and words that netlab does not take.

/// A protocol that a filter can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Protocol {
    pub word: &'static str,
    pub place: Place,
}

/// Where a protocol is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The link's own header.
    Link,
    /// Right after it, under this `EtherType` (or, up to 1500, this LLC service access point).
    Network(u16),
    /// Inside IP, under this number.
    Transport(u8, Carrier),
}

/// Which IP carries a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Ipv4,
    Ipv6,
    Both,
}

pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
pub(super) const ARP: u16 = 0x0806;
pub(super) const RARP: u16 = 0x8035;
pub(super) const VLAN_TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// Up to here the two bytes are a length and not an `EtherType` (IEEE 802.3 §3.2.6).
pub(super) const LONGEST_LENGTH: u32 = 1500;

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const SCTP: u8 = 132;
pub(super) const ICMPV6: u8 = 58;

const fn network(word: &'static str, number: u16) -> Protocol {
    Protocol { word, place: Place::Network(number) }
}

const fn transport(word: &'static str, number: u8, carrier: Carrier) -> Protocol {
    Protocol { word, place: Place::Transport(number, carrier) }
}

pub(super) static PROTOCOLS: &[Protocol] = &[
    Protocol { word: "ether", place: Place::Link },
    Protocol { word: "link", place: Place::Link },
    network("ip", IPV4),
    network("ip6", IPV6),
    network("arp", ARP),
    network("rarp", RARP),
    network("stp", 0x42),
    transport("tcp", TCP, Carrier::Both),
    transport("udp", UDP, Carrier::Both),
    transport("sctp", SCTP, Carrier::Both),
    transport("icmp", 1, Carrier::Ipv4),
    transport("icmp6", ICMPV6, Carrier::Ipv6),
    transport("igmp", 2, Carrier::Ipv4),
    transport("igrp", 9, Carrier::Ipv4),
    transport("pim", 103, Carrier::Both),
    transport("vrrp", 112, Carrier::Ipv4),
    transport("carp", 112, Carrier::Ipv4),
    transport("ah", 51, Carrier::Both),
    transport("esp", 50, Carrier::Both),
];

/// The other words with a meaning of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Source,
    Destination,
    Host,
    Net,
    Mask,
    Port,
    PortRange,
    Proto,
    Broadcast,
    Multicast,
    Less,
    Greater,
    Length,
    Vlan,
    And,
    Or,
    Not,
}

pub(super) static WORDS: &[(&str, Word)] = &[
    ("src", Word::Source),
    ("dst", Word::Destination),
    ("host", Word::Host),
    ("net", Word::Net),
    ("mask", Word::Mask),
    ("port", Word::Port),
    ("portrange", Word::PortRange),
    ("proto", Word::Proto),
    ("broadcast", Word::Broadcast),
    ("multicast", Word::Multicast),
    ("less", Word::Less),
    ("greater", Word::Greater),
    ("len", Word::Length),
    ("length", Word::Length),
    ("vlan", Word::Vlan),
    ("and", Word::And),
    ("or", Word::Or),
    ("not", Word::Not),
];

/// Numbers with names: offsets into headers, and values of the fields there.
pub(super) static CONSTANTS: &[(&str, u32)] = &[
    ("tcpflags", 13),
    ("tcp-fin", 0x01),
    ("tcp-syn", 0x02),
    ("tcp-rst", 0x04),
    ("tcp-push", 0x08),
    ("tcp-ack", 0x10),
    ("tcp-urg", 0x20),
    ("tcp-ece", 0x40),
    ("tcp-cwr", 0x80),
    ("icmptype", 0),
    ("icmpcode", 1),
    ("icmp-echoreply", 0),
    ("icmp-unreach", 3),
    ("icmp-sourcequench", 4),
    ("icmp-redirect", 5),
    ("icmp-echo", 8),
    ("icmp-routeradvert", 9),
    ("icmp-routersolicit", 10),
    ("icmp-timxceed", 11),
    ("icmp-paramprob", 12),
    ("icmp-tstamp", 13),
    ("icmp-tstampreply", 14),
    ("icmp-ireq", 15),
    ("icmp-ireqreply", 16),
    ("icmp-maskreq", 17),
    ("icmp-maskreply", 18),
    ("icmp6type", 0),
    ("icmp6code", 1),
    ("icmp6-destinationunreach", 1),
    ("icmp6-packettoobig", 2),
    ("icmp6-timeexceeded", 3),
    ("icmp6-parameterproblem", 4),
    ("icmp6-echo", 128),
    ("icmp6-echoreply", 129),
    ("icmp6-multicastlistenerquery", 130),
    ("icmp6-multicastlistenerreportv1", 131),
    ("icmp6-multicastlistenerdone", 132),
    ("icmp6-routersolicit", 133),
    ("icmp6-routeradvert", 134),
    ("icmp6-neighborsolicit", 135),
    ("icmp6-neighboradvert", 136),
    ("icmp6-redirect", 137),
    ("icmp6-routerrenum", 138),
    ("icmp6-nodeinformationquery", 139),
    ("icmp6-nodeinformationresponse", 140),
    ("icmp6-ineighbordiscoverysolicit", 141),
    ("icmp6-ineighbordiscoveryadvert", 142),
    ("icmp6-multicastlistenerreportv2", 143),
    ("icmp6-homeagentdiscoveryrequest", 144),
    ("icmp6-homeagentdiscoveryreply", 145),
    ("icmp6-mobileprefixsolicit", 146),
    ("icmp6-mobileprefixadvert", 147),
    ("icmp6-certpathsolicit", 148),
    ("icmp6-certpathadvert", 149),
    ("icmp6-multicastrouteradvert", 151),
    ("icmp6-multicastroutersolicit", 152),
    ("icmp6-multicastrouterterm", 153),
];

/// Words of tcpdump's language that netlab does not take.
pub(super) static OUTSIDE: &[&str] = &[
    "ppp",
    "slip",
    "fddi",
    "tr",
    "wlan",
    "radio",
    "atalk",
    "aarp",
    "decnet",
    "lat",
    "sca",
    "moprc",
    "mopdl",
    "iso",
    "esis",
    "es-is",
    "isis",
    "is-is",
    "l1",
    "l2",
    "iih",
    "lsp",
    "snp",
    "csnp",
    "psnp",
    "clnp",
    "ipx",
    "netbeui",
    "protochain",
    "gateway",
    "type",
    "subtype",
    "direction",
    "dir",
    "address1",
    "addr1",
    "address2",
    "addr2",
    "address3",
    "addr3",
    "address4",
    "addr4",
    "ra",
    "ta",
    "byte",
    "inbound",
    "outbound",
    "ifindex",
    "mpls",
    "pppoed",
    "pppoes",
    "geneve",
    "lane",
    "llc",
    "metac",
    "bcc",
    "oam",
    "oamf4",
    "oamf4ec",
    "oamf4sc",
    "sc",
    "ilmic",
    "vpi",
    "vci",
    "connectmsg",
    "metaconnect",
    "on",
    "ifname",
    "rset",
    "ruleset",
    "rnr",
    "rulenum",
    "srnr",
    "subrulenum",
    "reason",
    "action",
    "fisu",
    "lssu",
    "lsu",
    "msu",
    "hfisu",
    "hlssu",
    "hmsu",
    "sio",
    "opc",
    "dpc",
    "sls",
    "hsio",
    "hopc",
    "hdpc",
    "hsls",
];

/// What may stand after `ip proto` and `ip6 proto`: names of `/etc/protocols`.
pub(super) static NUMBERS_IN_IP: &[(&str, u32)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipencap", 4),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ipv6-icmp", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("eigrp", 88),
    ("ospf", 89),
    ("pim", 103),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
];

/// What may stand after `ether proto`.
pub(super) static NUMBERS_ON_THE_LINK: &[(&str, u32)] = &[
    ("ip", IPV4 as u32),
    ("ip6", IPV6 as u32),
    ("arp", ARP as u32),
    ("rarp", RARP as u32),
    ("stp", 0x42),
    ("loopback", 0x9000),
];

/// Which transport a service runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Transport {
    pub(super) const ALL: [Self; 3] = [Self::Sctp, Self::Tcp, Self::Udp];

    pub(super) fn number(self) -> u8 {
        match self {
            Self::Tcp => TCP,
            Self::Udp => UDP,
            Self::Sctp => SCTP,
        }
    }
}

/// A service's port, and its transport where it has only one.
pub type Service = (u16, Option<Transport>);

/// Knows services by name.
pub type Services<'a> = &'a dyn Fn(&str) -> Option<Service>;

/// The port of a well-known service, and its transport where it has only one; for systems without `/etc/services`.
#[must_use]
pub fn common_service(name: &str) -> Option<Service> {
    const TCP_ONLY: Option<Transport> = Some(Transport::Tcp);
    const UDP_ONLY: Option<Transport> = Some(Transport::Udp);
    let (_, port, transport) = *[
        ("ftp", 21, TCP_ONLY),
        ("ssh", 22, TCP_ONLY),
        ("telnet", 23, TCP_ONLY),
        ("smtp", 25, TCP_ONLY),
        ("domain", 53, None),
        ("bootps", 67, UDP_ONLY),
        ("bootpc", 68, UDP_ONLY),
        ("tftp", 69, UDP_ONLY),
        ("http", 80, TCP_ONLY),
        ("pop3", 110, TCP_ONLY),
        ("ntp", 123, UDP_ONLY),
        ("imap2", 143, TCP_ONLY),
        ("snmp", 161, None),
        ("bgp", 179, TCP_ONLY),
        ("ldap", 389, None),
        ("https", 443, None),
        ("submission", 587, TCP_ONLY),
        ("imaps", 993, TCP_ONLY),
        ("mdns", 5353, UDP_ONLY),
        ("postgresql", 5432, TCP_ONLY),
        ("http-alt", 8080, None),
    ]
    .iter()
    .find(|(known, ..)| *known == name)?;
    Some((port, transport))
}

pub(super) fn look_up<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

pub(super) fn protocol(word: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().find(|protocol| protocol.word == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_means_one_thing() {
        let mut all: Vec<&str> = PROTOCOLS.iter().map(|protocol| protocol.word).collect();
        all.extend(WORDS.iter().map(|(word, _)| word));
        all.extend(CONSTANTS.iter().map(|(word, _)| word));
        all.extend(OUTSIDE);
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}

//! The names of ICMP's types and codes, in Wireshark's words.

use super::{PARAMETER_PROBLEM, REDIRECT, ROUTER_ADVERTISEMENT, TIME_EXCEEDED, UNREACHABLE};
use crate::proto::numbers;

/// The names of the message types.
pub static TYPES: [(u32, &str); 33] = [
    (0, "Echo (ping) reply"),
    (1, "Reserved"),
    (2, "Reserved"),
    (3, "Destination unreachable"),
    (4, "Source quench (flow control)"),
    (5, "Redirect"),
    (6, "Alternate host address"),
    (8, "Echo (ping) request"),
    (9, "Mobile IP Advertisement"),
    (10, "Router solicitation"),
    (11, "Time-to-live exceeded"),
    (12, "Parameter problem"),
    (13, "Timestamp request"),
    (14, "Timestamp reply"),
    (15, "Information request"),
    (16, "Information reply"),
    (17, "Address mask request"),
    (18, "Address mask reply"),
    (19, "Reserved (for security)"),
    (30, "Traceroute"),
    (31, "Datagram Conversion Error"),
    (32, "Mobile Host Redirect"),
    (33, "IPv6 Where-Are-You"),
    (34, "IPv6 I-Am-Here"),
    (35, "Mobile Registration Request"),
    (36, "Mobile Registration Reply"),
    (37, "Domain Name Request"),
    (38, "Domain Name Reply"),
    (39, "SKIP"),
    (40, "Photuris"),
    (41, "Experimental mobility protocols"),
    (42, "Extended Echo request"),
    (43, "Extended Echo reply"),
];

/// The names of the codes of each type that has any.
static CODES: [(u8, &[(u32, &str)]); 9] = [
    (
        UNREACHABLE,
        &[
            (0, "Network unreachable"),
            (1, "Host unreachable"),
            (2, "Protocol unreachable"),
            (3, "Port unreachable"),
            (4, "Fragmentation needed"),
            (5, "Source route failed"),
            (6, "Destination network unknown"),
            (7, "Destination host unknown"),
            (8, "Source host isolated"),
            (9, "Network administratively prohibited"),
            (10, "Host administratively prohibited"),
            (11, "Network unreachable for TOS"),
            (12, "Host unreachable for TOS"),
            (13, "Communication administratively filtered"),
            (14, "Host precedence violation"),
            (15, "Precedence cutoff in effect"),
        ],
    ),
    (
        REDIRECT,
        &[
            (0, "Redirect for network"),
            (1, "Redirect for host"),
            (2, "Redirect for TOS and network"),
            (3, "Redirect for TOS and host"),
        ],
    ),
    (6, &[(0, "Alternate address for host")]),
    (ROUTER_ADVERTISEMENT, &[(0, "Normal router advertisement"), (16, "Does not route common traffic")]),
    (TIME_EXCEEDED, &[(0, "Time to live exceeded in transit"), (1, "Fragment reassembly time exceeded")]),
    (PARAMETER_PROBLEM, &[(0, "Pointer indicates the error"), (1, "Required option missing"), (2, "Bad length")]),
    (
        40,
        &[
            (0, "Bad SPI"),
            (1, "Authentication Failed"),
            (2, "Decompression Failed"),
            (3, "Decryption Failed"),
            (4, "Need Authentication"),
            (5, "Need Authorization"),
        ],
    ),
    (42, &[(0, "No error")]),
    (
        43,
        &[
            (0, "No error"),
            (1, "Malformed Query"),
            (2, "No Such Interface"),
            (3, "No Such Table Entry"),
            (4, "Multiple Interfaces Satisfy Query"),
        ],
    ),
];

/// The name of a message type.
#[must_use]
pub fn type_name(kind: u8) -> &'static str {
    numbers::name(&TYPES, kind.into()).unwrap_or("Unknown ICMP (obsolete or malformed?)")
}

/// What a message says, in Wireshark's words: the code's name, or the type's where codes have none.
#[must_use]
pub fn name(kind: u8, code: u8) -> &'static str {
    codes(kind).and_then(|names| numbers::name(names, code.into())).unwrap_or_else(|| type_name(kind))
}

/// The named codes of a type, if it has any.
pub(super) fn codes(kind: u8) -> Option<&'static [(u32, &'static str)]> {
    CODES.iter().find(|(known, _)| *known == kind).map(|(_, names)| *names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_code_s_before_the_type_s() {
        assert_eq!(name(3, 13), "Communication administratively filtered");
        assert_eq!(name(3, 77), "Destination unreachable");
        assert_eq!(name(4, 0), "Source quench (flow control)");
        assert_eq!(name(77, 0), "Unknown ICMP (obsolete or malformed?)");
    }
}

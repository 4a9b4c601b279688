//! The table of every rule: its id, what its claim is worth, and the standard it leans on.

use crate::model::{Arg, Claim, FrameNo, Note, Severity};

/// One thing netlab can claim. Its words are in the catalogue under `id`.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Identifier, such as `ping.answered`.
    pub id: &'static str,
    /// What the claim is worth.
    pub kind: Claim,
    /// How much attention it deserves.
    pub severity: Severity,
    /// The standard, with its section where it has numbered ones; `None` where no standard says it.
    pub source: Option<&'static str>,
    /// Names of the values that its words may use.
    pub takes: &'static [&'static str],
}

impl Rule {
    /// This claim about `frames`, with the values of `takes` in the same order.
    pub(super) fn note<const N: usize>(&'static self, mut frames: Vec<FrameNo>, values: [Arg; N]) -> Note {
        debug_assert_eq!(N, self.takes.len(), "the values of {}", self.id);
        frames.sort_unstable();
        frames.dedup();
        Note {
            id: self.id,
            kind: self.kind,
            severity: self.severity,
            frames,
            args: self.takes.iter().copied().zip(values).collect(),
            source: self.source,
        }
    }
}

/// Every rule.
#[must_use]
pub fn rules() -> &'static [&'static Rule] {
    ALL
}

macro_rules! table {
    ($($name:ident $id:literal $kind:ident $severity:ident $source:expr, [$($takes:literal)*];)*) => {
        $(pub(super) static $name: Rule = Rule {
            id: $id,
            kind: Claim::$kind,
            severity: Severity::$severity,
            source: $source,
            takes: &[$($takes),*],
        };)*
        static ALL: &[&Rule] = &[$(&$name),*];
    };
}

table! {
    ARP_REQUEST_SENT         "arp.request.sent"         Fact  Chat  Some("RFC 826"), [];
    ARP_REQUEST_ROUTER       "arp.request.router"       Fact  Chat  Some("RFC 1122 §3.3.1"), [];
    ARP_REQUEST_SENT_DIRECT  "arp.request.sent-direct"  Fact  Chat  Some("RFC 1122 §2.3.2.1"), [];
    ARP_REQUEST_FOR_YOU      "arp.request.for-you"      Fact  Chat  Some("RFC 826"), ["sender"];
    ARP_REQUEST_SEEN         "arp.request.seen"         Fact  Chat  Some("RFC 826"), ["sender"];
    ARP_REQUEST_SEEN_DIRECT  "arp.request.seen-direct"  Fact  Chat  Some("RFC 1122 §2.3.2.1"), ["sender"];
    ARP_REPLY_RECEIVED       "arp.reply.received"       Fact  Chat  Some("RFC 826"), [];
    ARP_REPLY_SENT           "arp.reply.sent"           Fact  Chat  Some("RFC 826"), [];
    ARP_REPLY_SEEN           "arp.reply.seen"           Fact  Chat  Some("RFC 826"), ["sender"];
    ARP_PROBE                "arp.probe"                Fact  Chat  Some("RFC 5227 §2.1.1"), [];
    ARP_ANNOUNCEMENT         "arp.announcement"         Fact  Chat  Some("RFC 5227 §2.3"), [];
    ARP_GRATUITOUS           "arp.gratuitous"           Fact  Note  Some("RFC 5227 §3"), ["sender"];
    ARP_CONFLICT             "arp.conflict"             Guess Warn  Some("RFC 5227 §2.4"), ["ip" "mac"];

    IP_FRAGMENT_FIRST        "ip.fragment.first"        Fact  Chat  Some("RFC 791 §3.2"), [];
    IP_FRAGMENT_MIDDLE       "ip.fragment.middle"       Fact  Chat  Some("RFC 791 §3.2"), ["offset"];
    IP_FRAGMENT_LAST         "ip.fragment.last"         Fact  Chat  Some("RFC 791 §3.2"), ["offset"];

    IP_CHECKSUM_BAD          "ip.checksum.bad"          Fact  Error Some("RFC 1122 §3.2.1.2"), ["expected"];
    ICMP_CHECKSUM_BAD        "icmp.checksum.bad"        Fact  Error Some("RFC 792"), ["expected"];
    UDP_CHECKSUM_BAD         "udp.checksum.bad"         Fact  Error Some("RFC 1122 §4.1.3.4"), ["expected"];
    TCP_CHECKSUM_BAD         "tcp.checksum.bad"         Fact  Error Some("RFC 9293 §3.1"), ["expected"];
    CHECKSUM_PENDING         "frame.checksum-pending"   Guess Chat  None, ["layer"];

    FRAME_CUT                "frame.cut"                Fact  Note  None, ["captured" "original"];
    FRAME_TRUNCATED          "frame.truncated"          Fact  Warn  None, ["layer" "because" "needed" "available" "offset"];
    FRAME_MALFORMED          "frame.malformed"          Fact  Error None, ["layer" "because" "offset"];

    ICMP_REQUEST_SENT        "icmp.echo.request.sent"   Fact  Chat  Some("RFC 792"), [];
    ICMP_REQUEST_RECEIVED    "icmp.echo.request.received" Fact Chat Some("RFC 1122 §3.2.2.6"), ["from"];
    ICMP_REQUEST_SEEN        "icmp.echo.request.seen"   Fact  Chat  Some("RFC 792"), ["from" "to"];
    ICMP_REQUEST_EVERYONE    "icmp.echo.request.everyone" Fact Note Some("RFC 1122 §3.2.2.6"), ["to"];
    ICMP_REPLY               "icmp.echo.reply"          Fact  Chat  Some("RFC 792"), ["request"];
    ICMP_REPLY_SENT          "icmp.echo.reply.sent"     Fact  Chat  Some("RFC 1122 §3.2.2.6"), [];
    ICMP_REPLY_UNPAIRED      "icmp.echo.reply.unpaired" Fact  Note  Some("RFC 792"), [];

    ICMP_NET                 "icmp.unreachable.net"     Fact  Warn  Some("RFC 1812 §5.2.7.1"), ["from" "target"];
    ICMP_HOST                "icmp.unreachable.host"    Fact  Warn  Some("RFC 1812 §5.2.7.1"), ["from" "target"];
    ICMP_PROTOCOL            "icmp.unreachable.protocol" Fact Warn  Some("RFC 1122 §3.2.2.1"), ["from" "target"];
    ICMP_PORT                "icmp.unreachable.port"    Fact  Warn  Some("RFC 1122 §3.2.2.1"), ["target"];
    ICMP_PORT_OTHER          "icmp.unreachable.port-by-other" Guess Warn Some("RFC 1122 §3.2.2.1"), ["from" "target"];
    ICMP_TOO_BIG             "icmp.unreachable.too-big" Fact  Warn  Some("RFC 1191 §4"), ["from" "target" "mtu"];
    ICMP_TOO_BIG_SILENT      "icmp.unreachable.too-big-unsaid" Fact Warn Some("RFC 1191 §5"), ["from" "target"];
    ICMP_SOURCE_ROUTE        "icmp.unreachable.source-route" Fact Warn Some("RFC 1122 §3.2.2.1"), ["from" "target"];
    ICMP_NET_UNKNOWN         "icmp.unreachable.net-unknown" Fact Warn Some("RFC 1122 §3.2.2.1"), ["from" "target"];
    ICMP_HOST_UNKNOWN        "icmp.unreachable.host-unknown" Fact Warn Some("RFC 1122 §3.2.2.1"), ["from" "target"];
    ICMP_ISOLATED            "icmp.unreachable.isolated" Fact Warn  Some("RFC 1812 §5.2.7.1"), ["from" "target"];
    ICMP_NET_FORBIDDEN       "icmp.unreachable.net-forbidden" Fact Warn Some("RFC 1122 §3.2.2.1"), ["from" "target"];
    ICMP_HOST_FORBIDDEN      "icmp.unreachable.host-forbidden" Fact Warn Some("RFC 1122 §3.2.2.1"), ["from" "target"];
    ICMP_NET_SERVICE         "icmp.unreachable.net-service" Fact Warn Some("RFC 1812 §5.2.7.1"), ["from" "target"];
    ICMP_HOST_SERVICE        "icmp.unreachable.host-service" Fact Warn Some("RFC 1812 §5.2.7.1"), ["from" "target"];
    ICMP_FORBIDDEN           "icmp.unreachable.forbidden" Fact Warn Some("RFC 1812 §5.2.7.1"), ["from" "target"];
    ICMP_PRECEDENCE          "icmp.unreachable.precedence" Fact Warn Some("RFC 1812 §5.3.3.3"), ["from" "target"];
    ICMP_PRECEDENCE_CUTOFF   "icmp.unreachable.precedence-cutoff" Fact Warn Some("RFC 1812 §5.3.3.3"), ["from" "target"];
    ICMP_UNREACHABLE_OTHER   "icmp.unreachable.other"   Fact  Warn  Some("RFC 792"), ["from" "target" "code"];
    ICMP_QUENCH              "icmp.source-quench"       Fact  Note  Some("RFC 6633"), ["from" "target"];
    ICMP_REDIRECT_NET        "icmp.redirect.net"        Fact  Note  Some("RFC 1812 §5.2.7.2"), ["from" "target" "gateway"];
    ICMP_REDIRECT_HOST       "icmp.redirect.host"       Fact  Note  Some("RFC 1812 §5.2.7.2"), ["from" "target" "gateway"];
    ICMP_ADVERTISEMENT       "icmp.router-advertisement" Fact Chat  Some("RFC 1256"), ["from"];
    ICMP_SOLICITATION        "icmp.router-solicitation" Fact  Chat  Some("RFC 1256"), ["from"];
    ICMP_TTL                 "icmp.time-exceeded.ttl"   Fact  Note  Some("RFC 1812 §5.3.1"), ["from" "target"];
    ICMP_REASSEMBLY          "icmp.time-exceeded.reassembly" Fact Warn Some("RFC 1122 §3.3.2"), ["from" "target"];
    ICMP_PARAMETER           "icmp.parameter-problem"   Fact  Warn  Some("RFC 1122 §3.2.2.5"), ["from" "pointer"];
    ICMP_OPTION_MISSING      "icmp.parameter-problem.option-missing" Fact Warn Some("RFC 1122 §3.2.2.5"), ["from"];
    ICMP_PARAMETER_LENGTH    "icmp.parameter-problem.length" Fact Warn Some("RFC 792"), ["from"];
    ICMP_TIMESTAMP           "icmp.timestamp.request"   Fact  Chat  Some("RFC 1122 §3.2.2.8"), ["from"];
    ICMP_TIMESTAMP_REPLY     "icmp.timestamp.reply"     Fact  Chat  Some("RFC 1122 §3.2.2.8"), ["from"];
    ICMP_INFORMATION         "icmp.information"         Fact  Note  Some("RFC 6918"), ["from"];
    ICMP_MASK                "icmp.address-mask.request" Fact Note  Some("RFC 6918"), ["from"];
    ICMP_MASK_REPLY          "icmp.address-mask.reply"  Fact  Note  Some("RFC 6918"), ["from"];
    ICMP_OTHER               "icmp.other"               Fact  Note  None, ["from" "type" "code"];

    PATH_ON_LINK             "path.on-link"             Fact  Chat  Some("RFC 1122 §3.3.1.1"), ["target" "network"];
    PATH_ON_LINK_ROUTE       "path.on-link-route"       Fact  Chat  Some("RFC 1122 §3.3.1.1"), ["target" "interface"];
    PATH_ROUTER              "path.router"              Fact  Chat  Some("RFC 1122 §3.3.1.1"), ["target" "router"];
    PATH_KNOWN               "path.known"               Fact  Chat  Some("RFC 826"), ["address" "mac"];
    PATH_NO_ARP              "path.no-arp"              Fact  Note  None, ["interface" "mac"];
    PATH_OWN                 "path.own"                 Fact  Chat  None, ["target"];
    PATH_LOOPBACK            "path.loopback"            Fact  Chat  Some("RFC 1122 §3.2.1.3"), ["target"];
    PATH_PEER                "path.peer"                Fact  Chat  None, ["target" "interface"];
    PATH_PEER_ROUTER         "path.peer-router"         Fact  Chat  None, ["target" "interface" "router"];
    PATH_BROADCAST           "path.broadcast"           Fact  Note  Some("RFC 919"), ["target" "mac"];
    PATH_MULTICAST           "path.multicast"           Fact  Note  Some("RFC 1112 §6.4"), ["target" "mac"];

    EVENT_TIMEOUT            "event.timeout"            Fact  Note  None, ["seq"];
    EVENT_LATE               "event.late"               Fact  Note  None, ["seq"];
    EVENT_DUPLICATE          "event.duplicate"          Fact  Note  None, ["seq"];
    EVENT_NOT_SENT           "event.not-sent"           Fact  Warn  None, ["seq" "error"];
    EVENT_OTHER_DESTINATION  "event.other-destination"  Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_SOURCE       "event.other-source"       Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_IDENTIFIER   "event.other-identifier"   Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_SEQUENCE     "event.other-sequence"     Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_PAYLOAD      "event.other-payload"      Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_WRONG_CHECKSUM     "event.wrong-checksum"     Fact  Warn  Some("RFC 792"), ["frame"];

    PING_HEADING             "ping.heading"             Fact  Chat  None, ["target" "source" "interface" "count" "bytes"];
    PING_ANSWERED            "ping.answered"            Fact  Chat  Some("RFC 792"), ["target" "received" "transmitted"];
    PING_LOCAL               "ping.local"               Fact  Chat  None, ["target"];
    PING_LOST                "ping.lost"                Fact  Warn  None, ["lost" "list"];
    PING_SILENCE             "ping.silence"             Fact  Warn  None, ["target" "interface" "count"];
    PING_NO_ARP              "ping.no-arp"              Fact  Warn  Some("RFC 826"), ["target"];
    PING_NO_ARP_ROUTER       "ping.no-arp-router"       Fact  Warn  Some("RFC 826"), ["router" "target"];
    PING_ARP_BUT_SILENT      "ping.arp-but-silent"      Fact  Note  Some("RFC 826"), ["target"];
    PING_ERROR               "ping.error"               Fact  Warn  Some("RFC 792"), ["from" "count" "what"];
    PING_TTL_EXCEEDED        "ping.ttl-exceeded"        Fact  Warn  Some("RFC 1812 §5.3.1"), ["from" "count" "ttl"];
    PING_DUPLICATES          "ping.duplicates"          Fact  Note  None, ["count"];
    PING_LATE                "ping.late"                Fact  Note  None, ["count"];
    PING_REJECTED            "ping.rejected"            Fact  Warn  None, ["count"];
    PING_EVERYONE            "ping.everyone"            Fact  Note  Some("RFC 1122 §3.2.2.6"), ["count" "target"];
    PING_NOT_SENT            "ping.not-sent"            Fact  Error None, ["count" "error"];

    PING_TTL_NEAR            "ping.ttl-near"            Guess Chat  Some("RFC 1122 §3.2.1.7"), ["ttl"];
    PING_TTL_FAR             "ping.ttl-far"             Guess Chat  Some("RFC 1122 §3.2.1.7"), ["ttl" "initial" "routers"];
    PING_TTL_ROUTER          "ping.ttl-router"          Guess Chat  Some("RFC 1122 §3.2.1.7"), ["ttl" "target"];
    PING_WHY_LOST            "ping.why-lost"            Guess Note  None, [];
    PING_WHY_SILENT          "ping.why-silent"          Guess Note  Some("RFC 1122 §3.2.2.6"), ["target"];
    PING_WHY_REFUSES         "ping.why-refuses"         Guess Note  Some("RFC 1122 §3.2.2.6"), ["target"];
    PING_WHY_STALE           "ping.why-stale"           Guess Note  Some("RFC 1122 §2.3.2.1"), ["target"];
    PING_WHY_NO_ARP          "ping.why-no-arp"          Guess Note  None, ["target"];
    PING_WHY_NO_ROUTER       "ping.why-no-router"       Guess Note  None, ["router"];
    PING_WHY_NET             "ping.why-net"             Guess Note  Some("RFC 1812 §5.2.7.1"), ["from"];
    PING_WHY_HOST            "ping.why-host"            Guess Note  Some("RFC 1812 §5.2.7.1"), ["from" "target"];
    PING_WHY_HOST_SELF       "ping.why-host-self"       Guess Note  Some("RFC 1122 §3.2.2.1"), ["target"];
    PING_WHY_FORBIDDEN       "ping.why-forbidden"       Guess Note  Some("RFC 1812 §5.2.7.1"), ["from"];
    PING_WHY_TOO_BIG         "ping.why-too-big"         Guess Note  Some("RFC 1191 §3"), ["from"];
    PING_WHY_ERROR           "ping.why-error"           Guess Note  Some("RFC 792"), ["from"];
    PING_WHY_TTL             "ping.why-ttl"             Guess Note  Some("RFC 1812 §5.3.1"), ["target" "ttl"];
    PING_WHY_LOOP            "ping.why-loop"            Guess Note  Some("RFC 1812 §5.3.1"), ["ttl"];
    PING_WHY_REASSEMBLY      "ping.why-reassembly"      Guess Note  Some("RFC 1122 §3.3.2"), [];
    PING_WHY_DUPLICATES      "ping.why-duplicates"      Guess Note  None, [];
    PING_WHY_LATE            "ping.why-late"            Guess Note  None, [];
    PING_WHY_SIZE            "ping.why-size"            Guess Note  None, ["mtu"];
    PING_WHY_BUFFER          "ping.why-buffer"          Guess Note  None, ["interface"];
    PING_WHY_DOWN            "ping.why-down"            Guess Note  None, ["interface"];
    PING_WHY_PERMISSION      "ping.why-permission"      Guess Note  None, [];

    PING_BLIND_PROGRAMS      "ping.blind.programs"      Blind Chat  Some("RFC 792"), [];
    PING_BLIND_DIRECTION     "ping.blind.direction"     Blind Chat  None, [];
    PING_BLIND_SILENCE       "ping.blind.silence"       Blind Chat  None, ["target"];
    PING_BLIND_ELSEWHERE     "ping.blind.elsewhere"     Blind Chat  None, ["target"];
    PING_BLIND_BEYOND        "ping.blind.beyond"        Blind Chat  None, ["target"];
    PING_BLIND_UNASKED       "ping.blind.unasked"       Blind Chat  None, ["target"];
    PING_BLIND_REJECTED      "ping.blind.rejected"      Blind Chat  None, [];
    PING_BLIND_REPORTER      "ping.blind.reporter"      Blind Chat  None, ["target"];
    PING_BLIND_NETWORK       "ping.blind.network"       Blind Chat  None, [];
    PING_BLIND_QUIET         "ping.blind.quiet"         Blind Chat  Some("RFC 1122 §3.2.2.6"), [];
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_well_formed() {
        let mut seen = HashSet::new();
        for rule in rules() {
            assert!(seen.insert(rule.id), "{} twice", rule.id);
            assert!(rule.id.split('.').count() >= 2, "{} names no section", rule.id);
            let plain = |c: char| c.is_ascii_lowercase() || c == '.' || c == '-';
            assert!(rule.id.chars().all(plain), "{}", rule.id);
        }
    }

    #[test]
    fn sources_are_citations() {
        for rule in rules() {
            let Some(source) = rule.source else { continue };
            let (rfc, section) = source.split_once(" §").unwrap_or((source, "1"));
            assert!(rfc.strip_prefix("RFC ").is_some_and(|number| number.parse::<u16>().is_ok()), "{source}");
            assert!(section.split('.').all(|part| part.parse::<u8>().is_ok()), "{source}");
        }
    }
}

//! The table of every rule: its id, what its claim is worth, and the standard it leans on.

use smallvec::SmallVec;

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
    pub(super) fn note<const N: usize>(
        &'static self,
        frames: impl IntoIterator<Item = FrameNo>,
        values: [Arg; N],
    ) -> Note {
        debug_assert_eq!(N, self.takes.len(), "the values of {}", self.id);
        let mut frames: SmallVec<[FrameNo; 4]> = frames.into_iter().collect();
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
    ARP_DUPLICATE            "arp.duplicate"            Fact  Warn  Some("RFC 5227 §2.4"), ["address" "earlier"];
    ARP_DEFENCE              "arp.defence"              Fact  Note  Some("RFC 5227 §2.4"), ["sender"];

    ARP_HEADING_ASK          "arp.heading.ask"          Fact  Chat  Some("RFC 826"), ["targets" "source" "interface" "mac"];
    ARP_HEADING_NOBODY       "arp.heading.nobody"       Fact  Chat  None, ["targets"];
    ARP_HEADING_SWEEP        "arp.heading.sweep"        Fact  Chat  Some("RFC 826"), ["network" "source" "interface" "count" "rate"];
    ARP_HEADING_PROBE        "arp.heading.probe"        Fact  Chat  Some("RFC 5227 §2.1.1"), ["address" "interface" "mac" "count"];
    ARP_HEADING_ANNOUNCE     "arp.heading.announce"     Fact  Chat  Some("RFC 5227 §2.3"), ["address" "interface" "mac" "count"];

    ARP_YOU                  "arp.you"                  Fact  Chat  None, ["target" "interface" "mac"];
    ARP_OFF_LINK             "arp.off-link"             Fact  Note  Some("RFC 1122 §3.3.1"), ["target" "network" "router"];
    ARP_BROADCAST            "arp.broadcast"            Fact  Note  Some("RFC 1122 §3.2.1.3"), ["target" "mac"];
    ARP_GROUP                "arp.group"                Fact  Note  Some("RFC 1112 §6.4"), ["target" "mac"];
    ARP_NETWORK              "arp.network"              Fact  Note  Some("RFC 1122 §3.2.1.3"), ["target" "network"];

    ARP_ANSWERED             "arp.answered"             Fact  Chat  Some("RFC 826"), ["target" "mac"];
    ARP_SOME                 "arp.some"                 Fact  Chat  Some("RFC 826"), ["count" "asked"];
    ARP_SWEPT                "arp.swept"                Fact  Chat  Some("RFC 826"), ["count" "asked" "network"];
    ARP_UNASKED              "arp.unasked"              Fact  Note  None, ["count"];
    ARP_SILENCE              "arp.silence"              Fact  Note  Some("RFC 826"), ["targets" "interface"];
    ARP_TWICE                "arp.twice"                Fact  Warn  Some("RFC 5227 §2.4"), ["target" "count" "macs"];
    ARP_SEVERAL              "arp.several"              Fact  Note  None, ["mac" "count" "targets"];
    ARP_NOT_SENT             "arp.not-sent"             Fact  Error None, ["count" "error"];
    ARP_LOCAL                "arp.local"                Fact  Note  Some("RFC 9542 §2.1"), ["byte"];
    ARP_TABLE_NONE           "arp.table-none"           Fact  Chat  Some("RFC 826"), ["target"];
    ARP_TABLE_SAME           "arp.table-same"           Fact  Chat  None, ["target" "mac" "before" "after"];
    ARP_TABLE_DIFFERS        "arp.table-differs"        Fact  Warn  None, ["target" "mac" "before" "after"];
    ARP_TABLE_CHANGED        "arp.table-changed"        Fact  Note  Some("RFC 826"), ["target" "old" "new" "after"];
    ARP_TABLE_NEW            "arp.table-new"            Fact  Chat  Some("RFC 826"), ["target" "mac" "after"];
    ARP_FREE                 "arp.free"                 Fact  Chat  Some("RFC 5227 §2.1.1"), ["target" "count"];
    ARP_TAKEN                "arp.taken"                Fact  Warn  Some("RFC 5227 §2.1.1"), ["target" "mac"];
    ARP_CONTESTED            "arp.contested"            Fact  Warn  Some("RFC 5227 §2.1.1"), ["target" "mac"];
    ARP_ANNOUNCED            "arp.announced"            Fact  Chat  Some("RFC 5227 §2.3"), ["target" "interface" "count"];
    ARP_CUT_SHORT            "arp.cut-short"            Fact  Note  Some("RFC 5227 §2.1.1"), ["target"];

    ARP_UNANSWERED           "arp.unanswered"           Fact  Note  Some("RFC 826"), ["asker" "target" "count"];
    ARP_TOLD                 "arp.told"                 Fact  Chat  Some("RFC 5227 §2.3"), ["address" "count"];
    ARP_BLIND_TOLD           "arp.blind.told"           Blind Chat  Some("RFC 5227 §2.3"), [];
    ARP_FIRST_WAIT           "arp.first-wait"           Fact  Chat  Some("RFC 1122 §2.3.2.2"), ["frame" "address" "answer" "ms"];

    ARP_MAKER                "arp.maker"                Guess Chat  Some("RFC 9542 §2.1"), ["prefix" "vendor"];
    ARP_VIRTUAL              "arp.virtual"              Guess Chat  None, ["prefix" "software"];
    ARP_WHY_SILENCE          "arp.why-silence"          Guess Note  None, [];
    ARP_WHY_TWICE            "arp.why-twice"            Guess Warn  Some("RFC 5227 §2.4"), [];
    ARP_WHY_SEVERAL          "arp.why-several"          Guess Note  Some("RFC 1027"), [];
    ARP_WHY_FREE             "arp.why-free"             Guess Chat  Some("RFC 5227 §2.1.1"), ["target"];
    ARP_WHY_TAKEN            "arp.why-taken"            Guess Note  None, ["target"];
    ARP_WHY_CONTESTED        "arp.why-contested"        Guess Note  Some("RFC 5227 §2.1.1"), ["target"];

    ARP_BLIND_ANSWER         "arp.blind.answer"         Blind Chat  None, [];
    ARP_BLIND_SILENCE        "arp.blind.silence"        Blind Chat  Some("RFC 826"), [];
    ARP_BLIND_SWEEP          "arp.blind.sweep"          Blind Chat  None, [];
    ARP_BLIND_FREE           "arp.blind.free"           Blind Chat  Some("RFC 5227 §2.4"), ["target"];
    ARP_BLIND_TAKEN          "arp.blind.taken"          Blind Chat  None, ["target"];
    ARP_BLIND_ANNOUNCED      "arp.blind.announced"      Blind Chat  Some("RFC 5227 §2.3"), [];

    IP_FRAGMENT_FIRST        "ip.fragment.first"        Fact  Chat  Some("RFC 791 §3.2"), [];
    IP_FRAGMENT_MIDDLE       "ip.fragment.middle"       Fact  Chat  Some("RFC 791 §3.2"), ["offset"];
    IP_FRAGMENT_LAST         "ip.fragment.last"         Fact  Chat  Some("RFC 791 §3.2"), ["offset"];

    IP_TO_EVERYONE           "ip.to-everyone"           Fact  Chat  Some("RFC 1122 §3.3.6"), ["to"];
    IP_TO_GROUP              "ip.to-group"              Fact  Chat  Some("RFC 1112 §6.1"), ["to"];
    IP_PIECES                "ip.pieces"                Fact  Chat  Some("RFC 791 §3.2"), ["count" "fragments"];
    IP_PIECES_MISSING        "ip.pieces-missing"        Fact  Warn  Some("RFC 791 §3.2"), ["count" "missing"];
    IP_SHORTER_WAY           "ip.shorter-way"           Fact  Note  Some("RFC 1812 §5.2.7.2"), ["from" "target"];
    IP_COMPLAINT             "ip.complaint"             Fact  Warn  Some("RFC 792"), ["from" "count" "target" "what"];

    UDP_DATAGRAM             "udp.datagram"             Fact  Chat  Some("RFC 768"), ["bytes" "port"];
    UDP_BOTH                 "udp.both"                 Fact  Chat  Some("RFC 768"), ["asker" "sent" "target" "received"];
    UDP_FIRST_ANSWER         "udp.first-answer"         Fact  Chat  None, ["ms"];
    UDP_UNANSWERED           "udp.unanswered"           Fact  Note  Some("RFC 768"), ["asker" "count" "target" "port"];
    UDP_TO_GROUP             "udp.to-group"             Fact  Chat  Some("RFC 1122 §3.3.6"), ["asker" "count" "target"];
    UDP_REFUSED              "udp.refused"              Fact  Warn  Some("RFC 1122 §3.2.2.1"), ["target" "port"];
    UDP_COMPLAINT            "udp.complaint"            Fact  Warn  Some("RFC 1122 §4.1.3.3"), ["from" "count" "target" "what"];
    UDP_WHY_UNANSWERED       "udp.why-unanswered"       Guess Note  Some("RFC 768"), ["target"];
    UDP_BLIND_LOSS           "udp.blind.loss"           Blind Chat  Some("RFC 768"), [];
    UDP_BLIND_SILENCE        "udp.blind.silence"        Blind Chat  Some("RFC 768"), [];
    UDP_BLIND_LISTENERS      "udp.blind.listeners"      Blind Chat  None, [];

    IP_CHECKSUM_BAD          "ip.checksum.bad"          Fact  Error Some("RFC 1122 §3.2.1.2"), ["expected"];
    ICMP_CHECKSUM_BAD        "icmp.checksum.bad"        Fact  Error Some("RFC 792"), ["expected"];
    ICMPV6_CHECKSUM_BAD      "icmpv6.checksum.bad"      Fact  Error Some("RFC 4443 §2.3"), ["expected"];
    UDP_CHECKSUM_BAD         "udp.checksum.bad"         Fact  Error Some("RFC 1122 §4.1.3.4"), ["expected"];
    TCP_CHECKSUM_BAD         "tcp.checksum.bad"         Fact  Error Some("RFC 9293 §3.1"), ["expected"];
    CHECKSUM_PENDING         "frame.checksum-pending"   Guess Chat  None, ["layer"];

    FRAME_LARGER             "frame.larger"             Guess Chat  None, ["bytes"];
    FRAME_CUT                "frame.cut"                Fact  Note  None, ["captured" "original"];
    FRAME_TRUNCATED          "frame.truncated"          Fact  Warn  None, ["layer" "because" "needed" "available" "offset"];
    FRAME_MALFORMED          "frame.malformed"          Fact  Error None, ["layer" "because" "offset"];

    ICMP_REQUEST_SENT        "icmp.echo.request.sent"   Fact  Chat  Some("RFC 792"), [];
    ICMP_REQUEST_RECEIVED    "icmp.echo.request.received" Fact Chat Some("RFC 1122 §3.2.2.6"), ["from"];
    ICMP_REQUEST_SEEN        "icmp.echo.request.seen"   Fact  Chat  Some("RFC 792"), ["from" "to"];
    ICMP_REQUEST_EVERYONE    "icmp.echo.request.everyone" Fact Note Some("RFC 1122 §3.2.2.6"), ["to"];
    ICMP_REPLY               "icmp.echo.reply"          Fact  Chat  Some("RFC 792"), ["request"];
    ICMP_REPLY_SENT          "icmp.echo.reply.sent"     Fact  Chat  Some("RFC 1122 §3.2.2.6"), [];
    ICMP_REPLY_AGAIN         "icmp.echo.reply.again"    Fact  Note  Some("RFC 792"), ["request"];
    ICMP_REPLY_UNPAIRED      "icmp.echo.reply.unpaired" Fact  Note  Some("RFC 792"), [];

    ICMP_NET                 "icmp.unreachable.net"     Fact  Warn  Some("RFC 1812 §5.2.7.1"), ["from" "target"];
    ICMP_HOST                "icmp.unreachable.host"    Fact  Warn  Some("RFC 1812 §5.2.7.1"), ["from" "target"];
    ICMP_PROTOCOL            "icmp.unreachable.protocol" Fact Warn  Some("RFC 1122 §3.2.2.1"), ["from" "target"];
    ICMP_PORT                "icmp.unreachable.port"    Fact  Warn  Some("RFC 1122 §3.2.2.1"), ["target"];
    ICMP_PORT_TCP            "icmp.unreachable.port-for-tcp" Guess Warn Some("RFC 9293 §3.5.2"), ["from"];
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

    ICMPV6_NO_ROUTE          "icmpv6.unreachable.no-route" Fact Warn Some("RFC 4443 §3.1"), ["from" "target"];
    ICMPV6_FORBIDDEN         "icmpv6.unreachable.forbidden" Fact Warn Some("RFC 4443 §3.1"), ["from" "target"];
    ICMPV6_SCOPE             "icmpv6.unreachable.scope" Fact  Warn  Some("RFC 4443 §3.1"), ["from" "target"];
    ICMPV6_ADDRESS           "icmpv6.unreachable.address" Fact Warn Some("RFC 4443 §3.1"), ["from" "target"];
    ICMPV6_PORT              "icmpv6.unreachable.port"  Fact  Warn  Some("RFC 4443 §3.1"), ["target"];
    ICMPV6_PORT_OTHER        "icmpv6.unreachable.port-by-other" Guess Warn Some("RFC 4443 §3.1"), ["from" "target"];
    ICMPV6_SOURCE_REFUSED    "icmpv6.unreachable.source-refused" Fact Warn Some("RFC 4443 §3.1"), ["from" "target"];
    ICMPV6_ROUTE_REFUSED     "icmpv6.unreachable.route-refused" Fact Warn Some("RFC 4443 §3.1"), ["from" "target"];
    ICMPV6_SOURCE_ROUTE      "icmpv6.unreachable.source-route" Fact Warn Some("RFC 6554 §4.2"), ["from" "target"];
    ICMPV6_TOO_BIG           "icmpv6.too-big"           Fact  Warn  Some("RFC 4443 §3.2"), ["from" "target" "mtu"];
    ICMPV6_HOP_LIMIT         "icmpv6.time-exceeded.hop-limit" Fact Note Some("RFC 4443 §3.3"), ["from" "target"];
    ICMPV6_REASSEMBLY        "icmpv6.time-exceeded.reassembly" Fact Warn Some("RFC 4443 §3.3"), ["from" "target"];
    ICMPV6_PARAMETER         "icmpv6.parameter-problem" Fact  Warn  Some("RFC 4443 §3.4"), ["from" "pointer"];
    ICMPV6_NEXT_HEADER       "icmpv6.parameter-problem.next-header" Fact Warn Some("RFC 4443 §3.4"), ["from" "pointer"];
    ICMPV6_PROBE             "icmpv6.neighbour.probe"   Fact  Chat  Some("RFC 4862 §5.4"), ["target"];
    ICMPV6_ASKS              "icmpv6.neighbour.asks"    Fact  Chat  Some("RFC 4861 §7.2.2"), ["from" "target"];
    ICMPV6_ASKS_DIRECT       "icmpv6.neighbour.asks-direct" Fact Chat Some("RFC 4861 §7.3"), ["from" "target"];
    ICMPV6_ANSWERS           "icmpv6.neighbour.answers" Fact  Chat  Some("RFC 4861 §7.2.4"), ["target" "mac"];
    ICMPV6_ANSWERS_ONLY      "icmpv6.neighbour.answers-only" Fact Chat Some("RFC 4861 §7.2.4"), ["target"];
    ICMPV6_TELLS             "icmpv6.neighbour.tells"   Fact  Chat  Some("RFC 4861 §7.2.6"), ["target"];
    ICMPV6_ROUTERS           "icmpv6.router.solicitation" Fact Chat Some("RFC 4861 §6.3.7"), ["from"];
    ICMPV6_ROUTER            "icmpv6.router.advertisement" Fact Chat Some("RFC 4861 §6.2.3"), ["from"];
    ICMPV6_REDIRECT          "icmpv6.redirect"          Fact  Note  Some("RFC 4861 §8"), ["from" "target"];
    ICMPV6_LISTENERS         "icmpv6.listeners"         Fact  Chat  Some("RFC 3810 §5.1"), ["from"];
    ICMPV6_LISTENS           "icmpv6.listens"           Fact  Chat  Some("RFC 3810 §5.2"), ["from"];
    ICMPV6_LISTENS_NO_MORE   "icmpv6.listens-no-more"   Fact  Chat  Some("RFC 2710 §4"), ["from"];
    ICMPV6_OTHER             "icmpv6.other"             Fact  Note  None, ["from" "type" "code"];

    SNIFF_HEADING            "sniff.heading"            Fact  Chat  None, ["interface"];
    SNIFF_HEADING_ALL        "sniff.heading.all"        Fact  Chat  None, ["interface"];
    SNIFF_HEADING_FILTER     "sniff.heading.filter"     Fact  Chat  None, ["interface" "filter"];
    SNIFF_HEADING_FILTER_ALL "sniff.heading.filter-all" Fact  Chat  None, ["interface" "filter"];
    SNIFF_SILENCE            "sniff.silence"            Fact  Chat  None, ["interface"];
    SNIFF_NOTHING_PASSED     "sniff.nothing-passed"     Fact  Chat  None, ["interface"];
    SNIFF_DROPPED            "sniff.dropped"            Fact  Warn  None, ["count"];
    SNIFF_BLIND              "sniff.blind"              Blind Chat  None, [];
    SNIFF_BLIND_ALL          "sniff.blind-all"          Blind Chat  None, [];

    SNIFF_NOTHING_CAUSED     "sniff.nothing-caused"     Fact  Chat  None, ["command" "interface"];
    SNIFF_ENDED              "sniff.ended"              Fact  Chat  None, ["command" "code"];
    SNIFF_KILLED             "sniff.killed"             Fact  Note  None, ["command" "signal"];
    SNIFF_STILL_RUNS         "sniff.still-runs"         Fact  Note  None, ["command"];
    SNIFF_LEFT_RUNNING       "sniff.left-running"       Fact  Note  None, ["command"];
    SNIFF_STRANGERS          "sniff.strangers"          Fact  Chat  None, ["count"];
    SNIFF_NAME_SERVICE       "sniff.name-service"       Blind Chat  None, [];
    SNIFF_BEYOND             "sniff.beyond"             Blind Note  None, [];
    SNIFF_LOST               "sniff.lost"               Blind Note  None, ["count"];
    SNIFF_ONLY_LOOPBACK      "sniff.only-loopback"      Blind Chat  None, ["interface"];
    SNIFF_ONE_INTERFACE      "sniff.one-interface"      Blind Chat  None, ["interface"];

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
    PATH_FIRST_OF            "path.first-of"            Fact  Note  Some("RFC 1123 §2.3"), ["name" "target" "others"];
    PATH_MULTICAST           "path.multicast"           Fact  Note  Some("RFC 1112 §6.4"), ["target" "mac"];

    EVENT_TIMEOUT            "event.timeout"            Fact  Note  None, ["seq"];
    EVENT_LATE               "event.late"               Fact  Note  None, ["seq"];
    EVENT_DUPLICATE          "event.duplicate"          Fact  Note  None, ["seq"];
    EVENT_NOT_SENT           "event.not-sent"           Fact  Warn  None, ["seq" "error"];
    EVENT_OTHER_DESTINATION  "event.other-destination"  Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_SOURCE       "event.other-source"       Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_IDENTIFIER   "event.other-identifier"   Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_SEQUENCE     "event.other-sequence"     Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_ACKNOWLEDGMENT "event.other-acknowledgment" Fact Note Some("RFC 9293 §3.10.7.3"), ["frame"];
    EVENT_OTHER_PAYLOAD      "event.other-payload"      Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_QUOTATION    "event.other-quotation"    Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_WRONG_CHECKSUM     "event.wrong-checksum"     Fact  Warn  Some("RFC 792"), ["frame"];

    PING_HEADING             "ping.heading"             Fact  Chat  None, ["target" "source" "interface" "count" "bytes"];
    PING_ANSWERED            "ping.answered"            Fact  Chat  Some("RFC 792"), ["target" "received" "transmitted"];
    PING_LOCAL               "ping.local"               Fact  Chat  None, ["target"];
    PING_LOST                "ping.lost"                Fact  Warn  None, ["lost" "list"];
    PING_SILENCE             "ping.silence"             Fact  Warn  None, ["target" "interface" "count"];
    PING_UNANSWERED          "ping.unanswered"          Fact  Warn  None, ["target" "count"];
    PING_QUESTIONS_MISSING   "ping.questions-missing"   Fact  Note  None, ["target" "count"];
    PING_TRACE               "ping.trace"               Fact  Chat  Some("RFC 1812 §5.3.1"), ["count" "list"];
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

    TCP_SYN                  "tcp.syn"                  Fact  Chat  Some("RFC 9293 §3.5"), [];
    TCP_SYN_ACK              "tcp.syn-ack"              Fact  Chat  Some("RFC 9293 §3.5"), [];
    TCP_ACK_OPENS            "tcp.ack-opens"            Fact  Chat  Some("RFC 9293 §3.5"), [];
    TCP_DATA                 "tcp.data"                 Fact  Chat  Some("RFC 9293 §3.4"), ["bytes" "from" "to" "next"];
    TCP_ACK                  "tcp.ack"                  Fact  Chat  Some("RFC 9293 §3.4"), ["number"];
    TCP_FIN                  "tcp.fin"                  Fact  Chat  Some("RFC 9293 §3.6"), [];
    TCP_FIN_SECOND           "tcp.fin-second"           Fact  Chat  Some("RFC 9293 §3.6"), [];
    TCP_ACK_FIN              "tcp.ack-fin"              Fact  Chat  Some("RFC 9293 §3.6"), [];
    TCP_ACK_LAST             "tcp.ack-last"             Fact  Chat  Some("RFC 9293 §3.6"), [];
    TCP_RST_REFUSES          "tcp.rst-refuses"          Fact  Warn  Some("RFC 9293 §3.5.2"), [];
    TCP_RST                  "tcp.rst"                  Fact  Warn  Some("RFC 9293 §3.5.2"), [];
    TCP_WINDOW_SHUT          "tcp.window-shut"          Fact  Warn  Some("RFC 9293 §3.8.6.1"), [];
    TCP_OFFERS               "tcp.offers"               Fact  Chat  Some("RFC 9293 §3.7.1"), ["size" "options"];
    TCP_ACCEPTS              "tcp.accepts"              Fact  Chat  Some("RFC 9293 §3.7.1"), ["size" "options"];
    TCP_SYN_DATA             "tcp.syn-data"             Fact  Chat  Some("RFC 7413 §2"), [];
    TCP_ECN_ASKS             "tcp.ecn-asks"             Fact  Chat  Some("RFC 3168 §6.1.1"), [];
    TCP_ECN_AGREES           "tcp.ecn-agrees"           Fact  Chat  Some("RFC 3168 §6.1.1"), [];
    TCP_ECN_ECHO             "tcp.ecn-echo"             Fact  Chat  Some("RFC 3168 §6.1.3"), [];
    TCP_ECN_SLOWER           "tcp.ecn-slower"           Fact  Chat  Some("RFC 3168 §6.1.2"), [];
    TCP_URGENT               "tcp.urgent"               Fact  Chat  Some("RFC 6093 §4"), [];
    TCP_OFFERS_NO_SIZE       "tcp.offers-no-size"       Fact  Chat  Some("RFC 9293 §3.7.1"), ["size" "options"];
    TCP_OFFERS_NOTHING       "tcp.offers-nothing"       Fact  Chat  Some("RFC 9293 §3.7.1"), ["size"];
    TCP_FAST                 "tcp.fast-retransmission"  Guess Note  Some("RFC 5681 §3.2"), [];
    TCP_SPURIOUS             "tcp.spurious-retransmission" Fact Note None, [];
    TCP_OUT_OF_ORDER         "tcp.out-of-order"         Guess Note  None, [];
    TCP_LOST_SEGMENT         "tcp.lost-segment"         Fact  Note  None, [];
    TCP_ACK_LOST_SEGMENT     "tcp.ack-lost-segment"     Fact  Note  None, [];
    TCP_DUPLICATE_ACK        "tcp.duplicate-ack"        Guess Note  Some("RFC 5681 §3.2"), ["count" "first"];
    TCP_WINDOW_UPDATE        "tcp.window-update"        Fact  Chat  Some("RFC 9293 §3.8.6"), [];
    TCP_WINDOW_FULL          "tcp.window-full"          Fact  Note  Some("RFC 9293 §3.8.6"), [];
    TCP_WINDOW_PROBE         "tcp.window-probe"         Fact  Note  Some("RFC 9293 §3.8.6.1"), [];
    TCP_WINDOW_PROBE_ACK     "tcp.window-probe-ack"     Fact  Note  Some("RFC 9293 §3.8.6.1"), [];
    TCP_KEEP_ALIVE           "tcp.keep-alive"           Fact  Chat  Some("RFC 9293 §3.8.4"), [];
    TCP_KEEP_ALIVE_ACK       "tcp.keep-alive-ack"       Fact  Chat  Some("RFC 9293 §3.8.4"), [];
    TCP_REUSED_PORTS         "tcp.reused-ports"         Fact  Note  Some("RFC 6191"), [];
    TCP_AGAIN                "tcp.again"                Guess Note  Some("RFC 9293 §3.8.1"), [];

    HANDSHAKE_HEADING        "handshake.heading"        Fact  Chat  None, ["target" "port" "source" "source_port" "interface"];
    HANDSHAKE_NEXT           "handshake.next"           Fact  Note  Some("RFC 1123 §2.3"), ["failed" "next"];
    HANDSHAKE_OPEN           "handshake.open"           Fact  Chat  Some("RFC 9293 §3.5"), ["port" "rtt"];
    HANDSHAKE_MSS            "handshake.mss"            Fact  Chat  Some("RFC 9293 §3.7.1"), ["ours" "theirs"];
    HANDSHAKE_OPTIONS        "handshake.options"        Fact  Chat  Some("RFC 7323 §2.2"), ["options"];
    HANDSHAKE_PLAIN          "handshake.plain"          Fact  Chat  Some("RFC 7323 §2.2"), [];
    HANDSHAKE_CLOSED_BY_US   "handshake.closed-by-us"   Fact  Chat  Some("RFC 9293 §3.6"), ["count"];
    HANDSHAKE_CLOSED_BY_THEM "handshake.closed-by-them" Fact  Chat  Some("RFC 9293 §3.6"), ["count"];
    HANDSHAKE_TIME_WAIT      "handshake.time-wait"      Fact  Chat  Some("RFC 9293 §3.6.1"), [];
    HANDSHAKE_RESET          "handshake.reset"          Fact  Warn  Some("RFC 9293 §3.5.3"), [];
    HANDSHAKE_ABORTED        "handshake.aborted"        Fact  Chat  Some("RFC 9293 §3.10.5"), [];
    HANDSHAKE_HALF_OPEN      "handshake.half-open"      Fact  Chat  Some("RFC 9293 §3.5.2"), [];
    HANDSHAKE_STILL_OPEN     "handshake.still-open"     Fact  Note  Some("RFC 9293 §3.6"), [];
    HANDSHAKE_INTERRUPTED    "handshake.interrupted"    Fact  Note  Some("RFC 9293 §3.10.5"), [];
    HANDSHAKE_KERNEL         "handshake.kernel"         Fact  Note  Some("RFC 9293 §3.5.2"), [];
    HANDSHAKE_GAVE_UP        "handshake.gave-up"        Fact  Warn  Some("RFC 9293 §3.8.3"), [];
    HANDSHAKE_REFUSED        "handshake.refused"        Fact  Warn  Some("RFC 9293 §3.5.2"), ["target" "port"];
    HANDSHAKE_SILENCE        "handshake.silence"        Fact  Warn  None, ["count" "interface"];
    HANDSHAKE_UNREACHABLE    "handshake.unreachable"    Fact  Warn  Some("RFC 9293 §3.9.2.2"), ["from" "what"];
    HANDSHAKE_NOT_SENT       "handshake.not-sent"       Fact  Error None, ["error"];
    HANDSHAKE_NO_ARP         "handshake.no-arp"         Fact  Warn  Some("RFC 826"), ["target"];
    HANDSHAKE_NO_ARP_ROUTER  "handshake.no-arp-router"  Fact  Warn  Some("RFC 826"), ["router" "target"];
    HANDSHAKE_WHY_OPEN       "handshake.why-open"       Guess Chat  None, ["port"];
    HANDSHAKE_RESET_SAME     "handshake.reset-same"     Guess Note  Some("RFC 1122 §3.2.1.7"), ["ttl"];
    HANDSHAKE_RESET_OTHER    "handshake.reset-other"    Guess Note  Some("RFC 1122 §3.2.1.7"), ["reset" "answer"];
    HANDSHAKE_WHY_REFUSED    "handshake.why-refused"    Guess Note  Some("RFC 1122 §3.2.1.7"), ["port" "ttl"];
    HANDSHAKE_WHY_REFUSED_SELF "handshake.why-refused-self" Guess Note None, [];
    HANDSHAKE_WHY_REFUSED_ODD "handshake.why-refused-odd" Guess Note Some("RFC 1122 §3.2.1.7"), ["ttl"];
    HANDSHAKE_WHY_REFUSED_ROUTER "handshake.why-refused-router" Guess Note Some("RFC 1122 §3.2.1.7"), ["ttl"];
    HANDSHAKE_WHY_REFUSED_FAR "handshake.why-refused-far" Guess Note Some("RFC 1122 §3.2.1.7"), ["port" "routers" "ttl" "initial"];
    HANDSHAKE_WHY_SILENT     "handshake.why-silent"     Guess Note  None, ["port"];
    HANDSHAKE_WHY_SILENT_NEAR "handshake.why-silent-near" Guess Note None, ["target" "port"];
    HANDSHAKE_WHY_REJECT     "handshake.why-reject"     Guess Note  Some("RFC 1122 §3.2.2.1"), ["from"];
    HANDSHAKE_BLIND_ACK      "handshake.blind-ack"      Blind Chat  None, ["frame"];
    HANDSHAKE_BLIND_PROGRAM  "handshake.blind-program"  Blind Chat  None, [];
    HANDSHAKE_BLIND_WHO      "handshake.blind-who"      Blind Chat  None, ["target"];
    HANDSHAKE_BLIND_SILENCE  "handshake.blind-silence"  Blind Chat  None, ["target"];
    DNS_WHICH_IPV4           "dns.which-ipv4"           Fact  Chat  Some("RFC 1035 §3.4.1"), ["name"];
    DNS_WHICH_IPV6           "dns.which-ipv6"           Fact  Chat  Some("RFC 3596 §2.1"), ["name"];
    DNS_WHICH_NAME           "dns.which-name"           Fact  Chat  Some("RFC 1035 §3.5"), ["name"];
    DNS_WHICH                "dns.which"                Fact  Chat  Some("RFC 1035 §4.1.2"), ["name" "type"];
    DNS_ASKS_NEIGHBOURS      "dns.asks-neighbours"      Fact  Chat  Some("RFC 6762 §3"), ["name"];
    DNS_AGAIN                "dns.again"                Guess Note  Some("RFC 1035 §4.2.1"), [];
    DNS_ADDRESSES            "dns.addresses"            Fact  Chat  Some("RFC 1035 §3.2.1"), ["name" "list" "ttl"];
    DNS_ANSWERS              "dns.answers"              Fact  Chat  Some("RFC 1035 §3.2.1"), ["count" "ttl"];
    DNS_NOTHING              "dns.nothing"              Fact  Note  Some("RFC 2308 §2.2"), ["name" "type"];
    DNS_NO_SUCH_NAME         "dns.no-such-name"         Fact  Warn  Some("RFC 2308 §2.1"), ["name"];
    DNS_FAILED               "dns.failed"               Fact  Warn  Some("RFC 1035 §4.1.1"), ["name"];
    DNS_REFUSED              "dns.refused"              Fact  Warn  Some("RFC 1035 §4.1.1"), [];
    DNS_ERROR                "dns.error"                Fact  Warn  Some("RFC 1035 §4.1.1"), ["code"];
    DNS_TRUNCATED            "dns.truncated"            Fact  Note  Some("RFC 2181 §9"), [];
    DNS_UNSOLICITED          "dns.unsolicited"          Guess Note  Some("RFC 5452 §9.1"), [];
    DNS_LOOKED_UP            "dns.looked-up"            Fact  Chat  Some("RFC 1035 §4.1.1"), ["name" "what" "ms"];
    DNS_BLIND_TRUTH          "dns.blind.truth"          Blind Chat  Some("RFC 3833 §2.2"), [];
    DNS_UNANSWERED           "dns.unanswered"           Fact  Warn  None, ["name"];
    DNS_WHY_UNANSWERED       "dns.why-unanswered"       Guess Note  None, [];

    DHCP_DISCOVER            "dhcp.discover"            Fact  Chat  Some("RFC 2131 §3.1"), [];
    DHCP_OFFER               "dhcp.offer"               Fact  Chat  Some("RFC 2131 §3.1"), ["server" "address"];
    DHCP_REQUEST             "dhcp.request"             Fact  Chat  Some("RFC 2131 §3.1"), ["address"];
    DHCP_RENEW               "dhcp.renew"               Guess Chat  Some("RFC 2131 §4.4.5"), [];
    DHCP_DECLINE             "dhcp.decline"             Fact  Warn  Some("RFC 2131 §3.1"), [];
    DHCP_ACK                 "dhcp.ack"                 Fact  Chat  Some("RFC 2131 §3.1"), ["server" "address" "seconds"];
    DHCP_ACK_INFORM          "dhcp.ack-inform"          Fact  Chat  Some("RFC 2131 §3.4"), ["server"];
    DHCP_NAK                 "dhcp.nak"                 Fact  Warn  Some("RFC 2131 §3.1"), ["server"];
    DHCP_RELEASE             "dhcp.release"             Fact  Chat  Some("RFC 2131 §3.1"), [];
    DHCP_INFORM              "dhcp.inform"              Fact  Chat  Some("RFC 2131 §3.4"), [];

    DHCP_GOT                 "dhcp.got"                 Fact  Chat  Some("RFC 2131 §3.1"), ["address"];
    DHCP_REFUSED             "dhcp.refused"             Fact  Warn  Some("RFC 2131 §3.1"), [];
    DHCP_OFFERED             "dhcp.offered"             Fact  Note  Some("RFC 2131 §3.1"), ["address"];
    DHCP_UNCONFIRMED         "dhcp.unconfirmed"         Fact  Warn  Some("RFC 2131 §3.2"), [];
    DHCP_NOBODY              "dhcp.nobody"              Fact  Warn  Some("RFC 2131 §3.1"), [];
    DHCP_WHY_NOBODY          "dhcp.why-nobody"          Guess Note  None, [];
    DHCP_BLIND_USE           "dhcp.blind.use"           Blind Chat  Some("RFC 2131 §2.2"), ["address"];

    CONNECTION_OPEN          "connection.open"          Fact  Chat  Some("RFC 9293 §3.5"), ["port" "server" "ms"];
    CONNECTION_OPEN_LATE     "connection.open-late"     Fact  Chat  Some("RFC 9293 §3.5"), ["port" "server"];
    CONNECTION_BEGUN_BEFORE  "connection.begun-before"  Fact  Note  None, [];
    CONNECTION_UNANSWERED    "connection.unanswered"    Fact  Warn  Some("RFC 9293 §3.5"), ["client" "count" "port" "server"];
    CONNECTION_WAITS         "connection.waits"         Fact  Note  Some("RFC 6298 §5.5"), ["count" "waits"];
    CONNECTION_COMPLAINT     "connection.complaint"     Fact  Warn  Some("RFC 9293 §3.9.2.2"), ["from" "count" "target" "what"];
    CONNECTION_AGAIN         "connection.again"         Fact  Warn  Some("RFC 9293 §3.8.1"), ["who" "count" "timeouts" "fast" "spurious"];
    CONNECTION_AGAIN_LATE    "connection.again-late"    Fact  Warn  Some("RFC 6298 §5.4"), ["who" "count"];
    CONNECTION_AGAIN_ASKED   "connection.again-asked"   Fact  Warn  Some("RFC 5681 §3.2"), ["who" "count"];
    CONNECTION_AGAIN_NEEDLESS "connection.again-needless" Fact Note None, ["who" "count"];
    CONNECTION_CAPTURE_LOST  "connection.capture-lost"  Fact  Note  None, ["who" "count"];
    CONNECTION_GAPS          "connection.gaps"          Fact  Note  None, ["who" "count"];
    CONNECTION_OUT_OF_ORDER  "connection.out-of-order"  Fact  Note  None, ["who" "count"];
    CONNECTION_WINDOW_SHUT   "connection.window-shut"   Fact  Warn  Some("RFC 9293 §3.8.6.1"), ["who" "count" "other"];
    CONNECTION_KEEP_ALIVE    "connection.keep-alive"    Fact  Chat  Some("RFC 9293 §3.8.4"), ["who" "count"];
    CONNECTION_ASKS_FOR_ROOM "connection.asks-for-room" Fact  Chat  Some("RFC 9293 §3.8.6.1"), ["who" "count"];
    CONNECTION_DATA          "connection.data"          Fact  Chat  None, ["client" "sent" "server" "received"];
    CONNECTION_MSS           "connection.mss"           Fact  Chat  Some("RFC 9293 §3.7.1"), ["client" "one" "server" "two"];
    CONNECTION_STILL_OPEN    "connection.still-open"    Fact  Note  None, [];
    CONNECTION_HALF_CLOSED   "connection.half-closed"   Fact  Note  Some("RFC 9293 §3.6"), ["who" "other"];
    CONNECTION_RESET         "connection.reset"         Fact  Warn  Some("RFC 9293 §3.5.2"), ["who"];
    CONNECTION_CLOSED_FOUR   "connection.closed-four"   Fact  Chat  Some("RFC 9293 §3.6"), ["who"];
    CONNECTION_CLOSED_THREE  "connection.closed-three"  Fact  Chat  Some("RFC 9293 §3.6"), ["who"];
    CONNECTION_CLOSED_AT_ONCE "connection.closed-at-once" Fact Note Some("RFC 9293 §3.6"), [];
    CONNECTION_CLOSED_PARTLY "connection.closed-partly" Fact  Note  Some("RFC 9293 §3.6"), [];
    CONNECTION_WHY_AGAIN     "connection.why-again"     Guess Note  None, [];
    CONNECTION_WHY_WINDOW    "connection.why-window"    Guess Note  None, ["who"];
    CONNECTION_KERNEL_RESET  "connection.kernel-reset"  Guess Note  None, ["who"];
    CONNECTION_RESET_SAME    "connection.reset-same"    Guess Note  None, ["who" "ttl"];
    CONNECTION_RESET_OTHER   "connection.reset-other"   Guess Warn  None, ["reset" "who" "ttl"];
    CONNECTION_BLIND_BEFORE  "connection.blind.before"  Blind Chat  None, [];
    CONNECTION_BLIND_ACK     "connection.blind.ack"     Blind Chat  None, ["frame"];
    CONNECTION_BLIND_PROGRAM "connection.blind.program" Blind Chat  None, [];
    CONNECTION_BLIND_READ    "connection.blind.read"    Blind Chat  Some("RFC 793 §2.6"), [];

    JUDGEMENT_NO_DATA        "judgement.no-data"        Fact  Chat  None, ["found"];
    JUDGEMENT_ONE_BYTE       "judgement.one-byte"       Fact  Chat  None, ["found"];
    JUDGEMENT_AT_MOST_ONE_BYTE "judgement.at-most-one-byte" Fact  Chat  None, ["found"];
    JUDGEMENT_DATA           "judgement.data"           Fact  Chat  None, ["found"];
    JUDGEMENT_TAKES_NUMBERS  "judgement.takes-numbers"  Fact  Chat  None, ["found"];
    JUDGEMENT_ORDINARY       "judgement.ordinary"       Fact  Chat  None, [];
    JUDGEMENT_NO_RESET       "judgement.no-reset"       Fact  Chat  None, [];
    JUDGEMENT_ACK            "judgement.ack"            Fact  Chat  None, [];
    JUDGEMENT_KNOWN_NEXT     "judgement.known-next"     Fact  Chat  None, [];
    JUDGEMENT_AT_NEXT        "judgement.at-next"        Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_ONE_BELOW_NEXT "judgement.one-below-next" Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_BEYOND_NEXT    "judgement.beyond-next"    Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_BEFORE_NEXT    "judgement.before-next"    Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_NO_PROBE_WITH_MORE "judgement.no-probe-with-more" Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_WINDOW_SHUT    "judgement.window-shut"    Fact  Chat  None, ["found"];
    JUDGEMENT_WINDOW_OPEN    "judgement.window-open"    Fact  Chat  None, ["found"];
    JUDGEMENT_SAME_WINDOW    "judgement.same-window"    Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_OTHER_WINDOW   "judgement.other-window"   Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_SAME_ACK       "judgement.same-ack"       Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_PEER_WINDOW_SHUT "judgement.peer-window-shut" Fact  Chat  None, ["found"];
    JUDGEMENT_PEER_SCALE_KNOWN "judgement.peer-scale-known" Fact  Chat  None, [];
    JUDGEMENT_FILLS_PEER_WINDOW "judgement.fills-peer-window" Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_PEER_KEPT_ALIVE "judgement.peer-kept-alive" Fact  Chat  None, [];
    JUDGEMENT_PEER_PROBED    "judgement.peer-probed"    Fact  Chat  None, [];
    JUDGEMENT_KNOWN_PEER_DATA "judgement.known-peer-data" Fact  Chat  None, [];
    JUDGEMENT_ACK_BEYOND_SEEN "judgement.ack-beyond-seen" Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_NO_KEEP_ALIVE  "judgement.no-keep-alive"  Fact  Chat  None, [];
    JUDGEMENT_KNOWN_PEER_ACK "judgement.known-peer-ack" Fact  Chat  None, [];
    JUDGEMENT_ALL_ACKED      "judgement.all-acked"      Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_TWO_DUPLICATES "judgement.two-duplicates" Fact  Chat  None, ["found"];
    JUDGEMENT_AT_PEER_ACK    "judgement.at-peer-ack"    Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_SOON_AFTER_PEER "judgement.soon-after-peer" Fact  Chat  None, ["within" "ms"];
    JUDGEMENT_SOON_AFTER_HIGHEST "judgement.soon-after-highest" Fact  Chat  None, ["within" "ms"];
    JUDGEMENT_NOT_THE_HIGHEST "judgement.not-the-highest" Fact  Chat  None, ["limit" "found"];
    JUDGEMENT_SYN            "judgement.syn"            Fact  Chat  None, [];
    JUDGEMENT_PORTS_USED_BEFORE "judgement.ports-used-before" Fact  Chat  None, [];
    JUDGEMENT_RFC_OUTSTANDING "judgement.rfc-outstanding" Fact  Chat  Some("RFC 5681 §2"), ["found"];
    JUDGEMENT_RFC_NO_DATA    "judgement.rfc-no-data"    Fact  Chat  Some("RFC 5681 §2"), ["found"];
    JUDGEMENT_RFC_NO_SYN     "judgement.rfc-no-syn"     Fact  Chat  Some("RFC 5681 §2"), [];
    JUDGEMENT_RFC_GREATEST_ACK "judgement.rfc-greatest-ack" Fact  Chat  Some("RFC 5681 §2"), ["limit" "found"];
    JUDGEMENT_RFC_SAME_WINDOW "judgement.rfc-same-window" Fact  Chat  Some("RFC 5681 §2"), ["limit" "found"];
    JUDGEMENT_BOTH           "judgement.both"           Fact  Chat  Some("RFC 5681 §2"), [];
    JUDGEMENT_ONLY_WIRESHARK "judgement.only-wireshark" Fact  Chat  Some("RFC 5681 §2"), [];
    JUDGEMENT_ONLY_RFC       "judgement.only-rfc"       Fact  Chat  Some("RFC 5681 §2"), [];

    ADDRESS_UNSPECIFIED      "address.unspecified"      Fact  Chat  Some("RFC 1122 §3.2.1.3"), ["address"];
    ADDRESS_LOOPBACK         "address.loopback"         Fact  Chat  Some("RFC 1122 §3.2.1.3"), ["address"];
    ADDRESS_PRIVATE          "address.private"          Fact  Chat  Some("RFC 1918 §3"), ["address"];
    ADDRESS_SHARED           "address.shared"           Fact  Chat  Some("RFC 6598 §4"), ["address"];
    ADDRESS_LINK_LOCAL       "address.link-local"       Fact  Note  Some("RFC 3927 §2.1"), ["address"];
    ADDRESS_LINK_LOCAL6      "address.link-local6"      Fact  Chat  Some("RFC 4291 §2.5.6"), ["address"];
    ADDRESS_DOCUMENTATION    "address.documentation"    Fact  Note  Some("RFC 5737 §3"), ["address"];
    ADDRESS_DOCUMENTATION6   "address.documentation6"   Fact  Note  Some("RFC 3849"), ["address"];
    ADDRESS_BENCHMARK        "address.benchmark"        Fact  Note  Some("RFC 6890"), ["address"];
    ADDRESS_RESERVED         "address.reserved"         Fact  Note  Some("RFC 1112 §4"), ["address"];
    ADDRESS_BROADCAST        "address.broadcast"        Fact  Chat  Some("RFC 919 §7"), ["address"];
    ADDRESS_MULTICAST        "address.multicast"        Fact  Chat  Some("RFC 1112 §4"), ["address"];
    ADDRESS_MULTICAST6       "address.multicast6"       Fact  Chat  Some("RFC 4291 §2.7"), ["address"];
    ADDRESS_UNIQUE_LOCAL     "address.unique-local"     Fact  Chat  Some("RFC 4193 §3.1"), ["address"];
    ADDRESS_TRANSLATED       "address.translated"       Fact  Chat  Some("RFC 6052 §2.1"), ["address"];

    HTTP_GET                 "http.get"                 Fact  Chat  Some("RFC 9110 §9.3.1"), ["path"];
    HTTP_HEAD                "http.head"                Fact  Chat  Some("RFC 9110 §9.3.2"), ["path"];
    HTTP_POST                "http.post"                Fact  Chat  Some("RFC 9110 §9.3.3"), ["path"];
    HTTP_PUT                 "http.put"                 Fact  Chat  Some("RFC 9110 §9.3.4"), ["path"];
    HTTP_DELETE              "http.delete"              Fact  Chat  Some("RFC 9110 §9.3.5"), ["path"];
    HTTP_OPTIONS             "http.options"             Fact  Chat  Some("RFC 9110 §9.3.7"), ["path"];
    HTTP_CONNECT             "http.connect"             Fact  Chat  Some("RFC 9110 §9.3.6"), ["path"];
    HTTP_METHOD              "http.method"              Fact  Chat  Some("RFC 9110 §9"), ["method" "path"];
    HTTP_INTERIM             "http.interim"             Fact  Chat  Some("RFC 9110 §15.2"), ["code"];
    HTTP_SWITCHING           "http.switching"           Fact  Chat  Some("RFC 9110 §15.2.2"), [];
    HTTP_DONE                "http.done"                Fact  Chat  Some("RFC 9110 §15.3"), ["code"];
    HTTP_NO_CONTENT          "http.no-content"          Fact  Chat  Some("RFC 9110 §15.3.5"), [];
    HTTP_PARTIAL             "http.partial"             Fact  Chat  Some("RFC 9110 §15.3.7"), [];
    HTTP_REDIRECT            "http.redirect"            Fact  Chat  Some("RFC 9110 §15.4"), ["code" "location"];
    HTTP_ELSEWHERE           "http.elsewhere"           Fact  Chat  Some("RFC 9110 §15.4"), ["code"];
    HTTP_NOT_MODIFIED        "http.not-modified"        Fact  Chat  Some("RFC 9110 §15.4.5"), [];
    HTTP_BAD_REQUEST         "http.bad-request"         Fact  Warn  Some("RFC 9110 §15.5.1"), [];
    HTTP_UNAUTHORIZED        "http.unauthorized"        Fact  Warn  Some("RFC 9110 §15.5.2"), [];
    HTTP_FORBIDDEN           "http.forbidden"           Fact  Warn  Some("RFC 9110 §15.5.4"), [];
    HTTP_NOT_FOUND           "http.not-found"           Fact  Warn  Some("RFC 9110 §15.5.5"), [];
    HTTP_TOO_MANY            "http.too-many"            Fact  Warn  Some("RFC 6585 §4"), [];
    HTTP_CLIENT_ERROR        "http.client-error"        Fact  Warn  Some("RFC 9110 §15.5"), ["code"];
    HTTP_BAD_GATEWAY         "http.bad-gateway"         Fact  Warn  Some("RFC 9110 §15.6.3"), [];
    HTTP_UNAVAILABLE         "http.unavailable"         Fact  Warn  Some("RFC 9110 §15.6.4"), [];
    HTTP_GATEWAY_TIMEOUT     "http.gateway-timeout"     Fact  Warn  Some("RFC 9110 §15.6.5"), [];
    HTTP_SERVER_ERROR        "http.server-error"        Fact  Warn  Some("RFC 9110 §15.6"), ["code"];
    HTTP_ANSWERED            "http.answered"            Fact  Chat  Some("RFC 9110 §15"), ["request" "code" "ms"];
    HTTP_UNANSWERED          "http.unanswered"          Fact  Note  None, ["request"];

    HTTP_UNREAD              "http.unread"              Fact  Note  None, ["request"];

    STP_HELLO                "stp.hello"                Fact  Chat  None, [];
    STP_CHANGE               "stp.change"               Fact  Note  None, [];

    TRACE_HEADING_ICMP       "trace.heading.icmp"       Fact  Chat  None, ["target" "source" "interface" "first" "last" "queries"];
    TRACE_HEADING_UDP        "trace.heading.udp"        Fact  Chat  None, ["target" "source" "interface" "port" "first" "last" "queries"];
    TRACE_HEADING_TCP        "trace.heading.tcp"        Fact  Chat  None, ["target" "source" "interface" "port" "first" "last" "queries"];
    TRACE_REACHED            "trace.reached"            Fact  Chat  Some("RFC 1812 §5.3.1"), ["routers" "ttl" "target"];
    TRACE_REACHED_UNSEEN     "trace.reached-unseen"     Fact  Note  Some("RFC 1812 §5.3.1"), ["ttl" "target"];
    TRACE_NEXT_DOOR          "trace.next-door"          Fact  Chat  Some("RFC 1812 §5.3.1"), ["target"];
    TRACE_OPEN               "trace.open"               Fact  Chat  Some("RFC 9293 §3.5"), ["port"];
    TRACE_RESET              "trace.reset"              Fact  Chat  Some("RFC 9293 §3.5.2"), [];
    TRACE_CLOSED             "trace.closed"             Fact  Chat  Some("RFC 9293 §3.5.2"), ["port"];
    TRACE_DELIVERED          "trace.delivered"          Fact  Chat  Some("RFC 1122 §4.1.3.1"), ["port"];
    TRACE_ELSEWHERE          "trace.elsewhere"          Fact  Note  None, ["from" "target"];
    TRACE_REFUSED            "trace.refused"            Fact  Warn  Some("RFC 1812 §5.2.7.1"), ["from" "ttl" "what"];
    TRACE_UNREACHED          "trace.unreached"          Fact  Warn  None, ["ttl" "from" "last" "target"];
    TRACE_CUT                "trace.cut"                Fact  Warn  Some("RFC 1812 §5.3.1"), ["ttl" "from" "target"];
    TRACE_INTERRUPTED        "trace.interrupted"        Fact  Note  None, ["ttl" "from" "target"];
    TRACE_SILENCE            "trace.silence"            Fact  Warn  None, ["count" "interface"];
    TRACE_NO_ARP             "trace.no-arp"             Fact  Warn  Some("RFC 826"), ["target"];
    TRACE_NOT_SENT           "trace.not-sent"           Fact  Error None, ["count" "error"];
    TRACE_LOOP               "trace.loop"               Fact  Warn  None, ["address" "list"];
    TRACE_SEVERAL            "trace.several"            Fact  Note  None, ["ttl" "addresses"];
    TRACE_MARKED             "trace.marked"             Fact  Note  Some("RFC 2474 §3"), ["ttl" "seen"];
    TRACE_TRANSLATED         "trace.translated"         Fact  Note  Some("RFC 3022 §4.3"), ["ttl" "seen"];
    TRACE_TTL_LEFT           "trace.ttl-left"           Fact  Note  Some("RFC 3443"), ["ttl" "left"];
    TRACE_LIMITED            "trace.limited"            Fact  Note  Some("RFC 1812 §4.3.2.8"), ["count" "list"];
    TRACE_LOST               "trace.lost"               Fact  Note  None, ["count" "list"];
    TRACE_WHY_ELSEWHERE      "trace.why-elsewhere"      Guess Note  None, [];
    TRACE_WHY_UNREACHED      "trace.why-unreached"      Guess Note  Some("RFC 1122 §3.2.2.6"), ["target"];
    TRACE_WHY_UNREACHED_UDP  "trace.why-unreached-udp"  Guess Note  Some("RFC 1122 §4.1.3.1"), ["target" "port"];
    TRACE_WHY_TOO_BIG        "trace.why-too-big"        Guess Note  Some("RFC 1191 §3"), ["from"];
    TRACE_WHY_LOOP           "trace.why-loop"           Guess Warn  Some("RFC 1812 §5.3.1"), [];
    TRACE_TWICE              "trace.twice"              Guess Note  None, ["address" "list"];
    TRACE_WHY_SEVERAL        "trace.why-several"        Guess Note  Some("RFC 2992"), [];
    TRACE_WHY_LIMITED        "trace.why-limited"        Guess Note  Some("RFC 1812 §4.3.2.8"), [];
    TRACE_SILENT             "trace.silent"             Guess Note  Some("RFC 1812 §4.3.2.8"), ["count" "list"];
    TRACE_ASYMMETRIC         "trace.asymmetric"         Guess Note  Some("RFC 1122 §3.2.1.7"), ["ttl" "back" "reply" "initial"];
    TRACE_WATCHED            "trace.watched"            Fact  Chat  None, ["target" "answered" "asked" "ttl"];
    TRACE_WATCH_UNREACHED    "trace.watch-unreached"    Fact  Warn  None, ["target" "ttl"];
    TRACE_WATCH_SILENCE      "trace.watch-silence"      Fact  Warn  None, ["rounds"];
    TRACE_WATCH_HARMLESS     "trace.watch-harmless"     Guess Note  Some("RFC 1812 §4.3.2.8"), ["list"];
    TRACE_BLIND_BACK         "trace.blind.back"         Blind Chat  None, [];
    TRACE_BLIND_SILENCE      "trace.blind.silence"      Blind Chat  None, ["target"];
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
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
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

    /// Sections whose tests look at the sentences instead of the ids.
    const BY_WORDS: [&str; 6] = ["event", "handshake", "judgement", "path", "sniff", "trace"];

    #[test]
    fn every_rule_is_named_in_a_test() {
        let mut tests = String::new();
        collect(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/explain")), &mut tests);
        for rule in rules() {
            let section = rule.id.split('.').next().unwrap_or_default();
            if !BY_WORDS.contains(&section) && !rule.id.contains(".heading") {
                assert!(tests.contains(&format!("\"{}\"", rule.id)), "{}: no test shows when it is said", rule.id);
            }
        }
    }

    /// The text of all tests below `folder`.
    fn collect(folder: &std::path::Path, tests: &mut String) {
        for entry in std::fs::read_dir(folder).expect("the sources can be read") {
            let path = entry.expect("the sources can be read").path();
            if path.is_dir() {
                collect(&path, tests);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let is_test = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("tests.rs"))
                    || path.components().any(|part| part.as_os_str() == "tests");
                let begin = if is_test { Some(0) } else { text.find("#[cfg(test)]\nmod tests {") };
                tests.push_str(begin.map_or("", |begin| &text[begin..]));
            }
        }
    }
}

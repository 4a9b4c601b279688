//! ICMPv6: neighbours, routers, and what the network complains about.

table! {
    // What is wrong on the way.
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

    // Neighbours, routers, groups, and all the rest.
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

    // What is broken.
    ICMPV6_CHECKSUM_BAD      "icmpv6.checksum.bad"      Fact  Error Some("RFC 4443 §2.3"), ["expected"];
}

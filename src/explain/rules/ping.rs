//! What pings came to.

table! {
    // What the command will do.
    PING_HEADING             "ping.heading"             Fact  Chat  None, ["target" "source" "interface" "count" "bytes"];

    // What the pings came to.
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

    // Why, probably.
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

    // What stays unknown.
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

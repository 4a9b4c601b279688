//! What a trace found out about the way.

table! {
    // What the command will do.
    TRACE_HEADING_ICMP       "trace.heading.icmp"       Fact  Chat  None, ["target" "source" "interface" "first" "last" "queries"];
    TRACE_HEADING_UDP        "trace.heading.udp"        Fact  Chat  None, ["target" "source" "interface" "port" "first" "last" "queries"];
    TRACE_HEADING_TCP        "trace.heading.tcp"        Fact  Chat  None, ["target" "source" "interface" "port" "first" "last" "queries"];

    // How far the probes came.
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

    // What is odd about the way.
    TRACE_LOOP               "trace.loop"               Fact  Warn  None, ["address" "list"];
    TRACE_SEVERAL            "trace.several"            Fact  Note  None, ["ttl" "addresses"];
    TRACE_MARKED             "trace.marked"             Fact  Note  Some("RFC 2474 §3"), ["ttl" "seen"];
    TRACE_TRANSLATED         "trace.translated"         Fact  Note  Some("RFC 3022 §4.3"), ["ttl" "seen"];
    TRACE_TTL_LEFT           "trace.ttl-left"           Fact  Note  Some("RFC 3443"), ["ttl" "left"];
    TRACE_LIMITED            "trace.limited"            Fact  Note  Some("RFC 1812 §4.3.2.8"), ["count" "list"];
    TRACE_LOST               "trace.lost"               Fact  Note  None, ["count" "list"];

    // Why, probably.
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

    // A trace that goes on.
    TRACE_WATCHED            "trace.watched"            Fact  Chat  None, ["target" "answered" "asked" "ttl"];
    TRACE_WATCH_UNREACHED    "trace.watch-unreached"    Fact  Warn  None, ["target" "ttl"];
    TRACE_WATCH_SILENCE      "trace.watch-silence"      Fact  Warn  None, ["rounds"];
    TRACE_WATCH_HARMLESS     "trace.watch-harmless"     Guess Note  Some("RFC 1812 §4.3.2.8"), ["list"];

    // What stays unknown.
    TRACE_BLIND_BACK         "trace.blind.back"         Blind Chat  None, [];
    TRACE_BLIND_SILENCE      "trace.blind.silence"      Blind Chat  None, ["target"];
}

//! What the command `handshake` found out.

table! {
    // What the command will do.
    HANDSHAKE_HEADING        "handshake.heading"        Fact  Chat  None, ["target" "port" "source" "source_port" "interface"];
    HANDSHAKE_NEXT           "handshake.next"           Fact  Note  Some("RFC 1123 §2.3"), ["failed" "next"];

    // A connection that came about.
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

    // One that did not.
    HANDSHAKE_REFUSED        "handshake.refused"        Fact  Warn  Some("RFC 9293 §3.5.2"), ["target" "port"];
    HANDSHAKE_SILENCE        "handshake.silence"        Fact  Warn  None, ["count" "interface"];
    HANDSHAKE_UNREACHABLE    "handshake.unreachable"    Fact  Warn  Some("RFC 9293 §3.9.2.2"), ["from" "what"];
    HANDSHAKE_NOT_SENT       "handshake.not-sent"       Fact  Error None, ["error"];
    HANDSHAKE_NO_ARP         "handshake.no-arp"         Fact  Warn  Some("RFC 826"), ["target"];
    HANDSHAKE_NO_ARP_ROUTER  "handshake.no-arp-router"  Fact  Warn  Some("RFC 826"), ["router" "target"];

    // Why, probably.
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

    // What stays unknown.
    HANDSHAKE_BLIND_ACK      "handshake.blind-ack"      Blind Chat  None, ["frame"];
    HANDSHAKE_BLIND_PROGRAM  "handshake.blind-program"  Blind Chat  None, [];
    HANDSHAKE_BLIND_WHO      "handshake.blind-who"      Blind Chat  None, ["target"];
    HANDSHAKE_BLIND_SILENCE  "handshake.blind-silence"  Blind Chat  None, ["target"];
}

//! ICMP: echoes, and what the network complains about.

table! {
    // Echoes.
    ICMP_REQUEST_SENT        "icmp.echo.request.sent"   Fact  Chat  Some("RFC 792"), [];
    ICMP_REQUEST_RECEIVED    "icmp.echo.request.received" Fact Chat Some("RFC 1122 §3.2.2.6"), ["from"];
    ICMP_REQUEST_SEEN        "icmp.echo.request.seen"   Fact  Chat  Some("RFC 792"), ["from" "to"];
    ICMP_REQUEST_EVERYONE    "icmp.echo.request.everyone" Fact Note Some("RFC 1122 §3.2.2.6"), ["to"];
    ICMP_REPLY               "icmp.echo.reply"          Fact  Chat  Some("RFC 792"), ["request"];
    ICMP_REPLY_SENT          "icmp.echo.reply.sent"     Fact  Chat  Some("RFC 1122 §3.2.2.6"), [];
    ICMP_REPLY_AGAIN         "icmp.echo.reply.again"    Fact  Note  Some("RFC 792"), ["request"];
    ICMP_REPLY_UNPAIRED      "icmp.echo.reply.unpaired" Fact  Note  Some("RFC 792"), [];

    // Who could not be reached.
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

    // What else the network has to say.
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

    // Questions that hardly anybody asks any more, and all the rest.
    ICMP_TIMESTAMP           "icmp.timestamp.request"   Fact  Chat  Some("RFC 1122 §3.2.2.8"), ["from"];
    ICMP_TIMESTAMP_REPLY     "icmp.timestamp.reply"     Fact  Chat  Some("RFC 1122 §3.2.2.8"), ["from"];
    ICMP_INFORMATION         "icmp.information"         Fact  Note  Some("RFC 6918"), ["from"];
    ICMP_MASK                "icmp.address-mask.request" Fact Note  Some("RFC 6918"), ["from"];
    ICMP_MASK_REPLY          "icmp.address-mask.reply"  Fact  Note  Some("RFC 6918"), ["from"];
    ICMP_OTHER               "icmp.other"               Fact  Note  None, ["from" "type" "code"];

    // What is broken.
    ICMP_CHECKSUM_BAD        "icmp.checksum.bad"        Fact  Error Some("RFC 792"), ["expected"];
}

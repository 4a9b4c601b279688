//! TCP: what one segment says.

table! {
    // What a segment is for.
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

    // What the ends agree on, and what else they tell each other.
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

    // How it goes with those before it, as Wireshark calls that.
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

    // What is broken.
    TCP_CHECKSUM_BAD         "tcp.checksum.bad"         Fact  Error Some("RFC 9293 §3.1"), ["expected"];
}

//! Why a segment is called what it is called: each thing that was compared, and what was found.

table! {
    // What Wireshark compares.
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

    // What RFC 5681 asks of a duplicate ACK.
    JUDGEMENT_RFC_OUTSTANDING "judgement.rfc-outstanding" Fact  Chat  Some("RFC 5681 §2"), ["found"];
    JUDGEMENT_RFC_NO_DATA    "judgement.rfc-no-data"    Fact  Chat  Some("RFC 5681 §2"), ["found"];
    JUDGEMENT_RFC_NO_SYN     "judgement.rfc-no-syn"     Fact  Chat  Some("RFC 5681 §2"), [];
    JUDGEMENT_RFC_GREATEST_ACK "judgement.rfc-greatest-ack" Fact  Chat  Some("RFC 5681 §2"), ["limit" "found"];
    JUDGEMENT_RFC_SAME_WINDOW "judgement.rfc-same-window" Fact  Chat  Some("RFC 5681 §2"), ["limit" "found"];
    JUDGEMENT_BOTH           "judgement.both"           Fact  Chat  Some("RFC 5681 §2"), [];
    JUDGEMENT_ONLY_WIRESHARK "judgement.only-wireshark" Fact  Chat  Some("RFC 5681 §2"), [];
    JUDGEMENT_ONLY_RFC       "judgement.only-rfc"       Fact  Chat  Some("RFC 5681 §2"), [];
}

//! UDP: what was sent, and whether anything came back.

table! {
    // One datagram.
    UDP_DATAGRAM             "udp.datagram"             Fact  Chat  Some("RFC 768"), ["bytes" "port"];

    // A conversation.
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

    // What is broken.
    UDP_CHECKSUM_BAD         "udp.checksum.bad"         Fact  Error Some("RFC 1122 §4.1.3.4"), ["expected"];
}

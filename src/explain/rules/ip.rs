//! IP: to whom, in how many pieces, and what became of them.

table! {
    // One packet.
    IP_FRAGMENT_FIRST        "ip.fragment.first"        Fact  Chat  Some("RFC 791 §3.2"), [];
    IP_FRAGMENT_MIDDLE       "ip.fragment.middle"       Fact  Chat  Some("RFC 791 §3.2"), ["offset"];
    IP_FRAGMENT_LAST         "ip.fragment.last"         Fact  Chat  Some("RFC 791 §3.2"), ["offset"];

    // A conversation.
    IP_TO_EVERYONE           "ip.to-everyone"           Fact  Chat  Some("RFC 1122 §3.3.6"), ["to"];
    IP_TO_GROUP              "ip.to-group"              Fact  Chat  Some("RFC 1112 §6.1"), ["to"];
    IP_PIECES                "ip.pieces"                Fact  Chat  Some("RFC 791 §3.2"), ["count" "fragments"];
    IP_PIECES_MISSING        "ip.pieces-missing"        Fact  Warn  Some("RFC 791 §3.2"), ["count" "missing"];
    IP_SHORTER_WAY           "ip.shorter-way"           Fact  Note  Some("RFC 1812 §5.2.7.2"), ["from" "target"];
    IP_COMPLAINT             "ip.complaint"             Fact  Warn  Some("RFC 792"), ["from" "count" "target" "what"];

    // What is broken.
    IP_CHECKSUM_BAD          "ip.checksum.bad"          Fact  Error Some("RFC 1122 §3.2.1.2"), ["expected"];
}

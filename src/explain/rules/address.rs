//! What an address is for.

table! {
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
}

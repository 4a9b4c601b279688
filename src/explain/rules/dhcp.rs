//! DHCP: who asked for an address, and what the server said.

table! {
    // One message.
    DHCP_DISCOVER            "dhcp.discover"            Fact  Chat  Some("RFC 2131 §3.1"), [];
    DHCP_OFFER               "dhcp.offer"               Fact  Chat  Some("RFC 2131 §3.1"), ["server" "address"];
    DHCP_REQUEST             "dhcp.request"             Fact  Chat  Some("RFC 2131 §3.1"), ["address"];
    DHCP_RENEW               "dhcp.renew"               Guess Chat  Some("RFC 2131 §4.4.5"), [];
    DHCP_DECLINE             "dhcp.decline"             Fact  Warn  Some("RFC 2131 §3.1"), [];
    DHCP_ACK                 "dhcp.ack"                 Fact  Chat  Some("RFC 2131 §3.1"), ["server" "address" "seconds"];
    DHCP_ACK_INFORM          "dhcp.ack-inform"          Fact  Chat  Some("RFC 2131 §3.4"), ["server"];
    DHCP_NAK                 "dhcp.nak"                 Fact  Warn  Some("RFC 2131 §3.1"), ["server"];
    DHCP_RELEASE             "dhcp.release"             Fact  Chat  Some("RFC 2131 §3.1"), [];
    DHCP_INFORM              "dhcp.inform"              Fact  Chat  Some("RFC 2131 §3.4"), [];

    // A conversation.
    DHCP_GOT                 "dhcp.got"                 Fact  Chat  Some("RFC 2131 §3.1"), ["address"];
    DHCP_REFUSED             "dhcp.refused"             Fact  Warn  Some("RFC 2131 §3.1"), [];
    DHCP_OFFERED             "dhcp.offered"             Fact  Note  Some("RFC 2131 §3.1"), ["address"];
    DHCP_UNCONFIRMED         "dhcp.unconfirmed"         Fact  Warn  Some("RFC 2131 §3.2"), [];
    DHCP_NOBODY              "dhcp.nobody"              Fact  Warn  Some("RFC 2131 §3.1"), [];
    DHCP_WHY_NOBODY          "dhcp.why-nobody"          Guess Note  None, [];
    DHCP_BLIND_USE           "dhcp.blind.use"           Blind Chat  Some("RFC 2131 §2.2"), ["address"];
}

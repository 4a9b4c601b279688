//! DNS: what was looked up, and what the answer is worth.

table! {
    // One message.
    DNS_WHICH_IPV4           "dns.which-ipv4"           Fact  Chat  Some("RFC 1035 §3.4.1"), ["name"];
    DNS_WHICH_IPV6           "dns.which-ipv6"           Fact  Chat  Some("RFC 3596 §2.1"), ["name"];
    DNS_WHICH_NAME           "dns.which-name"           Fact  Chat  Some("RFC 1035 §3.5"), ["name"];
    DNS_WHICH                "dns.which"                Fact  Chat  Some("RFC 1035 §4.1.2"), ["name" "type"];
    DNS_ASKS_NEIGHBOURS      "dns.asks-neighbours"      Fact  Chat  Some("RFC 6762 §3"), ["name"];
    DNS_AGAIN                "dns.again"                Guess Note  Some("RFC 1035 §4.2.1"), [];
    DNS_ADDRESSES            "dns.addresses"            Fact  Chat  Some("RFC 1035 §3.2.1"), ["name" "list" "ttl"];
    DNS_ANSWERS              "dns.answers"              Fact  Chat  Some("RFC 1035 §3.2.1"), ["count" "ttl"];
    DNS_NOTHING              "dns.nothing"              Fact  Note  Some("RFC 2308 §2.2"), ["name" "type"];
    DNS_NO_SUCH_NAME         "dns.no-such-name"         Fact  Warn  Some("RFC 2308 §2.1"), ["name"];
    DNS_FAILED               "dns.failed"               Fact  Warn  Some("RFC 1035 §4.1.1"), ["name"];
    DNS_REFUSED              "dns.refused"              Fact  Warn  Some("RFC 1035 §4.1.1"), [];
    DNS_ERROR                "dns.error"                Fact  Warn  Some("RFC 1035 §4.1.1"), ["code"];
    DNS_TRUNCATED            "dns.truncated"            Fact  Note  Some("RFC 2181 §9"), [];
    DNS_UNSOLICITED          "dns.unsolicited"          Guess Note  Some("RFC 5452 §9.1"), [];

    // A conversation.
    DNS_LOOKED_UP            "dns.looked-up"            Fact  Chat  Some("RFC 1035 §4.1.1"), ["name" "what" "ms"];
    DNS_BLIND_TRUTH          "dns.blind.truth"          Blind Chat  Some("RFC 3833 §2.2"), [];
    DNS_UNANSWERED           "dns.unanswered"           Fact  Warn  None, ["name"];
    DNS_WHY_UNANSWERED       "dns.why-unanswered"       Guess Note  None, [];
}

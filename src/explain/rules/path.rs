//! Whom the first frame goes to.

table! {
    PATH_ON_LINK             "path.on-link"             Fact  Chat  Some("RFC 1122 §3.3.1.1"), ["target" "network"];
    PATH_ON_LINK_ROUTE       "path.on-link-route"       Fact  Chat  Some("RFC 1122 §3.3.1.1"), ["target" "interface"];
    PATH_ROUTER              "path.router"              Fact  Chat  Some("RFC 1122 §3.3.1.1"), ["target" "router"];
    PATH_KNOWN               "path.known"               Fact  Chat  Some("RFC 826"), ["address" "mac"];
    PATH_NO_ARP              "path.no-arp"              Fact  Note  None, ["interface" "mac"];
    PATH_OWN                 "path.own"                 Fact  Chat  None, ["target"];
    PATH_LOOPBACK            "path.loopback"            Fact  Chat  Some("RFC 1122 §3.2.1.3"), ["target"];
    PATH_PEER                "path.peer"                Fact  Chat  None, ["target" "interface"];
    PATH_PEER_ROUTER         "path.peer-router"         Fact  Chat  None, ["target" "interface" "router"];
    PATH_BROADCAST           "path.broadcast"           Fact  Note  Some("RFC 919"), ["target" "mac"];
    PATH_FIRST_OF            "path.first-of"            Fact  Note  Some("RFC 1123 §2.3"), ["name" "target" "others"];
    PATH_MULTICAST           "path.multicast"           Fact  Note  Some("RFC 1112 §6.4"), ["target" "mac"];
}

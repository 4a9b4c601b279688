//! ARP: who has an address, who is asked, and whether two have the same.

table! {
    // One message.
    ARP_REQUEST_SENT         "arp.request.sent"         Fact  Chat  Some("RFC 826"), [];
    ARP_REQUEST_ROUTER       "arp.request.router"       Fact  Chat  Some("RFC 1122 §3.3.1"), [];
    ARP_REQUEST_SENT_DIRECT  "arp.request.sent-direct"  Fact  Chat  Some("RFC 1122 §2.3.2.1"), [];
    ARP_REQUEST_FOR_YOU      "arp.request.for-you"      Fact  Chat  Some("RFC 826"), ["sender"];
    ARP_REQUEST_SEEN         "arp.request.seen"         Fact  Chat  Some("RFC 826"), ["sender"];
    ARP_REQUEST_SEEN_DIRECT  "arp.request.seen-direct"  Fact  Chat  Some("RFC 1122 §2.3.2.1"), ["sender"];
    ARP_REPLY_RECEIVED       "arp.reply.received"       Fact  Chat  Some("RFC 826"), [];
    ARP_REPLY_SENT           "arp.reply.sent"           Fact  Chat  Some("RFC 826"), [];
    ARP_REPLY_SEEN           "arp.reply.seen"           Fact  Chat  Some("RFC 826"), ["sender"];
    ARP_PROBE                "arp.probe"                Fact  Chat  Some("RFC 5227 §2.1.1"), [];
    ARP_ANNOUNCEMENT         "arp.announcement"         Fact  Chat  Some("RFC 5227 §2.3"), [];
    ARP_GRATUITOUS           "arp.gratuitous"           Fact  Note  Some("RFC 5227 §3"), ["sender"];
    ARP_CONFLICT             "arp.conflict"             Guess Warn  Some("RFC 5227 §2.4"), ["ip" "mac"];
    ARP_DUPLICATE            "arp.duplicate"            Fact  Warn  Some("RFC 5227 §2.4"), ["address" "earlier"];
    ARP_DEFENCE              "arp.defence"              Fact  Note  Some("RFC 5227 §2.4"), ["sender"];

    // What the command will do.
    ARP_HEADING_ASK          "arp.heading.ask"          Fact  Chat  Some("RFC 826"), ["targets" "source" "interface" "mac"];
    ARP_HEADING_NOBODY       "arp.heading.nobody"       Fact  Chat  None, ["targets"];
    ARP_HEADING_SWEEP        "arp.heading.sweep"        Fact  Chat  Some("RFC 826"), ["network" "source" "interface" "count" "rate"];
    ARP_HEADING_PROBE        "arp.heading.probe"        Fact  Chat  Some("RFC 5227 §2.1.1"), ["address" "interface" "mac" "count"];
    ARP_HEADING_ANNOUNCE     "arp.heading.announce"     Fact  Chat  Some("RFC 5227 §2.3"), ["address" "interface" "mac" "count"];

    // Addresses that nobody is asked for.
    ARP_YOU                  "arp.you"                  Fact  Chat  None, ["target" "interface" "mac"];
    ARP_OFF_LINK             "arp.off-link"             Fact  Note  Some("RFC 1122 §3.3.1"), ["target" "network" "router"];
    ARP_BROADCAST            "arp.broadcast"            Fact  Note  Some("RFC 1122 §3.2.1.3"), ["target" "mac"];
    ARP_GROUP                "arp.group"                Fact  Note  Some("RFC 1112 §6.4"), ["target" "mac"];
    ARP_NETWORK              "arp.network"              Fact  Note  Some("RFC 1122 §3.2.1.3"), ["target" "network"];

    // What a run came to.
    ARP_ANSWERED             "arp.answered"             Fact  Chat  Some("RFC 826"), ["target" "mac"];
    ARP_SOME                 "arp.some"                 Fact  Chat  Some("RFC 826"), ["count" "asked"];
    ARP_SWEPT                "arp.swept"                Fact  Chat  Some("RFC 826"), ["count" "asked" "network"];
    ARP_UNASKED              "arp.unasked"              Fact  Note  None, ["count"];
    ARP_SILENCE              "arp.silence"              Fact  Note  Some("RFC 826"), ["targets" "interface"];
    ARP_TWICE                "arp.twice"                Fact  Warn  Some("RFC 5227 §2.4"), ["target" "count" "macs"];
    ARP_SEVERAL              "arp.several"              Fact  Note  None, ["mac" "count" "targets"];
    ARP_NOT_SENT             "arp.not-sent"             Fact  Error None, ["count" "error"];
    ARP_LOCAL                "arp.local"                Fact  Note  Some("RFC 9542 §2.1"), ["byte"];
    ARP_TABLE_NONE           "arp.table-none"           Fact  Chat  Some("RFC 826"), ["target"];
    ARP_TABLE_SAME           "arp.table-same"           Fact  Chat  None, ["target" "mac" "before" "after"];
    ARP_TABLE_DIFFERS        "arp.table-differs"        Fact  Warn  None, ["target" "mac" "before" "after"];
    ARP_TABLE_CHANGED        "arp.table-changed"        Fact  Note  Some("RFC 826"), ["target" "old" "new" "after"];
    ARP_TABLE_NEW            "arp.table-new"            Fact  Chat  Some("RFC 826"), ["target" "mac" "after"];
    ARP_FREE                 "arp.free"                 Fact  Chat  Some("RFC 5227 §2.1.1"), ["target" "count"];
    ARP_TAKEN                "arp.taken"                Fact  Warn  Some("RFC 5227 §2.1.1"), ["target" "mac"];
    ARP_CONTESTED            "arp.contested"            Fact  Warn  Some("RFC 5227 §2.1.1"), ["target" "mac"];
    ARP_ANNOUNCED            "arp.announced"            Fact  Chat  Some("RFC 5227 §2.3"), ["target" "interface" "count"];
    ARP_CUT_SHORT            "arp.cut-short"            Fact  Note  Some("RFC 5227 §2.1.1"), ["target"];

    // What a capture came to.
    ARP_UNANSWERED           "arp.unanswered"           Fact  Note  Some("RFC 826"), ["asker" "target" "count"];
    ARP_TOLD                 "arp.told"                 Fact  Chat  Some("RFC 5227 §2.3"), ["address" "count"];
    ARP_BLIND_TOLD           "arp.blind.told"           Blind Chat  Some("RFC 5227 §2.3"), [];
    ARP_FIRST_WAIT           "arp.first-wait"           Fact  Chat  Some("RFC 1122 §2.3.2.2"), ["frame" "address" "answer" "ms"];

    // Why, probably.
    ARP_MAKER                "arp.maker"                Guess Chat  Some("RFC 9542 §2.1"), ["prefix" "vendor"];
    ARP_VIRTUAL              "arp.virtual"              Guess Chat  None, ["prefix" "software"];
    ARP_WHY_SILENCE          "arp.why-silence"          Guess Note  None, [];
    ARP_WHY_TWICE            "arp.why-twice"            Guess Warn  Some("RFC 5227 §2.4"), [];
    ARP_WHY_SEVERAL          "arp.why-several"          Guess Note  Some("RFC 1027"), [];
    ARP_WHY_FREE             "arp.why-free"             Guess Chat  Some("RFC 5227 §2.1.1"), ["target"];
    ARP_WHY_TAKEN            "arp.why-taken"            Guess Note  None, ["target"];
    ARP_WHY_CONTESTED        "arp.why-contested"        Guess Note  Some("RFC 5227 §2.1.1"), ["target"];

    // What stays unknown.
    ARP_BLIND_ANSWER         "arp.blind.answer"         Blind Chat  None, [];
    ARP_BLIND_SILENCE        "arp.blind.silence"        Blind Chat  Some("RFC 826"), [];
    ARP_BLIND_SWEEP          "arp.blind.sweep"          Blind Chat  None, [];
    ARP_BLIND_FREE           "arp.blind.free"           Blind Chat  Some("RFC 5227 §2.4"), ["target"];
    ARP_BLIND_TAKEN          "arp.blind.taken"          Blind Chat  None, ["target"];
    ARP_BLIND_ANNOUNCED      "arp.blind.announced"      Blind Chat  Some("RFC 5227 §2.3"), [];
}

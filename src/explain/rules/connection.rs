//! What a TCP connection of a capture came to.

table! {
    // How it began.
    CONNECTION_OPEN          "connection.open"          Fact  Chat  Some("RFC 9293 §3.5"), ["port" "server" "ms"];
    CONNECTION_OPEN_LATE     "connection.open-late"     Fact  Chat  Some("RFC 9293 §3.5"), ["port" "server"];
    CONNECTION_BEGUN_BEFORE  "connection.begun-before"  Fact  Note  None, [];
    CONNECTION_UNANSWERED    "connection.unanswered"    Fact  Warn  Some("RFC 9293 §3.5"), ["client" "count" "port" "server"];
    CONNECTION_WAITS         "connection.waits"         Fact  Note  Some("RFC 6298 §5.5"), ["count" "waits"];
    CONNECTION_COMPLAINT     "connection.complaint"     Fact  Warn  Some("RFC 9293 §3.9.2.2"), ["from" "count" "target" "what"];

    // What happened on the way.
    CONNECTION_AGAIN         "connection.again"         Fact  Warn  Some("RFC 9293 §3.8.1"), ["who" "count" "timeouts" "fast" "spurious"];
    CONNECTION_AGAIN_LATE    "connection.again-late"    Fact  Warn  Some("RFC 6298 §5.4"), ["who" "count"];
    CONNECTION_AGAIN_ASKED   "connection.again-asked"   Fact  Warn  Some("RFC 5681 §3.2"), ["who" "count"];
    CONNECTION_AGAIN_NEEDLESS "connection.again-needless" Fact Note None, ["who" "count"];
    CONNECTION_CAPTURE_LOST  "connection.capture-lost"  Fact  Note  None, ["who" "count"];
    CONNECTION_GAPS          "connection.gaps"          Fact  Note  None, ["who" "count"];
    CONNECTION_OUT_OF_ORDER  "connection.out-of-order"  Fact  Note  None, ["who" "count"];
    CONNECTION_WINDOW_SHUT   "connection.window-shut"   Fact  Warn  Some("RFC 9293 §3.8.6.1"), ["who" "count" "other"];
    CONNECTION_KEEP_ALIVE    "connection.keep-alive"    Fact  Chat  Some("RFC 9293 §3.8.4"), ["who" "count"];
    CONNECTION_ASKS_FOR_ROOM "connection.asks-for-room" Fact  Chat  Some("RFC 9293 §3.8.6.1"), ["who" "count"];

    // What it carried, and how it ended.
    CONNECTION_DATA          "connection.data"          Fact  Chat  None, ["client" "sent" "server" "received"];
    CONNECTION_MSS           "connection.mss"           Fact  Chat  Some("RFC 9293 §3.7.1"), ["client" "one" "server" "two"];
    CONNECTION_STILL_OPEN    "connection.still-open"    Fact  Note  None, [];
    CONNECTION_HALF_CLOSED   "connection.half-closed"   Fact  Note  Some("RFC 9293 §3.6"), ["who" "other"];
    CONNECTION_RESET         "connection.reset"         Fact  Warn  Some("RFC 9293 §3.5.2"), ["who"];
    CONNECTION_CLOSED_FOUR   "connection.closed-four"   Fact  Chat  Some("RFC 9293 §3.6"), ["who"];
    CONNECTION_CLOSED_THREE  "connection.closed-three"  Fact  Chat  Some("RFC 9293 §3.6"), ["who"];
    CONNECTION_CLOSED_AT_ONCE "connection.closed-at-once" Fact Note Some("RFC 9293 §3.6"), [];
    CONNECTION_CLOSED_PARTLY "connection.closed-partly" Fact  Note  Some("RFC 9293 §3.6"), [];

    // Why, probably.
    CONNECTION_WHY_AGAIN     "connection.why-again"     Guess Note  None, [];
    CONNECTION_WHY_WINDOW    "connection.why-window"    Guess Note  None, ["who"];
    CONNECTION_KERNEL_RESET  "connection.kernel-reset"  Guess Note  None, ["who"];
    CONNECTION_RESET_SAME    "connection.reset-same"    Guess Note  None, ["who" "ttl"];
    CONNECTION_RESET_OTHER   "connection.reset-other"   Guess Warn  None, ["reset" "who" "ttl"];

    // What stays unknown.
    CONNECTION_BLIND_BEFORE  "connection.blind.before"  Blind Chat  None, [];
    CONNECTION_BLIND_ACK     "connection.blind.ack"     Blind Chat  None, ["frame"];
    CONNECTION_BLIND_PROGRAM "connection.blind.program" Blind Chat  None, [];
    CONNECTION_BLIND_READ    "connection.blind.read"    Blind Chat  Some("RFC 793 §2.6"), [];
}

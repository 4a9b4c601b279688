# What a handshake shows. Variables: $target, $router, $from: addresses; $port: theirs; $frame: a frame's number.

handshake-heading = HANDSHAKE { $target } port { $port } from { $source } port { $source_port } on { $interface }
handshake-next = { $failed } did not open the port; the name has another address, so { $next } is next.

handshake-open = A SYN/ACK with ack = our ISN + 1 came after { $rtt } ms: port { $port } is open.
handshake-mss = You announced that you take { $ours } bytes of payload in a segment, they announced { $theirs }. Each side keeps to what the other said.
handshake-options = Offered by both, so in use: { $options }.
handshake-plain = No option was offered by both ends: windows are not scaled, losses not named, round trips not timed.
handshake-closed-by-us = Closed in order, by us first, with { $count } segments: each end said FIN and each FIN was acknowledged.
handshake-closed-by-them = Closed in order, by them first, with { $count } segments: each end said FIN and each FIN was acknowledged.
handshake-time-wait = An operating system that closes first would now keep the port pair in TIME-WAIT for some minutes (Linux: one). netlab forgets it at once.
handshake-reset = They ended the connection with RST.
handshake-aborted = We ended the connection with RST instead of FIN, as asked for.
handshake-half-open = We sent RST instead of the third segment: no connection came about.
handshake-still-open = They acknowledged our FIN but did not close their half in time, so we sent RST.
handshake-interrupted = You interrupted it, so we ended the connection with RST.
handshake-kernel = Your own operating system sent this RST: the SYN/ACK came for a connection that netlab had made by hand and the system knew nothing of.
handshake-gave-up = They stopped acknowledging, so we sent RST and gave up.
handshake-refused = RST answered the SYN: { $target } port { $port } is closed.
handshake-silence = { $count ->
    [one] { $count } SYN left by { $interface }, and nothing came back.
   *[other] { $count } SYNs left by { $interface }, and nothing came back.
}
handshake-unreachable = { $from } answered our SYN with an error: { $what }.
handshake-not-sent = No SYN reached the wire: { $error }.
handshake-no-arp = Nobody answered the ARP question for { $target }, so there was no MAC address to send a SYN to.
handshake-no-arp-router = The router { $router } did not answer the ARP question, so no SYN for { $target } got beyond your own link.

# Guesses: the usual cause, and what else it could be

handshake-why-open = A program listens on port { $port }, or a proxy or firewall answers in its place.
handshake-reset-same = The machine that opened the connection ended it: its RST has the same TTL of { $ttl } as its SYN/ACK.
handshake-reset-other = Somebody on the way may have ended it: the RST came with TTL { $reset }, the SYN/ACK with { $answer }.
handshake-why-refused = The machine is on and says it itself (TTL { $ttl }, no router in between): no program listens on port { $port }, or a firewall answers in its name.
handshake-why-refused-self = No program on this machine listens there, or a firewall of your own answers.
handshake-why-refused-odd = Somebody may have answered in its place: it is on your own link, yet the RST came with TTL { $ttl }.
handshake-why-refused-router = Your router may have answered in its place: no router lowered the RST's TTL of { $ttl }.
handshake-why-refused-far = No program listens on port { $port }, or a firewall says so. The RST came over about { $routers ->
    [one] { $routers } router
   *[other] { $routers } routers
} (TTL { $ttl }, probably { $initial } at first).
handshake-why-silent = A firewall drops what is for port { $port } or what comes back, or nobody has the address, or a router fails.
handshake-why-silent-near = A firewall on { $target } itself drops what is for port { $port }.
handshake-why-reject = A firewall rule at { $from } refuses it on purpose: for TCP a host itself would have sent RST.

# What this vantage point cannot show

handshake-blind-ack = Whether our ACK { $frame } arrived: nothing has come back since.
handshake-blind-program = Which program listens there, and whether it is well. Ask it something: --get, or --send.
handshake-blind-who = Whether { $target } itself said so: an address in a header is only a claim.
handshake-blind-silence = Which of these it is, or whether { $target } is on. Silence looks the same in every case.

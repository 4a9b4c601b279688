# The heading and the verdict of a trace. Variables: $target, $from: addresses; $ttl: a hop; $list: hops.

trace-heading-icmp = TRACE { $target } from { $source } on { $interface }: echo requests, TTL { $first } to { $last }, { $queries } each
trace-heading-udp = TRACE { $target } from { $source } on { $interface }: UDP to port { $port }, TTL { $first } to { $last }, { $queries } each
trace-heading-tcp = TRACE { $target } from { $source } on { $interface }: SYN to port { $port }, TTL { $first } to { $last }, { $queries } each

# Facts

trace-reached = Probes with smaller TTLs died on the way, at { $routers ->
    [one] { $routers } router that said so
   *[other] { $routers } routers that said so
}; TTL { $ttl } was answered by { $target }.
trace-reached-unseen = TTL { $ttl } was answered by { $target }; no router on the way said anything.
trace-next-door = TTL 1 was answered by { $target } itself: no router in between.
trace-open = TCP port { $port } is open: a SYN/ACK answered.
trace-reset = Your own system then sent RST: netlab made the SYN, so it knows of no such connection. Nothing stays half open.
trace-closed = TCP port { $port } is closed: a RST answered. For a trace that is as good as open.
trace-delivered = Nobody listens on UDP port { $port }, and this complaint is how the target shows that the probe arrived.
trace-elsewhere = The answer came from { $from }, not from { $target }.
trace-refused = { $from }, hop { $ttl }, said that nothing gets farther: { $what }.
trace-unreached = Nobody beyond hop { $ttl } ({ $from }) answered, up to TTL { $last }: { $target } was not reached.
trace-cut = TTL { $ttl } still ran out at { $from }, and no larger one was sent: { $target } is farther away. A larger -m gets there.
trace-interrupted = So far the answers come from up to hop { $ttl } ({ $from }); { $target } had not answered yet.
trace-silence = { $count ->
    [one] { $count } probe left by { $interface }, and nobody answered.
   *[other] { $count } probes left by { $interface }, and nobody answered.
}
trace-no-arp = Nobody answered the ARP question for { $target }, so there was no MAC address to send a probe to.
trace-not-sent = { $count ->
    [one] { $count } probe never reached the wire: { $error }.
   *[other] { $count } probes never reached the wire: { $error }.
}
trace-loop = { $address } answered at hops { $list }: packets come by there more than once.
trace-several = At hop { $ttl } several addresses answered: { $addresses }.
trace-marked = Hop { $ttl } quotes the probe with DS field { $seen }; it was sent with 0x00. Somebody before it marked it.
trace-translated = Hop { $ttl } quotes the probe as { $seen }, not as it was sent: a translator (NAT) is on the way.
trace-ttl-left = Hop { $ttl } quotes the probe with TTL { $left }, not 1: it died there though its TTL had not run out.
trace-limited = { $count ->
    [one] Hop { $list } left probes unanswered when asked at once, and answered when asked slowly.
   *[other] { $count } hops ({ $list }) left probes unanswered when asked at once, and answered when asked slowly.
}
trace-lost = { $count ->
    [one] { $count } probe to hop { $list } brought no answer; the others did.
   *[other] { $count } probes brought no answer (hop { $list }); the others did.
}
trace-watched = { $target }, hop { $ttl }, answered { $answered } of { $asked } probes.
trace-watch-unreached = { $target } never answered; the farthest answers came from hop { $ttl }.
trace-watch-silence = { $rounds ->
    [one] Nobody answered in { $rounds } round.
   *[other] Nobody answered in { $rounds } rounds.
}

# Guesses: the usual cause, and what else it could be

trace-why-elsewhere = A machine with several addresses, a translator (NAT) or load balancer before it, or a firewall that answers in its place.
trace-why-unreached = A firewall drops such probes or the answers, or nobody has the address { $target }. Another kind of probe may pass: --udp, --tcp -p 443.
trace-why-unreached-udp = A program on UDP port { $port } takes the probes and says nothing, or a firewall drops them or the answers, or nobody has the address { $target }. Another kind of probe may tell: --icmp, --tcp.
trace-why-too-big = The next link behind { $from } takes only shorter packets than this.
trace-why-loop = Routers whose tables contradict each other send the packet in a circle until its TTL runs out; it never arrives.
trace-twice = { $address } answered at hops { $list }: a router that passes packets on without lowering their TTL, or two routers behind one address.
trace-why-several = Routers there share the load packet by packet, or the way changed meanwhile. (Sharing by conversation would send all these probes one way.)
trace-why-limited = A limit on how often a router reports. What it passes on is not affected: this is no loss.
trace-silent = { $count ->
    [one] Hop { $list } forwards but does not report, or its reports are lost on the way back: later hops do answer.
   *[other] { $count } hops ({ $list }) forward but do not report, or their reports are lost on the way back: later hops do answer.
}
trace-watch-harmless = The loss at hop { $list } is not loss of what passes through: hops behind lose less. Routers report only when they have time for it.
trace-asymmetric = The way back from hop { $ttl } is { $back } hops long: its answer came with TTL { $reply } and probably set out with { $initial }.

# What this vantage point cannot show

trace-blind-back = The way back. Each address is where a report came from, no more.
trace-blind-silence = Whether { $target } is on. Silence looks the same in every case.

# The heading and the verdict of a ping. Variables: $target, $from, $router: addresses; $count and others: numbers.

ping-heading = PING { $target } from { $source } on { $interface }: { $count ->
    [one] { $count } echo request
   *[other] { $count } echo requests
} of { $bytes } bytes

# Facts

ping-answered = { $target } answered { $received } of { $transmitted } { $transmitted ->
    [one] request
   *[other] requests
} of this size.
ping-local = { $target } is this machine itself: nothing of this ever left it.
ping-lost = { $lost ->
    [one] { $lost } request got no answer in time
   *[other] { $lost } requests got no answer in time
} (seq { $list }).
ping-silence = { $count ->
    [one] { $count } request left by { $interface }, and nothing came back from { $target }.
   *[other] { $count } requests left by { $interface }, and nothing came back from { $target }.
}
ping-unanswered = { $count ->
    [one] { $count } request was sent to { $target }, and nothing came back.
   *[other] { $count } requests were sent to { $target }, and nothing came back.
}
ping-questions-missing = { $count ->
    [one] { $count } answer came from { $target }, but its question is not in the capture.
   *[other] { $count } answers came from { $target }, but their questions are not in the capture.
}
ping-trace = The requests set out with growing TTLs, as those of a trace do: { $count ->
    [one] { $count } router
   *[other] { $count } routers
} told that one ran out there ({ $list }).
ping-no-arp = Nobody answered the ARP question for { $target }, so there was no MAC address to send an echo request to.
ping-no-arp-router = The router { $router } did not answer the ARP question, so nothing for { $target } got beyond your own link.
ping-arp-but-silent = The ARP question for { $target } was answered, so a machine on your link claims this address.
ping-error = { $from } answered { $count ->
    [one] { $count } request
   *[other] { $count } requests
} with an error: { $what }.
ping-ttl-exceeded = { $from } threw { $count ->
    [one] { $count } request
   *[other] { $count } requests
} away: the TTL of { $ttl } ran out there.
ping-duplicates = { $count ->
    [one] { $count } further answer came to a question that had one already.
   *[other] { $count } further answers came to questions that had one already.
}
ping-late = { $count ->
    [one] { $count } answer came after the time allowed. It counts as lost, though it was only slow.
   *[other] { $count } answers came after the time allowed. They count as lost, though they were only slow.
}
ping-rejected = { $count ->
    [one] { $count } frame looked like an answer and did not count; the sentence at it says why.
   *[other] { $count } frames looked like answers and did not count; the sentence at each says why.
}
ping-everyone = { $count ->
    [0] Nobody answered the question to { $target }.
    [one] { $count } machine answered the question to { $target }.
   *[other] { $count } machines answered the question to { $target }.
}
ping-not-sent = { $count ->
    [one] { $count } request never reached the wire: { $error }.
   *[other] { $count } requests never reached the wire: { $error }.
}

# Guesses: the usual cause, and what else it could be

ping-ttl-near = No router in between: the answer's TTL is still { $ttl }.
ping-ttl-far = { $routers ->
    [one] { $routers } router on the way back: the answer came with TTL { $ttl } and probably set out with { $initial }.
   *[other] { $routers } routers on the way back: the answer came with TTL { $ttl } and probably set out with { $initial }.
}
ping-ttl-router = The router itself may have answered: no router lowered the answer's TTL of { $ttl }, though { $target } is not on your network.
ping-why-lost = A busy link, weak radio, or a limit on how often somebody answers pings. A few lost packets are no proof of a fault.
ping-why-silent = A firewall drops the question or the answer, or nobody has the address { $target }, or a router on the way there or back fails.
ping-why-refuses = Usually { $target } is on and its own firewall drops pings. Another machine may also have answered ARP in its place.
ping-why-stale = Either { $target } drops pings, or its MAC address in your neighbour table is out of date.
ping-why-no-arp = No machine on this link has the address { $target } now: it is off, elsewhere, or the address is wrong.
ping-why-no-router = The router is off or unplugged, or { $router } is not its address: compare it with the router's settings.
ping-why-net = The address is wrong, or the routing at { $from } lacks a way to it.
ping-why-host = { $target } is off or has another address: usually nobody answers when { $from } asks for its MAC address.
ping-why-host-self = Your own machine says so: nobody on the link answered when it asked for the MAC address of the next hop to { $target }.
ping-why-forbidden = A rule in a filter at { $from } forbids it on purpose.
ping-why-too-big = A link behind { $from } takes only shorter packets. Send shorter ones (ping -s), or allow cutting (ping -M dont).
ping-why-error = { $from } could not deal with the packet as it was; the sentence at its message says what to do.
ping-why-ttl = { $target } is more than { $ttl ->
    [one] { $ttl } hop
   *[other] { $ttl } hops
} away. A larger TTL (ping -t) gets farther.
ping-why-loop = A TTL of { $ttl } is enough for any ordinary way: routers are probably sending the packet in a circle.
ping-why-reassembly = A piece of the packet was lost on the way. A shorter packet (ping -s) needs no pieces.
ping-why-duplicates = Two machines with the same address, or a link that repeats frames.
ping-why-late = A queue on the way was full, or the answerer busy or asleep. Wait longer with -W.
ping-why-size = The packet is longer than the { $mtu } bytes that the link takes, and cutting it was forbidden (-M do).
ping-why-buffer = { $interface } could not take packets so fast. Send more slowly with -i.
ping-why-down = { $interface } was switched off or unplugged.
ping-why-permission = A firewall rule on this machine stops outgoing pings.

# What this vantage point cannot show

ping-blind-programs = Whether any program runs there. Ping asks the network layer only.
ping-blind-direction = Whether the question or the answer was lost: both look the same from here.
ping-blind-silence = Which of these it is, or whether { $target } is on. Silence looks the same in every case.
ping-blind-elsewhere = Whether { $target } is on: an ARP question does not leave this link.
ping-blind-beyond = Whether { $target } is on: no question ever got near it.
ping-blind-unasked = Whether { $target } answers pings: no echo request left. It told its MAC address, no more.
ping-blind-rejected = Why they are not as they should be. The frames show what came in, not what happened on the way.
ping-blind-reporter = Whether { $target } is on: only { $target } itself could tell.
ping-blind-network = Anything about the network: none of it was used.
ping-blind-quiet = Who else is there. Hosts may ignore a question to everyone, and most do.

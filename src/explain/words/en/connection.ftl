# What a TCP connection comes to. Variables: $client: who asked for it; $server, $port: who was asked; $who, $other: one
# end and the other; the rest: numbers.

connection-open = Port { $port } of { $server } is open: its SYN/ACK came { $ms } ms after the SYN.
connection-open-late = Port { $port } of { $server } is open: it answered with a SYN/ACK. The SYN itself is not in the capture.
connection-begun-before = The capture begins in the middle of this connection: the SYNs are not in it.
connection-unanswered = { $client } sent { $count ->
    [one] a SYN
   *[other] { $count } SYNs
} to port { $port } of { $server }, and nothing came back.
connection-waits = { $count ->
    [one] The SYN was sent again after { $waits } s.
   *[other] The SYN was sent again { $count } times, with waits of { $waits } s. The standard doubles the wait each time; Linux begins with a few equal ones.
}
connection-complaint = { $from } sent { $count ->
    [one] an ICMP error
   *[other] { $count } ICMP errors
} about segments to { $target }: { $what }.
connection-again = { $count ->
    [one] { $count } segment of { $who } came
   *[other] { $count } segments of { $who } came
} again: { $timeouts ->
    [0] { "" }
   *[other] { $timeouts } unasked, as when no acknowledgement arrives in time
}{ $fast ->
    [0] { "" }
   *[other] { $timeouts ->
        [0] { "" }
       *[other] { ", " }
    }{ $fast } because duplicate acknowledgements asked for it
}{ $spurious ->
    [0] { "" }
   *[other] , { $spurious } though acknowledged before
}.
connection-again-late = { $count ->
    [one] { $count } segment of { $who } came
   *[other] { $count } segments of { $who } came
} again unasked, as when no acknowledgement arrives in time.
connection-again-asked = { $count ->
    [one] { $count } segment of { $who } came
   *[other] { $count } segments of { $who } came
} again because duplicate acknowledgements asked for it.
connection-again-needless = { $count ->
    [one] { $count } segment of { $who } came
   *[other] { $count } segments of { $who } came
} again though acknowledged before. It does no harm.
connection-capture-lost = Of what { $who } sent, the capture misses some: { $count ->
    [one] { $count } acknowledgement is
   *[other] { $count } acknowledgements are
} for bytes that it does not have. What looks lost here may have arrived.
connection-gaps = { $count ->
    [one] At { $count } place
   *[other] At { $count } places
} bytes of { $who } were missing when later ones came.
connection-out-of-order = { $count ->
    [one] { $count } segment of { $who } was
   *[other] { $count } segments of { $who } were
} overtaken by later ones.
connection-window-shut = { $who } said { $count ->
    [one] once
   *[other] { $count } times
} that it had no room left, so { $other } had to wait.
connection-keep-alive = { $who } asked { $count ->
    [one] once
   *[other] { $count } times
} whether the other end was still there (keep-alive): nobody had anything to say.
connection-data = { $client } sent { $sent } bytes of data, { $server } sent { $received }.
connection-mss = { $client } announced that it takes { $one } bytes of data in a segment, { $server } announced { $two }. Each keeps to what the other said; this is not negotiated.
connection-still-open = Nothing in the capture ends this connection.
connection-half-closed = { $who } said FIN, { $other } did not: it may still talk, and the capture ends before it has finished.
connection-reset = { $who } broke the connection off with RST instead of FIN.
connection-closed-four = Closed in order with four segments: { $who } said FIN first, and each FIN was acknowledged by itself. { $who } now waits in TIME-WAIT.
connection-closed-three = Closed in order with three segments: { $who } said FIN first, and the other end acknowledged it in its own FIN. { $who } now waits in TIME-WAIT.
connection-closed-at-once = Both ends said FIN before they heard the other's. Both now wait in TIME-WAIT.
connection-closed-partly = Both ends said FIN, but not both acknowledgements are in the capture.

# Guesses

connection-asks-for-room = { $who } asked { $count ->
    [one] once
   *[other] { $count } times
} with old bytes whether there was room again. Such questions look like keep-alives, and Wireshark calls them that.
connection-kernel-reset = The operating system of { $who } sent the RST, as it knew nothing of the connection: a program had made the SYN by hand, as port scanners do.
connection-reset-same = { $who } itself sent the RST, it seems: it has the same TTL of { $ttl } as its other packets.
connection-reset-other = Somebody on the way may have sent the RST: it came with TTL { $reset }, other packets of { $who } with { $ttl }.
connection-why-again = Segments or their acknowledgements got lost, or came so late that they looked lost: a busy link or weak radio does that. A link that repeats frames looks the same.
connection-why-window = The program at { $who } takes its bytes more slowly than they come.

# What this vantage point cannot show

connection-blind-before = How it began: who asked for it, and what both offered.
connection-blind-ack = Whether the ACK { $frame } arrived: nothing has come back since.
connection-blind-program = Which program listens there: it has said nothing.
connection-blind-read = Whether the programs have read the bytes: an acknowledgement tells that they arrived, no more.

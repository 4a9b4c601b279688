# What the UDP header says.

udp-checksum-bad = The UDP checksum does not fit the bytes ({ $expected } would). The receiver throws the datagram away without a word.
udp-datagram = { $bytes ->
    [one] { $bytes } byte
   *[other] { $bytes } bytes
} for the program at port { $port }. UDP sends and forgets: nothing was said before, and nobody acknowledges it.

# What a conversation comes to. Variables: $asker: who sent first; $target: who was asked; $port: of the latter.

udp-both = { $asker } sent { $sent ->
    [one] { $sent } datagram
   *[other] { $sent } datagrams
}, { $target } sent { $received } back.
udp-first-answer = The first answer came { $ms } ms after the datagram before it.
udp-unanswered = { $asker } sent { $count ->
    [one] { $count } datagram
   *[other] { $count } datagrams
} to port { $port } of { $target }, and nothing came back.
udp-to-group = { $asker } sent { $count ->
    [one] { $count } datagram
   *[other] { $count } datagrams
} to { $target }, which means many machines at once. Answers, if any, come from their own addresses.
udp-refused = { $target } answered with an ICMP error: no program is waiting at its port { $port }. So the machine itself was reached.
udp-complaint = { $from } sent { $count ->
    [one] an ICMP error
   *[other] { $count } ICMP errors
} about a datagram to { $target }: { $what }.
udp-why-unanswered = Nothing is wrong where nobody has to answer. Otherwise a firewall dropped it, it was lost, or no program at { $target } wanted to answer.
udp-blind-loss = Whether each of them arrived: UDP does not acknowledge, so only the programs could tell.
udp-blind-silence = Whether they arrived: UDP does not acknowledge, so silence looks the same in every case.
udp-blind-listeners = Who listened: nobody has to answer.

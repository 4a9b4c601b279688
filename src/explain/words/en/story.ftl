# Phrases of a capture's story: what a conversation is, what was folded, what is counted.

story-neighbour = { $protocol }: { $first } looks for { $second }
story-neighbour-probe = { $protocol }: is { $second } free?
story-neighbour-told = { $protocol }: { $first } tells its MAC address
story-echo = Ping of { $second } by { $first }
story-tcp = TCP connection of { $first } with { $second }, stream { $stream }
story-udp = UDP between { $first } and { $second }
story-ip = { $protocol } between { $first } and { $second }
story-link = Frames without an IP address
story-fold-data = { $count ->
    [one] 1 segment with { $bytes } bytes
   *[other] { $shown } segments with { $bytes } bytes
 }
story-fold-ack = { $count ->
    [one] 1 acknowledgement
   *[other] { $shown } acknowledgements
 }
story-fold-request = { $count ->
    [one] 1 echo request
   *[other] { $shown } echo requests
 }
story-fold-reply = { $count ->
    [one] 1 echo reply
   *[other] { $shown } echo replies
 }
story-fold-datagram = { $count ->
    [one] 1 datagram with { $bytes } bytes
   *[other] { $shown } datagrams with { $bytes } bytes
 }
story-fold-packet = { $count ->
    [one] 1 packet
   *[other] { $shown } packets
 }
story-empty = There is no packet in it.
story-none-passes = It has packets, but none of them passes.
story-anyone = anyone
story-more-problems = And { $count ->
    [one] 1 more kind of warning stands
   *[other] { $count } more kinds of warnings stand
} beside the packets: see -v.
story-ladder-legend = Beside the rails stands the state that each end is in afterwards. In parentheses: it was not told but follows from what was seen. With a question mark: only if the last segment arrived. An arrow that begins at * comes from somebody on the way.
story-sign-given = { $key } is set, because all of this holds:
story-sign-withheld = { $key } is not set, for want of this:
story-standard = What RFC 5681 asks of a duplicate acknowledgement:

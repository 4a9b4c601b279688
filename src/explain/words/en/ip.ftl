# What the IP header says.

ip-fragment-first = The packet is too long for the link, so it travels in pieces. This is the first, and only it holds the header of the next layer.
ip-fragment-middle = A piece out of the middle: its bytes belong { $offset } bytes after the start. The receiver waits for all pieces.
ip-fragment-last = The last piece ("more fragments" is 0): its bytes belong { $offset } bytes after the start. With all pieces there, the receiver joins them.
ip-checksum-bad = The IP header's checksum does not fit its bytes ({ $expected } would). Whoever receives this packet throws it away without a word.

# What a conversation comes to

ip-pieces = { $count ->
    [one] { $count } packet came in pieces and is whole again
   *[other] { $count } packets came in pieces and are whole again
}: { $fragments } fragments in all.
ip-pieces-missing = { $missing } of { $count ->
    [one] { $count } packet that came in pieces is not whole
   *[other] { $count } packets that came in pieces are not whole
}: at least one fragment is not in the capture. The receiver can use none of the others.
ip-shorter-way = { $from } passed packets to { $target } on, but said that there is a shorter way.
ip-complaint = { $from } sent { $count ->
    [one] an ICMP error
   *[other] { $count } ICMP errors
} about packets to { $target }: { $what }.

# To whom a packet goes

ip-to-everyone = { $to } is no single machine: everyone on the link gets this.
ip-to-group = { $to } is the address of a group: whoever listens to it takes this.

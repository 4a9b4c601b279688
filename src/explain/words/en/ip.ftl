# What the IP header says.

ip-fragment-first = The packet is too long for the link, so it travels in pieces. This is the first, and only it holds the header of the next layer.
ip-fragment-middle = A piece out of the middle: its bytes belong { $offset } bytes after the start. The receiver waits for all pieces.
ip-fragment-last = The last piece ("more fragments" is 0): its bytes belong { $offset } bytes after the start. With all pieces there, the receiver joins them.
ip-checksum-bad = The IP header's checksum does not fit its bytes ({ $expected } would). Whoever receives this packet throws it away without a word.

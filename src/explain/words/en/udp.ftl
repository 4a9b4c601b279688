# What the UDP header says.

udp-checksum-bad = The UDP checksum does not fit the bytes ({ $expected } would). The receiver throws the datagram away without a word.

# What the TCP header says.

tcp-checksum-bad = The TCP checksum does not fit the bytes ({ $expected } would). The receiver throws the segment away without a word, and the sender will repeat it.

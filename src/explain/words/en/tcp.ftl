# What the TCP header says.

tcp-checksum-bad = The TCP checksum does not fit the bytes ({ $expected } would). The receiver throws the segment away without a word, and the sender will repeat it.

# Segment by segment. Numbers are relative to the initial ones.

tcp-syn = "May I talk to you? I count my bytes from this number." The SYN itself takes up the first number.
tcp-syn-ack = "I heard you, and expect your byte 1 next. May I talk to you, too? I count mine from this number." It is one segment with two bits set.
tcp-ack-opens = "I heard you, too." Both ends know now that both can hear: data may flow in both directions.
tcp-data = { $bytes ->
    [one] { $bytes } byte of data with the number { $from }
   *[other] { $bytes } bytes of data with the numbers { $from } to { $to }
}. Whoever has them all will acknowledge { $next }, the number expected next.
tcp-ack = "I have everything before byte { $number }." A bare ACK takes up no number, so nobody acknowledges it.
tcp-fin = "I have nothing more to say, but I still listen." A FIN takes up a number as a byte does. The ACK bit in it is nothing special: every segment but the very first has it.
tcp-fin-second = "Neither have I." Now each end has said FIN.
tcp-ack-fin = "I heard that you are done." The acknowledged number goes up by one for the FIN. This end may go on talking.
tcp-ack-last = "I heard that you are done, too." Nothing is left to say. The end that said FIN first now waits a while in TIME-WAIT, should this last ACK get lost.
tcp-rst-refuses = "Nobody listens on this port." The RST acknowledges the SYN, so it can only be meant for it.
tcp-rst = "This conversation is over, now." A RST is not a goodbye: it is not acknowledged, and what was on its way is thrown away.
tcp-window-shut = "I have no room left: stop." With a window of 0, the other end may only ask now and then whether that is still so.
tcp-again = The same segment again: no acknowledgement came in time. Either it was lost, or the answer was.

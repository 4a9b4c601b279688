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
tcp-fin = "I have nothing more to say, but I still listen." A FIN takes up a number as a byte does. The ACK bit in it is nothing special: after the first segment nearly every one has it.
tcp-fin-second = "Neither have I." Now each end has said FIN.
tcp-ack-fin = "I heard that you are done." The acknowledged number goes up by one for the FIN. This end may go on talking.
tcp-ack-last = "I heard that you are done, too." Nothing is left to say. The end that said FIN first now waits a while in TIME-WAIT, should this last ACK get lost.
tcp-rst-refuses = "Nobody listens on this port." The RST acknowledges the SYN, so it can only be meant for it.
tcp-rst = "This conversation is over, now." A RST is not a goodbye: it is not acknowledged, and what was on its way is thrown away.
tcp-window-shut = "I have no room left: stop." With a window of 0, the other end may only ask now and then whether that is still so.
tcp-again = The same segment again. Usually no acknowledgement came in time: either it was lost, or the answer was. A copy that the network made looks the same.

# What a SYN offers. Variables: $size: bytes of data; $options: a list.

tcp-offers = Announced: at most { $size } bytes of data in a segment, please (MSS). Offered, and used only if the answer offers it, too: { $options }.
tcp-accepts = Announced: at most { $size } bytes of data in a segment, please (MSS). Offered in return: { $options }. What both offered is in use now.
tcp-offers-no-size = How many bytes of data a segment may hold (MSS) is not said: then { $size } is the rule. Offered: { $options }.
tcp-offers-nothing = At most { $size } bytes of data in a segment, please (MSS). Nothing else is offered.

# What few segments have

tcp-syn-data = This SYN carries data already (TCP Fast Open). The server may take them at once if it knows the client from an earlier visit; otherwise they are sent again.
tcp-ecn-asks = ECE and CWR in a SYN: "I understand it when routers mark packets instead of dropping them (ECN). Do you?"
tcp-ecn-agrees = ECE in the answer to a SYN: "I understand such marks, too." Both ends use them from now on.
tcp-ecn-echo = ECE: "A packet from you came with a router's mark: send more slowly, before something has to be dropped."
tcp-ecn-slower = CWR: "I heard of the mark, and send more slowly now."
tcp-urgent = The URG bit says that some of these bytes are urgent. Systems never agreed on which, so new programs should not use it.

# Signs of trouble, and what looks like one

tcp-fast-retransmission = The same bytes again, before a timer ran out: duplicate acknowledgements asked for just this number. So what came after it had arrived.
tcp-spurious-retransmission = The same bytes again, though they had been acknowledged: the acknowledgement came too late or got lost. It does no harm.
tcp-out-of-order = It comes after bytes with higher numbers: it was overtaken on the way, or lost and quickly sent again. The receiver puts all in order.
tcp-lost-segment = Bytes are missing before this segment. They were lost, or will come later, or only this capture does not have them.
tcp-ack-lost-segment = It acknowledges bytes that are not in the capture. They did arrive: only the capture does not have them.
tcp-duplicate-ack = The same acknowledgement as { $first } once more (repetition { $count }). Usually something later arrived before what is expected. That does not prove a loss; after three the other end sends again.
tcp-window-update = "I have room for this much now." Nothing but the window is new.
tcp-window-full = These bytes fill the other end's window to its last byte: now the sender has to wait for room.
tcp-window-probe = "Is there room again?" While the other end's window is 0, one byte is sent now and then to find out.
tcp-window-probe-ack = "No, there is none yet." The window is still 0, and the byte was not taken.
tcp-keep-alive = "Are you still there?" It goes back by one number, to a byte that is acknowledged already: whoever is there answers.
tcp-keep-alive-ack = "Yes, I am." The answer to the question whether anybody is still there.
tcp-reused-ports = The same addresses and ports had a connection before. This is a new one: it counts from another number.

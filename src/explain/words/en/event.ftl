# What a probe learned that no packet line shows. Variables: $seq: the request; $frame: the packet.

event-timeout = Request { $seq }: no answer in the time allowed.
event-late = Request { $seq }: this answer came after the time allowed.
event-duplicate = Request { $seq } had its answer already: this one is a duplicate (DUP!).
event-not-sent = Request { $seq } was not sent: { $error }.
event-other-destination = #{ $frame } looks like an answer, but is addressed to somebody else. It does not count.
event-other-source = #{ $frame } looks like an answer, but comes from another host than the one asked. It does not count.
event-other-identifier = #{ $frame } is an echo reply with another id: the answer to another program. It does not count.
event-other-sequence = #{ $frame } answers a question that was never asked: no request had its seq. It does not count.
event-other-payload = #{ $frame } does not bring back the bytes that were sent. It does not count.
event-other-quotation = #{ $frame } is about a packet that another program sent. It does not count.
event-wrong-checksum = #{ $frame } arrived damaged: its checksum is wrong. It does not count.

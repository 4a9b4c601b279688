# What can be asked for next, said behind the command that gives it.

more-ping-fields = the same with every field of every packet
more-trace-packets = the packets, too
more-explain-stream = one connection, and nothing else
more-explain-summary = a line a packet
more-explain-layers = every packet with its layers and what changed

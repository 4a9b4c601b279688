# What can be asked for next, said behind the command that gives it.

more-ping-fields = the same with every field of every packet
more-trace-packets = the packets, too

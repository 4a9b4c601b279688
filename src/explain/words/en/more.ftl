# What can be asked for next, said behind the command that gives it.

more-explain = every field of every packet of this run
more-ping-fields = every field of every packet, with its bits and its meaning

# What can be asked for next, said behind the command that gives it.

more-explain = every field of every packet of this run

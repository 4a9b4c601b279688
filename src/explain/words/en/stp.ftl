# What switches tell each other.

stp-hello = Switches agree on which of their links to leave unused, so that no frame runs in a circle. Nobody else need care.
stp-change = A switch tells that the tree of links changes: for a while, frames may take other ways or get lost.

# The heading and the verdict of listening. Variables: $interface: its name; $filter: what the user asked for.

sniff-heading = SNIFF on { $interface }: what this host sends and receives. Stop with Ctrl-C.
sniff-heading-all = SNIFF on { $interface }: all that arrives, for others too. Stop with Ctrl-C.
sniff-heading-filter = SNIFF on { $interface }: what this host sends and receives and that passes: { $filter }. Stop with Ctrl-C.
sniff-heading-filter-all = SNIFF on { $interface }: all that arrives, for others too, and passes: { $filter }. Stop with Ctrl-C.

sniff-silence = Nothing passed { $interface } while we listened.
sniff-nothing-passed = Nothing that the filter asks for passed { $interface } while we listened.
sniff-dropped = { $count ->
    [one] 1 packet came faster than it could be taken in and is missing here.
   *[other] { $count } packets came faster than they could be taken in and are missing here.
}
sniff-blind = Packets between other hosts: a switch does not deliver them here, and the interface leaves out those that come anyway.
sniff-blind-all = Packets between other hosts that a switch or an access point does not deliver here.

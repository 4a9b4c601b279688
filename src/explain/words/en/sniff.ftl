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

# What a command caused. $command: as it was typed; $code, $signal: how it ended; $count: a number.

sniff-nothing-caused = { $command } put nothing on { $interface }.
sniff-ended = { $command } ended with exit code { $code }.
sniff-killed = { $command } was ended by signal { $signal }.
sniff-still-runs = { $command } was still running when we stopped listening.
sniff-left-running = { $command } ended, but something that it started still runs.
sniff-strangers = { $count ->
    [one] 1 packet of other programs passed meanwhile and is left out.
   *[other] { $count } packets of other programs passed meanwhile and are left out.
}
sniff-name-service = Questions for names: a service of this host asked them for the command, so they are not shown.
sniff-beyond = Packets that the command made without the help of the kernel's own sockets, as ping and nmap may do: nothing tells them from those of others.
sniff-lost = { $count ->
    [one] 1 conversation whose socket was gone before it could be looked at is left out; it may be the command's.
   *[other] { $count } conversations whose sockets were gone before they could be looked at are left out; they may be the command's.
}
sniff-only-loopback = What the command sent to other hosts: that does not pass { $interface }.
sniff-one-interface = What the command sent by other interfaces than { $interface }, such as to this host itself.

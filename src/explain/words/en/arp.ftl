# What an ARP packet says. Variables: $sender, $ip: an IP address; $mac: a MAC address.

arp-request-sent = You know its IP address but no MAC address, so you ask everyone.
arp-request-router = The target is not on your network: you need the MAC address of your router, and ask everyone for it.
arp-request-sent-direct = You know a MAC address for this IP address already and ask its owner alone: is it still right?
arp-request-for-you = { $sender } asks for your MAC address. Your machine notes the asker's own pair of addresses first, then answers.
arp-request-seen = { $sender } knows an IP address, not its MAC address, so it asks everyone. Only the owner should answer.
arp-request-seen-direct = { $sender } asks one machine alone: is the MAC address that I know for you still right?
arp-reply-received = Only the owner should answer, and only to you. Now you know which MAC address to write on the frame.
arp-reply-sent = Your machine answers the asker alone: this IP address is at my MAC address.
arp-reply-seen = { $sender } tells one machine alone: this IP address is at my MAC address.
arp-probe = "Does anybody use this address?" The sender calls itself 0.0.0.0 until it is sure, so that nobody notes a wrong pair.
arp-announcement = Sender and target are the same: "This address is mine now." Everyone with an older entry corrects it. Nobody asked; that is no attack.
arp-gratuitous = { $sender } says what nobody asked: at which MAC address it is. That corrects old entries, and alone it is no attack.
arp-conflict = { $mac } uses your own address { $ip }. Usually two machines were given the same address, and each will lose packets to the other.
arp-duplicate = { $address } was at another MAC address in { $earlier }. Either two machines use it, or it moved from one to the other.
arp-defence = Somebody has { $sender } and answers the probe: the address is taken. The answer goes to 0.0.0.0, since that is how the asker calls itself.

# The heading of netlab arp

arp-heading-ask = ARP who-has { $targets } from { $source } on { $interface } ({ $mac })
arp-heading-nobody = ARP who-has { $targets }? No question is needed.
arp-heading-sweep = ARP sweep of { $network } from { $source } on { $interface }: { $count ->
    [one] { $count } address
   *[other] { $count } addresses
} (at most { $rate } a second)
arp-heading-probe = ARP probe: is { $address } free? { $count ->
    [one] { $count } question
   *[other] { $count } questions
} on { $interface } (from { $mac }, in nobody's name)
arp-heading-announce = ARP announcement: { $address } is at { $mac }. { $count ->
    [one] Said once on { $interface }.
   *[other] Said { $count } times on { $interface }.
}

# What an address is, where that decides whether and for whom to ask

arp-you = { $target } is you: it is the address of your own { $interface }, whose MAC address is { $mac }. Nobody answers his own question, so none is sent; -D finds out whether somebody else uses it too.
arp-off-link = { $target } is not on your network ({ $network }), and routers do not pass ARP on: nobody could answer a question for it. To send there, you would ask for the MAC address of your router { $router } instead, and so does this run.
arp-broadcast = { $target } is the broadcast address: it means everyone, so no single machine answers for it. Its MAC address is always { $mac }, and nobody has to be asked.
arp-group = { $target } is the address of a group: its MAC address { $mac } is computed from it, and nobody has to be asked.
arp-network = { $target } is the name of the network { $network } itself: the lowest address of a network is given to no machine, so nobody is asked.

# Facts

arp-answered = { $target } is at { $mac }: a machine on the link said so.
arp-some = { $count } of { $asked } addresses were answered for.
arp-swept = { $count } of { $asked } addresses in { $network } were answered for.
arp-unasked = { $count ->
    [one] { $count } address was not asked for: the run ended before.
   *[other] { $count } addresses were not asked for: the run ended before.
}
arp-silence = The question for { $targets } went to everyone on { $interface }, and nobody answered.
arp-twice = { $target } was answered for by { $count } machines: { $macs }. That is a duplicate address or a proxy.
arp-several = { $mac } answered for { $count } addresses: { $targets }.
arp-not-sent = { $count ->
    [one] { $count } packet never reached the wire: { $error }.
   *[other] { $count } packets never reached the wire: { $error }.
}
arp-local = Software made up this MAC address: its first byte { $byte } has the bit for "locally administered", so no maker bought it. Phones do that to stay anonymous, and virtual machines and containers because they have no card.
arp-table-none = Your system's own table (ip neigh) has no entry for { $target }, before or after: it notes an answer only where it asked itself.
arp-table-same = Your system's own table (ip neigh) has { $target } at { $mac }: { $before } before, { $after } after.
arp-table-differs = Your system's own table (ip neigh) keeps { $target } at { $mac } ({ $before } before, { $after } after), which is not what was answered now.
arp-table-changed = Your system's own table (ip neigh) had { $target } at { $old } and corrected it to { $new }, { $after }.
arp-table-new = Your system's own table (ip neigh) learned { $target } at { $mac } meanwhile, { $after }.
arp-free = Nobody objected to { $count ->
    [one] { $count } probe
   *[other] { $count } probes
} for { $target }.
arp-taken = { $target } is in use: { $mac } speaks in its name.
arp-contested = { $mac } probes for { $target } at this very moment, too.
arp-announced = Everyone on { $interface } was told { $count ->
    [one] once
   *[other] { $count } times
} that { $target } is yours, and nobody objected.
arp-unanswered = { $asker } asked { $count ->
    [one] once
   *[other] { $count } times
} for the MAC address of { $target }, and nobody answered.
arp-told = { $address } told everyone { $count ->
    [one] once
   *[other] { $count } times
} at which MAC address it is, without being asked.
arp-first-wait = { $frame } had to wait for a MAC address: only the answer { $answer } told where { $address } is. That took { $ms } ms; the next packets know it already.
arp-cut-short = The run ended before all probes for { $target } were sent and the time to object was over: nothing is proved.

# Guesses: the usual cause, and what else it could be

arp-maker = { $vendor } made the network card, as it bought the block { $prefix }. Software can set another address, though.
arp-virtual = A virtual machine or a container: { $prefix } is how { $software } begins the addresses it gives. A real card may carry it too.
arp-why-silence = No machine on this link has the address now: it is off, asleep, elsewhere, or the address is wrong. Hardly any machine ignores ARP, because nobody could send to it.
arp-why-twice = Two machines were given the same address, and each loses packets to the other; or one of them answers for the other on purpose (a router, a sleep proxy, a host of virtual machines).
arp-why-several = One machine with several addresses, or a router that answers for machines behind it (proxy ARP).
arp-why-free = { $target } can be used on this link: machines that are on defend their address at once.
arp-why-taken = Another machine was given { $target }, by hand or by DHCP. Choose another address.
arp-why-contested = It is starting up and was given { $target }, too. Neither should use it before one has chosen another.

# What this vantage point cannot show

arp-blind-answer = Whether it answers a ping or runs any program. ARP shows that an address is in use on this link, nothing more.
arp-blind-silence = Whether a machine with this address exists elsewhere, or sleeps. Routers do not pass ARP on.
arp-blind-sweep = Who is off or asleep, and who is behind a router or on another VLAN: ARP does not get there.
arp-blind-free = Who has { $target } but is off or asleep now, and who will claim it later.
arp-blind-taken = Who gave it { $target }, and whether that was meant.
arp-blind-told = Who noted it, and whether somebody else has the address, too: most systems say nothing to that.
arp-blind-announced = Who noted it, and whether somebody else has the address: most systems say nothing to an announcement. -D asks.

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

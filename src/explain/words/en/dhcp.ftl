# What a DHCP message says. Variables: $server, $address: addresses; $seconds: a number.

dhcp-discover = "Is there a server that has an address for me?" The machine has none yet, so it asks everyone, from 0.0.0.0.
dhcp-offer = { $server } offers { $address }. Other servers may make offers, too.
dhcp-request = "I take { $address }." Everyone hears it, so that servers whose offer was not taken can give theirs to others.
dhcp-renew = "May I keep my address?" Half of its time is over, usually, so the machine asks the server that gave it.
dhcp-decline = The machine does not want the address: somebody uses it already.
dhcp-ack = { $server } gives { $address } for { $seconds } seconds, with what else the machine has to know: router, name server and more.
dhcp-ack-inform = { $server } tells what else the machine has to know. It has an address already.
dhcp-nak = { $server } refuses: this address is not for this machine, or not for this network. It has to begin anew.
dhcp-release = The machine gives its address back.
dhcp-inform = The machine has an address and asks for the rest: router, name server and more.

# What it comes to

dhcp-got = A machine was given the address { $address }.
dhcp-refused = The server refused: the machine has to begin anew.
dhcp-offered = { $address } was offered, but nobody took it, or the capture ends before.
dhcp-unconfirmed = A machine asked for an address, and no server answered.
dhcp-nobody = A machine asked for an address, and no server answered with an offer.
dhcp-why-nobody = There is no DHCP server on this link, or it has no address left, or a firewall or switch keeps the messages apart.
dhcp-blind-use = Whether the machine uses { $address } now: it should ask first whether somebody else does.

# Where a packet goes first, and why.

path-on-link = { $target } is on your own network ({ $network }), so no router is needed.
path-on-link-route = { $target } is directly on { $interface }, so no router is needed.
path-router = { $target } is not on your network: the frame goes to the router { $router }.
path-known = The MAC address of { $address } is known already ({ $mac }, from the neighbour table), so you will see no ARP question.
path-no-arp = { $interface } is set to work without ARP, so nobody is asked: the frames carry its own MAC address ({ $mac }) as the receiver's, as the kernel's do.
path-own = { $target } is an address of this machine: the packets will not leave it.
path-loopback = { $target } means "this machine itself": the packets will not leave it.
path-peer = { $interface } leads to one peer only, so nobody has to be asked for a MAC address: what goes in, { $target } or the peer before it gets.
path-peer-router = { $interface } leads to one peer only, so nobody has to be asked for a MAC address. The route to { $target } names the router { $router }.
path-broadcast = { $target } means everyone on the link: the frame goes to { $mac }, and every machine there picks it up.
path-first-of = { $name } has several addresses. This run asks { $target }; the others are { $others }.
path-multicast = { $target } is the address of a group: the frame goes to { $mac }, and whoever has joined the group picks it up.

# What kind of address an address is.

address-unspecified = { $address } is nobody's address: a machine that has none yet calls itself that.
address-loopback = { $address } is the machine itself: no packet to it ever leaves it.
address-private = { $address } is a private address: many networks use the same ones, and no router on the Internet knows a way to it.
address-shared = { $address } is from the block that providers use between their customers and their own address translators. It means nothing elsewhere.
address-link-local = { $address } is good on this link only: a machine gives itself such an address when no DHCP server answers.
address-link-local6 = { $address } is good on this link only. Every machine with IPv6 has such an address.
address-documentation = { $address } is kept for examples in books: no machine should have it.
address-documentation6 = { $address } is kept for examples in books: no machine should have it.
address-benchmark = { $address } is kept for measuring network devices: no machine should have it.
address-reserved = { $address } is from a block that was never put to use.
address-broadcast = { $address } means everyone on the link.
address-multicast = { $address } is a group's address: whoever wants to may listen to it.
address-multicast6 = { $address } is a group's address: whoever wants to may listen to it.
address-unique-local = { $address } is for use inside a site, as private addresses are in IPv4: no router on the Internet knows a way to it.
address-translated = { $address } stands for an IPv4 address, its last 32 bits: a translator (NAT64) passes packets on to it.

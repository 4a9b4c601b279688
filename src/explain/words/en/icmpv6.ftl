# What an ICMPv6 message says, and what to do about it.
# Variables: $from: who sent the message; $target: where the packet that it complains about was going, or the address
# that is asked about; $mac: a MAC address.

icmpv6-checksum-bad = The ICMPv6 checksum does not fit the bytes ({ $expected } would). The receiver throws the message away without a word.
icmpv6-unreachable-no-route = { $from } has no route to { $target }. Check the address; if it is right, the routing at { $from } needs a look.
icmpv6-unreachable-forbidden = A filter at { $from } stops this traffic to { $target }, and is polite enough to say so. Only whoever runs { $from } can change that.
icmpv6-unreachable-scope = The sender's own address does not reach as far as { $target }: { $from } may not carry a link-local address to another link.
icmpv6-unreachable-address = { $from } cannot hand the packet over to { $target }. Usually nobody answered its neighbour question: is the machine on, and the address right?
icmpv6-unreachable-port = { $target } was reached: it answers that no program is waiting at this port. Check the port number, or start the program.
icmpv6-unreachable-port-by-other = { $from } refuses in the name of { $target }. Usually that is a firewall; it says nothing about { $target } itself.
icmpv6-unreachable-source-refused = { $from } does not pass on to { $target } what comes from this sender's address. A filter against forged addresses does that.
icmpv6-unreachable-route-refused = { $from } was told to refuse everything for the network of { $target }.
icmpv6-unreachable-source-route = { $from } cannot follow the way to { $target } that the packet itself prescribes.
icmpv6-too-big = The packet to { $target } is too long for the link behind { $from }: at most { $mtu } bytes. In IPv6 no router cuts packets, so the sender must send shorter ones.
icmpv6-time-exceeded-hop-limit = On the way to { $target } the packet's hop limit ran out at { $from }, so this router threw it away and says so. A larger hop limit gets farther.
icmpv6-time-exceeded-reassembly = { $from } waited in vain for the missing pieces of a packet to { $target }. At least one was lost; a packet that needs no cutting avoids this.
icmpv6-parameter-problem = { $from } cannot understand the packet: look at its byte { $pointer }, counted from 0.
icmpv6-parameter-problem-next-header = { $from } does not know the header that byte { $pointer } of the packet announces. Usually it does not speak this protocol.
icmpv6-neighbour-probe = "Does anybody use { $target }?" The sender has no address yet (::) and wants this one. If nobody objects, it is free.
icmpv6-neighbour-asks = { $from } knows the IP address { $target }, not its MAC address, so it asks. This is what ARP does for IPv4, but only a few machines have to listen.
icmpv6-neighbour-asks-direct = { $from } asks { $target } alone: is the MAC address that I know for you still right?
icmpv6-neighbour-answers = { $target } is at { $mac }: the answer to a question.
icmpv6-neighbour-answers-only = { $target } answers the question. Its MAC address is known already, so it is not said again.
icmpv6-neighbour-tells = { $target } says what nobody asked: at which MAC address it is. That corrects old entries, and alone it is no attack.
icmpv6-router-solicitation = { $from } asks which routers there are on the link, so that it need not wait for the next announcement.
icmpv6-router-advertisement = { $from } tells everyone on the link that it is a router, and which prefixes are in use here. Hosts make their addresses from that.
icmpv6-redirect = { $from } passed the packet on, but knows a shorter way to { $target }: the message names it.
icmpv6-listeners = { $from } asks who listens to which group, so that switches and routers need not send every group everywhere.
icmpv6-listens = { $from } tells which groups it listens to.
icmpv6-listens-no-more = { $from } does not listen to a group any more.
icmpv6-other = An ICMPv6 message of type { $type }, code { $code } from { $from }: netlab has no words for it.

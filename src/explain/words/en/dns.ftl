# What a DNS message says. Variables: $name: a name; $type: a type of record, such as MX; $count, $ttl: numbers.

dns-which-ipv4 = "Which IPv4 address has { $name }?" People use names, packets need addresses, so a name server is asked first.
dns-which-ipv6 = "Which IPv6 address has { $name }?" Many programs ask for both kinds of addresses at once.
dns-which-name = "Which name belongs to { $name }?" An address asked backwards: its numbers stand in reverse order.
dns-which = "What does the { $type } record of { $name } say?"
dns-asks-neighbours = "Does anybody here know { $name }?" No server is asked, but all neighbours on the link.
dns-again = The same question again: no answer came in time. UDP does not repeat, so the program does.
dns-addresses = { $name } is { $list }. It may be remembered for { $ttl } seconds: this TTL is a time, not IP's count of routers.
dns-answers = { $count ->
    [one] { $count } record answers
   *[other] { $count } records answer
} the question. It may be remembered for { $ttl } seconds.
dns-nothing = The server has no { $type } record for { $name }. The name may exist all the same.
dns-no-such-name = There is no such name as { $name } (NXDOMAIN): check the spelling. The name server itself works.
dns-failed = The name server could not find an answer about { $name } (SERVFAIL): it failed, or one that it asked did. Try again, or ask another server.
dns-refused = The name server does not want to answer this question. Usually it serves only its own network.
dns-error = The name server answers with error { $code }.
dns-truncated = The answer did not fit the datagram, so its end is missing. The asker should ask again over TCP.
dns-unsolicited = Nobody was seen to ask for this: the question came before the capture began, or somebody makes answers up.

# What a look-up comes to

dns-looked-up = { $name }: { $what }, after { $ms } ms.
dns-blind-truth = Whether the answer is true: whoever saw the question could have made it up.
dns-unanswered = The question for { $name } got no answer.
dns-why-unanswered = The name server is off or not there, or a firewall drops the question or its answer.

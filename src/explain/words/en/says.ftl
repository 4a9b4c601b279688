# What the router says: phrases of a trace's table, 16 columns at most.

says-ttl = TTL ran out here
says-reassembly = pieces missing
says-reply = the target
says-open = port open
says-closed = port closed
says-port = port unreachable
says-protocol = !P no protocol
says-net = !N no route
says-host = !H no such host
says-too-big = too big
says-forbidden = !X forbidden
says-unreachable = unreachable
says-silent = silent
says-limited = rate-limited
says-not-sent = not sent

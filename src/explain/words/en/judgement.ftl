# Why a segment has a sign of trouble or not: each condition, true to read whether it is met or not.
# Variables: $limit: what is asked for; $found: what there is. Sequence numbers are relative.

judgement-no-data = It must carry no data; it carries { $found } bytes.
judgement-one-byte = It must carry exactly one byte; it carries { $found }.
judgement-at-most-one-byte = It must carry one byte at most; it carries { $found }.
judgement-data = It must carry data; it carries { $found } bytes.
judgement-takes-numbers = It must take up numbers, with data, SYN or FIN; it takes up { $found }.
judgement-ordinary = SYN, FIN and RST must not be set.
judgement-no-reset = RST must not be set.
judgement-syn = SYN must be set.
judgement-ports-used-before = These addresses and ports must have had a conversation before that counted from another number.
judgement-ack = ACK must be set.
judgement-known-next = Something of this direction must have been seen before.
judgement-at-next = Its number must be the next one, { $limit }; it is { $found }.
judgement-one-below-next = Its number must be one below the next, { $limit }; it is { $found }.
judgement-beyond-next = Its number must lie beyond the next one, { $limit }; it is { $found }.
judgement-before-next = Its number must lie before the next one, { $limit }; it is { $found }.
judgement-no-probe-with-more = It must not begin one below the next number, at { $limit }, with more than one byte: that would be new data behind a probe. It begins at { $found }.
judgement-window-shut = The window in its header must be 0; it is { $found }.
judgement-window-open = The window in its header must not be 0; it is { $found }.
judgement-same-window = The window in its header must be the same as before, { $limit }; it is { $found }.
judgement-other-window = The window in its header must be another than before, { $limit }; it is { $found }.
judgement-same-ack = It must acknowledge the same number as the one before, { $limit }; it acknowledges { $found }.
judgement-peer-window-shut = The other end's latest window must be 0; it is { $found }.
judgement-peer-scale-known = How the other end counts its windows must be known from its SYN.
judgement-fills-peer-window = Its last byte must be the last that the other end has room for, before { $limit }; it ends before { $found }.
judgement-peer-kept-alive = The other end's latest segment must be a keep-alive.
judgement-peer-probed = The other end's latest segment must be a probe of a closed window.
judgement-known-peer-data = Something of the other direction must have been seen before.
judgement-ack-beyond-seen = It must acknowledge more than was seen without a gap, { $limit }; it acknowledges { $found }.
judgement-no-keep-alive = It must not be a keep-alive.
judgement-known-peer-ack = The other end must have acknowledged something.
judgement-all-acked = The other end must have acknowledged all of its data before: it asked for { $limit } next, and they end before { $found }.
judgement-two-duplicates = The other end must have sent two duplicate acknowledgements or more; it sent { $found }.
judgement-at-peer-ack = Its number must be the one that the other end asks for, { $limit }; it is { $found }.
judgement-soon-after-peer = It must come within { $within } ms of the other end's latest acknowledgement; it came after { $ms } ms.
judgement-soon-after-highest = It must come within { $within } ms of the highest number (the first round trip took so long, or nobody knows and 3 ms count); it came after { $ms } ms.
judgement-not-the-highest = It must not end where the highest number does, at { $limit }, as the latest segment sent once more would; it ends at { $found }.

# What the standard asks of a duplicate acknowledgement

judgement-rfc-outstanding = (a) Data of the other end must be on its way; { $found } bytes are.
judgement-rfc-no-data = (b) It must carry no data; it carries { $found } bytes.
judgement-rfc-no-syn = (c) SYN and FIN must not be set.
judgement-rfc-greatest-ack = (d) It must acknowledge the greatest number acknowledged so far, { $limit }; it acknowledges { $found }.
judgement-rfc-same-window = (e) The window in its header must be the same as in the last acknowledgement, { $limit }; it is { $found }.
judgement-both = Wireshark and RFC 5681 agree: this is a duplicate acknowledgement.
judgement-only-wireshark = Wireshark calls it a duplicate acknowledgement, RFC 5681 does not. TCP counts only those of the standard before it sends again.
judgement-only-rfc = RFC 5681 calls it a duplicate acknowledgement, Wireshark does not, as it asks for more: the next number and an open window.

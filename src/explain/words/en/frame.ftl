# What is wrong with the bytes of a frame. Variables: $layer: a layer's name; $because: a field's key; the rest: numbers of bytes.

frame-checksum-pending = The { $layer } checksum is not computed yet: your network card does that after the sniffer has looked. It is not an error.
frame-larger = { $bytes } bytes are more than a frame on a usual link carries. Usually the network card cuts segments after the sniffer has looked, or joins them before (offload).
frame-cut = The capture kept only the first { $captured } of { $original } bytes. What is missing was on the wire.
frame-truncated = The { $layer } layer ends too early: from byte { $offset } of the frame it needs { $needed } bytes, because of { $because }, and { $available } are there.
frame-malformed = The { $layer } layer contradicts its own format at byte { $offset } of the frame: see { $because }.

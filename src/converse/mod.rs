//! Packets → conversations: who asked, who answered, how long it took.

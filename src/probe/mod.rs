//! What to send next: state machines without I/O, clock or randomness.

//! Rules over packets and conversations → notes; `words/` holds every teaching sentence.
//!
//! A rule is a function that looks at frames and says at most one thing, a row of [`rules`](Rule) that says what the
//! claim is worth and which standard it leans on, and its words in the catalogue under the same id.

pub mod address;
mod arp;
mod checksum;
mod complaint;
mod dhcp;
mod distance;
mod dns;
pub mod event;
mod fault;
pub mod handshake;
mod http;
mod icmp;
mod icmpv6;
mod ip;
pub mod judgement;
pub mod neighbours;
mod order;
pub mod packet;
pub mod path;
pub mod ping;
mod rules;
pub mod sniff;
mod tcp;
pub mod trace;
mod udp;
pub mod verdict;
pub mod words;

pub use packet::{Context, explain, tell};
pub use rules::{Rule, rules};
pub use verdict::{conclude, verdict};

//! Everything a person or a program reads, written to `impl Write`.
//!
//! Text from the network passes [`escape`] before it is printed, and nothing relies on colour: a terminal without it,
//! a pipe and a person who cannot tell two colours apart get the same information.

mod again;
pub mod arp;
mod changes;
pub mod claims;
mod detail;
pub mod escape;
pub mod field;
mod figures;
mod hexdump;
pub mod json;
pub mod judgement;
mod ladder;
mod layers;
pub mod progress;
pub mod reply;
pub mod statistics;
mod summary;
mod tale;
pub mod text;
pub mod theme;
pub mod trace;
mod value;
mod wrap;

#[cfg(test)]
mod samples;

pub use ladder::Ladder;
pub use summary::Summary;
pub use tale::{Tale, Whole};
pub use text::{Memory, Recalled, Story, Verbosity};
pub use theme::{Glyphs, Look};

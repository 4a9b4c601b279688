//! netlab sends real packets by hand, watches the same wire, and explains what it saw.
//!
//! ```text
//! cmd ─► probe ─► session ◄─► wire            (live: send, sniff)
//!                   │
//!  capture file ────┤
//!                   ▼
//!         frames ─► dissect ─► converse ─► explain ─► render
//! ```
//!
//! Everything said comes from frames: round-trip times, loss and verdicts are computed from captured frames and
//! their kernel timestamps, never from what a socket call returned. Dissection never fails; it returns the layers it
//! could read plus the faults it met. Each module's first lines say what it is for; `tests/architecture.rs` keeps who
//! may import whom.

pub mod capture;
pub mod cmd;
pub mod converse;
pub mod dissect;
pub mod engine;
pub mod error;
pub mod explain;
pub mod filter;
pub mod lab;
pub mod model;
pub mod probe;
pub mod proto;
pub mod render;
pub mod session;
pub mod wire;

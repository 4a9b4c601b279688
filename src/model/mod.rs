//! Plain values that every other module shares. Nothing here does I/O, and nothing here imports ours.
//!
//! A [`Frame`] is what the wire gave; a [`Packet`] is that frame with its [`Layer`]s found; a [`Header`]
//! is the table that says which [`Field`]s a layer has; a [`Note`] is one sentence netlab claims.

mod address;
mod checksum;
mod composed;
mod event;
mod field;
mod frame;
mod neighbour;
mod note;
mod packet;
mod path;
#[cfg(test)]
pub(crate) mod samples;
mod statistics;
mod tcp;
mod trace;
mod tracked;
mod vendor;

pub use address::{Ipv4Cidr, MacAddr, ParseAddressError};
pub use checksum::ChecksumStatus;
pub use composed::{Compose, Composed};
pub use event::{Event, Mismatch, Probed, Status};
pub use field::{Bits, Field, FieldSpec, Header, Info, Kind, Value, Visitor};
pub use frame::{Direction, Frame, FrameNo, LinkType, Millis, Nanos};
pub use neighbour::{ArpSummary, Neighbour, TableEntry};
pub use note::{Arg, Args, Claim, Named, Note, Severity};
pub use packet::{Fault, FaultKind, Layer, LayerView, Packet, Parts};
pub use path::{Hop, KnownFrom, Path};
pub use statistics::{PingSummary, RttSummary, SniffSummary};
pub use tcp::{Complaint, ConnectionSummary, Gone, Heard, Negotiated, Offer, PortState, SeqNo, TcpState};
pub use trace::{Answer, HopFigures, HopProbe, HopReport, ProbeKind, Quote, TraceSummary};
pub(crate) use tracked::tracked;
pub use tracked::{Conclusions, Generated, Tracked, TrackedValue};
pub use vendor::Origin;

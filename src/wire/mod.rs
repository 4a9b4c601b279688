//! All interface I/O: routes, sockets, the sniffer, kernel timestamps, privilege.
//!
//! The order of a run: [`Sockets::open`] while there is privilege, [`privilege::drop_all`] before any thread exists,
//! then, inside a tokio runtime, [`resolve`] and [`path_to`], then [`Sniffer::start`] and [`Channel::open`] on the
//! interface found.

pub mod cause;
mod channel;
mod choose;
mod connect;
mod filter;
mod guard;
mod interface;
mod neighbours;
mod netlink;
mod packet_socket;
pub mod privilege;
mod resolve;
mod reverse;
mod ring;
mod route;
mod sniffer;
mod sockets;
mod tap;

pub use channel::{Channel, SendError};
pub use choose::interface_to_watch;
pub use connect::Connect;
pub use filter::Filter;
pub use guard::{Gate, Guard};
pub use interface::{Interface, InterfaceAddress, interfaces, neighbour};
pub use neighbours::neighbour_table;
pub use resolve::{addresses, resolve, reverse};
pub use route::{Options, path_to, usable};
pub use sniffer::{Counts, Sniffer};
pub use sockets::{SendSockets, SniffSocket, Sockets};
pub use tap::{See, Tap};

//! What passes between those who follow a TCP stream and the protocols spoken in it: where messages begin and end.

use super::{dns, http};

/// A protocol spoken in TCP streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Application {
    /// HTTP/1.
    Http,
    /// DNS, each message behind its length.
    Dns,
}

impl Application {
    /// What is spoken between these two ports: as in Wireshark the lower port decides if it is known, else the other.
    #[must_use]
    pub fn between(source: u16, destination: u16) -> Option<Self> {
        [source.min(destination), source.max(destination)].into_iter().find_map(|port| match port {
            dns::PORT => Some(Self::Dns),
            port if http::PORTS.contains(&port) => Some(Self::Http),
            _ => None,
        })
    }
}

/// What the bytes at the start of a message tell about its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// No message of this protocol.
    Foreign,
    /// A message of this length in bytes.
    Message(usize),
    /// So many bytes that look like one whose beginning is missing, though none was seen before.
    Headless(usize),
    /// The beginning of a message.
    More {
        /// What it takes to know more.
        need: Need,
        /// Its first line is here, so that something can be said about it already.
        begun: bool,
    },
}

/// What is needed of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Whatever comes next.
    Any,
    /// This many bytes.
    Exactly(usize),
    /// Everything up to its end.
    Rest,
}

/// A part of a segment's payload, as whoever follows the stream understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its first byte, counted from the start of the payload.
    pub at: usize,
    /// Its length in bytes.
    pub length: usize,
    /// What it is.
    pub part: Part,
}

/// What a part of a segment is to the messages of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A whole message.
    Message(Application),
    /// What looks like a message of HTTP whose beginning is missing, though none was seen before.
    Headless,
    /// Bytes of a message that is not whole yet, and nothing more to say of it.
    Unfinished,
    /// The same, but the message begins here and its first line can be read.
    Begun,
    /// Bytes of a message of which the frame tells elsewhere, or that came before.
    Silent,
    /// Bytes of a message that was whole already.
    Late,
}

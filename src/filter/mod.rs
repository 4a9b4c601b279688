//! tcpdump's filter language: text → tree → program, and the programs' interpreter for captures in files.
//!
//! ```text
//! "tcp port 80"  token ─► parse ─► lower ─► emit ─► Program ─► the kernel, or Program::accepts
//!                 words    tree    checks    bytes
//! ```
//!
//! What a filter means is what libpcap says it means (`man pcap-filter`), down to frames that are cut short; tests run
//! both compilers' programs over the same frames. netlab knows the part of the language that people type, and refuses
//! the rest with the place in the text.
//!
//! Linux takes the outermost VLAN tag out of a frame before it runs the program. A program for [`Vantage::Wire`] looks
//! for it where the kernel keeps it, so that one filter takes the same frames from the wire and from the file that was
//! saved of them.

mod assembler;
pub mod bpf;
mod check;
mod emit;
mod ground;
mod link;
mod lower;
mod parse;
mod refusal;
mod syntax;
mod token;
mod words;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use assembler::{Assembler, Label, Test, TooLong, Width};
use bpf::{Program, Sight};
use refusal::Fault;
pub use refusal::Refusal;
use syntax::{Network, Primitive, Tree};
pub use words::{Service, Services, Transport, common_service};

use crate::model::{Frame, LinkType};

/// A filter that was read and understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    text: String,
    /// `None` takes every frame.
    tree: Option<Tree>,
}

/// Where a program will see frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vantage {
    /// In a capture: every frame is whole, as it was on the wire.
    File,
    /// In the kernel, which keeps a VLAN tag beside the frame.
    Wire,
}

/// What a program depends on beside the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// What the frames begin with.
    pub link: LinkType,
    /// Where the program sees them.
    pub vantage: Vantage,
    /// The mask of the network that was listened on, for `ip broadcast`; 0 where nobody knows.
    pub netmask: u32,
}

impl Conditions {
    /// Those of a capture file.
    #[must_use]
    pub fn of_file(link: LinkType) -> Self {
        Self { link, vantage: Vantage::File, netmask: 0 }
    }
}

impl Filter {
    /// Reads a filter; an empty one takes every frame. `services` knows the ports of services by name, such as
    /// [`common_service`].
    ///
    /// # Errors
    /// [`Refusal`] for what is not in the language, or not in the part that netlab knows.
    pub fn parse(text: &str, services: Services<'_>) -> Result<Self, Refusal> {
        let read = || {
            let tokens = token::tokens(text)?;
            if tokens.len() == 1 {
                return Ok(None);
            }
            parse::Parser::new(text, tokens, services).filter().map(Some)
        };
        let tree = read().map_err(|fault: Fault| fault.of(text))?;
        Ok(Self { text: text.to_owned(), tree })
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it takes every frame because it asks nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.is_none()
    }

    /// The names of hosts in it whose addresses are needed.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        if let Some(tree) = &self.tree {
            tree.visit(&mut |primitive| {
                if let Primitive::Named { name, .. } = primitive {
                    names.push(name.clone());
                }
            });
        }
        names.sort();
        names.dedup();
        names
    }

    /// Tells the addresses of a host's name; there must be at least one.
    pub fn resolve(&mut self, name: &str, addresses: &[IpAddr]) {
        if let Some(tree) = &mut self.tree {
            tree.replace(&|primitive| match primitive {
                Primitive::Named { within, direction, name: known } if known == name => {
                    let host = |address: &IpAddr| {
                        let network = match *address {
                            IpAddr::V4(address) => Network::Ipv4 { address, mask: u32::MAX },
                            IpAddr::V6(address) => Network::Ipv6 { address, prefix: 128 },
                        };
                        Primitive::Host { within: *within, direction: *direction, network }
                    };
                    addresses.iter().filter(|address| within.may_hold(**address)).map(host).collect()
                }
                _ => Vec::new(),
            });
        }
    }

    /// Whether the filter makes sense on Ethernet, where everything does that makes sense anywhere.
    ///
    /// # Errors
    /// [`Refusal`] where it does not.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut known = self.clone();
        for name in self.names() {
            known.resolve(&name, &[Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        known.compile(Conditions::of_file(LinkType::Ethernet)).map(drop)
    }

    /// The program that takes what the filter takes.
    ///
    /// # Errors
    /// [`Refusal`] where frames of this kind have no such thing, where a name is not resolved, and for a filter too
    /// long for the kernel.
    pub fn compile(&self, conditions: Conditions) -> Result<Program, Refusal> {
        let check = match &self.tree {
            None => check::Check::Always(true),
            Some(tree) => lower::lower(tree, conditions).map_err(|fault| fault.of(&self.text))?,
        };
        emit::emit(&check).map_err(|TooLong| {
            Fault::new(0..0, "it is too long for a program that the kernel takes")
                .hint("ask less at once")
                .of(&self.text)
        })
    }
}

/// A filter at work on the frames of a capture, whatever their link types.
#[derive(Clone, Debug)]
pub struct Matcher {
    filter: Filter,
    programs: Vec<(LinkType, Program)>,
}

impl Matcher {
    /// Compiles when the first frame of a link type comes.
    #[must_use]
    pub fn new(filter: Filter) -> Self {
        Self { filter, programs: Vec::new() }
    }

    /// Whether the filter takes this frame.
    ///
    /// # Errors
    /// As [`Filter::compile`].
    pub fn accepts(&mut self, frame: &Frame) -> Result<bool, Refusal> {
        if self.filter.is_empty() {
            return Ok(true);
        }
        let seen = Sight { bytes: &frame.bytes, length: frame.original.max(frame.bytes.len()), tag: None };
        if let Some((_, program)) = self.programs.iter().find(|(link, _)| *link == frame.link) {
            return Ok(program.accepts(seen));
        }
        let program = self.filter.compile(Conditions::of_file(frame.link))?;
        let accepted = program.accepts(seen);
        self.programs.push((frame.link, program));
        Ok(accepted)
    }
}

#[cfg(test)]
mod tests;

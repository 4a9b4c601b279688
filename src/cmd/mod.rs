//! One file a subcommand: its arguments, and which plan and story they make.

mod args;
mod arp;
mod explain;
mod field;
mod handshake;
mod keep;
mod lab;
mod ping;
mod report;
mod services;
mod sniff;
mod stage;
mod trace;

use std::io::{self, BufWriter, Write};

use clap::{Parser, Subcommand};

pub use args::{ColorWhen, Common};

use crate::error::Result;
use crate::proto;
use crate::render::Glyphs;
use crate::wire::privilege;

/// See a network think: netlab sends real packets by hand, watches the same wire, and explains what it saw.
#[derive(Debug, Parser)]
#[command(name = "netlab", version, max_term_width = 80, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = EXAMPLES)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands; each has a file of its own.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Echo requests: who answers, how fast, and what that proves
    Ping(ping::Args),
    /// Who has an address, by ARP: one, several, or everyone on the network
    Arp(arp::Args),
    /// Open and close a TCP connection by hand, segment by segment
    Handshake(handshake::Args),
    /// The routers on the way, one TTL at a time
    Trace(trace::Args),
    /// Watch an interface, or just what one command puts on the wire
    Sniff(sniff::Args),
    /// The story of a capture file, or its packets in other forms
    Explain(explain::Args),
    /// What a header field is (ip.ttl, tcp.flags.syn); without KEY, all of them
    Field(field::Args),
    /// A shell or one command inside the virtual network; its map
    Lab(lab::LabArgs),
}

const EXAMPLES: &str = "\
Examples:
  netlab --lab ping 192.168.11.1             in the built-in network, no root
  netlab ping -c 2 -vv 192.168.1.1           on your own: every field of all
  netlab --lab arp 192.168.11.0/24           everyone on the network
  netlab --lab handshake www.example.com:80  a TCP connection by hand
  netlab --lab trace www.example.com         the routers on the way to it
  netlab --lab sniff -- ping 192.168.11.7    what a command puts on the wire
  netlab explain                             the story of the last run
  netlab explain visit.pcapng                the story of a capture file
  netlab field ip.ttl                        what one header field is
  netlab lab map                             draw the built-in network

Exit codes: 0 the answer is yes, 1 the answer is no, 2 it could not run.";

impl Command {
    /// What it is called.
    fn name(&self) -> &'static str {
        match self {
            Self::Ping(_) => "ping",
            Self::Arp(_) => "arp",
            Self::Trace(_) => "trace",
            Self::Handshake(_) => "handshake",
            Self::Sniff(_) => "sniff",
            Self::Explain(_) => "explain",
            Self::Field(_) => "field",
            Self::Lab(_) => "lab",
        }
    }
}

impl Cli {
    /// Runs the command. The exit code says whether its goal was met: 0 yes, 1 no.
    ///
    /// # Errors
    /// When it could not run.
    pub fn run(self) -> Result<u8> {
        privilege::refuse_set_user_id()?;
        let common = &self.common;
        common.only_those_of(self.command.name())?;
        match self.command {
            Command::Ping(args) => ping::run(&args, common),
            Command::Arp(args) => arp::run(&args, common),
            Command::Handshake(args) => handshake::run(&args, common),
            Command::Trace(args) => trace::run(&args, common),
            Command::Sniff(args) => sniff::run(&args, common),
            Command::Explain(args) => explain::run(&args, common),
            Command::Field(args) => {
                let (language, look) = (report::language(common), report::look(common));
                let mut out = BufWriter::new(io::stdout());
                field::run(&args, proto::all(), language, look, common.json, &mut out)??;
                out.flush()?;
                Ok(0)
            }
            Command::Lab(args) => {
                let ascii = report::look(common).glyphs == Glyphs::Ascii;
                lab::run(&args, common.lab.as_deref(), ascii, &mut io::stdout())
            }
        }
    }
}

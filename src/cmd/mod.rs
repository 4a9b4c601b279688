//! One file a subcommand.

pub mod lab;

//! One file a subcommand.

pub mod field;

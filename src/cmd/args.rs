//! Options that every command has, and how the values of options are read.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::ValueEnum;

use crate::error::{Error, Kind, Result};
use crate::lab::join::Membership;
use crate::model::Nanos;

/// Options of every command, before or after the command's name.
#[derive(Clone, Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools)] // they are switches of a command line
pub struct Common {
    /// Run in a virtual network made for this command: no root, no internet
    #[arg(long, global = true, value_name = "SCENARIO", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "home", help_heading = "Where")]
    pub lab: Option<String>,
    /// The interface to use, instead of the one the route names
    #[arg(short = 'I', long, global = true, value_name = "NAME", help_heading = "Where")]
    pub interface: Option<String>,
    /// IPv4 only
    #[arg(short = '4', long, global = true, conflicts_with = "ipv6", help_heading = "Where")]
    pub ipv4: bool,
    /// IPv6 only
    #[arg(short = '6', long, global = true, help_heading = "Where")]
    pub ipv6: bool,
    /// A line a layer; twice: every field with its bits and bytes
    #[arg(short = 'v', long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
    /// Only the result
    #[arg(short = 'q', long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,
    /// No names, addresses only
    #[arg(short = 'n', long, global = true, help_heading = "Output")]
    pub numeric: bool,
    /// One JSON object a line
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Save what was captured, with the explanations as packet comments
    #[arg(long, global = true, value_name = "FILE.pcapng", help_heading = "Output")]
    pub save: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColorWhen::Auto)]
    #[arg(help_heading = "Output")]
    pub color: ColorWhen,
    /// Draw with ASCII characters only
    #[arg(long, global = true, conflicts_with = "unicode", help_heading = "Output")]
    pub ascii: bool,
    /// Draw with Unicode characters, whatever the locale says
    #[arg(long, global = true, help_heading = "Output")]
    pub unicode: bool,
    /// Language of the explanations
    #[arg(long, global = true, value_name = "LANGUAGE", default_value = "en", value_parser = ["en"])]
    #[arg(help_heading = "Output")]
    pub lang: String,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Reads a span in seconds, such as `0.2`: at least 0, at most a day.
pub fn seconds(text: &str) -> std::result::Result<Nanos, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(Nanos::from_secs_f64(seconds)),
        _ => Err("not a number of seconds between 0 and 86400".to_owned()),
    }
}

/// Reads bytes written in hexadecimal, such as `c0ffee`: 1 to 16 of them.
pub fn pattern(text: &str) -> std::result::Result<Pattern, String> {
    let wrong = || "not 1 to 16 bytes in hexadecimal, such as c0ffee".to_owned();
    if text.is_empty() || text.len() > 32 || !text.is_ascii() {
        return Err(wrong());
    }
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    digits.map(byte).collect::<Option<_>>().map(Pattern).ok_or_else(wrong)
}

/// Bytes that repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<u8>);

impl Pattern {
    /// The first `length` bytes of the repetition.
    pub fn repeat(&self, length: usize) -> Vec<u8> {
        self.0.iter().copied().cycle().take(length).collect()
    }
}

/// Whether an option was given.
type Given = fn(&Common) -> bool;

/// The commands that send packets.
const PROBING: &[&str] = &["ping", "arp", "trace", "handshake"];

/// The options that would mislead if a command took them and did nothing: the option, whether it was given, and who
/// takes it. The others do no harm anywhere.
static TAKEN_BY: &[(&str, Given, &[&str])] = &[
    ("--interface", |common| common.interface.is_some(), &["ping", "arp", "trace", "handshake", "sniff"]),
    ("--ipv4", |common| common.ipv4, PROBING),
    ("--ipv6", |common| common.ipv6, PROBING),
    ("--json", |common| common.json, &["ping", "arp", "trace", "handshake", "sniff", "explain", "field"]),
    ("--save", |common| common.save.is_some(), &["ping", "arp", "trace", "handshake", "sniff", "explain"]),
];

impl Common {
    /// Refuses every option that `command` would not heed.
    ///
    /// # Errors
    /// For the first such option that was given.
    pub fn only_those_of(&self, command: &str) -> Result<()> {
        let unheeded = |(_, given, takers): &&(&str, Given, &[&str])| given(self) && !takers.contains(&command);
        let Some((option, _, takers)) = TAKEN_BY.iter().find(unheeded) else { return Ok(()) };
        let takers: Vec<_> = takers.iter().map(|taker| format!("netlab {taker}")).collect();
        Err(Error::new(Kind::Usage, format!("the command {command} has no use for {option}"))
            .hint(format!("leave it out; it is for: {}", takers.join(", "))))
    }

    /// Refuses what is not there yet, for a command that only speaks IPv4.
    ///
    /// # Errors
    /// For `-6` and for a target that is a literal IPv6 address.
    pub fn only_ipv4(&self, target: &str) -> Result<()> {
        let literal = target.trim_start_matches('[').trim_end_matches(']');
        let literal_v6 = matches!(literal.parse::<IpAddr>(), Ok(IpAddr::V6(_)));
        if self.ipv6 || literal_v6 {
            return Err(Error::new(Kind::Usage, "IPv6 is not supported yet").hint("try: an IPv4 address or a name"));
        }
        Ok(())
    }

    /// Whether the run is inside a lab: one of its own, or the one that `netlab lab` opened around this process.
    #[must_use]
    pub fn in_lab(&self) -> bool {
        self.lab.is_some() || Membership::of_environment().is_some_and(|lab| lab.holds_us())
    }

    /// Refuses a rate that only the lab may see: netlab is no flood tool.
    ///
    /// # Errors
    /// Outside the lab, for an interval below 0.2 s or more than 1000 packets.
    pub fn polite(&self, interval: Nanos, count: u32) -> Result<()> {
        if self.in_lab() {
            return Ok(());
        }
        let refuse = |what: &str| {
            Err(Error::new(Kind::Usage, format!("{what} is for the lab only"))
                .hint("try: netlab --lab … (the virtual network takes any rate)"))
        };
        match (interval < Nanos(200_000_000) && count > 1, count > 1000) {
            (true, _) => refuse("an interval below 0.2 s"),
            (_, true) => refuse("a run of more than 1000 packets"),
            _ => Ok(()),
        }
    }
}

/// Reads an IPv4 address for an option.
pub fn ipv4(text: &str) -> std::result::Result<Ipv4Addr, String> {
    text.parse().map_err(|_| "not an IPv4 address, such as 192.168.11.2".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_bounded_and_finite() {
        assert_eq!(seconds("0.2"), Ok(Nanos(200_000_000)));
        assert_eq!(seconds("0"), Ok(Nanos(0)));
        for wrong in ["-1", "nan", "inf", "1s", "", "86401"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_table_of_options_is_whole() {
        use clap::CommandFactory;
        let cli = crate::cmd::Cli::command();
        let commands: Vec<_> = cli.get_subcommands().map(clap::Command::get_name).collect();
        let options: Vec<_> = cli.get_arguments().filter_map(clap::Arg::get_long).collect();
        for (option, ..) in TAKEN_BY {
            assert!(options.contains(&option.trim_start_matches('-')), "there is no option {option}");
        }
        for taker in TAKEN_BY.iter().flat_map(|row| row.2) {
            assert!(commands.contains(taker), "there is no command {taker}");
        }
    }

    #[test]
    fn a_pattern_repeats() {
        assert_eq!(pattern("c0ffee").expect("valid").repeat(5), [0xc0, 0xff, 0xee, 0xc0, 0xff]);
        assert_eq!(pattern("f").expect("valid").repeat(2), [0xf, 0xf]);
        for wrong in ["", "xy", "00112233445566778899aabbccddeeff00", "é"] {
            assert!(pattern(wrong).is_err(), "{wrong}");
        }
    }
}

//! Parses the command line, runs one command, and turns its outcome into an exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use netlab::cmd::Cli;
use netlab::error::{Error, Kind};

/// The run could not start or could not go on.
const COULD_NOT_RUN: u8 = 2;

/// How a hint may begin; one that begins otherwise is introduced as a hint.
const LEADS: [&str; 4] = ["try: ", "or once: ", "tip: ", "usage: "];

fn main() -> ExitCode {
    let outcome = match Cli::try_parse() {
        Ok(cli) => cli.run(),
        Err(error)
            if error.use_stderr()
                && error.kind() != clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand =>
        {
            Err(usage(&error))
        }
        Err(help) => {
            // Help and version; a closed pipe is no reason to complain.
            let _ = help.print();
            return ExitCode::from(if help.use_stderr() { COULD_NOT_RUN } else { 0 });
        }
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) if error.kind() == Kind::ClosedPipe => ExitCode::from(1),
        Err(error) => {
            complain(&error);
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// What failed in one line, what to do about it in one line each.
fn complain(error: &Error) {
    let mut text = format!("netlab: {error}\n");
    let fallback = [way_out(error.kind()).to_owned()];
    let hints = if error.hints().is_empty() { &fallback } else { error.hints() };
    for hint in hints {
        let led = LEADS.iter().any(|lead| hint.starts_with(lead));
        text.push_str(if led { "" } else { "hint: " });
        text.push_str(hint);
        text.push('\n');
    }
    // Nothing is left to try when standard error is closed too.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// What to try where an error has no advice of its own.
fn way_out(kind: Kind) -> &'static str {
    match kind {
        Kind::Usage => "try: netlab --help, or --help after the command's name",
        Kind::Name | Kind::Route => "see whether it is spelled right and the network is up: ip route",
        Kind::Interface => "see the interfaces that exist with: ip link",
        Kind::Privilege => "try: netlab --lab … (needs no rights)",
        Kind::File => "see whether it is there, and whether you may read or write it",
        Kind::Lab => "try: netlab lab map (the built-in network), or --help after the command's name",
        Kind::System | Kind::ClosedPipe => "this is the operating system's own refusal; its log may say more",
    }
}

/// The same form for what the command line parser found.
fn usage(error: &clap::Error) -> Error {
    let rendered = error.to_string();
    let mut paragraphs = rendered.split("\n\n");
    let what = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Error::new(Kind::Usage, what);
    for line in rendered.lines().map(str::trim) {
        if let Some(tip) = line.strip_prefix("tip: ") {
            found = found.hint(format!("tip: {tip}"));
        } else if let Some(usage) = line.strip_prefix("Usage: ") {
            found = found.hint(format!("usage: {usage}"));
        }
    }
    found.hint("try: netlab --help, or --help after the command's name")
}

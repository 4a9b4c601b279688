//! `netlab lab`: a shell, a program or a map of the virtual network.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use clap::{Args, ValueEnum};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};

use crate::error::{Error, Kind, Result};
use crate::lab::join::Membership;
use crate::lab::topology::Topology;
use crate::lab::{Lab, map};

/// The scenario of a lab where none is asked for.
pub const DEFAULT_SCENARIO: &str = "home";

/// Arguments of `netlab lab`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    netlab lab                                  a shell on the learner's computer\n  \
    netlab lab map                              who is where\n  \
    netlab lab -- ping -c1 192.168.11.7         any program, without root\n  \
    netlab lab --on router -- tcpdump -ni any   on another node")]
pub struct LabArgs {
    /// Draw the network instead of running anything in it
    #[arg(value_enum, conflicts_with_all = ["on", "command"])]
    view: Option<View>,

    /// The node to run on (default: the learner's computer)
    #[arg(long, value_name = "NODE")]
    on: Option<String>,

    /// What to run there (default: your shell)
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum View {
    /// Who is where
    Map,
}

/// Runs `netlab lab` with the scenario of `--lab`, if one was given. Inside a running lab, and without `--lab`, it is
/// about that lab. `ascii` is for the map, which goes to `out`. Returns the exit code.
///
/// # Errors
/// The lab cannot be made, the node does not exist, or the program cannot be started.
pub fn run(args: &LabArgs, scenario: Option<&str>, ascii: bool, out: &mut dyn Write) -> Result<u8> {
    let member = if scenario.is_some() { None } else { Membership::of_environment() };
    let scenario = scenario.or(member.as_ref().map(Membership::scenario)).unwrap_or(DEFAULT_SCENARIO);
    if let Some(View::Map) = args.view {
        if args.on.is_some() || !args.command.is_empty() {
            return Err(Error::new(Kind::Usage, "the map shows every node and runs nothing")
                .hint("netlab lab map, or netlab lab --on NODE -- COMMAND"));
        }
        return draw(scenario, ascii, out);
    }
    match member {
        Some(member) => join(args, &member),
        None => make(args, scenario),
    }
}

fn draw(scenario: &str, ascii: bool, out: &mut dyn Write) -> Result<u8> {
    let topology = Topology::load(scenario)?;
    match map::draw(&topology, scenario, ascii, out).and_then(|()| out.flush()) {
        Ok(()) => Ok(0),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Makes a lab for one program.
fn make(args: &LabArgs, scenario: &str) -> Result<u8> {
    let lab = Lab::prepare(scenario)?;
    for notice in lab.notices() {
        // Stderr may be closed; the program runs all the same.
        let _ = writeln!(io::stderr(), "netlab: {notice}");
    }
    let node = args.on.clone().unwrap_or_else(|| lab.topology().host.clone());
    lab.topology().node(&node)?;
    // Keys that interrupt are for the program; netlab stays to tell how it ended. Before any thread is started, so
    // that none gets them; the program lets all signals through again.
    let keys = SigSet::from_iter([Signal::SIGINT, Signal::SIGQUIT]);
    keys.thread_block().map_err(|error| Error::new(Kind::System, format!("cannot block signals: {error}")))?;
    let running = lab.start()?;
    let (program, arguments) = program(&args.command);
    let mut command = running.command(&program, &node)?;
    command.args(arguments);
    if args.command.is_empty() {
        greet(running.topology(), &node);
        dress(&mut command, &node);
    }
    let status = command.status().map_err(|error| cannot_start(&program, &error))?;
    drop(running);
    Ok(exit_code(status))
}

/// Becomes a program on a node of the lab that this process is in.
fn join(args: &LabArgs, member: &Membership) -> Result<u8> {
    let host = Topology::load(member.scenario())?.host;
    let node = args.on.as_ref().unwrap_or(&host);
    member.enter(node)?;
    let (program, arguments) = program(&args.command);
    let mut command = Command::new(&program);
    command.args(arguments);
    if args.command.is_empty() {
        dress(&mut command, node);
    }
    Err(cannot_start(&program, &command.exec()))
}

fn program(command: &[OsString]) -> (OsString, &[OsString]) {
    match command.split_first() {
        Some((program, arguments)) => (program.clone(), arguments),
        None => (std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or("/bin/sh".into()), &[]),
    }
}

/// Makes a shell show where it is, as far as shells can be told from outside.
fn dress(shell: &mut Command, node: &str) {
    shell.env("PS1", format!("netlab:{node}$ ")).env("debian_chroot", format!("netlab:{node}"));
}

fn greet(topology: &Topology, node: &str) {
    let address = topology.node(node).ok().and_then(|(_, node)| node.interfaces.first());
    let address = address.map_or_else(String::new, |interface| format!(" ({})", interface.address.address));
    // Stderr may be closed; the shell opens all the same.
    let _ = writeln!(
        io::stderr(),
        "You are on {node}{address} in netlab's virtual network. See it: netlab lab map. Leave it: exit"
    );
}

/// Why a program that the user named could not be started.
pub(super) fn cannot_start(program: &OsStr, error: &io::Error) -> Error {
    let program = program.to_string_lossy();
    let (kind, what, hint) = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT) if program.contains('/') => (
            Kind::Usage,
            format!("there is no program {program}, or none that its first line (#!) names"),
            "look at it with: ls -l, head -1",
        ),
        Some(Errno::ENOENT) => (
            Kind::Usage,
            format!("there is no program called {program}"),
            "install it, or give its path; after -- come a program and its arguments",
        ),
        Some(Errno::EACCES) => (
            Kind::System,
            format!("cannot run {program}: {error}"),
            "it is no program, or not yours to run; a shell script runs with: sh FILE",
        ),
        Some(Errno::ENOEXEC) => (
            Kind::System,
            format!("cannot run {program}: {error}"),
            "it is for another machine, or a script without a first line such as #!/bin/sh",
        ),
        _ => (Kind::System, format!("cannot run {program}: {error}"), "see whether it runs outside the lab"),
    };
    Error::new(kind, what).hint(hint)
}

/// The code of a program's end, as shells count it: 128 and the signal's number, where a signal ended it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_counted_as_shells_do() {
        assert_eq!(exit_code(ExitStatus::from_raw(0)), 0);
        assert_eq!(exit_code(ExitStatus::from_raw(3 << 8)), 3);
        assert_eq!(exit_code(ExitStatus::from_raw(Signal::SIGTERM as i32)), 143);
    }
}

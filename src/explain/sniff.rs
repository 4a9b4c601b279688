//! The heading and the verdict of listening.

use crate::model::{Note, SniffSummary};

use super::order::in_order;
use super::rules as rule;

/// What is known of a command that was watched.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // each of them is said or not
pub struct Cause<'a> {
    /// The command, as it was typed.
    pub command: &'a str,
    /// Where its packets passed.
    pub interface: &'a str,
    /// That leads to this host itself.
    pub loopback: bool,
    /// How its first process ended; `None` where it still runs.
    pub ended: Option<Ending>,
    /// Something that it started still runs.
    pub left_running: bool,
    /// Packets that were not its own.
    pub strangers: u64,
    /// Flows of which nobody knows whose they were.
    pub lost: usize,
    /// It made frames itself.
    pub packet_socket: bool,
    /// It made IP packets itself.
    pub raw_socket: bool,
    /// A service of this host looked names up for it.
    pub name_service: bool,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// What is to be said about the command as a whole, after its conversations.
#[must_use]
pub fn cause(run: &Cause<'_>, summary: &SniffSummary) -> Vec<Note> {
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).into();
    let command = || run.command.into();
    let mut notes = Vec::new();
    if summary.packets == 0 {
        notes.push(rule::SNIFF_NOTHING_CAUSED.note([], [command(), run.interface.into()]));
    }
    notes.push(match run.ended {
        Some(Ending::Code(code)) => rule::SNIFF_ENDED.note([], [command(), code.to_string().into()]),
        Some(Ending::Signal(signal)) => rule::SNIFF_KILLED.note([], [command(), signal.to_string().into()]),
        None => rule::SNIFF_STILL_RUNS.note([], [command()]),
    });
    if run.left_running && run.ended.is_some() {
        notes.push(rule::SNIFF_LEFT_RUNNING.note([], [command()]));
    }
    if summary.dropped > 0 {
        notes.push(rule::SNIFF_DROPPED.note([], [count(summary.dropped)]));
    }
    if run.strangers > 0 {
        notes.push(rule::SNIFF_STRANGERS.note([], [count(run.strangers)]));
    }
    if run.name_service {
        notes.push(rule::SNIFF_NAME_SERVICE.note([], []));
    }
    if run.packet_socket || run.raw_socket {
        notes.push(rule::SNIFF_BEYOND.note([], []));
    }
    if run.lost > 0 {
        notes.push(rule::SNIFF_LOST.note([], [count(run.lost as u64)]));
    }
    let elsewhere = if run.loopback { &rule::SNIFF_ONLY_LOOPBACK } else { &rule::SNIFF_ONE_INTERFACE };
    notes.push(elsewhere.note([], [run.interface.into()]));
    in_order(&mut notes);
    notes
}

/// What is listened to: packets of `interface` that pass `filter`, with `others` also those between other hosts.
#[must_use]
pub fn heading(interface: &str, filter: &str, others: bool) -> Vec<Note> {
    let interface = interface.into();
    vec![match (filter.is_empty(), others) {
        (true, false) => rule::SNIFF_HEADING.note([], [interface]),
        (true, true) => rule::SNIFF_HEADING_ALL.note([], [interface]),
        (false, false) => rule::SNIFF_HEADING_FILTER.note([], [interface, filter.into()]),
        (false, true) => rule::SNIFF_HEADING_FILTER_ALL.note([], [interface, filter.into()]),
    }]
}

/// What listening came to. On loopback (`local`) there are no other hosts.
#[must_use]
pub fn verdict(interface: &str, summary: &SniffSummary, filtered: bool, others: bool, local: bool) -> Vec<Note> {
    let mut notes = Vec::new();
    match (summary.packets, filtered) {
        (0, false) => notes.push(rule::SNIFF_SILENCE.note([], [interface.into()])),
        (0, true) => notes.push(rule::SNIFF_NOTHING_PASSED.note([], [interface.into()])),
        _ => {}
    }
    if summary.dropped > 0 {
        notes.push(rule::SNIFF_DROPPED.note([], [u32::try_from(summary.dropped).unwrap_or(u32::MAX).into()]));
    }
    if !local {
        notes.push(if others { rule::SNIFF_BLIND_ALL.note([], []) } else { rule::SNIFF_BLIND.note([], []) });
    }
    in_order(&mut notes);
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::words::{self, Language};

    #[test]
    fn what_is_unseen_depends_on_where_we_listened() {
        let blind = |loopback| {
            let run = Cause {
                command: "ping -c1 127.0.0.1",
                interface: "lo",
                loopback,
                ended: Some(Ending::Code(0)),
                left_running: false,
                strangers: 0,
                lost: 0,
                packet_socket: false,
                raw_socket: false,
                name_service: false,
            };
            let notes = cause(&run, &SniffSummary { packets: 2, ..SniffSummary::default() });
            notes.last().map(|note| words::of(Language::English, note)).expect("a note")
        };
        assert!(blind(false).ends_with("than lo, such as to this host itself."));
        assert!(blind(true).contains("to other hosts"));
        let silence = SniffSummary::default();
        let ids = |local| verdict("lo", &silence, false, false, local).iter().map(|note| note.id).collect::<Vec<_>>();
        assert_eq!(ids(true), ["sniff.silence"]);
        assert_eq!(ids(false), ["sniff.silence", "sniff.blind"]);
    }
}

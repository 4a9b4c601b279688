//! The heading and the verdict of listening.

use crate::model::{Note, SniffSummary};

use super::order::in_order;
use super::rules as rule;

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

/// What listening came to.
#[must_use]
pub fn verdict(interface: &str, summary: &SniffSummary, filtered: bool, others: bool) -> Vec<Note> {
    let mut notes = Vec::new();
    match (summary.packets, filtered) {
        (0, false) => notes.push(rule::SNIFF_SILENCE.note([], [interface.into()])),
        (0, true) => notes.push(rule::SNIFF_NOTHING_PASSED.note([], [interface.into()])),
        _ => {}
    }
    if summary.dropped > 0 {
        notes.push(rule::SNIFF_DROPPED.note([], [u32::try_from(summary.dropped).unwrap_or(u32::MAX).into()]));
    }
    notes.push(if others { rule::SNIFF_BLIND_ALL.note([], []) } else { rule::SNIFF_BLIND.note([], []) });
    in_order(notes)
}

//! What a DNS message says.

use std::fmt::Write as _;

use crate::model::{Arg, FrameNo, Note, Tracked, Value, tracked};
use crate::proto::dns::gist::{Gist, NO_ERROR, NO_SUCH_NAME, REFUSED, SERVER_FAILURE};

use super::packet::Scene;
use super::rules::{self as rule, Rule};

/// Characters of a name that a sentence shows.
const SHOWN: usize = 100;

/// Types that are asked for by a question of their own.
static QUESTIONS: &[(u16, &Rule)] =
    &[(1, &rule::DNS_WHICH_IPV4), (28, &rule::DNS_WHICH_IPV6), (12, &rule::DNS_WHICH_NAME)];

pub(super) fn explain(scene: &Scene<'_, '_>, notes: &mut Vec<Note>) {
    let Some(gist) = Gist::read(scene.view).filter(|gist| gist.ordinary) else { return };
    let name = || Arg::from(shown(&gist));
    let frame = scene.frame;
    if !gist.response {
        notes.extend(question(&gist, frame, name()));
        if number(scene, tracked!("dns.retransmit_request_in")).is_some() {
            notes.push(rule::DNS_AGAIN.note([frame], []));
        }
        return;
    }
    let question = number(scene, tracked!("dns.response_to"));
    let frames = || question.into_iter().chain([frame]);
    notes.push(match gist.code {
        NO_ERROR if gist.answers == 0 => rule::DNS_NOTHING.note(frames(), [name(), kind(&gist)]),
        NO_ERROR if !gist.addresses.is_empty() => {
            let list = addresses(&gist);
            let ttl = gist.ttl.unwrap_or(0);
            rule::DNS_ADDRESSES.note(frames(), [name(), list.into(), ttl.into()])
        }
        NO_ERROR => rule::DNS_ANSWERS.note(frames(), [u32::from(gist.answers).into(), gist.ttl.unwrap_or(0).into()]),
        SERVER_FAILURE => rule::DNS_FAILED.note(frames(), [name()]),
        NO_SUCH_NAME => rule::DNS_NO_SUCH_NAME.note(frames(), [name()]),
        REFUSED => rule::DNS_REFUSED.note(frames(), []),
        code => rule::DNS_ERROR.note(frames(), [code.into()]),
    });
    if gist.truncated {
        notes.push(rule::DNS_TRUNCATED.note([frame], []));
    }
    if scene.view.packet.generated(tracked!("dns.unsolicited")).is_some() && !gist.neighbours {
        notes.push(rule::DNS_UNSOLICITED.note([frame], []));
    }
}

fn question(gist: &Gist<'_>, frame: FrameNo, name: Arg) -> Option<Note> {
    gist.name?;
    if gist.neighbours {
        return Some(rule::DNS_ASKS_NEIGHBOURS.note([frame], [name]));
    }
    Some(match QUESTIONS.iter().find(|(kind, _)| *kind == gist.kind) {
        Some((_, rule)) => rule.note([frame], [name]),
        None => rule::DNS_WHICH.note([frame], [name, kind(gist)]),
    })
}

/// The type that is asked for.
pub(super) fn kind(gist: &Gist<'_>) -> Arg {
    gist.kind_name().map_or_else(|| Arg::from(format!("type {}", gist.kind)), Arg::Word)
}

/// The name, as much of it as fits a sentence.
fn shown(gist: &Gist<'_>) -> String {
    let mut text = gist.name.map(|name| name.to_string()).unwrap_or_default();
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

/// `93.184.216.34, 93.184.216.35 and more`.
fn addresses(gist: &Gist<'_>) -> String {
    let mut list = String::new();
    for address in &gist.addresses {
        let _ = write!(list, "{}{address}", if list.is_empty() { "" } else { ", " });
    }
    list
}

/// The frame that a generated value names.
fn number(scene: &Scene<'_, '_>, what: Tracked) -> Option<FrameNo> {
    match scene.view.packet.generated(what)? {
        Value::Number(number) => u32::try_from(number).ok().map(FrameNo),
        _ => None,
    }
}

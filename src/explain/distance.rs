//! How many routers a packet crossed, guessed from its TTL.

use crate::model::{Arg, FrameNo, Note};

use super::rules as rule;

/// The TTL that a packet with this one probably set out with, and how many routers lowered it: systems start with 64,
/// 128 or 255.
#[must_use]
pub(super) fn routers(ttl: u8) -> (u8, u8) {
    let initial = [64, 128].into_iter().find(|&initial| ttl <= initial).unwrap_or(255);
    (initial, initial - ttl)
}

/// What the TTL of an answer says about the way that it took. `by_router` names the target when the answer came by a
/// router.
pub(super) fn guess(ttl: u8, frame: Option<FrameNo>, by_router: Option<Arg>) -> Note {
    match (routers(ttl), by_router) {
        ((_, 0), None) => rule::PING_TTL_NEAR.note(frame, [ttl.into()]),
        ((_, 0), Some(target)) => rule::PING_TTL_ROUTER.note(frame, [ttl.into(), target]),
        ((initial, routers), _) => rule::PING_TTL_FAR.note(frame, [ttl.into(), initial.into(), routers.into()]),
    }
}

//! What a UDP datagram says where nobody inside it says more.

use crate::model::Note;
use crate::proto::udp::Udp;

use super::ip::to_many;
use super::packet::Scene;
use super::rules as rule;

pub(super) fn explain(scene: &Scene<'_, '_>, notes: &mut Vec<Note>) {
    let Some(udp) = Udp::read(scene.view.bytes()) else { return };
    let bytes = u32::try_from(scene.view.payload().len()).unwrap_or(u32::MAX);
    if notes.is_empty() {
        let port = u32::from(udp.destination_port);
        notes.push(rule::UDP_DATAGRAM.note([scene.frame], [bytes.into(), port.into()]));
    }
    notes.extend(to_many(scene));
}

//! The kernel's neighbour table: what this host has noted about others on its links.

use netlink_packet_route::AddressFamily;
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState};

use super::netlink::{Netlink, collect};
use crate::error::Result;
use crate::model::{MacAddr, TableEntry};

/// What the kernel has noted about IPv4 neighbours on interface `index`, in its own order.
///
/// # Errors
/// [`Kind::System`](crate::error::Kind::System) when the kernel does not answer.
pub async fn neighbour_table(index: u32) -> Result<Vec<TableEntry>> {
    let netlink = Netlink::connect()?;
    let request = netlink.handle.neighbours().get().set_address_family(AddressFamily::Inet);
    let entries = collect(request.execute(), "neighbours").await?;
    Ok(entries.iter().filter(|entry| entry.header.ifindex == index).filter_map(entry).collect())
}

fn entry(message: &NeighbourMessage) -> Option<TableEntry> {
    let (mut address, mut mac) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(found)) => address = Some(*found),
            NeighbourAttribute::LinkLayerAddress(bytes) if bytes.len() == 6 => mac = MacAddr::read(bytes),
            _ => {}
        }
    }
    let state = match message.header.state {
        NeighbourState::Incomplete => "INCOMPLETE",
        NeighbourState::Reachable => "REACHABLE",
        NeighbourState::Stale => "STALE",
        NeighbourState::Delay => "DELAY",
        NeighbourState::Probe => "PROBE",
        NeighbourState::Failed => "FAILED",
        NeighbourState::Noarp => "NOARP",
        NeighbourState::Permanent => "PERMANENT",
        _ => "NONE",
    };
    Some(TableEntry { address: address?, mac, state })
}

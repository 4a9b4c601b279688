//! The capture files of `captures/`, for tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use netlab::model::{Frame, FrameNo, LinkType, Nanos};
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::{Block, PcapNgReader};

/// Where they are.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

/// The capture files, sorted.
pub fn captures() -> Vec<PathBuf> {
    let entries = fs::read_dir(directory()).expect("tests/captures");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "pcap" || end == "pcapng"));
    paths.sort();
    assert!(paths.len() > 5, "the captures are missing");
    paths
}

fn link(number: u32) -> LinkType {
    match number {
        0 => LinkType::Null,
        1 => LinkType::Ethernet,
        12 | 14 | 101 => LinkType::RawIp,
        108 => LinkType::Loop,
        113 => LinkType::Cooked,
        276 => LinkType::Cooked2,
        other => panic!("link type {other}"),
    }
}

/// The frames of one file.
pub fn frames(path: &Path) -> Vec<Frame> {
    let bytes = fs::read(path).expect("a capture file");
    let mut frames: Vec<Frame> = Vec::new();
    let mut push = |link, time: Duration, original: u32, bytes: &[u8]| {
        frames.push(Frame {
            number: FrameNo(u32::try_from(frames.len() + 1).expect("few frames")),
            time: Nanos(i64::try_from(time.as_nanos()).expect("before 2262")),
            direction: None,
            link,
            original: original as usize,
            checksum_pending: false,
            bytes: bytes.to_vec(),
        });
    };
    if path.extension().is_some_and(|end| end == "pcap") {
        let mut reader = PcapReader::new(&bytes[..]).expect("pcap");
        let link = link(u32::from(reader.header().datalink));
        while let Some(packet) = reader.next_packet() {
            let packet = packet.expect("a frame");
            push(link, packet.timestamp(), packet.orig_len(), packet.data());
        }
    } else {
        let mut reader = PcapNgReader::new(&bytes[..]).expect("pcapng");
        let mut links = Vec::new();
        while let Some(block) = reader.next_block() {
            match block.expect("a block").0 {
                Block::InterfaceDescription(interface) => links.push(link(u32::from(interface.linktype))),
                Block::EnhancedPacket(packet) => {
                    push(links[packet.interface_id as usize], packet.timestamp, packet.original_len, &packet.data);
                }
                _ => {}
            }
        }
    }
    frames
}

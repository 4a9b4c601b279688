//! The same story live and from the file of that run: every packet with its layers, values, Info and notes.

#[path = "support/corpus.rs"]
mod corpus;
mod support;

use netlab::converse::conversation::Kind;
use netlab::converse::conversation::facts::Facts;
use netlab::engine::Engine;
use serde_json::Value;
use support::run::run;
use support::{require_lab, scratch};

/// Notes that rest on what only the running program knows, and no file holds: the route to the target.
const LIVE_ONLY: [&str; 1] = ["arp.request.router"];
/// What the file's reader says in their place.
const IN_THEIR_PLACE: [&str; 1] = ["arp.request.sent"];

/// The packets that a run printed, without the notes that tell live and file apart.
fn packets(arguments: &[&str], left_out: &[&str]) -> Vec<Value> {
    let mut packets = run(arguments).objects("packet");
    for packet in &mut packets {
        let notes = packet["notes"].as_array_mut().expect("notes");
        notes.retain(|note| !left_out.iter().any(|id| note["id"] == *id));
    }
    packets
}

fn same_story(command: &[&str], at_least: usize) {
    if !require_lab() {
        return;
    }
    let folder = scratch("story");
    let file = folder.join("story.pcapng");
    let path = file.to_str().expect("a plain path");
    let left_out = [LIVE_ONLY, IN_THEIR_PLACE].concat();
    let live = packets(&[&["--lab", "--json", "--save", path], command].concat(), &left_out);
    let read = packets(&["explain", "--json", path], &left_out);
    assert!(live.len() >= at_least, "{command:?}: {} packets", live.len());
    for (live, read) in live.iter().zip(&read) {
        assert_eq!(live, read, "{command:?}");
    }
    assert_eq!(live.len(), read.len(), "{command:?}");
}

#[test]
fn of_a_ping() {
    same_story(&["ping", "-c", "2", "-i", "0.2", "192.168.11.1"], 6);
}

#[test]
fn of_a_ping_in_pieces() {
    same_story(&["ping", "-c", "1", "-s", "3000", "93.184.216.34"], 8);
}

#[test]
fn of_a_ping_that_nobody_answers() {
    same_story(&["ping", "-c", "1", "-W", "0.3", "192.168.11.77"], 1);
}

#[test]
fn of_asking_who_has_an_address() {
    same_story(&["arp", "192.168.11.0/28"], 14);
}

#[test]
fn of_a_trace() {
    same_story(&["trace", "93.184.216.34"], 20);
}

#[test]
fn of_a_trace_with_datagrams() {
    same_story(&["trace", "--udp", "-q", "1", "93.184.216.34"], 10);
}

#[test]
fn of_a_connection_with_a_page() {
    same_story(&["handshake", "--get", "/", "93.184.216.34:80"], 11);
}

#[test]
fn of_a_refusal() {
    same_story(&["handshake", "93.184.216.34:81"], 2);
}

#[test]
fn what_became_of_a_connection_is_known_whatever_way_its_packets_went() {
    let mut connections = 0;
    // The last has packets that were sent along a route of their own.
    for path in corpus::captures(&corpus::directory()).into_iter().chain(["tests/captures/tcp.pcap".into()]) {
        let mut engine = Engine::default();
        for record in corpus::records(&path) {
            engine.see(&record.frame, |_| ());
        }
        engine.tracker_mut().finish();
        while let Some(conversation) = engine.tracker_mut().ended() {
            if let Kind::Tcp(.., stream) = conversation.kind {
                let Facts::Connection(facts) = &conversation.facts else { panic!("{}: {stream}", path.display()) };
                assert_eq!(facts.stream, stream, "{}", path.display());
                connections += 1;
            }
        }
    }
    assert!(connections > 100, "{connections} connections are too few to prove it");
}

//! What netlab reads it writes again, and nothing is lost: every frame of `corpus/`, as netlab and as Wireshark's own
//! programs find it in the new file.

#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/folder.rs"]
mod folder;
mod stage;

use std::path::Path;
use std::process::Command;

use corpus::{captures, directory, records};
use folder::scratch;
use netlab::capture::{Source, Writer};
use netlab::model::{Frame, LinkType, Nanos};

#[test]
fn what_is_read_is_written_again_and_nothing_is_lost() {
    let folder = scratch("again");
    let again = folder.join("again.pcapng");
    let mut writer =
        Writer::create(&again, &Source { interface: Some("eth0"), link: LinkType::Ethernet }).expect("a file");
    let mut written: Vec<Frame> = Vec::new();
    for record in captures(&directory()).iter().flat_map(|path| records(path)) {
        writer.write(&record.frame, &record.comments).expect("written");
        written.push(record.frame);
    }
    let last = written.last().map_or(Nanos(0), |frame| frame.time);
    writer.finish(last, u64::try_from(written.len()).expect("few"), 0).expect("finished");
    let read: Vec<Frame> = records(&again).into_iter().map(|record| record.frame).collect();
    assert_eq!(read.len(), written.len());
    for (read, written) in read.into_iter().zip(&written) {
        assert_eq!(Frame { number: written.number, ..read }, *written);
    }
    if stage::installed(&["tshark", "mergecap", "capinfos"]) {
        tshark_finds_the_same(&again);
    }
}

/// Compares time, lengths, link type and a hash of the bytes of every frame with those of the original files.
fn tshark_finds_the_same(again: &Path) {
    let original = again.with_file_name("original.pcapng");
    let status = Command::new("mergecap").args(["-a", "-w"]).arg(&original).args(captures(&directory())).status();
    assert!(status.expect("mergecap runs").success());
    let list = |path: &Path| {
        let fields = ["frame.time_epoch", "frame.len", "frame.cap_len", "frame.encap_type", "frame.md5_hash"];
        let mut command = Command::new("tshark");
        command.args(["-n", "-o", "frame.generate_md5_hash:TRUE", "-T", "fields"]);
        command.args(fields.iter().flat_map(|field| ["-e", field])).arg("-r").arg(path);
        let output = command.output().expect("tshark runs");
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !complaint.contains("The file"), "{complaint}");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (before, after) = (list(&original), list(again));
    assert!(before.len() > 1000, "{} frames", before.len());
    assert_eq!(before.len(), after.len());
    for (number, (before, after)) in (1..).zip(before.iter().zip(&after)) {
        assert_eq!(before, after, "frame {number}");
    }
    let about = Command::new("capinfos").arg("-M").arg(again).output().expect("capinfos runs");
    let about = String::from_utf8_lossy(&about.stdout).into_owned();
    for fact in [format!("Number of packets:   {}", before.len()), "nanoseconds (9)".to_owned()] {
        assert!(about.contains(&fact), "{fact}: {about}");
    }
}

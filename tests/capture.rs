//! Capture files: what netlab writes, Wireshark's tools read; what they write, netlab reads; nothing is lost.

mod stage;

use std::path::{Path, PathBuf};
use std::process::Command;

use netlab::capture::{Reader, Record, Source, Writer};
use netlab::error::Kind;
use netlab::model::{Direction, Frame, FrameNo, LinkType, Nanos};

use stage::temporary;

/// Frames with everything a frame can have, and comments beside them.
fn records() -> Vec<Record> {
    let directions = [Some(Direction::Out), Some(Direction::In), Some(Direction::Other), None];
    (1_u32..=40)
        .map(|number| {
            let link = if number % 5 == 0 { LinkType::RawIp } else { LinkType::Ethernet };
            let head: &[u8] = match link {
                LinkType::Ethernet => &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 0],
                _ => &[],
            };
            let at = usize::try_from(number).expect("small");
            let mut bytes = head.to_vec();
            bytes.extend([0x45, 0, 0, 200, 0, 1, 0, 0, 64, 253, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
            bytes.resize(head.len() + 20 + at, 0x5a);
            Record {
                frame: Frame {
                    number: FrameNo(number),
                    time: Nanos(1_732_150_000_123_456_789 + i64::from(number) * 1_000_000_007),
                    direction: directions[at % 4],
                    link,
                    original: bytes.len() + if number % 7 == 0 { 1000 } else { 0 },
                    checksum_pending: number % 3 == 0,
                    bytes,
                },
                comments: (0..number % 3).map(|n| format!("comment {n} of frame {number}: ≥ 1, \"quoted\"")).collect(),
            }
        })
        .collect()
}

fn source() -> Source<'static> {
    Source { interface: Some("eth0"), link: LinkType::Ethernet }
}

fn write(path: &Path, records: &[Record]) -> Writer {
    let mut writer = Writer::create(path, &source()).expect("a file");
    for record in records {
        writer.write(&record.frame, &record.comments).expect("written");
    }
    writer
}

fn read(path: &Path) -> Vec<Record> {
    Reader::open(path).expect("a capture").collect::<Result<_, _>>().expect("whole")
}

fn output(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(arguments).arg(file).output().expect("runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_is_written_is_what_is_read() {
    let (path, records) = (temporary("round.pcapng"), records());
    write(&path, &records).finish(Nanos(1_732_150_999_000_000_000), 40, 2).expect("finished");
    assert_eq!(read(&path), records);
    std::fs::remove_file(&path).expect("temporary file");
}

#[test]
fn wireshark_reads_the_same() {
    if !stage::installed(&["tshark", "capinfos"]) {
        return;
    }
    let (path, records) = (temporary("tshark.pcapng"), records());
    write(&path, &records).finish(Nanos(1_732_150_999_000_000_000), 40, 2).expect("finished");
    let fields = [
        "frame.time_epoch",
        "frame.len",
        "frame.cap_len",
        "frame.packet_flags_direction",
        "frame.comment",
        "frame.interface_name",
    ];
    let mut arguments = vec!["-n", "-T", "fields", "-E", "separator=|", "-E", "aggregator=;"];
    arguments.extend(fields.iter().flat_map(|field| ["-e", field]));
    arguments.push("-r");
    let seen = output("tshark", &arguments, &path);
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines.len(), records.len());
    for (line, Record { frame, comments }) in lines.iter().zip(&records) {
        let direction = match frame.direction {
            Some(Direction::Out) => "0x00000002",
            Some(Direction::In | Direction::Other) => "0x00000001",
            None => "0x00000000",
        };
        // tshark shows the flags only where the file has them.
        let direction = if frame.direction.is_none() && !frame.checksum_pending { "" } else { direction };
        let (seconds, nanos) = (frame.time.0 / 1_000_000_000, frame.time.0 % 1_000_000_000);
        let expected = format!(
            "{seconds}.{nanos:09}|{}|{}|{direction}|{}|eth0",
            frame.original,
            frame.bytes.len(),
            comments.join(";")
        );
        assert_eq!(*line, expected);
    }
    let about = output("capinfos", &["-M"], &path);
    for fact in ["Number of packets:   40", "File timestamp precision:  nanoseconds (9)", "Number of stat entries = 1"]
    {
        assert!(about.contains(fact), "{fact}: {about}");
    }
    assert!(about.contains("netlab"), "{about}");
    std::fs::remove_file(&path).expect("temporary file");
}

#[test]
fn files_of_other_programs_are_read() {
    if !stage::installed(&["tshark", "editcap"]) {
        return;
    }
    let (path, records) = (temporary("origin.pcapng"), records());
    drop(write(&path, &records));
    // editcap writes each format anew; the frames on Ethernet only, since pcap has one link type a file.
    let ethernet: Vec<&Record> = records.iter().filter(|record| record.frame.link == LinkType::Ethernet).collect();
    for (format, precision) in [("nsecpcap", 1), ("pcap", 1000), ("pcapng", 1)] {
        let copy = temporary(&format!("copy.{format}"));
        let filtered = temporary("ethernet.pcapng");
        let mut keep = Writer::create(&filtered, &source()).expect("a file");
        for record in &ethernet {
            keep.write(&record.frame, &record.comments).expect("written");
        }
        drop(keep);
        let status =
            Command::new("editcap").args(["-F", format]).arg(&filtered).arg(&copy).status().expect("editcap runs");
        assert!(status.success());
        let found = read(&copy);
        assert_eq!(found.len(), ethernet.len(), "{format}");
        for (found, wanted) in found.iter().zip(&ethernet) {
            assert_eq!(found.frame.time.0, wanted.frame.time.0 / precision * precision, "{format}");
            assert_eq!(
                (found.frame.original, &found.frame.bytes),
                (wanted.frame.original, &wanted.frame.bytes),
                "{format}"
            );
            if format == "pcapng" {
                assert_eq!((found.frame.direction, &found.comments), (wanted.frame.direction, &wanted.comments));
            }
        }
        for file in [copy, filtered] {
            std::fs::remove_file(file).expect("temporary file");
        }
    }
    std::fs::remove_file(&path).expect("temporary file");
}

#[test]
fn the_file_is_whole_after_every_frame() {
    let (path, records) = (temporary("growing.pcapng"), records());
    let mut writer = Writer::create(&path, &source()).expect("a file");
    for (at, record) in records.iter().enumerate() {
        assert_eq!(read(&path), records[..at], "before frame {}", at + 1);
        writer.write(&record.frame, &record.comments).expect("written");
    }
    std::fs::remove_file(&path).expect("temporary file");
}

#[test]
fn a_file_cut_anywhere_gives_the_frames_before() {
    let (path, records) = (temporary("cut.pcapng"), records());
    drop(write(&path, &records));
    let whole = std::fs::read(&path).expect("the file");
    for length in (0..whole.len()).step_by(3) {
        std::fs::write(&path, &whole[..length]).expect("cut");
        let Ok(reader) = Reader::open(&path) else {
            assert!(length < 200, "the head is whole");
            continue;
        };
        let mut good = Vec::new();
        let mut errors = Vec::new();
        for record in reader {
            match record {
                Ok(record) => good.push(record),
                Err(error) => errors.push(error),
            }
        }
        assert_eq!(good, records[..good.len()]);
        assert!(errors.len() <= 1 && errors.iter().all(|error| error.kind() == Kind::File), "{errors:?}");
    }
    std::fs::remove_file(&path).expect("temporary file");
}

#[test]
fn no_damage_makes_it_panic_or_go_on_for_ever() {
    let (path, records) = (temporary("damaged.pcapng"), records());
    drop(write(&path, &records));
    let whole = std::fs::read(&path).expect("the file");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).expect("small")).expect("small")
    };
    for _ in 0..300 {
        let mut damaged = whole.clone();
        for _ in 0..=next(4) {
            let at = next(damaged.len());
            damaged[at] = u8::try_from(next(256)).expect("a byte");
        }
        if let Ok(reader) = Reader::new("damaged", std::io::Cursor::new(damaged)) {
            assert!(reader.take(1000).count() < 1000);
        }
    }
    std::fs::remove_file(&path).expect("temporary file");
}

fn refusal(path: &Path) -> (Kind, String) {
    let error = Writer::create(path, &source()).map(drop).expect_err("refused");
    assert!(!error.hints().is_empty());
    (error.kind(), error.to_string())
}

#[test]
fn what_cannot_be_written_says_why() {
    let directory = std::env::temp_dir();
    let (kind, text) = refusal(&directory);
    assert_eq!(kind, Kind::File);
    assert!(text.ends_with("is a directory (EISDIR)"), "{text}");
    let (_, text) = refusal(&directory.join("netlab-no-such-directory/x.pcapng"));
    assert!(text.ends_with("no such file or directory (ENOENT)"), "{text}");
    let (_, text) = refusal(Path::new("/dev/full"));
    assert!(text.ends_with("no space left on device (ENOSPC)"), "{text}");
}

#[test]
fn what_cannot_be_read_says_why() {
    let complaint = |path: &Path| Reader::open(path).map(drop).expect_err("refused").to_string();
    assert!(complaint(&std::env::temp_dir()).ends_with("it is a directory"));
    assert!(complaint(Path::new("/netlab-no-such-file")).contains("No such file"));
    for content in ["", "abc", "#!/bin/sh\necho"] {
        let path = temporary("not-a-capture");
        std::fs::write(&path, content).expect("written");
        assert!(complaint(&path).ends_with("is not a capture file"));
        std::fs::remove_file(&path).expect("temporary file");
    }
}

#[test]
fn a_full_disk_leaves_a_whole_file_and_one_error() {
    stage::on_stage("a_full_disk_leaves_a_whole_file_and_one_error", || {
        use nix::mount::{MsFlags, mount};
        let place = temporary("disk");
        std::fs::create_dir(&place).expect("a directory");
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNS).expect("a mount namespace");
        let none: Option<&str> = None;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).expect("private mounts");
        mount(Some("tmpfs"), &place, Some("tmpfs"), MsFlags::empty(), Some("size=64k")).expect("a small disk");
        let path = place.join("full.pcapng");
        let record = &records()[0];
        let mut frame = record.frame.clone();
        frame.bytes = vec![0; 1001];
        frame.original = 1001;
        let mut writer = Writer::create(&path, &source()).expect("a file");
        let mut written = 0;
        let error = loop {
            match writer.write(&frame, &[]) {
                Ok(()) => written += 1,
                Err(error) => break error,
            }
            assert!(written < 1000, "the disk is full at some point");
        };
        assert_eq!(error.kind(), Kind::File);
        assert!(error.to_string().ends_with("no space left on device (ENOSPC)"), "{error}");
        assert_eq!(read(&path).len(), written);
        assert!(written > 50, "{written}");
        let counted = output("capinfos", &["-c", "-M"], &path);
        assert!(counted.contains(&format!("{written}\n")), "{counted}");
    });
}

const KILLED: &str = "NETLAB_TEST_KILLED";

#[test]
fn a_killed_process_leaves_a_whole_file() {
    if !stage::installed(&["capinfos"]) {
        return;
    }
    if let Some(path) = std::env::var_os(KILLED) {
        let mut writer = Writer::create(&PathBuf::from(path), &source()).expect("a file");
        let records = records();
        loop {
            for record in &records {
                writer.write(&record.frame, &record.comments).expect("written");
            }
        }
    }
    let path = temporary("killed.pcapng");
    let mut child = Command::new(std::env::current_exe().expect("own path"))
        .args(["--exact", "a_killed_process_leaves_a_whole_file"])
        .env(KILLED, &path)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("runs");
    while path.metadata().map_or(0, |file| file.len()) < 200_000 {
        assert!(child.try_wait().expect("a child").is_none(), "it writes until it is killed");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().expect("killed");
    child.wait().expect("dead");
    // The kernel may stop a write between two pages of memory: then, rarely, the last frame is cut.
    let (good, cut): (Vec<_>, Vec<_>) = Reader::open(&path).expect("a capture").partition(Result::is_ok);
    assert!(good.len() > 100 && cut.len() <= 1, "{} and {}", good.len(), cut.len());
    if cut.is_empty() {
        let counted = output("capinfos", &["-c", "-M"], &path);
        assert!(counted.contains(&good.len().to_string()), "{counted}");
    }
    std::fs::remove_file(&path).expect("temporary file");
}

#[test]
fn a_long_comment_is_cut_between_characters() {
    let path = temporary("long.pcapng");
    let mut writer = Writer::create(&path, &source()).expect("a file");
    writer.write(&records()[0].frame, &["é".repeat(40_000)]).expect("written");
    assert_eq!(read(&path)[0].comments, ["é".repeat(32_767)]);
    std::fs::remove_file(&path).expect("temporary file");
}

#[test]
fn standard_input_may_come_in_pieces() {
    struct Drip(std::io::Cursor<Vec<u8>>);
    impl std::io::Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let end = buffer.len().min(1);
            self.0.read(&mut buffer[..end])
        }
    }
    let (path, records) = (temporary("drip.pcapng"), records());
    drop(write(&path, &records));
    let bytes = std::fs::read(&path).expect("the file");
    let found: Vec<_> = Reader::new("-", Drip(std::io::Cursor::new(bytes))).expect("a capture").collect();
    assert_eq!(found.into_iter().collect::<Result<Vec<_>, _>>().expect("whole"), records);
    std::fs::remove_file(&path).expect("temporary file");
}

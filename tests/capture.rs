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
            let link = match number {
                5 | 10 => LinkType::RawIp,
                15 | 20 => LinkType::Cooked,
                25 => LinkType::Cooked2,
                30 => LinkType::Null,
                35 => LinkType::Loop,
                _ => LinkType::Ethernet,
            };
            let head: &[u8] = match link {
                LinkType::Ethernet => &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 0],
                LinkType::RawIp => &[],
                // A packet type that tells no direction.
                LinkType::Cooked => &[0, 9, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0],
                LinkType::Cooked2 => &[8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 9, 6, 2, 0, 0, 0, 0, 1, 0, 0],
                LinkType::Null => &[2, 0, 0, 0],
                LinkType::Loop => &[0, 0, 0, 2],
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

/// Wireshark's own number of a link type (`WTAP_ENCAP_…` in its wiretap/wtap.h).
fn wiretap(link: LinkType) -> u32 {
    match link {
        LinkType::Ethernet => 1,
        LinkType::RawIp => 7,
        LinkType::Null => 15,
        LinkType::Cooked => 25,
        LinkType::Loop => 174,
        LinkType::Cooked2 => 210,
    }
}

#[test]
fn wireshark_reads_the_same() {
    if !stage::installed(&["tshark", "capinfos"]) {
        return;
    }
    let (path, records) = (temporary("tshark.pcapng"), records());
    write(&path, &records).finish(Nanos(1_732_150_999_000_000_000), 40, 2).expect("finished");
    compare(&path, &records);
    let about = output("capinfos", &["-M"], &path);
    for fact in ["Number of packets:   40", "File timestamp precision:  nanoseconds (9)", "Number of stat entries = 1"]
    {
        assert!(about.contains(fact), "{fact}: {about}");
    }
    assert!(about.contains("netlab"), "{about}");
    std::fs::remove_file(&path).expect("temporary file");
}

/// Compares what tshark reads in a file with what was written.
fn compare(path: &Path, records: &[Record]) {
    let fields = [
        "frame.time_epoch",
        "frame.len",
        "frame.cap_len",
        "frame.packet_flags_direction",
        "frame.comment",
        "frame.interface_name",
        "frame.encap_type",
    ];
    let mut arguments = vec!["-n", "-T", "fields", "-E", "separator=|", "-E", "aggregator=;"];
    arguments.extend(fields.iter().flat_map(|field| ["-e", field]));
    arguments.push("-r");
    let seen = output("tshark", &arguments, path);
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines.len(), records.len());
    for (line, Record { frame, comments }) in lines.iter().zip(records) {
        let direction = match frame.direction {
            Some(Direction::Out) => "0x00000002",
            Some(Direction::In | Direction::Other) => "0x00000001",
            None => "0x00000000",
        };
        // tshark shows the flags only where the file has them.
        let direction = if frame.direction.is_none() && !frame.checksum_pending { "" } else { direction };
        let (seconds, nanos) = (frame.time.0 / 1_000_000_000, frame.time.0 % 1_000_000_000);
        let expected = format!(
            "{seconds}.{nanos:09}|{}|{}|{direction}|{}|eth0|{}",
            frame.original,
            frame.bytes.len(),
            comments.join(";"),
            wiretap(frame.link)
        );
        assert_eq!(*line, expected);
    }
}

#[test]
fn whatever_frames_are_written_nothing_is_lost() {
    let mut dice = Dice(0x0123_4567_89ab_cdef);
    let links =
        [LinkType::Ethernet, LinkType::RawIp, LinkType::Cooked, LinkType::Cooked2, LinkType::Null, LinkType::Loop];
    let directions = [Some(Direction::Out), Some(Direction::In), Some(Direction::Other), None];
    let records: Vec<Record> = (1..=600)
        .map(|number| {
            let link = links[dice.roll(links.len())];
            let length = [dice.roll(80), dice.roll(2000)][dice.roll(2)];
            let bytes = dice.bytes(length);
            // A cooked frame says its direction itself; where it does not, the file does.
            let is_cooked = matches!(link, LinkType::Cooked | LinkType::Cooked2);
            let direction = directions[if is_cooked { dice.roll(3) } else { dice.roll(4) }];
            let comments = (0..dice.roll(3)).map(|_| "süß ".repeat(dice.roll(9)) + "end").collect();
            let time = Nanos(i64::try_from(dice.roll(usize::MAX >> 1)).expect("in range"));
            let (original, checksum_pending) = (length + dice.roll(2) * dice.roll(70_000), dice.roll(2) == 0);
            let number = FrameNo(number);
            Record { frame: Frame { number, time, direction, link, original, checksum_pending, bytes }, comments }
        })
        .collect();
    let path = temporary("random.pcapng");
    let mut writer = Writer::create(&path, &source()).expect("a file");
    for record in &records {
        writer.hold_back(dice.roll(20_000));
        writer.write(&record.frame, &record.comments).expect("written");
    }
    drop(writer);
    assert_eq!(read(&path), records);
    if stage::installed(&["tshark"]) {
        compare(&path, &records);
    }
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

/// Where the records of a file begin, by their lengths, and where the last one ends.
fn boundaries(file: &[u8]) -> Vec<usize> {
    let is_blocks = file.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]);
    let order = if is_blocks { file[8] } else { file[0] };
    let word = |at: usize| {
        let bytes = file[at..at + 4].try_into().expect("four bytes");
        let big = order == 0x1a || order == 0xa1;
        (if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }) as usize
    };
    let mut found = vec![if is_blocks { 0 } else { 24 }];
    while let Some(&at) = found.last().filter(|&&at| at < file.len()) {
        found.push(at + if is_blocks { word(at + 4) } else { 16 + word(at + 8) });
    }
    found
}

fn of(bytes: Vec<u8>) -> Result<Reader, netlab::error::Error> {
    Reader::new("cut", std::io::Cursor::new(bytes))
}

fn capture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)).expect("a capture")
}

#[test]
fn every_prefix_of_a_file_gives_its_frames_and_where_it_ends() {
    let path = temporary("cut.pcapng");
    drop(write(&path, &records()));
    let written = std::fs::read(&path).expect("the file");
    for file in [written, capture("web.pcap"), capture("loop.pcap")] {
        let whole: Vec<Record> = of(file.clone()).expect("a capture").map(|it| it.expect("whole")).collect();
        let boundaries = boundaries(&file);
        assert_eq!(boundaries.last(), Some(&file.len()));
        for length in 0..file.len() {
            let reader = match of(file[..length].to_vec()) {
                Ok(reader) => reader,
                Err(error) => {
                    assert!(length < 24 && error.kind() == Kind::File, "{length}: {error}");
                    continue;
                }
            };
            let (good, bad): (Vec<_>, Vec<_>) = reader.partition(Result::is_ok);
            let good: Vec<Record> = good.into_iter().map(|it| it.expect("good")).collect();
            assert_eq!(good, whole[..good.len()]);
            let begun = *boundaries.iter().rfind(|&&at| at <= length).expect("there is a first");
            let said: Vec<String> = bad.into_iter().map(|it| it.expect_err("bad").to_string()).collect();
            if begun == length {
                assert_eq!(said, [""; 0], "{length}");
            } else {
                let place = format!("what begins at byte {begun} is not whole");
                assert!(said.len() == 1 && said[0].ends_with(&place), "{length}: {said:?}");
            }
        }
    }
    std::fs::remove_file(&path).expect("temporary file");
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below).expect("small")).expect("small")
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| u8::try_from(self.roll(256)).expect("a byte")).collect()
    }
}

#[test]
fn no_damage_makes_it_panic_or_go_on_for_ever() {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let path = temporary("damaged.pcapng");
    drop(write(&path, &records()));
    let written = std::fs::read(&path).expect("the file");
    let others = ["web.pcap", "loop.pcap", "damaged.pcapng"].map(capture);
    for whole in [written, dialects(&mut dice).0].into_iter().chain(others) {
        for _ in 0..300 {
            let mut damaged = whole.clone();
            for _ in 0..=dice.roll(4) {
                let at = dice.roll(damaged.len());
                damaged[at] = u8::try_from(dice.roll(256)).expect("a byte");
            }
            let Ok(reader) = of(damaged) else { continue };
            let found: Vec<_> = reader.take(2000).collect();
            assert!(found.len() < 2000);
            let ends = |error: &netlab::error::Error| !error.to_string().contains("of link type");
            let mut errors = found.iter().enumerate().filter_map(|(at, it)| Some((at, it.as_ref().err()?)));
            if let Some((at, _)) = errors.find(|(_, error)| ends(error)) {
                assert_eq!(at, found.len() - 1, "nothing follows");
            }
        }
    }
    std::fs::remove_file(&path).expect("temporary file");
}

/// The parts of a pcapng file in one byte order.
struct Order {
    big: bool,
}

impl Order {
    fn half(&self, number: u16) -> [u8; 2] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn word(&self, number: usize) -> [u8; 4] {
        let number = u32::try_from(number).expect("a word");
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn double(&self, number: u64) -> [u8; 8] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn option(&self, code: u16, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("short");
        padded([&self.half(code)[..], &self.half(length), content].concat())
    }

    fn block(&self, kind: usize, body: Vec<u8>) -> Vec<u8> {
        let body = padded(body);
        let length = self.word(body.len() + 12);
        [&self.word(kind)[..], &length, &body, &length].concat()
    }
}

fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Resolution and offset of a clock, and about what it shows now.
type Clock = (Option<u8>, Option<i64>, u64);

const CLOCKS: [Clock; 7] = [
    (None, None, 1_732_150_000_123_456),
    (Some(9), None, 1_732_150_000_123_456_789),
    (Some(3), Some(3600), 1_732_150_000_123),
    (Some(0), Some(-7), 1_732_150_000),
    (Some(0x8a), None, 1_732_150_000 << 10 | 1023),
    (Some(0x9e), Some(1_732_150_000), 12345 << 30 | 0x2a5a_5a5a),
    (Some(0x80), None, 1_732_150_000),
];

/// A pcapng file of everything that other programs write and netlab does not, and how many frames are in it; every
/// section has a block among them that has a number, but is none.
fn dialects(dice: &mut Dice) -> (Vec<u8>, usize) {
    let (mut file, mut count) = (Vec::new(), 0);
    for big in [true, false, true] {
        let order = Order { big };
        let section = [&order.word(0x1a2b_3c4d)[..], &order.half(1), &order.half(0), &order.double(u64::MAX)].concat();
        file.extend(order.block(0x0a0d_0d0a, section));
        for (number, (resolution, offset, _)) in CLOCKS.iter().enumerate() {
            let link = if number == 3 { 101 } else { 1 };
            let mut body = [&order.half(link)[..], &order.half(0), &order.word(50)].concat();
            body.extend(order.option(2, format!("eth{number}").as_bytes()));
            body.extend(order.option(3, "Netzwerkkarte über USB".as_bytes()));
            body.extend(resolution.map(|it| order.option(9, &[it])).unwrap_or_default());
            body.extend(offset.map(|it| order.option(14, &order.double(it.cast_unsigned()))).unwrap_or_default());
            body.extend(order.option(0, &[]));
            file.extend(order.block(1, body));
        }
        for number in 0..60 {
            file.extend(packet(dice, &order, number));
            count += 1;
            let name = [&order.half(1)[..], &order.half(8), &[10, 0, 0, 1], b"abc\0", &order.option(0, &[])].concat();
            match number {
                20 => file.extend(order.block(4, name)),
                30 => file.extend(order.block(0x0bad, [&order.word(32473)[..], b"anything"].concat())),
                40 => file.extend(order.block(0x8000_0001, dice.bytes(400))),
                _ => {}
            }
        }
        let counted = [(5, &order.double(3)[..]), (7, &order.double(4)), (1, b"counted"), (0, &[])];
        let counted = counted.map(|(code, content)| order.option(code, content)).concat();
        file.extend(order.block(5, [&order.word(1)[..], &order.word(0), &order.word(0), &counted].concat()));
    }
    (file, count)
}

/// A block with a frame, one of every kind in turn.
fn packet(dice: &mut Dice, order: &Order, number: usize) -> Vec<u8> {
    let interface = dice.roll(CLOCKS.len());
    let time = CLOCKS[interface].2 + u64::try_from(dice.roll(900)).expect("small");
    let [high, low] = [time >> 32, time & 0xffff_ffff].map(|half| order.word(usize::try_from(half).expect("half")));
    let length = dice.roll(50);
    let original = order.word(length + number % 3);
    let mut options = Vec::new();
    if number.is_multiple_of(2) {
        let kinds = [0, 1, 2, 1 | 4 << 2, 1 | 1 << 2, 2 | 1 << 9, 1 << 9];
        options.extend(order.option(2, &order.word(kinds[dice.roll(kinds.len())])));
        options.extend(order.option(1, format!("number {number}").as_bytes()));
    }
    if number.is_multiple_of(4) {
        options.extend(order.option(3, &dice.bytes(5)));
        options.extend(order.option(1, b"a second one"));
        options.extend(order.option(0, &[]));
    }
    let times = [high, low, order.word(length), original].concat();
    let data = padded(dice.bytes(length));
    match number % 5 {
        0 => {
            let interface = order.half(u16::try_from(interface).expect("small"));
            order.block(2, [&interface[..], &order.half(u16::MAX), &times, &data, &options].concat())
        }
        1 => order.block(3, [&original[..], &dice.bytes((length + number % 3).min(50))].concat()),
        _ => order.block(6, [&order.word(interface)[..], &times, &data, &options].concat()),
    }
}

#[test]
fn every_dialect_is_read_as_wireshark_reads_it() {
    let (file, count) = dialects(&mut Dice(0x9e37_79b9_7f4a_7c15));
    let path = temporary("dialects.pcapng");
    std::fs::write(&path, file).expect("written");
    let mut reader = Reader::open(&path).expect("a capture");
    let mut ours = Vec::new();
    let mut record = Record::default();
    while let Some(outcome) = reader.read_into(&mut record) {
        outcome.expect("whole");
        ours.push((record.clone(), reader.interface().map(str::to_owned)));
    }
    assert_eq!((ours.len(), reader.dropped(), reader.remarks()), (count, 21, &["counted"; 3].map(str::to_owned)[..]));
    if !stage::installed(&["tshark"]) {
        return;
    }
    let fields = [
        "frame.number",
        "frame.time_epoch",
        "frame.len",
        "frame.cap_len",
        "frame.encap_type",
        "frame.interface_name",
        "frame.packet_flags_direction",
        "frame.packet_flags_reception_type",
        "frame.comment",
    ];
    let mut arguments = vec!["-n", "-T", "fields", "-E", "separator=|", "-E", "aggregator=;"];
    arguments.extend(fields.iter().flat_map(|field| ["-e", field]));
    arguments.push("-r");
    let theirs = output("tshark", &arguments, &path);
    let frames: Vec<&str> = theirs.lines().filter(|line| line.contains("|eth")).collect();
    assert_eq!((frames.len(), theirs.lines().count()), (count, count + 3));
    for (line, (Record { frame, comments }, interface)) in frames.into_iter().zip(&ours) {
        let cells: Vec<&str> = line.split('|').collect();
        // A frame without a time has none in tshark; ours is 1970.
        let time = format!("{}.{:09}", frame.time.0 / 1_000_000_000, frame.time.0 % 1_000_000_000);
        let time = if frame.time == Nanos(0) { String::new() } else { time };
        let direction = match (cells[6], cells[7]) {
            ("0x00000001", "4" | "0x00000004") => Some(Direction::Other),
            ("0x00000001", _) => Some(Direction::In),
            ("0x00000002", _) => Some(Direction::Out),
            _ => None,
        };
        let ours = [
            frame.number.0.to_string(),
            time,
            frame.original.to_string(),
            frame.bytes.len().to_string(),
            wiretap(frame.link).to_string(),
            interface.clone().unwrap_or_default(),
        ];
        assert_eq!(ours, cells[..6], "{line}");
        assert_eq!((frame.direction, comments.join(";")), (direction, cells[8].to_owned()), "{line}");
    }
    std::fs::remove_file(&path).expect("temporary file");
}

#[test]
fn frames_of_an_unknown_kind_are_left_out_and_said_once() {
    let path = temporary("foreign.pcapng");
    drop(write(&path, &records()[..12]));
    let mut file = std::fs::read(&path).expect("the file");
    // The second interface, which is that of raw IP, becomes one of Bluetooth.
    let at = boundaries(&file).into_iter().filter(|&at| at < file.len() && file[at] == 1).nth(1).expect("interfaces");
    file[at + 8] = 187;
    let found: Vec<_> = of(file).expect("a capture").collect();
    let said: Vec<String> = found.iter().filter_map(|it| Some(it.as_ref().err()?.to_string())).collect();
    assert_eq!(said, ["frame 5 of cut is of link type 187, which netlab does not read"]);
    let numbers: Vec<u32> = found.iter().filter_map(|it| Some(it.as_ref().ok()?.frame.number.0)).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 6, 7, 8, 9, 11, 12]);
    std::fs::remove_file(&path).expect("temporary file");
}

#[test]
fn a_frame_is_cut_to_what_others_read() {
    let path = temporary("huge.pcapng");
    let mut frame = records()[0].frame.clone();
    frame.bytes.resize(300_000, 7);
    frame.original = 300_000;
    let mut writer = Writer::create(&path, &source()).expect("a file");
    writer.write(&frame, &[]).expect("written");
    let found = &read(&path)[0].frame;
    assert_eq!((found.bytes.len(), found.original), (262_144, 300_000));
    std::fs::remove_file(&path).expect("temporary file");
}

#[test]
fn what_is_held_back_comes_with_a_flush() {
    let (path, records) = (temporary("held.pcapng"), records());
    let mut writer = Writer::create(&path, &source()).expect("a file");
    writer.hold_back(2000);
    let mut waited = false;
    for (at, record) in records.iter().enumerate() {
        writer.write(&record.frame, &record.comments).expect("written");
        let found = read(&path);
        assert_eq!(found, records[..found.len()]);
        waited |= found.len() < at + 1;
    }
    assert!(waited && read(&path).len() < records.len());
    writer.flush().expect("flushed");
    assert_eq!(read(&path), records);
    writer.write(&records[0].frame, &[]).expect("written");
    assert_eq!(read(&path).len(), records.len());
    drop(writer);
    assert_eq!(read(&path).len(), records.len() + 1);
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
    let path = temporary("not-a-capture");
    for (content, end) in [
        (&b""[..], "is empty"),
        (b"abc", "is not a capture file"),
        (b"#!/bin/sh\necho", "is not a capture file"),
        (b"\x1f\x8b\x08\x00", "is compressed (gzip)"),
        (b"\x28\xb5\x2f\xfd\x04", "is compressed (zstd)"),
        (b"snoop\0\0\0\0\0\0\x02", "is a snoop capture, which netlab does not read"),
        (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", "is cut short before the first frame: what begins at byte 0 is not whole"),
    ] {
        std::fs::write(&path, content).expect("written");
        assert!(complaint(&path).ends_with(end), "{}", complaint(&path));
    }
    for (at, byte, end) in [
        (20, 105, "holds frames of link type 105, which netlab does not read"),
        (4, 1, "is damaged before the first frame, at byte 0: version 1 of the pcap format is unknown"),
    ] {
        let mut pcap = capture("web.pcap");
        pcap[at] = byte;
        std::fs::write(&path, &pcap).expect("written");
        assert!(complaint(&path).ends_with(end), "{}", complaint(&path));
    }
    std::fs::remove_file(&path).expect("temporary file");
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
        let mut sizes = Vec::new();
        for patience in [0, 10_000, 100_000] {
            let mut writer = Writer::create(&path, &source()).expect("a file");
            writer.hold_back(patience);
            let mut taken = 0;
            let error = loop {
                match writer.write(&frame, &[]) {
                    Ok(()) => taken += 1,
                    Err(error) => break error,
                }
                assert!(taken < 1000, "the disk is full at some point");
            };
            assert_eq!(error.kind(), Kind::File);
            assert!(error.to_string().ends_with("no space left on device (ENOSPC)"), "{error}");
            let written = read(&path).len();
            assert!(written > 50 && written <= taken, "{written} of {taken}");
            let counted = output("capinfos", &["-c", "-M"], &path);
            assert!(counted.contains(&format!("{written}\n")), "{counted}");
            sizes.push(written);
        }
        assert_eq!(sizes, [sizes[0]; 3], "as many as fit, however they are handed on");
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

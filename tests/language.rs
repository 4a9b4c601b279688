//! The filter language against tcpdump's: both compilers' programs, run over the same frames by one interpreter.
//!
//! `NETLAB_FILTERS=100000` tries as many generated filters instead of the usual number.

#[path = "support/captures.rs"]
mod captures;
#[path = "support/speech.rs"]
mod speech;
mod stage;
mod world;

use std::process::Command;

use netlab::filter::bpf::{Instruction, Program, Sight};
use netlab::filter::{Conditions, Filter, Transport, Vantage};
use netlab::model::LinkType;

use speech::{babble, speech};
use world::{Dice, frame};

/// What tcpdump makes of a filter.
enum Theirs {
    /// Its program, and the one before its optimizer went over it.
    Programs(Program, Program),
    /// It saw that nothing can pass.
    Nothing,
    /// It does not take the filter.
    Refused(String),
}

fn theirs(text: &str, link: LinkType) -> Theirs {
    let link = match link {
        LinkType::Ethernet => "EN10MB",
        LinkType::RawIp => "RAW",
        LinkType::Cooked => "LINUX_SLL",
        LinkType::Cooked2 => "LINUX_SLL2",
        LinkType::Null => "NULL",
        LinkType::Loop => "LOOP",
    };
    let program = |more: &[&str]| {
        let output = Command::new("tcpdump")
            .args(["-ddd", "-y", link])
            .args(more)
            .args(["--", text])
            .output()
            .expect("tcpdump runs");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let printed = String::from_utf8(output.stdout).expect("numbers");
        let instructions = printed.lines().skip(1).map(|line| {
            let mut numbers = line.split(' ').map(|number| number.parse::<u32>().expect("a number"));
            let mut next = || numbers.next().expect("four numbers");
            Instruction {
                code: u16::try_from(next()).expect("a code"),
                yes: u8::try_from(next()).expect("a distance"),
                no: u8::try_from(next()).expect("a distance"),
                operand: next(),
            }
        });
        Ok(Program::new(instructions.collect()))
    };
    match (program(&[]), program(&["-O"])) {
        (Ok(optimized), Ok(plain)) => Theirs::Programs(optimized, plain),
        (Err(why), _) if why.contains("expression rejects all packets") => Theirs::Nothing,
        (Err(why), _) | (_, Err(why)) => Theirs::Refused(why),
    }
}

/// As in `/etc/services`, which tcpdump reads.
fn services(name: &str) -> Option<(u16, Option<Transport>)> {
    netlab::filter::common_service(name)
}

fn ours(text: &str, link: LinkType) -> Result<Program, String> {
    let filter = Filter::parse(text, &services).map_err(|refusal| refusal.to_string())?;
    filter.compile(Conditions::of_file(link)).map_err(|refusal| refusal.to_string())
}

fn sight(bytes: &[u8]) -> Sight<'_> {
    Sight { bytes, length: bytes.len(), tag: None }
}

/// Frames of every capture, of the small world, and both with bytes changed.
fn frames(dice: &mut Dice, link: LinkType, count: usize) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for path in captures::captures() {
        all.extend(captures::frames(&path).into_iter().filter(|frame| frame.link == link).map(|frame| frame.bytes));
    }
    assert!(!all.is_empty(), "the captures have frames of this type");
    let known = all.len();
    while all.len() < count {
        let mut bytes = if dice.once_in(3) { all[dice.index(known)].clone() } else { frame(dice, link) };
        if dice.once_in(2) && !bytes.is_empty() {
            for _ in 0..=dice.roll(3) {
                let at = dice.index(bytes.len().min(64));
                bytes[at] = dice.byte();
            }
        }
        all.push(bytes);
    }
    all
}

/// What a comparison came to.
#[derive(Debug, Default)]
struct Tally {
    filters: usize,
    verdicts: usize,
    accepted: usize,
    /// Verdicts on which tcpdump's own two programs differ.
    unsettled: usize,
}

impl Tally {
    /// Compares the verdicts on all `frames`; panics where they differ.
    fn compare(&mut self, text: &str, link: LinkType, frames: &[Vec<u8>]) {
        let program = ours(text, link).unwrap_or_else(|why| panic!("netlab does not take \"{text}\":\n{why}"));
        let theirs = match theirs(text, link) {
            Theirs::Programs(optimized, plain) => Some((optimized, plain)),
            Theirs::Nothing => None,
            Theirs::Refused(why) => panic!("tcpdump does not take \"{text}\": {why}"),
        };
        self.filters += 1;
        for bytes in frames {
            let seen = sight(bytes);
            let verdict = program.accepts(seen);
            let (optimized, plain) = match &theirs {
                Some((optimized, plain)) => (optimized.accepts(seen), plain.accepts(seen)),
                None => (false, false),
            };
            self.verdicts += 1;
            self.accepted += usize::from(verdict);
            if optimized != plain {
                self.unsettled += 1;
                continue;
            }
            assert_eq!(verdict, optimized, "\"{text}\" on {bytes:02x?}\nours: {program:?}\ntheirs: {theirs:?}");
        }
    }
}

const SPOKEN: &str = include_str!("filters.txt");

/// What people type, one filter a line.
fn spoken() -> impl Iterator<Item = &'static str> {
    SPOKEN.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[test]
fn what_people_type_means_what_tcpdump_makes_of_it() {
    if !stage::installed(&["tcpdump"]) {
        return;
    }
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut tally = Tally::default();
    let frames = frames(&mut dice, LinkType::Ethernet, 4000);
    for text in spoken() {
        tally.compare(text, LinkType::Ethernet, &frames);
    }
    eprintln!("{tally:?}");
    assert!(tally.filters > 150 && tally.accepted > tally.verdicts / 20, "{tally:?}");
}

/// Compares what people type and some generated filters on frames of this kind. What it has no words for, both refuse.
fn compare_on(link: LinkType) {
    if !stage::installed(&["tcpdump"]) {
        return;
    }
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut tally, mut refused) = (Tally::default(), 0);
    let mut frames = frames(&mut dice, link, 3000);
    // tcpdump knows the families of the machine that it runs on; netlab those of all.
    frames.retain(|bytes| !is_family_from_elsewhere(link, bytes));
    let generated: Vec<String> = (0..300).map(|_| speech(&mut dice, 3)).collect();
    for text in &spoken().map(str::to_owned).chain(generated).collect::<Vec<_>>() {
        match (ours(text, link), theirs(text, link)) {
            (Err(_), Theirs::Refused(_)) => refused += 1,
            (Err(why), _) if why.contains("divided by 0") => refused += 1,
            _ => tally.compare(text, link, &frames),
        }
    }
    eprintln!("{link:?}: {tally:?}, {refused} refused");
    assert!(tally.filters > 300 && tally.accepted > tally.verdicts / 20, "{tally:?}");
}

/// Whether a frame of BSD's loopback names a family of addresses as this machine does not.
fn is_family_from_elsewhere(link: LinkType, bytes: &[u8]) -> bool {
    let Some(&[a, b, c, d]) = bytes.get(..4) else { return false };
    let read: fn([u8; 4]) -> u32 = if link == LinkType::Loop { u32::from_be_bytes } else { u32::from_ne_bytes };
    let family = read([a, b, c, d]);
    let known = [2, 10, 24, 28, 30];
    matches!(link, LinkType::Null | LinkType::Loop)
        && !matches!(family, 2 | 10)
        && (known.contains(&family) || known.contains(&family.swap_bytes()))
}

#[test]
fn the_same_without_a_link_header() {
    compare_on(LinkType::RawIp);
}

#[test]
fn the_same_in_a_cooked_capture() {
    compare_on(LinkType::Cooked);
}

#[test]
fn the_same_in_the_newer_kind_of_cooked_capture() {
    compare_on(LinkType::Cooked2);
}

#[test]
fn the_same_on_bsd_s_loopback() {
    compare_on(LinkType::Null);
    compare_on(LinkType::Loop);
}

#[test]
fn a_family_of_addresses_is_known_in_every_system_s_words() {
    let mut dice = Dice(0x5eed_0000_0000_0001);
    let pool = frames(&mut dice, LinkType::Null, 3000);
    let mut translated = 0;
    for text in spoken().filter(|text| !text.contains('[')) {
        let Ok(program) = ours(text, LinkType::Null) else { continue };
        for bytes in pool.iter().filter(|bytes| is_family_from_elsewhere(LinkType::Null, bytes)) {
            let is_ipv4 = bytes[..4].contains(&2);
            let here = if is_ipv4 { 2_u32 } else { 10 };
            let same = [&here.to_ne_bytes()[..], &bytes[4..]].concat();
            assert_eq!(program.accepts(sight(bytes)), program.accepts(sight(&same)), "{text} on {bytes:02x?}");
            translated += 1;
        }
    }
    assert!(translated > 10_000, "{translated}");
}

#[test]
fn generated_filters_mean_what_tcpdump_makes_of_them() {
    if !stage::installed(&["tcpdump"]) {
        return;
    }
    let count = std::env::var("NETLAB_FILTERS").map_or(1500, |count| count.parse().expect("a number"));
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let mut tally = Tally::default();
    let pool = frames(&mut dice, LinkType::Ethernet, 6000);
    for _ in 0..count {
        let text = speech(&mut dice, 3);
        if ours(&text, LinkType::Ethernet).is_err_and(|why| why.contains("divided by 0")) {
            continue; // tcpdump sees it only where its optimizer comes by
        }
        let from = dice.index(pool.len() - 500);
        tally.compare(&text, LinkType::Ethernet, &pool[from..from + 500]);
    }
    eprintln!("{tally:?}");
    assert!(tally.unsettled * 100 < tally.verdicts, "{tally:?}");
}

#[test]
fn what_netlab_takes_tcpdump_takes_too() {
    if !stage::installed(&["tcpdump"]) {
        return;
    }
    let count = std::env::var("NETLAB_FILTERS").map_or(20_000, |count| count.parse::<usize>().expect("a number") * 10);
    let mut dice = Dice(0xfeed_beef_0bad_cafe);
    let frames = frames(&mut dice, LinkType::Ethernet, 600);
    let mut tally = Tally::default();
    for _ in 0..count {
        let text = babble(&mut dice);
        if ours(&text, LinkType::Ethernet).is_ok() {
            tally.compare(&text, LinkType::Ethernet, &frames);
        }
    }
    eprintln!("{tally:?}");
    assert!(tally.filters > 200, "{tally:?}");
}

#[test]
fn a_program_for_the_kernel_sees_the_tag_that_the_kernel_took_out() {
    let mut dice = Dice(0x0123_4567_89ab_cdef);
    let pool = frames(&mut dice, LinkType::Ethernet, 4000);
    let mut tagged = 0;
    let mut compare = |text: &str, frames: &[Vec<u8>]| {
        let filter = Filter::parse(text, &services).expect("a filter");
        let conditions = Conditions::of_file(LinkType::Ethernet);
        let file = filter.compile(conditions).expect("compiles");
        let Ok(wire) = filter.compile(Conditions { vantage: Vantage::Wire, ..conditions }) else {
            assert!(text.contains("ether[") || text.contains("link["), "{text}");
            return;
        };
        for bytes in frames {
            assert_eq!(
                wire.accepts(sight(bytes)),
                file.accepts(sight(bytes)),
                "{text}: a tag in the frame stays there"
            );
            if let Some(kind @ (0x8100 | 0x88a8)) = bytes.get(12..14).map(|kind| u16::from_be_bytes([kind[0], kind[1]]))
                && bytes.len() >= 18
            {
                tagged += 1;
                let rest = [&bytes[..12], &bytes[16..]].concat();
                let tag = Some((kind, u16::from_be_bytes([bytes[14], bytes[15]])));
                let beside = Sight { bytes: &rest, length: rest.len(), tag };
                assert_eq!(wire.accepts(beside), file.accepts(sight(bytes)), "{text} on {bytes:02x?}\n{wire:?}");
            }
        }
    };
    // Where libpcap asks for no header, it reads what lies there: the tag, if it is inside the frame.
    for text in spoken().filter(|text| !text.starts_with("1 + tcp")) {
        compare(text, &pool);
    }
    for _ in 0..1000 {
        let text = speech(&mut dice, 3);
        if !text.contains('[') {
            compare(&text, &pool[..300]);
        }
    }
    assert!(tagged > 10_000, "{tagged}");
}

#[test]
fn the_kernel_takes_every_program() {
    let mut dice = Dice(0x0dd0_1234_5678_9abc);
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).expect("a socket");
    let generated: Vec<String> = (0..2000).map(|_| speech(&mut dice, 3)).collect();
    let long = vec!["tcp port 80 or host 10.0.0.1"; 30].join(" or ");
    let mut longest = 0;
    let spoken = spoken().map(str::to_owned);
    for text in &spoken.chain(generated).chain([long]).collect::<Vec<_>>() {
        let Ok(filter) = Filter::parse(text, &services) else { panic!("{text}") };
        let conditions = Conditions { vantage: Vantage::Wire, ..Conditions::of_file(LinkType::Ethernet) };
        let Ok(program) = filter.compile(conditions) else { continue };
        let form = |i: &Instruction| socket2::SockFilter::new(i.code, i.yes, i.no, i.operand);
        let form: Vec<_> = program.instructions().iter().map(form).collect();
        longest = longest.max(form.len());
        socket.attach_filter(&form).unwrap_or_else(|error| panic!("{text}: {error}\n{program:?}"));
    }
    assert!(longest > 1000, "jumps of more than 255 were needed: {longest}");
}

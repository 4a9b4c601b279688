//! The table, the picture and the watched table, as they print.

use super::*;
use crate::model::{FrameNo, Probed};
use crate::render::samples::{expect, printed};

fn address(last: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, last])
}

/// A probe that `from` answered after `rtt` microseconds.
fn answered(ttl: u8, from: IpAddr, rtt: i64, answer: Answer) -> HopProbe {
    let probed = Probed {
        seq: 1,
        ttl,
        status: answer.status(),
        from: Some(from),
        rtt: Some(Nanos(rtt * 1000)),
        request: Some(FrameNo(1)),
        response: Some(FrameNo(2)),
    };
    HopProbe { probed, answer: Some(answer), reply_ttl: Some(64), quote: None, again: 0 }
}

fn silent(ttl: u8) -> HopProbe {
    let probed = Probed { seq: 1, ttl, status: Status::Timeout, from: None, rtt: None, request: None, response: None };
    HopProbe::silent(probed, 0)
}

fn hop(ttl: u8, probes: Vec<HopProbe>) -> HopReport {
    HopReport { ttl, probes, limited: false }
}

const OUT: Answer = Answer::TimeExceeded { code: 0 };

/// A path with everything in it that a row can show.
fn path() -> Vec<HopReport> {
    let again = HopProbe { again: 2, ..answered(4, address(4), 12_000, OUT) };
    let target = IpAddr::from([93, 184, 216, 34]);
    vec![
        hop(1, [410, 390, 400].map(|rtt| answered(1, address(1), rtt, OUT)).into()),
        hop(2, vec![answered(2, address(2), 4_800, OUT), answered(2, address(22), 4_900, OUT), silent(2)]),
        hop(3, vec![silent(3), silent(3), silent(3)]),
        HopReport { limited: true, ..hop(4, vec![answered(4, address(4), 11_000, OUT), silent(4), silent(4), again]) },
        hop(5, [120_140, 120_260, 120_051].map(|rtt| answered(5, target, rtt, Answer::EchoReply)).into()),
    ]
}

fn table(hops: &[HopReport], named: bool, queries: u8, look: Look) -> String {
    let mut table = Table::new(look, Language::English, named, queries);
    printed(|out| {
        for hop in hops {
            let all: Vec<Named> = hop
                .addresses()
                .into_iter()
                .map(|address| Named { address, name: Some(format!("a-rather-long.name.of.{address}\u{1b}[2J")) })
                .collect();
            table.hop(out, hop, &all)?;
        }
        table.end(out)
    })
}

#[test]
fn the_table_shows_every_hop() {
    expect("trace-table", &table(&path(), true, 3, Look::default()));
    expect("trace-table-numeric", &table(&path(), false, 3, Look { glyphs: Glyphs::Unicode, ..Look::default() }));
}

#[test]
fn silent_hops_at_the_end_become_one_row() {
    let mut hops = path()[..2].to_vec();
    hops.extend((3..=30).map(|ttl| hop(ttl, vec![silent(ttl), silent(ttl), silent(ttl)])));
    expect("trace-table-unreached", &table(&hops, true, 3, Look::default()));
}

#[test]
fn many_probes_go_on_below() {
    let hops = [hop(1, (0..7).map(|number| answered(1, address(1), 400 + number, OUT)).collect())];
    let text = table(&hops, true, 7, Look::default());
    assert_eq!(text.lines().count(), 5, "{text}");
}

#[test]
fn refusals_carry_traceroutes_marks() {
    for (code, mtu, says) in [
        (0, None, "!N no route"),
        (1, None, "!H no such host"),
        (13, None, "!X forbidden"),
        (4, Some(1400), "!F-1400 too big"),
        (5, None, "!S unreachable"),
    ] {
        let hops = [hop(1, vec![answered(1, address(1), 400, Answer::Unreachable { kind: 3, code, mtu })])];
        let text = table(&hops, true, 1, Look::default());
        assert!(text.lines().nth(2).is_some_and(|line| line.ends_with(says)), "{text}");
    }
}

#[test]
fn the_picture_grows_with_the_rtt() {
    let text = printed(|out| picture(out, Look::default(), &path()));
    expect("trace-picture", &text);
    let line = text.lines().next().expect("a line");
    assert!(line.starts_with("you-") && line.ends_with('5'), "{line}");
}

#[test]
fn pictures_fit_whatever_the_path() {
    for count in [2, 18, 19, 30] {
        for scale in [0, 1, 100_000] {
            let rtt = |ttl: u8| i64::from(ttl) * scale + i64::from(ttl % 3) * 40_000;
            let hops: Vec<_> =
                (1..=count).map(|ttl| hop(ttl, vec![answered(ttl, address(ttl), rtt(ttl), OUT)])).collect();
            let text = printed(|out| picture(out, Look::default(), &hops));
            assert_eq!(text.lines().count(), 2, "{text}");
        }
    }
    assert_eq!(printed(|out| picture(out, Look::default(), &path()[..1])), "", "one hop is no path");
}

#[test]
fn a_watched_trace_is_a_table_of_figures() {
    let mut figures = HopFigures::default();
    figures.sent = 10;
    for rtt in [400_000, 450_000, 120_000_000] {
        figures.answer(Some(Nanos(rtt)));
    }
    figures.lost = 7;
    let mut silent = HopFigures::default();
    (silent.sent, silent.lost) = (10, 10);
    let named = |last, name: Option<&str>| Named { address: address(last), name: name.map(str::to_owned) };
    let rows = [
        WatchedRow { ttl: 1, names: vec![named(1, Some("router.home")), named(2, None)], figures },
        WatchedRow { ttl: 2, names: vec![], figures: silent },
    ];
    let mut lines = 0;
    let text = printed(|out| {
        lines = watched(out, Look::default(), &rows)?;
        Ok(())
    });
    assert_eq!(lines, text.lines().count());
    expect("trace-watched", &text);
}

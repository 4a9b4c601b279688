//! The lines of the layers over the real tables.

use super::*;
use crate::dissect::dissect;
use crate::model::Direction;
use crate::render::Glyphs;
use crate::render::samples::{EXPIRED, every_frame, frame, printed};

#[test]
fn every_key_in_a_line_is_a_field_of_its_header() {
    for (name, _, template) in LINES {
        let keys = template.split('{').skip(1).filter_map(|piece| piece.split_once('}')).map(|(key, _)| key);
        for key in keys {
            let known = crate::proto::lookup(key).is_some_and(|(header, _)| header.name == *name);
            assert!(known, "{name}: {key}");
        }
    }
}

#[test]
fn real_tables_fill_the_lines() {
    let frame = frame(1, 0, Direction::In, EXPIRED);
    let look = Look { glyphs: Glyphs::Unicode, ..Look::default() };
    let text = printed(|out| {
        let mut lines = Vec::new();
        Layers::new(look).write(&mut lines, &dissect(&frame));
        out.write_all(&lines)
    });
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    assert_eq!(lines[1], "ip    192.168.11.1 → 192.168.11.2, ICMP, TTL 64, 56 bytes");
    assert_eq!(lines[3], "ip    quoted: 192.168.11.2 → 93.184.216.34, ICMP, TTL 1, 36 bytes");
    assert!(!text.contains('?'), "{text}");
}

#[test]
fn what_lies_in_its_place_is_what_a_walk_finds() {
    let mut compared = 0;
    every_frame(|frame| {
        for view in dissect(frame).views() {
            let lines = Line::all_of(view.layer().header);
            let Some(Line { template, .. }) = lines.iter().find(|line| line.template.fits(view)) else { continue };
            for piece in template.pieces.iter().filter(|_| matches!(template.by, By::Place(_))) {
                let Piece::Row(spec, read) = *piece else { continue };
                let value = read.value(view.bytes()).or_else(|| template.read(view, spec));
                let walked = view.field(spec.key).map(|field| field.value);
                assert_eq!(value, walked, "{}", spec.key);
                compared += 1;
            }
        }
    });
    assert!(compared > 1000, "{compared}");
}

#[test]
fn a_line_is_the_same_the_first_time_and_later() {
    let look = Look { glyphs: Glyphs::Unicode, width: 60, ..Look::default() };
    let mut known = Layers::new(look);
    every_frame(|frame| {
        let packet = dissect(frame);
        let [again, first] = [&mut known, &mut Layers::new(look)].map(|layers| {
            let mut lines = Vec::new();
            layers.write(&mut lines, &packet);
            String::from_utf8(lines).expect("text")
        });
        assert_eq!(again, first);
    });
}

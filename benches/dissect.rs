//! How many frames a second the dissector reads, over the mixed frames of the tests' captures.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use netlab::dissect::dissect;
use netlab::model::{Frame, FrameNo, LinkType, Nanos};
use pcap_file::pcap::PcapReader;

/// The frames of the captures, again and again until there are `count`.
fn frames(count: usize) -> Vec<Frame> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures");
    let mut frames = Vec::new();
    for name in ["arp", "ping", "errors", "icmp", "udp", "tcp", "web"] {
        let bytes = std::fs::read(format!("{directory}/{name}.pcap")).expect("a capture file");
        let mut reader = PcapReader::new(&bytes[..]).expect("pcap");
        while let Some(packet) = reader.next_packet() {
            let packet = packet.expect("a frame");
            frames.push(Frame {
                number: FrameNo(1),
                time: Nanos(i64::try_from(packet.timestamp().as_nanos()).expect("before 2262")),
                direction: None,
                link: LinkType::Ethernet,
                original: packet.orig_len() as usize,
                checksum_pending: false,
                bytes: packet.data().to_vec(),
            });
        }
    }
    let kinds = frames.len();
    frames.into_iter().cycle().take(count.max(kinds)).collect()
}

fn benchmark(criterion: &mut Criterion) {
    let frames = frames(100_000);
    let mut group = criterion.benchmark_group("100,000 frames");
    group.throughput(Throughput::Elements(frames.len() as u64)).sample_size(20);
    group.bench_function("dissect", |bencher| {
        bencher.iter(|| frames.iter().map(|frame| black_box(dissect(frame)).layers.len()).sum::<usize>());
    });
    group.bench_function("dissect and walk every field", |bencher| {
        bencher.iter(|| {
            let mut fields = 0;
            for frame in &frames {
                for view in dissect(frame).views() {
                    view.walk(&mut |field| {
                        black_box(field);
                        fields += 1;
                    });
                }
            }
            fields
        });
    });
    group.bench_function("dissect and write the Info column", |bencher| {
        let mut line = String::new();
        bencher.iter(|| {
            for frame in &frames {
                line.clear();
                let _ = write!(line, "{} ", frame.number);
                let _ = dissect(frame).info(&mut line);
                black_box(&line);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);

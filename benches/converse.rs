//! What the conversation tracker adds to the dissector's time: 100,000 segments of 100 conversations in turn.

use std::hint::black_box;
use std::net::Ipv4Addr;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use netlab::converse::Tracker;
use netlab::dissect::dissect;
use netlab::model::{Frame, FrameNo, LinkType, Nanos};
use netlab::proto::ipv4::{self, Ipv4};
use netlab::proto::tcp::{self, Flags, Tcp, TcpOption};

const CONVERSATIONS: u16 = 100;
const SEGMENTS: u32 = 1000;

/// A transfer: handshake, then data and an acknowledgement for every second segment.
fn frames() -> Vec<Frame> {
    let (client, server) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    let mut frames = Vec::new();
    for step in 0..SEGMENTS {
        for port in 0..CONVERSATIONS {
            let bytes = step.saturating_sub(3) / 3 * 2 * 100;
            let (from_client, flags, sequence, acknowledgment, length) = match (step, step % 3) {
                (0, _) => (true, Flags::SYN, 99, 0, 0),
                (1, _) => (false, Flags::SYN | Flags::ACK, 299, 100, 0),
                (2, _) => (true, Flags::ACK, 100, 300, 0),
                (_, 0) => (false, Flags::ACK, 300 + bytes, 100, 100),
                (_, 1) => (false, Flags::ACK | Flags::PSH, 400 + bytes, 100, 100),
                _ => (true, Flags::ACK, 100, 500 + bytes, 0),
            };
            let (source, destination) = if from_client { (client, server) } else { (server, client) };
            let (source_port, destination_port) = if from_client { (40_000 + port, 80) } else { (80, 40_000 + port) };
            let header =
                Tcp { source_port, destination_port, sequence, acknowledgment, flags, window: 1000, urgent: 0 };
            let mut options = vec![TcpOption::Nop, TcpOption::Nop, TcpOption::Timestamps { value: step, echo: step }];
            if flags.contains(Flags::SYN) {
                options.extend([TcpOption::MaximumSegmentSize(1460), TcpOption::Nop, TcpOption::WindowScale(7)]);
            }
            let segment = tcp::craft(&header, &options, source, destination, &vec![b'.'; length]);
            let bytes = ipv4::craft(&Ipv4 { protocol: ipv4::TCP, source, destination, ..Ipv4::default() }, &segment);
            let number = u32::try_from(frames.len() + 1).expect("few frames");
            frames.push(Frame {
                number: FrameNo(number),
                time: Nanos(i64::from(number) * 1000),
                direction: None,
                link: LinkType::RawIp,
                original: bytes.len(),
                checksum_pending: false,
                bytes,
            });
        }
    }
    frames
}

fn benchmark(criterion: &mut Criterion) {
    let frames = frames();
    let mut group = criterion.benchmark_group("100,000 segments");
    group.throughput(Throughput::Elements(frames.len() as u64)).sample_size(10);
    group.bench_function("dissect", |bencher| {
        bencher.iter(|| frames.iter().map(|frame| black_box(dissect(frame)).layers.len()).sum::<usize>());
    });
    group.bench_function("dissect and track", |bencher| {
        bencher.iter_batched(
            Tracker::default,
            |mut tracker| {
                for frame in &frames {
                    let mut packet = dissect(frame);
                    tracker.observe(&mut packet);
                    black_box(&packet);
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("dissect, track and write the Info column", |bencher| {
        let mut line = String::new();
        bencher.iter_batched(
            Tracker::default,
            |mut tracker| {
                for frame in &frames {
                    let mut packet = dissect(frame);
                    tracker.observe(&mut packet);
                    line.clear();
                    let _ = packet.info(&mut line);
                    black_box(&line);
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);

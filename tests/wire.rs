//! The wire against real network stacks, with tcpdump and the kernel's own tools as witnesses.

mod stage;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use rtnetlink::packet_core::DefaultNla;

use netlab::capture::Record;
use netlab::error::Kind;
use netlab::model::{Direction, Frame, Hop, KnownFrom, LinkType, MacAddr, Nanos};
use netlab::wire::{Channel, Filter, Interface, Options, SendSockets, Sniffer, Sockets, interfaces, path_to};

use stage::{Beside, Peer, Witness, block_on, on_stage, run, works};

const OURS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const THEIRS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

fn cabled() -> Peer {
    Peer::cabled("10.77.0.1/24", "10.77.0.2/24")
}

async fn interface(name: &str) -> Interface {
    let all = interfaces().await.expect("interfaces");
    all.into_iter().find(|interface| interface.name == name).expect("exists")
}

async fn sniff(name: &str, filter: &Filter) -> (Sniffer, SendSockets, Interface) {
    let Sockets { sniff, send } = Sockets::open("test", None).expect("sockets");
    let interface = interface(name).await;
    let sniffer = Sniffer::start(sniff, &interface, filter).expect("a sniffer");
    (sniffer, send, interface)
}

/// Every frame until none has come for a while.
async fn drain(sniffer: &mut Sniffer) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Ok(next) = tokio::time::timeout(Duration::from_millis(150), sniffer.next()).await {
        frames.push(next.expect("no error").expect("not ended"));
    }
    frames
}

/// Sniffs `name` while `traffic` runs, with tcpdump beside; both must have seen the same frames at the same times.
fn same_as_tcpdump(name: &str, traffic: impl FnOnce() + Send) -> Vec<Frame> {
    let witness = Witness::listen(name, &[]);
    let frames = block_on(async {
        let (mut sniffer, _, _) = sniff(name, &Filter::everything()).await;
        let mut frames = Vec::new();
        std::thread::scope(|scope| {
            let traffic = scope.spawn(traffic);
            while !traffic.is_finished() {
                frames.extend(std::iter::from_fn(|| sniffer.try_next().expect("no error")));
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        frames.extend(drain(&mut sniffer).await);
        assert_eq!(sniffer.counts().dropped, 0);
        frames
    });
    compare(&frames, &witness.testimony());
    frames
}

fn compare(frames: &[Frame], records: &[Record]) {
    assert_eq!(frames.len(), records.len(), "as many frames as tcpdump saw");
    // Frames that pass on two processors at once may queue up differently for two listeners.
    let mut ours: Vec<&Frame> = frames.iter().collect();
    let mut theirs: Vec<&Frame> = records.iter().map(|record| &record.frame).collect();
    for list in [&mut ours, &mut theirs] {
        list.sort_by_key(|frame| (frame.original, &frame.bytes[..frame.bytes.len().min(2000)], frame.time));
    }
    for (at, (our, their)) in ours.into_iter().zip(theirs).enumerate() {
        assert_eq!(our.original, their.original, "length of frame {at}");
        // tcpdump cuts what is larger than 65,562 bytes.
        let cut = their.bytes.len() < their.original;
        let same = if cut { our.bytes.starts_with(&their.bytes) } else { our.bytes == their.bytes };
        assert!(same, "bytes of frame {at}");
        // TCP segments that cross a virtual cable carry their time of departure along, and the kernel then stamps
        // their arrival for each listening socket anew: a few hundred nanoseconds apart. All others are stamped once.
        let stamped_apart = our.direction == Some(Direction::In) && is_tcp(our);
        let tolerance = if stamped_apart { Nanos(5 * Nanos::MILLISECOND.0) } else { Nanos(0) };
        let apart = Nanos((our.time - their.time).0.abs());
        assert!(apart <= tolerance, "time of frame {at}: {:?} here, {:?} there", our.time, their.time);
    }
}

fn is_tcp(frame: &Frame) -> bool {
    frame.bytes.get(12..14) == Some(&[8, 0]) && frame.bytes.get(23) == Some(&6)
}

fn outgoing(frames: &[Frame], mac: MacAddr) {
    for frame in frames {
        let sent_by_us = MacAddr::read(&frame.bytes[6..]) == Some(mac);
        assert_eq!(frame.direction, Some(if sent_by_us { Direction::Out } else { Direction::In }));
    }
}

#[test]
fn stamps_bytes_and_directions_are_those_of_tcpdump() {
    on_stage("stamps_bytes_and_directions_are_those_of_tcpdump", || {
        let _peer = cabled();
        let frames = same_as_tcpdump("near", || drop(run("ping -q -c 40 -i 0.005 10.77.0.2")));
        assert!(frames.len() >= 80, "{}", frames.len());
        outgoing(&frames, block_on(interface("near")).mac.expect("a MAC address"));
    });
}

#[test]
fn loopback_frames_are_seen_once() {
    on_stage("loopback_frames_are_seen_once", || {
        let frames = same_as_tcpdump("lo", || drop(run("ping -q -c 30 -i 0.005 127.0.0.1")));
        assert_eq!(frames.len(), 60, "30 requests and 30 replies");
    });
}

#[test]
fn a_stripped_vlan_tag_is_put_back() {
    on_stage("a_stripped_vlan_tag_is_put_back", || {
        let peer = cabled();
        // The kernel takes the tag out of what arrives, with or without a VLAN interface to read it.
        let tags: [[u8; 4]; 3] = [[0x81, 0, 0, 5], [0x81, 0, 0xa0, 1], [0x88, 0xa8, 0x0f, 0xfe]];
        let frames = same_as_tcpdump("near", || {
            peer.run(move || {
                block_on(async {
                    let send = Sockets::open("test", None).expect("sockets").send;
                    let far = interface("far").await;
                    let mut channel = Channel::open(send, &far).expect("a channel");
                    for tag in tags {
                        let addresses = [MacAddr::BROADCAST.0, far.mac.expect("a MAC address").0].concat();
                        let rest = [&[8, 0][..], &echo(THEIRS, OURS, 5, 30)].concat();
                        channel.send(&[&addresses[..], &tag, &rest].concat()).expect("sent");
                    }
                });
            });
        });
        let seen: Vec<&[u8]> = frames.iter().map(|frame| &frame.bytes[12..18]).collect();
        assert_eq!(seen, tags.map(|tag| [&tag[..], &[8, 0]].concat()));
    });
}

/// Sends `size` bytes over TCP to the peer, which reads them all.
fn transfer(peer: &Peer, size: usize) {
    let (ready, wait) = std::sync::mpsc::channel();
    let server = peer.start(move || {
        let listener = TcpListener::bind((THEIRS, 7000)).expect("bind");
        ready.send(()).expect("the test waits");
        let mut got = Vec::new();
        listener.accept().expect("a connection").0.read_to_end(&mut got).expect("bytes");
        got.len()
    });
    wait.recv().expect("the server is ready");
    let mut stream = TcpStream::connect((THEIRS, 7000)).expect("connect");
    for piece in vec![0x55; size].chunks(200_000) {
        stream.write_all(piece).expect("write");
        // Without privilege the sniffer's queue holds three giant segments: leave it time to empty it.
        std::thread::sleep(Duration::from_millis(3));
    }
    drop(stream);
    assert_eq!(server.join().expect("server"), size);
}

#[test]
fn giant_segments_arrive_whole_with_their_checksum_pending() {
    on_stage("giant_segments_arrive_whole_with_their_checksum_pending", || {
        let peer = cabled();
        let frames = same_as_tcpdump("near", || transfer(&peer, 4 << 20));
        let largest = frames.iter().map(|frame| frame.bytes.len()).max().expect("frames");
        assert!(largest > 32_000, "a segment far larger than the MTU: {largest}");
        let tcp = |frame: &&Frame| is_tcp(frame);
        // With data: the last ACK of a closed connection comes with its checksum done.
        let sent = |frame: &&Frame| frame.direction == Some(Direction::Out) && frame.original > 100;
        assert!(frames.iter().filter(tcp).filter(sent).all(|frame| frame.checksum_pending));
        if works("ethtool -K near tx off && ip link set near mtu 1500") {
            let plain = same_as_tcpdump("near", || transfer(&peer, 4096));
            assert!(plain.iter().filter(tcp).any(|frame| sent(&frame)));
            assert!(plain.iter().filter(tcp).filter(sent).all(|frame| !frame.checksum_pending));
        } else {
            eprintln!("SKIPPED in part: no ethtool here");
        }
    });
}

/// Raises every limit on segment sizes of one end; `ip` does not know the ones for IPv4 everywhere.
fn allow_big_segments(name: &str) {
    const IFLA_GSO_IPV4_MAX_SIZE: u16 = 63;
    const IFLA_GRO_IPV4_MAX_SIZE: u16 = 64;
    const SIZE: u32 = 150_000;
    block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection().expect("netlink");
        tokio::spawn(connection);
        let mut message = LinkMessage::default();
        message.header.index = interface(name).await.index;
        let ipv4 = |code| LinkAttribute::Other(DefaultNla::new(code, SIZE.to_ne_bytes().to_vec()));
        message.attributes.extend([
            LinkAttribute::GsoMaxSize(SIZE),
            ipv4(IFLA_GSO_IPV4_MAX_SIZE),
            ipv4(IFLA_GRO_IPV4_MAX_SIZE),
        ]);
        handle.link().change(message).execute().await.expect("big segments (Linux 6.3)");
    });
}

#[test]
fn segments_beyond_64_kib_arrive_whole() {
    on_stage("segments_beyond_64_kib_arrive_whole", || {
        let peer = cabled();
        allow_big_segments("near");
        peer.run(|| allow_big_segments("far"));
        let frames = same_as_tcpdump("near", || transfer(&peer, 8 << 20));
        let largest = frames.iter().map(|frame| frame.bytes.len()).max().expect("frames");
        assert!(largest > 65_549, "{largest}");
        assert!(frames.iter().all(|frame| frame.bytes.len() == frame.original));
    });
}

#[test]
fn a_small_buffer_still_tells_the_original_length() {
    on_stage("a_small_buffer_still_tells_the_original_length", || {
        let _peer = cabled();
        let frames = block_on(async {
            let (sniffer, _, _) = sniff("near", &Filter::new().between(OURS, Some(THEIRS))).await;
            let mut sniffer = sniffer.keeping(60);
            run("ping -q -c 3 -i 0.01 -s 1000 10.77.0.2");
            drain(&mut sniffer).await
        });
        assert_eq!(frames.len(), 6);
        assert!(frames.iter().all(|frame| (frame.bytes.len(), frame.original) == (60, 14 + 20 + 8 + 1000)));
    });
}

/// Waits for the next thing and says how much processor time this thread used meanwhile.
async fn idle(sniffer: &mut Sniffer) -> Duration {
    let clock = || nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock");
    let before = Duration::from(clock());
    let quiet = tokio::time::timeout(Duration::from_millis(600), sniffer.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    Duration::from(clock()).saturating_sub(before)
}

/// Runs a command line a moment from now, when the sniffer waits.
fn soon(line: &'static str) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(60));
        run(line)
    })
}

#[test]
fn a_link_that_goes_down_is_named_once_and_waited_for() {
    on_stage("a_link_that_goes_down_is_named_once_and_waited_for", || {
        let _peer = cabled();
        let name = "interface near went down";
        block_on(async {
            let (mut sniffer, _, _) = sniff("near", &Filter::everything()).await;
            let down = soon("ip link set near down");
            let error = sniffer.next().await.expect_err("the link is down");
            assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Interface, name));
            down.join().expect("down");
            let used = idle(&mut sniffer).await;
            assert!(used < Duration::from_millis(60), "no spin while it is down: {used:?}");
            let up = soon("ip link set near up && sleep 0.05 && ping -q -c 1 10.77.0.2");
            assert!(sniffer.next().await.expect("no error").is_some(), "frames again once it is up");
            drain(&mut sniffer).await;
            up.join().expect("up");
            let used = idle(&mut sniffer).await;
            assert!(used < Duration::from_millis(60), "no spin while it is quiet: {used:?}");
            run("ip link set near down");
            assert_eq!(sniffer.next().await.expect_err("down again").to_string(), name);
            run("ip link del near");
            let error = sniffer.next().await.expect_err("the link is gone");
            assert_eq!(error.to_string(), "interface near was deleted");
            assert_eq!(sniffer.next().await, Ok(None));
        });
    });
}

#[test]
fn a_link_that_is_deleted_is_named_once_and_ends() {
    on_stage("a_link_that_is_deleted_is_named_once_and_ends", || {
        for _ in 0..5 {
            let _peer = cabled();
            block_on(async {
                let (mut sniffer, _, _) = sniff("near", &Filter::everything()).await;
                let deleted = soon("ip link del near");
                let error = sniffer.next().await.expect_err("the link is gone");
                let expected = (Kind::Interface, "interface near was deleted".to_owned());
                assert_eq!((error.kind(), error.to_string()), expected);
                assert_eq!(sniffer.next().await, Ok(None));
                deleted.join().expect("deleted");
            });
        }
    });
}

fn sum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low)));
    let total = words.sum::<u32>();
    let folded = (total & 0xffff) + (total >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    (!u16::try_from(folded).expect("folded")).to_be_bytes()
}

/// An IPv4 echo request, complete with checksums.
fn echo(source: Ipv4Addr, target: Ipv4Addr, identifier: u16, payload: usize) -> Vec<u8> {
    let mut icmp = vec![8, 0, 0, 0];
    icmp.extend(identifier.to_be_bytes());
    icmp.extend([0, 1]);
    icmp.resize(8 + payload, 0x61);
    let check = sum(&icmp);
    icmp[2..4].copy_from_slice(&check);
    let total = u16::try_from(20 + icmp.len()).expect("short");
    let mut ip = vec![0x45, 0];
    ip.extend(total.to_be_bytes());
    ip.extend([0x12, 0x34, 0, 0, 64, 1, 0, 0]);
    ip.extend(source.octets());
    ip.extend(target.octets());
    let check = sum(&ip);
    ip[10..12].copy_from_slice(&check);
    ip.extend(icmp);
    ip
}

fn framed(to: MacAddr, from: MacAddr, packet: &[u8]) -> Vec<u8> {
    [&to.0[..], &from.0, &[8, 0], packet].concat()
}

/// Type, direction and time of each frame's ICMP message.
fn icmp(frames: &[Frame]) -> Vec<(u8, Direction)> {
    let at = |frame: &Frame| if frame.link == LinkType::Ethernet { 34 } else { 20 };
    frames.iter().map(|frame| (frame.bytes[at(frame)], frame.direction.expect("live"))).collect()
}

#[test]
fn a_crafted_frame_is_seen_leaving_and_answered() {
    on_stage("a_crafted_frame_is_seen_leaving_and_answered", || {
        let peer = cabled();
        let theirs = peer.sh("cat /sys/class/net/far/address 2>/dev/null || ip -br link show far");
        let theirs: MacAddr = theirs.split_whitespace().find_map(|word| word.parse().ok()).unwrap_or_else(|| {
            let line = peer.sh("ip -br link show far");
            line.split_whitespace().find_map(|word| word.parse().ok()).expect("a MAC address")
        });
        block_on(async {
            run(&format!("ip neigh replace 10.77.0.2 lladdr {theirs} dev near nud permanent"));
            let (near, path) = path_to(THEIRS, Options::default()).await.expect("a path");
            assert_eq!(path.hop, Hop::OnLink { known: Some(theirs) });
            let filter = Filter::new().echo(OURS, Some(THEIRS), 0x7b);
            let (mut sniffer, send, _) = sniff("near", &filter).await;
            let mut channel = Channel::open(send, &near).expect("a channel");
            assert_eq!(channel.takes(), LinkType::Ethernet);
            let frame = framed(theirs, near.mac.expect("a MAC address"), &echo(OURS, THEIRS, 0x7b, 48));
            channel.send(&frame).expect("sent");
            let frames = drain(&mut sniffer).await;
            assert_eq!(icmp(&frames), [(8, Direction::Out), (0, Direction::In)]);
            assert_eq!(frames[0].bytes, frame);
            assert!(frames[0].time < frames[1].time);
        });
    });
}

fn now() -> Nanos {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Nanos(i64::try_from(since.as_nanos()).expect("before 2262"))
}

#[test]
fn the_first_stamp_already_lies_within_its_send() {
    on_stage("the_first_stamp_already_lies_within_its_send", || {
        let _peer = cabled();
        block_on(async {
            let (mut sniffer, send, near) = sniff("near", &Filter::new().between(OURS, Some(THEIRS))).await;
            let mut channel = Channel::open(send, &near).expect("a channel");
            let packet = echo(OURS, THEIRS, 1, 0);
            let frame = framed(MacAddr::BROADCAST, near.mac.expect("a MAC address"), &packet);
            for attempt in 0..10 {
                let before = now();
                channel.send(&frame).expect("sent");
                let after = now();
                let mut frames = std::iter::from_fn(|| sniffer.try_next().expect("no error"));
                let seen = frames.find(|frame| frame.direction == Some(Direction::Out)).expect("seen leaving").time;
                assert!(before <= seen && seen <= after, "frame {attempt}: {before:?} {seen:?} {after:?}");
            }
        });
    });
}

#[test]
fn loopback_answers_packets_and_tells_ours_apart() {
    on_stage("loopback_answers_packets_and_tells_ours_apart", || {
        block_on(async {
            let target = Ipv4Addr::LOCALHOST;
            let (lo, path) = path_to(target, Options::default()).await.expect("a path");
            assert_eq!((path.hop, path.source, path.interface.as_str()), (Hop::Local, target, "lo"));
            let (mut sniffer, send, _) = sniff("lo", &Filter::new().echo(target, Some(target), 9)).await;
            let mut channel = Channel::open(send, &lo).expect("a channel");
            assert_eq!(channel.takes(), LinkType::RawIp);
            for _ in 0..3 {
                channel.send(&echo(target, target, 9, 48)).expect("sent");
            }
            let frames = drain(&mut sniffer).await;
            let (requests, replies) = (icmp(&frames), 3);
            assert_eq!(requests.iter().filter(|seen| **seen == (8, Direction::Out)).count(), replies);
            assert_eq!(requests.iter().filter(|seen| **seen == (0, Direction::In)).count(), replies);
            assert_eq!(requests.len(), 2 * replies);
        });
    });
}

#[test]
fn a_tunnel_takes_packets_without_ethernet() {
    on_stage("a_tunnel_takes_packets_without_ethernet", || {
        let peer = cabled();
        if !works("socat -V && test -w /dev/net/tun") {
            eprintln!("SKIPPED: no socat or no /dev/net/tun here");
            assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "required");
            return;
        }
        let tube = |own: &str, cable: &str, other: &str| {
            // Not `UDP:`, which is connected, and ends when the first packet finds nobody at the other end yet.
            let cable = format!("UDP-DATAGRAM:{other}:11443,bind={cable}:11443");
            let tun = format!("TUN:{own}/24,tun-name=tube,iff-no-pi,iff-up");
            Beside::start(std::process::Command::new("socat").args([cable, tun]))
        };
        let _near = tube("10.88.0.1", "10.77.0.1", "10.77.0.2");
        let _far = peer.run(move || tube("10.88.0.2", "10.77.0.2", "10.77.0.1"));
        run("timeout 20 sh -c 'until ping -q -c 1 -W 1 10.88.0.2; do sleep 0.05; done'");
        block_on(async {
            let (ours, theirs) = (Ipv4Addr::new(10, 88, 0, 1), Ipv4Addr::new(10, 88, 0, 2));
            let (tube, path) = path_to(theirs, Options::default()).await.expect("a path");
            assert_eq!(path.hop, Hop::Peer { router: None });
            let (mut sniffer, send, _) = sniff("tube", &Filter::new().echo(ours, Some(theirs), 7)).await;
            let mut channel = Channel::open(send, &tube).expect("a channel");
            channel.send(&echo(ours, theirs, 7, 48)).expect("sent");
            let frames = drain(&mut sniffer).await;
            assert_eq!(icmp(&frames), [(8, Direction::Out), (0, Direction::In)]);
            assert!(frames.iter().all(|frame| frame.link == LinkType::RawIp && frame.bytes[0] == 0x45));
        });
    });
}

#[test]
fn what_the_kernel_does_not_take_is_named() {
    on_stage("what_the_kernel_does_not_take_is_named", || {
        let _peer = cabled();
        block_on(async {
            let send = || Sockets::open("test", None).expect("sockets").send;
            let near = interface("near").await;
            let mut channel = Channel::open(send(), &near).expect("a channel");
            let frame = |payload| framed(MacAddr::BROADCAST, near.mac.expect("a MAC"), &echo(OURS, THEIRS, 1, payload));
            let symbol = |result: Result<(), netlab::wire::SendError>| result.expect_err("refused").symbol();
            assert_eq!(symbol(channel.send(&frame(1473))), "EMSGSIZE");
            assert_eq!(channel.send(&frame(1472)), Ok(()));
            assert_eq!(symbol(channel.send(&[1, 2, 3])), "EINVAL");
            if works("tc qdisc add dev near root tbf rate 8kbit burst 1600 limit 3000") {
                let outcomes: Vec<_> = (0..10).map(|_| channel.send(&frame(1000))).collect();
                assert!(outcomes.iter().filter_map(|sent| sent.err()).all(|error| error.symbol() == "ENOBUFS"));
                assert!(outcomes.iter().any(Result::is_err), "{outcomes:?}");
                run("tc qdisc del dev near root");
            } else {
                eprintln!("SKIPPED in part: no traffic control here, ENOBUFS not provoked");
            }
            run("ip link set near down");
            assert_eq!(symbol(channel.send(&frame(8))), "ENETDOWN");
            run("ip link del near");
            assert!(["ENXIO", "ENODEV"].contains(&symbol(channel.send(&frame(8))).as_str()));
        });
    });
}

#[test]
fn paths_are_those_of_the_kernel() {
    on_stage("paths_are_those_of_the_kernel", || {
        let _peer = cabled();
        for (name, other) in [("second", "second-far"), ("empty", "empty-far"), ("silent", "silent-far")] {
            run(&format!("ip link add {name} type veth peer name {other} && ip link set {other} up"));
        }
        run("ip addr add 10.78.0.1/30 dev second && ip link set second up && ip link set empty up");
        run("ip link add loose type veth peer name loose-far && ip link set loose up");
        let path = |target: [u8; 4], options: Options<'static>| {
            block_on(path_to(Ipv4Addr::from(target), options)).map(|(_, path)| path)
        };
        let plain = Options::default();
        let by = |name| Options { interface: Some(name), ..plain };
        let refusal = |target, options| {
            let error = path(target, options).expect_err("refused");
            assert!(!error.hints().is_empty(), "{error}");
            (error.kind(), error.to_string())
        };

        let direct = path([10, 77, 0, 2], plain).expect("on link");
        assert_eq!((direct.hop, direct.source, direct.mtu), (Hop::OnLink { known: None }, OURS, 1500));
        assert_eq!(direct.network.map(|network| network.to_string()).as_deref(), Some("10.77.0.1/24"));
        let (kind, text) = refusal([8, 8, 8, 8], plain);
        assert_eq!((kind, text.as_str()), (Kind::Route, "no route to 8.8.8.8: the network is unreachable"));
        run("ip route add default via 10.77.0.9");
        let routed = path([8, 8, 8, 8], plain).expect("by the router");
        assert_eq!(routed.hop, Hop::Router { address: Ipv4Addr::new(10, 77, 0, 9), known: None });
        let told = run("ip route get 8.8.8.8");
        assert!(told.contains("via 10.77.0.9 dev near src 10.77.0.1"), "{told}");
        let (kind, text) = refusal([8, 8, 8, 8], by("second"));
        assert_eq!((kind, text.contains("by interface second")), (Kind::Route, true), "{text}");
        run(
            "ip route add unreachable 192.0.2.0/25 && ip route add prohibit 192.0.2.128/26 && ip route add blackhole 192.0.2.192/26",
        );
        for target in [1, 129, 193] {
            assert_eq!(refusal([192, 0, 2, target], plain).0, Kind::Route);
        }

        for own in [[127, 0, 0, 1], [127, 1, 2, 3], [10, 77, 0, 1]] {
            let own = path(own, plain).expect("ourselves");
            assert_eq!((own.hop, own.interface.as_str()), (Hop::Local, "lo"));
        }
        assert_eq!(path([10, 77, 0, 1], by("near")).expect("ourselves").interface, "lo");

        assert_eq!(refusal([10, 77, 0, 2], by("eth99")), (Kind::Interface, "there is no interface eth99".into()));
        assert_eq!(refusal([10, 77, 0, 2], by("silent")), (Kind::Interface, "interface silent is down".into()));
        assert_eq!(
            refusal([10, 77, 0, 2], by("empty")),
            (Kind::Interface, "interface empty has no IPv4 address".into())
        );
        let (kind, text) = refusal([10, 77, 0, 2], by("loose"));
        assert_eq!((kind, text.contains("not connected")), (Kind::Interface, true), "{text}");
        assert_eq!(refusal([0, 0, 0, 0], plain).0, Kind::Usage);

        let from = |source| Options { source: Some(Ipv4Addr::from(source)), ..plain };
        assert_eq!(
            path([10, 77, 0, 2], from([10, 78, 0, 1])).expect("our other address").source,
            Ipv4Addr::new(10, 78, 0, 1)
        );
        let (kind, text) = refusal([10, 77, 0, 2], from([10, 77, 0, 66]));
        assert_eq!((kind, text.as_str()), (Kind::Usage, "10.77.0.66 is not an address of this host"));

        let (kind, text) = refusal([10, 77, 0, 2], from([127, 0, 0, 1]));
        let expected = "127.0.0.1 cannot be the source of packets to 10.77.0.2";
        assert_eq!((kind, text.as_str()), (Kind::Usage, expected));
        let (kind, text) = refusal([192, 0, 2, 193], from([10, 77, 0, 1]));
        assert_eq!((kind, text.contains("blackhole")), (Kind::Route, true), "{text}");

        let loud = Options { broadcast: true, ..plain };
        for (group, mac) in [
            ([255, 255, 255, 255], MacAddr::BROADCAST),
            ([10, 77, 0, 255], MacAddr::BROADCAST),
            ([224, 0, 0, 251], MacAddr([1, 0, 0x5e, 0, 0, 251])),
            ([239, 129, 2, 3], MacAddr([1, 0, 0x5e, 1, 2, 3])),
        ] {
            assert_eq!(refusal(group, plain).0, Kind::Usage);
            let path = path(group, loud).expect("a group");
            assert_eq!((path.hop, path.interface.as_str()), (Hop::Group { mac }, "near"));
        }
        assert_eq!(direct.known_from, KnownFrom::Neighbours);
        run("ip link set second arp off");
        let unasked = path([10, 78, 0, 2], plain).expect("on link");
        let own = block_on(interface("second")).mac;
        assert_eq!((unasked.hop, unasked.known_from), (Hop::OnLink { known: own }, KnownFrom::Interface));
        run("ip link set near down");
        assert_eq!(refusal([10, 77, 0, 2], by("near")), (Kind::Interface, "interface near is down".into()));
    });
}

#[test]
fn only_confirmed_neighbours_count() {
    on_stage("only_confirmed_neighbours_count", || {
        let _peer = cabled();
        let states = [("permanent", true), ("reachable", true), ("noarp", true), ("stale", false), ("delay", false)];
        for (state, counts) in states {
            run(&format!("ip neigh replace 10.77.0.50 lladdr 02:00:00:00:00:50 dev near nud {state}"));
            let known = block_on(async {
                netlab::wire::neighbour(interface("near").await.index, Ipv4Addr::new(10, 77, 0, 50)).await
            });
            let expected = counts.then_some(MacAddr([2, 0, 0, 0, 0, 0x50]));
            assert_eq!(known, Ok(expected), "{state}");
            run("ip neigh del 10.77.0.50 dev near");
        }
    });
}

#[test]
fn a_filter_lets_through_what_tcpdump_lets_through() {
    on_stage("a_filter_lets_through_what_tcpdump_lets_through", || {
        let peer = cabled();
        let cases = [
            (Filter::new().arp(THEIRS), "arp host 10.77.0.2"),
            (
                Filter::new().echo(OURS, Some(THEIRS), 77),
                "icmp[4:2] = 77 and host 10.77.0.2 and (icmp[0] = 0 or icmp[0] = 8)",
            ),
            (Filter::new().icmp_errors(OURS), "icmp[0] = 3 and dst 10.77.0.1"),
            (Filter::new().tcp((OURS, None), (Some(THEIRS), Some(7000))), "tcp port 7000"),
            (Filter::new().udp((OURS, None), (Some(THEIRS), Some(9))), "udp port 9 and not icmp"),
            (Filter::new().later_fragments(OURS, Some(THEIRS)), "ip[6:2] & 0x1fff != 0"),
        ];
        for (filter, expression) in cases {
            run("ip neigh flush dev near");
            let witness = Witness::listen("near", &[expression]);
            let frames = block_on(async {
                let (mut sniffer, _, _) = sniff("near", &filter).await;
                run("ping -q -c 2 -i 0.01 -e 77 10.77.0.2 && ping -q -c 2 -i 0.01 -e 78 -s 3000 10.77.0.2");
                let socket = std::net::UdpSocket::bind((OURS, 0)).expect("bind");
                drop(socket.send_to(b"closed", (THEIRS, 9)));
                transfer(&peer, 1000);
                drain(&mut sniffer).await
            });
            let records = witness.testimony();
            assert!(!records.is_empty(), "{expression} is caused");
            compare(&frames, &records);
        }
    });
}

#[test]
fn frames_without_end_leave_other_tasks_their_turn() {
    on_stage("frames_without_end_leave_other_tasks_their_turn", || {
        let _peer = cabled();
        block_on(async {
            let (mut sniffer, _, _) = sniff("near", &Filter::new().between(OURS, Some(THEIRS))).await;
            run("ping -q -c 1 10.77.0.2");
            let socket = std::net::UdpSocket::bind((OURS, 0)).expect("bind");
            for _ in 0..400 {
                drop(socket.send_to(&[0; 64], (THEIRS, 9)));
            }
            let turns = std::rc::Rc::new(std::cell::Cell::new(0));
            let counted = turns.clone();
            let local = tokio::task::LocalSet::new();
            local.spawn_local(async move {
                loop {
                    counted.set(counted.get() + 1);
                    tokio::task::yield_now().await;
                }
            });
            local
                .run_until(async {
                    for _ in 0..400 {
                        sniffer.next().await.expect("no error").expect("not ended");
                    }
                })
                .await;
            assert!(turns.get() >= 3, "{} turns in 400 frames that were all there", turns.get());
        });
    });
}

#[test]
fn frames_between_others_are_told_apart() {
    on_stage("frames_between_others_are_told_apart", || {
        let peer = cabled();
        let directions = block_on(async {
            let (mut sniffer, _, near) = sniff("near", &Filter::new().between(OURS, Some(THEIRS))).await;
            let ours = near.mac.expect("a MAC address");
            peer.run(move || {
                block_on(async {
                    let send = Sockets::open("test", None).expect("sockets").send;
                    let far = interface("far").await;
                    let mut channel = Channel::open(send, &far).expect("a channel");
                    for to in [MacAddr([2, 0, 0, 0, 0, 9]), ours, MacAddr::BROADCAST] {
                        // An echo reply that nobody asked for provokes no answer.
                        let mut packet = echo(THEIRS, OURS, 5, 30);
                        packet[20] = 0;
                        channel.send(&framed(to, far.mac.expect("a MAC address"), &packet)).expect("sent");
                    }
                });
            });
            let frames = drain(&mut sniffer).await;
            frames.into_iter().map(|frame| frame.direction.expect("live")).collect::<Vec<_>>()
        });
        assert_eq!(directions, [Direction::Other, Direction::In, Direction::In]);
    });
}

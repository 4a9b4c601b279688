//! What a process's call does to a socket, as a claim on what the socket will send and receive.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::libc;
use socket2::SockRef;

use super::notice::{Call, Notice};
use super::{Beyond, Claim, Word, launch, tree};
use crate::model::Nanos;

/// The sockets of the command that have been seen.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    /// Sockets that have no end of their own yet, but soon will: the call that gives it to them is under way.
    pending: Vec<Pending>,
    /// Sockets whose own end is claimed, with any other end: their inodes, protocols and ends.
    claimed: HashMap<u64, (u8, SocketAddr)>,
    told: HashSet<Beyond>,
}

/// A socket that is held until its own end is known. It would not quite close meanwhile, so that is not for long.
#[derive(Debug)]
struct Pending {
    socket: OwnedFd,
    inode: u64,
    protocol: u8,
    remote: Option<SocketAddr>,
    since: Nanos,
    patience: Instant,
}

/// How long a call takes at most to give a socket its own end.
const PATIENCE: Duration = Duration::from_millis(100);

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// Sockets of services that look names up for others, where they run.
const NAME_SERVICES: [&str; 3] =
    ["/run/nscd/socket", "/var/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve"];

/// What kind of socket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    Inet { protocol: u8, raw: bool },
    Unix,
    Packet,
    Other,
}

impl Sockets {
    /// Whether some are held.
    pub fn are_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Looks at the socket of a process that waits to make a call. Its words, if the call is about a socket that
    /// matters; what it will claim is said by [`Sockets::settle`] when the call is under way.
    pub fn look(&mut self, notice: Notice) -> Vec<Word> {
        let mut words = Vec::new();
        // Whoever is too fast for us, or not to be looked at, is answered for by its packets.
        let _ = self.try_look(notice, &mut words);
        words
    }

    fn try_look(&mut self, notice: Notice, words: &mut Vec<Word>) -> Option<()> {
        let process = tree::process_of(notice.thread)?;
        let since = now();
        #[allow(clippy::cast_possible_truncation)] // a descriptor is an int; the upper half is rubbish
        let number = |argument: usize| notice.arguments[argument] as i32;
        let number = match notice.call {
            Call::Exit => {
                let inodes: Vec<u64> = self.claimed.keys().copied().collect();
                let held = tree::held(process, &inodes);
                for inode in held {
                    self.close(process, inode, true, since, words);
                }
                return Some(());
            }
            Call::Replace => number(1),
            _ => number(0),
        };
        let inode = tree::socket(process, number)?;
        if matches!(notice.call, Call::Close | Call::Replace) {
            self.close(process, inode, false, since, words);
            return Some(());
        }
        let sends = matches!(notice.call, Call::SendTo | Call::SendMessage | Call::SendMessages);
        if sends && self.claimed.contains_key(&inode) {
            return Some(());
        }
        let socket = launch::borrow(process, number).ok()?;
        let memory = || File::open(format!("/proc/{process}/mem")).ok();
        match nature(&socket)? {
            Nature::Inet { protocol: protocol @ (TCP | UDP), raw: false } => {
                let remote = match notice.call {
                    Call::Connect | Call::SendTo if protocol == TCP => Some(target(notice, &memory()?)?),
                    Call::SendMessage | Call::SendMessages | Call::Bind if protocol == TCP => return None,
                    _ => None,
                };
                self.pending.push(Pending { socket, inode, protocol, remote, since, patience: Instant::now() });
            }
            Nature::Inet { protocol: protocol @ (ICMP | ICMPV6), raw: false } => {
                self.pending.push(Pending { socket, inode, protocol, remote: None, since, patience: Instant::now() });
            }
            Nature::Inet { protocol: protocol @ (ICMP | ICMPV6), raw: true } if sends => {
                let memory = memory()?;
                let (remote, identifier) = (target(notice, &memory)?, identifier(notice, &memory)?);
                let any: IpAddr =
                    if remote.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
                let local = SocketAddr::new(any, identifier);
                words.push(Word::Claim { claim: Claim { protocol, local, remote: Some(remote) }, since });
            }
            Nature::Inet { raw: true, .. } if sends => self.beyond(Beyond::RawSocket, words),
            Nature::Packet if sends || notice.call == Call::Bind => self.beyond(Beyond::PacketSocket, words),
            Nature::Unix if notice.call == Call::Connect => {
                let bytes = address(notice, &memory()?)?;
                let path = bytes.get(2..)?.split(|byte| *byte == 0).next()?;
                let serves = |service: &&str| service.as_bytes() == path && std::fs::metadata(service).is_ok();
                if NAME_SERVICES.iter().any(serves) {
                    self.beyond(Beyond::NameService, words);
                }
            }
            _ => {}
        }
        Some(())
    }

    /// A process is about to close a socket, or all that it has where it `ends`. If nobody else has the socket, its port
    /// is free then.
    fn close(&mut self, process: u32, inode: u64, ends: bool, until: Nanos, words: &mut Vec<Word>) {
        let Some((protocol, local)) = self.claimed.get(&inode).copied() else { return };
        let family = tree::descendants(std::process::id());
        let elsewhere = family.iter().filter(|other| **other != process).any(|other| tree::count(*other, inode) > 0);
        if (ends || tree::count(process, inode) <= 1) && !elsewhere {
            self.claimed.remove(&inode);
            words.push(Word::Closed { protocol, port: local.port(), until });
        }
    }

    fn beyond(&mut self, what: Beyond, words: &mut Vec<Word>) {
        if self.told.insert(what) {
            words.push(Word::Beyond(what));
        }
    }

    /// The claims of those sockets that have an own end by now.
    pub fn settle(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        let claimed = &mut self.claimed;
        self.pending.retain(|pending| {
            let own = SockRef::from(&pending.socket).local_addr().ok().and_then(|own| own.as_socket());
            match own.filter(|own| own.port() != 0) {
                Some(local) => {
                    let (protocol, local, remote) = (pending.protocol, plain(local), pending.remote);
                    if remote.is_none() {
                        let before = claimed.insert(pending.inode, (protocol, local));
                        // One that is bound to any address is claimed for all.
                        if before.is_some_and(|(_, known)| known.ip().is_unspecified() || known == local) {
                            return false;
                        }
                    }
                    words.push(Word::Claim { claim: Claim { protocol, local, remote }, since: pending.since });
                    false
                }
                // Its call failed.
                None => pending.patience.elapsed() < PATIENCE,
            }
        });
        words
    }
}

fn now() -> Nanos {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Nanos(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}

fn nature(socket: &OwnedFd) -> Option<Nature> {
    let socket = SockRef::from(socket);
    let domain = i32::from(socket.domain().ok()?);
    let number = socket.protocol().ok()?.map_or(0, i32::from);
    let raw = socket.r#type().ok()? == socket2::Type::RAW;
    Some(match domain {
        libc::AF_INET | libc::AF_INET6 => Nature::Inet { protocol: u8::try_from(number).unwrap_or(u8::MAX), raw },
        libc::AF_UNIX => Nature::Unix,
        libc::AF_PACKET => Nature::Packet,
        _ => Nature::Other,
    })
}

/// The address that the call names, as bytes of the process's memory.
fn address(notice: Notice, memory: &File) -> Option<Vec<u8>> {
    let (pointer, length) = match notice.call {
        Call::Bind | Call::Connect => (notice.arguments[1], notice.arguments[2]),
        Call::SendTo => (notice.arguments[4], notice.arguments[5]),
        Call::SendMessage | Call::SendMessages => {
            let header = read(memory, notice.arguments[1], 56)?;
            (long(&header, 0)?, long(&header, 8)? & 0xffff_ffff)
        }
        Call::Listen | Call::Close | Call::Replace | Call::Exit => return None,
    };
    read(memory, pointer, usize::try_from(length).ok()?.min(128))
}

/// The IP address and port that the call names.
fn target(notice: Notice, memory: &File) -> Option<SocketAddr> {
    let bytes = address(notice, memory)?;
    let family = u16::from_ne_bytes(*bytes.first_chunk()?);
    let port = u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
    let address: IpAddr = match i32::from(family) {
        libc::AF_INET => Ipv4Addr::from(*bytes.get(4..)?.first_chunk::<4>()?).into(),
        libc::AF_INET6 => Ipv6Addr::from(*bytes.get(8..)?.first_chunk::<16>()?).into(),
        _ => return None,
    };
    Some(plain(SocketAddr::new(address, port)))
}

/// The identifier of the echo request that the call sends.
fn identifier(notice: Notice, memory: &File) -> Option<u16> {
    let pointer = match notice.call {
        Call::SendTo => notice.arguments[1],
        _ => {
            let header = read(memory, notice.arguments[1], 56)?;
            let parts = read(memory, long(&header, 16)?, 16)?;
            long(&parts, 0)?
        }
    };
    let message = read(memory, pointer, 8)?;
    matches!(message.first()?, 8 | 128).then(|| message.get(4..)?.first_chunk().map(|id| u16::from_be_bytes(*id)))?
}

fn read(memory: &File, pointer: u64, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    memory.read_exact_at(&mut bytes, pointer).ok()?;
    Some(bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes))
}

/// An IPv4 address in IPv6's clothes as what it is on the wire.
fn plain(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V6(ip) => SocketAddr::new(ip.to_canonical(), address.port()),
        IpAddr::V4(ip) => SocketAddr::new(ip.into(), address.port()),
    }
}

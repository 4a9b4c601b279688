//! The socket between two ends, as the kernel knows it (`sock_diag(7)`): its inode.

use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

const NETLINK: i32 = 16;
const SOCK_DIAG: i32 = 4;
const BY_FAMILY: u16 = 20;
const REQUEST: u16 = 1;

const INET: u8 = 2;
const INET6: u8 = 10;
const UDP: u8 = 17;

/// Length of a netlink header, of `inet_diag_req_v2`, and where the inode is in `inet_diag_msg`.
const HEADER: usize = 16;
const QUESTION: usize = 56;
const INODE: usize = 68;

/// A line to the kernel.
#[derive(Debug)]
pub(super) struct Diag(Socket);

impl Diag {
    /// Opens it, for the network namespace of the calling thread.
    pub fn open() -> io::Result<Self> {
        let socket = Socket::new(Domain::from(NETLINK), Type::RAW, Some(Protocol::from(SOCK_DIAG)))?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        Ok(Self(socket))
    }

    /// The inode of the socket that a packet from `remote` to `local` would reach; 0 where the kernel keeps only the
    /// rest of one.
    pub fn inode(&self, protocol: u8, local: SocketAddr, remote: SocketAddr) -> Option<u64> {
        self.0.send(&question(protocol, local, remote)).ok()?;
        let mut buffer = [0; 1024];
        let length = (&self.0).read(&mut buffer).ok()?;
        let answer = buffer.get(..length)?;
        let kind = u16::from_ne_bytes(*answer.get(4..)?.first_chunk()?);
        let inode = answer.get(HEADER + INODE..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes));
        inode.filter(|_| kind == BY_FAMILY).map(u64::from)
    }
}

fn question(protocol: u8, local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let length = HEADER + QUESTION;
    let mut out = Vec::with_capacity(length);
    out.extend(u32::try_from(length).unwrap_or(0).to_ne_bytes());
    out.extend(BY_FAMILY.to_ne_bytes());
    out.extend(REQUEST.to_ne_bytes());
    out.extend([0; 8]);
    let family = if local.is_ipv4() { INET } else { INET6 };
    out.extend([family, protocol, 0, 0]);
    out.extend(u32::MAX.to_ne_bytes());
    // "src and dst are swapped for historical reasons" (net/ipv4/udp_diag.c).
    let (source, destination) = if protocol == UDP { (remote, local) } else { (local, remote) };
    out.extend(source.port().to_be_bytes());
    out.extend(destination.port().to_be_bytes());
    out.extend(sixteen(source.ip()));
    out.extend(sixteen(destination.ip()));
    out.extend([0; 4]);
    // No cookie is known.
    out.extend([0xff; 8]);
    out
}

fn sixteen(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V6(address) => address.octets(),
        IpAddr::V4(address) => {
            let mut out = [0; 16];
            out[..4].copy_from_slice(&address.octets());
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsRawFd;

    use super::super::tree;
    use super::*;

    #[test]
    fn sockets_are_found_by_their_ends() {
        let diag = Diag::open().expect("netlink");
        let inode = |file: &dyn AsRawFd| tree::socket(std::process::id(), file.as_raw_fd());
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(host) else { continue };
            let there = listener.local_addr().expect("bound");
            let stream = TcpStream::connect(there).expect("connects");
            let here = stream.local_addr().expect("bound");
            let (accepted, _) = listener.accept().expect("accepts");
            assert_eq!(diag.inode(6, here, there), inode(&stream));
            assert_eq!(diag.inode(6, there, here), inode(&accepted));
            let udp = UdpSocket::bind(host).expect("bound");
            let ours = udp.local_addr().expect("bound");
            assert_eq!(diag.inode(17, ours, there), inode(&udp));
            udp.connect(there).expect("connects");
            assert_eq!(diag.inode(17, ours, there), inode(&udp));
            assert_eq!(diag.inode(17, here, there).filter(|found| *found != 0), None);
        }
    }
}

//! The calls on packet sockets that no safe crate offers: bind by index, receive with everything the kernel says
//! about a frame, the drop counters, and whether an interface index still exists.
#![allow(unsafe_code)] // each block below hands the kernel a pointer to a local value and that value's size

use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use pnet::transport::TransportSender;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::model::Nanos;

/// A frame as the kernel handed it over; its bytes are in the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received {
    /// Bytes written to the buffer.
    pub captured: usize,
    /// Length of the frame without a VLAN tag that the kernel stripped.
    pub original: usize,
    /// `sll_pkttype`: 0 to us, 1 broadcast, 2 multicast, 3 to another host, 4 outgoing (packet(7)).
    pub pkttype: u8,
    /// When the kernel saw it, since the Unix epoch.
    pub stamp: Option<Nanos>,
    /// Stripped VLAN tag: TPID and TCI.
    pub vlan: Option<(u16, u16)>,
    /// The transport checksum is left to the network card.
    pub checksum_pending: bool,
}

/// What an interface index means now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkState {
    /// The interface exists and is up.
    Up,
    /// The interface exists and is down.
    Down,
    /// No interface has this index any more.
    Gone,
}

/// Room for the control messages asked for, aligned as `cmsghdr` wants: a timespec (16 bytes) and a
/// `tpacket_auxdata` (20 bytes), each after a header of 16.
#[repr(C, align(8))]
struct Control([u8; 128]);

fn socklen<T>() -> libc::socklen_t {
    // Infallible: the types used here are smaller than 4 GiB.
    libc::socklen_t::try_from(mem::size_of::<T>()).unwrap_or(0)
}

/// Binds to one interface. `protocol` 0 receives nothing, `ETH_P_ALL` everything.
pub(super) fn bind(socket: BorrowedFd<'_>, index: u32, protocol: u16) -> Result<(), Errno> {
    // SAFETY: sockaddr_ll is plain integers, for which all-zero bytes are valid.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).map_err(|_| Errno::EAFNOSUPPORT)?;
    address.sll_protocol = protocol.to_be();
    address.sll_ifindex = i32::try_from(index).map_err(|_| Errno::ENODEV)?;
    // SAFETY: the pointer and the length describe `address`, which outlives the call.
    let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), socklen::<libc::sockaddr_ll>()) };
    Errno::result(result).map(drop)
}

/// Asks for the VLAN tag and the checksum state beside each frame.
pub(super) fn enable_auxdata(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    let on: libc::c_int = 1;
    // SAFETY: the pointer and the length describe `on`, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_AUXDATA,
            (&raw const on).cast(),
            socklen::<libc::c_int>(),
        )
    };
    Errno::result(result).map(drop)
}

/// Frames that passed the filter and frames dropped for want of buffer, since the last call. The first number
/// includes the second (packet(7)).
pub(super) fn statistics(socket: BorrowedFd<'_>) -> Result<(u32, u32), Errno> {
    let mut counters = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
    let mut length = socklen::<libc::tpacket_stats>();
    // SAFETY: the kernel writes at most `length` bytes to `counters`, which is that long.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            (&raw mut counters).cast(),
            &raw mut length,
        )
    };
    Errno::result(result).map(|_| (counters.tp_packets, counters.tp_drops))
}

/// Receives one frame into `buffer` without waiting.
pub(super) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Received, Errno> {
    let mut address = MaybeUninit::<libc::sockaddr_ll>::zeroed();
    let mut control = Control([0; 128]);
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: msghdr is integers and pointers, for which all-zero bytes are valid.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_name = address.as_mut_ptr().cast();
    message.msg_namelen = socklen::<libc::sockaddr_ll>();
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = mem::size_of::<Control>();
    // SAFETY: every pointer in `message` is to a live local value or to `buffer`, with its true length.
    let result = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_TRUNC | libc::MSG_DONTWAIT) };
    let original = usize::try_from(Errno::result(result)?).unwrap_or(0);
    // SAFETY: the value was zeroed before the kernel wrote to it, and any bytes are a valid sockaddr_ll.
    let address = unsafe { address.assume_init() };
    let mut received = Received {
        captured: original.min(buffer.len()),
        original,
        pkttype: address.sll_pkttype,
        stamp: None,
        vlan: None,
        checksum_pending: false,
    };
    // SAFETY: `message` is as the kernel left it, and its control buffer is alive.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    while !header.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR return null or a header that lies inside the control buffer.
        let (head, data) = unsafe { (*header, libc::CMSG_DATA(header)) };
        // SAFETY: CMSG_LEN only computes.
        let holds = |size: libc::c_uint| head.cmsg_len >= unsafe { libc::CMSG_LEN(size) } as usize;
        match (head.cmsg_level, head.cmsg_type) {
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) if holds(socklen::<libc::timespec>()) => {
                // SAFETY: the message holds a whole timespec; the read does not assume alignment.
                let time: libc::timespec = unsafe { data.cast::<libc::timespec>().read_unaligned() };
                received.stamp = Some(Nanos(time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)));
            }
            (libc::SOL_PACKET, libc::PACKET_AUXDATA) if holds(socklen::<libc::tpacket_auxdata>()) => {
                // SAFETY: the message holds a whole tpacket_auxdata; the read does not assume alignment.
                let aux: libc::tpacket_auxdata = unsafe { data.cast::<libc::tpacket_auxdata>().read_unaligned() };
                received.checksum_pending = aux.tp_status & libc::TP_STATUS_CSUMNOTREADY != 0;
                if aux.tp_status & libc::TP_STATUS_VLAN_VALID != 0 {
                    let known = aux.tp_status & libc::TP_STATUS_VLAN_TPID_VALID != 0;
                    received.vlan = Some((if known { aux.tp_vlan_tpid } else { 0x8100 }, aux.tp_vlan_tci));
                }
            }
            _ => {}
        }
        // SAFETY: `header` is one that these macros returned for this `message`.
        header = unsafe { libc::CMSG_NXTHDR(&raw const message, header) };
    }
    Ok(received)
}

/// Watches a packet socket for frames and for a link that goes down, which the kernel announces as an error condition
/// and not as something to read. Must be called inside a tokio runtime.
pub(super) fn watch(socket: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd is one descriptor for life and closes it only when dropped, and nothing takes it out of the
    // AsyncFd, so tokio never polls a descriptor that has become somebody else's.
    unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE | Interest::ERROR) }.map_err(Into::into)
}

/// The descriptor inside pnet's sender, which pnet shows only as a number.
pub(super) fn descriptor(sender: &TransportSender) -> BorrowedFd<'_> {
    // SAFETY: the sender owns the descriptor and closes it only when it is dropped, which the borrow prevents.
    unsafe { BorrowedFd::borrow_raw(sender.socket.fd) }
}

/// What has become of interface `index`, asked through `socket` so that the socket's own network namespace answers,
/// whichever one the calling thread is in.
pub(super) fn link_state(socket: BorrowedFd<'_>, index: u32) -> LinkState {
    // SAFETY: ifreq is integers and a union of plain values, for which all-zero bytes are valid.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    let Ok(index) = i32::try_from(index) else { return LinkState::Gone };
    request.ifr_ifru.ifru_ifindex = index;
    // SAFETY: SIOCGIFNAME reads the index from `request` and writes the name to it.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFNAME, &raw mut request) } < 0 {
        return LinkState::Gone;
    }
    // SAFETY: SIOCGIFFLAGS reads the name from `request` and writes the flags to it.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut request) } < 0 {
        return LinkState::Gone;
    }
    // SAFETY: the kernel has just filled the flags; any bits are a valid short.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    if i32::from(flags) & libc::IFF_UP == 0 { LinkState::Down } else { LinkState::Up }
}

//! The devices a lab is wired with: TAP interfaces, and the packet socket that stands in for them.
//!
//! The only file of the lab that talks to the kernel through raw structures.
#![allow(unsafe_code)]
// The kernel's constants and lengths are wider in libc than the fields they go to.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // constants and sizes of the kernel's structures, all small

use std::fs::OpenOptions;
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use nix::libc;
use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, SockaddrLike, bind, recvfrom, sendto, socket,
};

mod request {
    use nix::libc;
    nix::ioctl_write_ptr_bad!(set_interface, libc::TUNSETIFF, libc::ifreq);
    nix::ioctl_write_ptr_bad!(set_index, libc::TUNSETIFINDEX, libc::c_uint);
    nix::ioctl_write_int_bad!(set_persistent, libc::TUNSETPERSIST);
    nix::ioctl_readwrite_bad!(ethtool, libc::SIOCETHTOOL, libc::ifreq);
}

/// `ETHTOOL_STXCSUM` of `linux/ethtool.h`: turn the offload of transmit checksums on or off.
const SET_TX_CHECKSUM: u32 = 0x17;

/// `struct ethtool_value` of `linux/ethtool.h`.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// Makes the TAP interface `name` with index `index` in the calling thread's network namespace. Reading from the
/// descriptor gives frames that the kernel sends there; what is written to it, the kernel receives.
pub(super) fn tap(name: &str, index: u32) -> io::Result<OwnedFd> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open("/dev/net/tun")?;
    let fd = file.as_raw_fd();
    let mut interface = named(name)?;
    interface.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: `fd` is open for the whole block; the kernel reads one c_uint and one ifreq that outlive the calls,
    // and copies them. TUNSETPERSIST takes a plain number.
    unsafe {
        request::set_index(fd, &raw const index)?;
        request::set_interface(fd, &raw const interface)?;
        // Closing the last descriptor of a transient TAP waits for the kernel, some 25 ms each.
        request::set_persistent(fd, 1)?;
    }
    Ok(file.into())
}

/// Has the kernel compute checksums itself on `name`, in the calling thread's network namespace. It then also cuts
/// large segments itself.
pub(super) fn compute_checksums(name: &str) -> io::Result<()> {
    let any = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    let mut value = EthtoolValue { command: SET_TX_CHECKSUM, data: 0 };
    let mut interface = named(name)?;
    interface.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: `ifru_data` points to an ethtool_value, which is what this command reads; it and `interface` outlive
    // the call, and the kernel keeps neither.
    unsafe { request::ethtool(any.as_raw_fd(), &raw mut interface)? };
    Ok(())
}

/// The far ends of all veth pairs, on one packet socket: closing it costs some 10 ms, however many ends it has.
#[derive(Debug)]
pub(super) struct Ends {
    socket: OwnedFd,
}

impl Ends {
    /// Listens on every interface of the calling thread's network namespace, those still to come included.
    pub(super) fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Packet, SockType::Raw, flags, None)?;
        let on: libc::c_int = 1;
        // SAFETY: the kernel reads one c_int that outlives the call.
        let result = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_PACKET,
                IGNORE_OUTGOING,
                (&raw const on).cast(),
                mem::size_of_val(&on) as libc::socklen_t,
            )
        };
        nix::errno::Errno::result(result)?;
        // Bound to the protocol only now, so that it never saw a frame of our own.
        bind(socket.as_raw_fd(), &link_address(0))?;
        Ok(Self { socket })
    }

    /// The next frame: the index of the interface it came in by, and its length. Frames that do not fit are skipped.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, usize)> {
        let (length, from) = recvfrom::<LinkAddr>(self.socket.as_raw_fd(), buffer)?;
        Ok((from.map_or(0, |from| from.ifindex()), length))
    }

    /// Sends `frame` out by the interface with index `index`.
    pub(super) fn send(&self, index: usize, frame: &[u8]) -> io::Result<()> {
        let index = i32::try_from(index).map_err(|_| io::ErrorKind::InvalidInput)?;
        sendto(self.socket.as_raw_fd(), frame, &link_address(index), MsgFlags::empty())?;
        Ok(())
    }
}

impl AsFd for Ends {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Has `command` run in the network namespace `network`, unless netlab ends before it, with all signals let through.
pub(super) fn place(command: &mut Command, network: OwnedFd) {
    use std::os::unix::process::CommandExt;
    let prepare = move || {
        setns(&network, CloneFlags::CLONE_NEWNET)?;
        nix::sys::prctl::set_pdeathsig(Signal::SIGHUP)?;
        SigSet::empty().thread_set_mask()?;
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes three system calls (setns, prctl, rt_sigprocmask), which are
    // async-signal-safe; it allocates nothing, also where they fail: `Errno` becomes an `io::Error` without heap.
    unsafe { command.pre_exec(prepare) };
}

/// `PACKET_IGNORE_OUTGOING` of `linux/if_packet.h` (Linux 4.20).
const IGNORE_OUTGOING: libc::c_int = 23;

fn link_address(index: i32) -> LinkAddr {
    // SAFETY: sockaddr_ll is plain numbers, for which zero is valid; from_raw reads the structure with its own length.
    unsafe {
        let mut address: libc::sockaddr_ll = MaybeUninit::zeroed().assume_init();
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        address.sll_ifindex = index;
        let length = mem::size_of_val(&address) as libc::socklen_t;
        LinkAddr::from_raw((&raw const address).cast(), Some(length)).expect("its family is AF_PACKET, set above")
    }
}

fn named(name: &str) -> io::Result<libc::ifreq> {
    // SAFETY: ifreq is plain numbers and a union of such, for which zero is valid.
    let mut request: libc::ifreq = unsafe { MaybeUninit::zeroed().assume_init() };
    let (last, places) = request.ifr_name.split_last_mut().ok_or(io::ErrorKind::InvalidInput)?;
    if name.len() > places.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    *last = 0;
    for (place, byte) in places.iter_mut().zip(name.bytes()) {
        *place = byte as libc::c_char;
    }
    Ok(request)
}

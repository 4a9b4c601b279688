//! Memory that the kernel writes frames to and we read them from, without a call and a copy for each
//! (`PACKET_RX_RING` with `TPACKET_V3`; Linux `packet_mmap.rst`).
#![allow(unsafe_code)] // maps the ring, reads blocks that the kernel has handed over, and hands them back

use std::ffi::c_void;
use std::mem;
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use super::packet_socket::Received;
use crate::model::Nanos;

/// The kernel hands frames over by the block: when one is full, or when its first frame has waited so long.
const BLOCK: usize = 1 << 20;

/// Milliseconds that a block which is not full is held.
pub(super) const HELD: u32 = 4;

/// Where in a block and in a frame's header the kernel puts what (`linux/if_packet.h`).
mod at {
    use super::{libc, mem};

    pub const STATUS: usize = mem::offset_of!(libc::tpacket_block_desc, hdr);
    pub const FRAMES: usize = STATUS + mem::offset_of!(libc::tpacket_hdr_v1, num_pkts);
    pub const FIRST: usize = STATUS + mem::offset_of!(libc::tpacket_hdr_v1, offset_to_first_pkt);
    pub const NEXT: usize = mem::offset_of!(libc::tpacket3_hdr, tp_next_offset);
    pub const SECONDS: usize = mem::offset_of!(libc::tpacket3_hdr, tp_sec);
    pub const NANOS: usize = mem::offset_of!(libc::tpacket3_hdr, tp_nsec);
    pub const CAPTURED: usize = mem::offset_of!(libc::tpacket3_hdr, tp_snaplen);
    pub const ORIGINAL: usize = mem::offset_of!(libc::tpacket3_hdr, tp_len);
    pub const FLAGS: usize = mem::offset_of!(libc::tpacket3_hdr, tp_status);
    pub const FRAME: usize = mem::offset_of!(libc::tpacket3_hdr, tp_mac);
    const MORE: usize = mem::offset_of!(libc::tpacket3_hdr, hv1);
    pub const TAG: usize = MORE + mem::offset_of!(libc::tpacket_hdr_variant1, tp_vlan_tci);
    pub const TAG_TYPE: usize = MORE + mem::offset_of!(libc::tpacket_hdr_variant1, tp_vlan_tpid);
    /// The address stands behind the header, which is a multiple of 16 long.
    pub const PACKET_TYPE: usize =
        mem::size_of::<libc::tpacket3_hdr>() + mem::offset_of!(libc::sockaddr_ll, sll_pkttype);
}

/// The memory. Unmapped when dropped.
#[derive(Debug)]
pub(super) struct Ring {
    map: NonNull<c_void>,
    blocks: usize,
    next: usize,
}

// SAFETY: the map is memory that only this value points to; which thread reads it makes no difference.
unsafe impl Send for Ring {}

/// A block that the kernel has handed over. Goes back when dropped.
#[derive(Debug)]
pub(super) struct Block<'r> {
    ring: &'r mut Ring,
    left: u32,
    at: usize,
}

impl Ring {
    /// Makes a ring of `megabytes` MiB for `socket`, which must not be bound yet.
    pub fn of(socket: BorrowedFd<'_>, megabytes: usize) -> Result<Self, Errno> {
        let size = |size: usize| libc::c_uint::try_from(size).map_err(|_| Errno::EINVAL);
        let version = libc::tpacket_versions::TPACKET_V3 as libc::c_int;
        set(socket, libc::PACKET_VERSION, &version)?;
        let (block, blocks) = (size(BLOCK)?, size(megabytes)?);
        // The frame size is only asked for to be consistent: frames take what they need.
        let request = libc::tpacket_req3 {
            tp_block_size: block,
            tp_block_nr: blocks,
            tp_frame_size: block,
            tp_frame_nr: blocks,
            tp_retire_blk_tov: HELD,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set(socket, libc::PACKET_RX_RING, &request)?;
        let length = NonZeroUsize::new(BLOCK * megabytes).ok_or(Errno::EINVAL)?;
        // SAFETY: a new mapping at an address that the kernel chooses, of the length that was just asked for.
        let map = unsafe {
            mmap(None, length, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED, socket, 0)
        }?;
        Ok(Self { map, blocks: megabytes, next: 0 })
    }

    /// The next block, if the kernel has handed it over.
    pub fn take(&mut self) -> Option<Block<'_>> {
        if self.status().load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            return None;
        }
        let mut block = Block { ring: self, left: 0, at: 0 };
        block.left = word(block.bytes(), at::FRAMES).unwrap_or(0);
        block.at = word(block.bytes(), at::FIRST).map_or(BLOCK, index);
        Some(block)
    }

    fn block(&self) -> *mut u8 {
        // SAFETY: `next` is below `blocks`, so the block lies inside the map.
        unsafe { self.map.as_ptr().cast::<u8>().add(self.next * BLOCK) }
    }

    /// Whose the next block is.
    fn status(&self) -> &AtomicU32 {
        // SAFETY: the status lies inside the block, which is mapped for as long as `self` lives and aligned to a page;
        // the kernel changes it as a whole, and so do we.
        unsafe { AtomicU32::from_ptr(self.block().add(at::STATUS).cast()) }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the map is ours and of this length, and no block of it is borrowed any more. If it cannot be unmapped,
        // the process keeps it until it ends.
        let _ = unsafe { munmap(self.map, BLOCK * self.blocks) };
    }
}

impl Block<'_> {
    /// The next frame of the block: what the kernel says about it, and its bytes.
    pub fn frame(&mut self) -> Option<(Received, &[u8])> {
        self.left = self.left.checked_sub(1)?;
        let begin = self.at;
        let next = word(self.header(begin)?, at::NEXT).map_or(0, index);
        // The last one of a block has no next.
        self.at = if next == 0 { BLOCK } else { begin.saturating_add(next) };
        let header = self.header(begin)?;
        let flags = word(header, at::FLAGS)?;
        let captured = index(word(header, at::CAPTURED)?);
        let from = usize::from(half(header, at::FRAME)?);
        let bytes = header.get(from..from.checked_add(captured)?)?;
        let known = flags & libc::TP_STATUS_VLAN_TPID_VALID != 0;
        let tag = |header| {
            let tci = u16::try_from(word(header, at::TAG)? & 0xffff).ok()?;
            Some((if known { half(header, at::TAG_TYPE)? } else { 0x8100 }, tci))
        };
        let stamp = i64::from(word(header, at::SECONDS)?) * Nanos::SECOND.0 + i64::from(word(header, at::NANOS)?);
        let received = Received {
            captured,
            original: index(word(header, at::ORIGINAL)?),
            pkttype: *header.get(at::PACKET_TYPE)?,
            stamp: Some(Nanos(stamp)),
            vlan: if flags & libc::TP_STATUS_VLAN_VALID != 0 { tag(header) } else { None },
            checksum_pending: flags & libc::TP_STATUS_CSUMNOTREADY != 0,
        };
        Some((received, bytes))
    }

    fn header(&self, begin: usize) -> Option<&[u8]> {
        self.bytes().get(begin..)
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the block is mapped and this long; it is ours until `self` is dropped, and the kernel does not write
        // to blocks that are ours.
        unsafe { std::slice::from_raw_parts(self.ring.block(), BLOCK) }
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        self.ring.status().store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.ring.next = (self.ring.next + 1) % self.ring.blocks;
    }
}

/// Has the interface take in frames for others, too, for as long as the socket is open.
pub(super) fn hear_others(socket: BorrowedFd<'_>, index: u32) -> Result<(), Errno> {
    let request = libc::packet_mreq {
        mr_ifindex: i32::try_from(index).map_err(|_| Errno::ENODEV)?,
        mr_type: libc::c_ushort::try_from(libc::PACKET_MR_PROMISC).map_err(|_| Errno::EINVAL)?,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set(socket, libc::PACKET_ADD_MEMBERSHIP, &request)
}

fn set<T>(socket: BorrowedFd<'_>, option: libc::c_int, value: &T) -> Result<(), Errno> {
    let length = libc::socklen_t::try_from(mem::size_of::<T>()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: the pointer and the length describe `value`, which outlives the call.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_PACKET, option, (&raw const *value).cast(), length) };
    Errno::result(result).map(drop)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

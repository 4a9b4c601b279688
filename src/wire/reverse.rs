//! The one call of the system resolver that the standard library does not offer: from an address to its name.
#![allow(unsafe_code)] // one call that fills a buffer of known size

use std::ffi::CStr;
use std::net::{Ipv4Addr, SocketAddrV4};

use nix::libc;
use socket2::SockAddr;

/// The name the system's resolver has for `address`, as it came: from the network, thus not to be trusted.
/// Blocks for as long as the resolver does.
pub(super) fn name_of(address: Ipv4Addr) -> Option<String> {
    let address = SockAddr::from(SocketAddrV4::new(address, 0));
    let mut name = [0_u8; 1025]; // NI_MAXHOST
    // SAFETY: the address pointer and length are socket2's own; `name` is as long as we say, and the service buffer
    // is null with length 0, which asks for none (getnameinfo(3)).
    let result = unsafe {
        libc::getnameinfo(
            address.as_ptr().cast(),
            address.len(),
            name.as_mut_ptr().cast(),
            1024,
            std::ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    };
    if result != 0 {
        return None;
    }
    let name = CStr::from_bytes_until_nul(&name).ok()?.to_string_lossy();
    Some(name.into_owned()).filter(|name| !name.is_empty())
}

//! Names to addresses and back, through the system's resolver, never for longer than a deadline.

use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::time::Duration;

use tokio::sync::oneshot;

use super::reverse::name_of;
use crate::error::{Error, Kind, Result};

/// How long a name may take. A silent name server alone takes the system resolver 10 s and more.
const FORWARD_DEADLINE: Duration = Duration::from_secs(10);

/// How long an address's name may take: it only decorates.
const REVERSE_DEADLINE: Duration = Duration::from_secs(1);

/// The IPv4 addresses of `name`, in the resolver's order; a literal address is its own.
///
/// # Errors
/// [`Kind::Name`] when the name has none, or when the resolver does not answer in 10 s.
pub async fn resolve(name: &str) -> Result<Vec<Ipv4Addr>> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    let shown = name.escape_debug();
    if name.parse::<std::net::Ipv6Addr>().is_ok() {
        return Err(Error::new(Kind::Name, format!("{shown} is an IPv6 address; this command takes IPv4"))
            .hint("give an IPv4 address or a name that has one"));
    }
    let only_ipv4 = |address| match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    };
    let found: Vec<Ipv4Addr> = addresses(name).await?.into_iter().filter_map(only_ipv4).collect();
    if found.is_empty() {
        return Err(Error::new(Kind::Name, format!("{shown} has no IPv4 address, only IPv6"))
            .hint("give the name of a host that has one"));
    }
    Ok(found)
}

/// All addresses of `name`, in the resolver's order, each once.
///
/// # Errors
/// [`Kind::Name`] when the name has none, or when the resolver does not answer in 10 s.
pub async fn addresses(name: &str) -> Result<Vec<IpAddr>> {
    let (owned, shown) = (name.to_owned(), name.escape_debug());
    let answer = off_thread(FORWARD_DEADLINE, move || (owned.as_str(), 0).to_socket_addrs().map(Vec::from_iter)).await;
    let answer = match answer {
        None => {
            return Err(Error::new(Kind::Name, format!("no name server answered for {shown} within 10 s"))
                .hint("give the IP address instead, or check /etc/resolv.conf"));
        }
        Some(Err(error)) => {
            return Err(Error::new(Kind::Name, format!("cannot find the address of {shown}: {}", reason(&error)))
                .hint("check the spelling, or give the IP address instead"));
        }
        Some(Ok(answer)) => answer,
    };
    let mut found: Vec<IpAddr> = Vec::new();
    for address in answer.iter().map(std::net::SocketAddr::ip) {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    Ok(found)
}

/// The name of `address`, if the resolver knows one and says so within a second. The text is whatever the network
/// sent: escape it before showing it.
pub async fn reverse(address: Ipv4Addr) -> Option<String> {
    off_thread(REVERSE_DEADLINE, move || name_of(address)).await.flatten()
}

/// Runs `ask` on a thread of its own and gives up on it after `deadline`. Not tokio's blocking pool: a runtime waits
/// for that pool when it ends, and the resolver cannot be interrupted.
async fn off_thread<T: Send + 'static>(deadline: Duration, ask: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name("resolver".to_owned()).spawn(move || {
        // The receiver is gone when the deadline has passed; then nobody wants the answer.
        drop(sender.send(ask()));
    });
    thread.ok()?;
    tokio::time::timeout(deadline, receiver).await.ok()?.ok()
}

/// The resolver's own words, without the standard library's lead-in.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("failed to lookup address information: ").unwrap_or(&text).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime").block_on(future)
    }

    #[test]
    fn a_literal_address_needs_no_resolver() {
        assert_eq!(run(resolve("192.0.2.7")), Ok(vec![Ipv4Addr::new(192, 0, 2, 7)]));
        assert_eq!(run(resolve("2001:db8::1")).expect_err("IPv6").kind(), Kind::Name);
    }

    #[test]
    fn localhost_is_known_both_ways() {
        assert_eq!(run(resolve("localhost")), Ok(vec![Ipv4Addr::LOCALHOST]));
        assert_eq!(run(reverse(Ipv4Addr::LOCALHOST)).as_deref(), Some("localhost"));
    }

    #[test]
    fn a_hostile_name_is_shown_escaped() {
        for name in ["no such\u{1b}[31mname", "a\nb", "", "nul\0byte", &"x".repeat(300)] {
            let error = run(resolve(name)).expect_err("no such host");
            assert_eq!(error.kind(), Kind::Name);
            assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
        }
    }

    #[test]
    fn a_deadline_is_kept() {
        let start = std::time::Instant::now();
        let answer = run(off_thread(Duration::from_millis(30), || std::thread::sleep(Duration::from_secs(5))));
        assert_eq!(answer, None);
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

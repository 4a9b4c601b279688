//! A connection that the operating system makes, for comparison with one made by hand.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::guard::refused;
use crate::error::Result;

/// What is read at most; whatever comes after it is not waited for.
const MOST: usize = 16 << 20;

/// A TCP socket of the operating system, bound and not connected yet.
#[derive(Debug)]
pub struct Connect {
    socket: TcpSocket,
    port: u16,
}

impl Connect {
    /// A socket on `port` of `source`, or on a free one.
    ///
    /// # Errors
    /// As [`Gate::guard`](super::Gate::guard).
    pub fn from(source: Ipv4Addr, port: Option<u16>) -> Result<Self> {
        let bound = || {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddrV4::new(source, port.unwrap_or(0)).into())?;
            let port = socket.local_addr()?.port();
            Ok(Self { socket, port })
        };
        bound().map_err(|error| refused(&error, port))
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connects within `connecting`, says `request`, listens as long as something comes within `patience`, and
    /// closes: with RST when `abort` is set. How it went, the wire shows.
    pub async fn visit(
        self,
        target: Ipv4Addr,
        port: u16,
        request: &[u8],
        abort: bool,
        connecting: Duration,
        patience: Duration,
    ) {
        let connected = timeout(connecting, self.socket.connect(SocketAddrV4::new(target, port).into())).await;
        let Ok(Ok(mut stream)) = connected else { return };
        if !request.is_empty() && stream.write_all(request).await.is_ok() {
            drain(&mut stream, patience).await;
        }
        if abort {
            // No time to linger means: throw everything away and reset.
            drop(stream.set_zero_linger());
        } else if stream.shutdown().await.is_ok() {
            drain(&mut stream, patience).await;
        }
    }
}

/// Reads until the other end closes, or says nothing for `patience`.
async fn drain(stream: &mut TcpStream, patience: Duration) {
    let mut buffer = vec![0; 65_536];
    let mut total = 0;
    while let Ok(Ok(count @ 1..)) = timeout(patience, stream.read(&mut buffer)).await {
        total += count;
        if total > MOST {
            break;
        }
    }
}

//! One short-lived netlink connection: the way to ask the kernel about interfaces, routes and neighbours.

use futures_util::{Stream, TryStreamExt};
use nix::errno::Errno;
use rtnetlink::Handle;
use tokio::task::JoinHandle;

use crate::error::{Error, Kind, Result};

/// A connection that ends with this value. It belongs to the network namespace of the thread that opened it.
pub(super) struct Netlink {
    pub handle: Handle,
    pump: JoinHandle<()>,
}

impl Netlink {
    /// Connects; must be called inside a tokio runtime.
    pub fn connect() -> Result<Self> {
        let (connection, handle, _) = rtnetlink::new_connection().map_err(|error| {
            Error::new(Kind::System, format!("cannot ask the kernel about its network (netlink): {error}"))
        })?;
        Ok(Self { handle, pump: tokio::spawn(connection) })
    }
}

impl Drop for Netlink {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

/// Everything a dump answers. `what` names it in the error.
pub(super) async fn collect<T>(answers: impl Stream<Item = Result<T, rtnetlink::Error>>, what: &str) -> Result<Vec<T>> {
    answers
        .try_collect()
        .await
        .map_err(|error| Error::new(Kind::System, format!("cannot read the {what} from the kernel: {error}")))
}

/// The system's error number in a refusal.
pub(super) fn errno(error: &rtnetlink::Error) -> Option<Errno> {
    match error {
        rtnetlink::Error::NetlinkError(message) => Some(Errno::from_raw(message.raw_code().saturating_neg())),
        _ => None,
    }
}

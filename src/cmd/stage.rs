//! What every probing command does before its first packet, in an order that matters: the lab (while the process has
//! one thread), the sockets (while it has the right), then no right at all, then threads.

use std::net::Ipv4Addr;

use super::args::Common;
use crate::capture::{Destination, Source, Writer};
use crate::error::{Error, Kind, Result};
use crate::lab::{Lab, Running};
use crate::model::{LinkType, Path};
use crate::session::Session;
use crate::wire::{self, Channel, Filter, Interface, Options, Sniffer, Sockets, privilege};

/// A runtime, and everything open that needs a right: sockets bound to nothing yet, the file to save to.
pub struct Stage {
    runtime: tokio::runtime::Runtime,
    open: Open,
    // Dropped last: the network has to outlive the sockets in it.
    _lab: Option<Running>,
}

/// What was opened while there was the right to.
pub struct Open {
    sockets: Sockets,
    destination: Option<Destination>,
}

/// Where packets will go, and the open doors to there.
pub struct Scene {
    /// The way to the target.
    pub path: Path,
    /// The interface it leaves by.
    pub interface: Interface,
    open: Open,
}

impl Stage {
    /// Makes the lab if asked for, opens the sockets, gives up every capability, starts what needs threads.
    ///
    /// # Errors
    /// When the lab cannot be made, or the sockets may not be opened.
    pub fn set(common: &Common) -> Result<Self> {
        let lab = common.lab.as_deref().map(Lab::prepare).transpose()?;
        let sockets = Sockets::open(&command_line(), common.interface.as_deref())?;
        let open_file = || common.save.as_deref().map(Destination::open).transpose();
        // Under sudo the file is opened with the rights of the user who called it, and is theirs.
        let early = if privilege::invoking_user().is_none() { open_file()? } else { None };
        privilege::drop_all()?;
        let destination = if early.is_none() { open_file()? } else { early };
        let open = Open { sockets, destination };
        let lab = lab.map(Lab::start).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new(Kind::System, format!("cannot start the event loop: {error}")))?;
        Ok(Self { runtime, open, _lab: lab })
    }

    /// Runs `show` with the sockets; the runtime's helper threads are not waited for.
    pub fn play<T, F: Future<Output = T>>(self, show: impl FnOnce(Open) -> F) -> T {
        let Self { runtime, open, _lab } = self;
        let result = runtime.block_on(show(open));
        runtime.shutdown_background();
        result
    }
}

impl Scene {
    /// Finds the way to `target`: a name or an address.
    ///
    /// # Errors
    /// Unknown name, no route, unfit interface, and the others of [`wire::path_to`].
    pub async fn find(open: Open, common: &Common, target: &str, options: Options<'_>) -> Result<Self> {
        let addresses = wire::resolve(target).await?;
        let address = *addresses
            .first()
            .ok_or_else(|| Error::new(Kind::Name, format!("{} has no IPv4 address", target.escape_debug())))?;
        let options = Options { interface: common.interface.as_deref(), ..options };
        let (interface, path) = wire::path_to(address, options).await?;
        let name = target.parse::<Ipv4Addr>().is_err().then(|| target.to_owned());
        Ok(Self { path: Path { name, ..path }, interface, open })
    }

    /// Begins the capture file that `--save` names.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn saver(&mut self) -> Result<Option<Writer>> {
        let source =
            Source { interface: Some(&self.interface.name), link: self.interface.link.unwrap_or(LinkType::Ethernet) };
        self.open.destination.take().map(|file| Writer::begin(file, &source)).transpose()
    }

    /// Listens for what passes `filter`, and gets ready to send.
    ///
    /// # Errors
    /// When the interface cannot be listened on or sent on.
    pub fn open(self, filter: &Filter) -> Result<Session> {
        let sniffer = Sniffer::start(self.open.sockets.sniff, &self.interface, filter)?;
        let channel = Channel::open(self.open.sockets.send, &self.interface)?;
        Session::new(channel, sniffer, &self.interface)
    }
}

/// What the user typed after the program's name, `--lab` left out, ready to be pasted into a shell.
fn command_line() -> String {
    let words = std::env::args_os().skip(1).filter(|word| !word.as_encoded_bytes().starts_with(b"--lab"));
    words.map(|word| privilege::shell_word(&word)).collect::<Vec<_>>().join(" ")
}

//! What every probing command does before its first packet, in an order that matters: the lab (while the process has
//! one thread), the sockets (while it has the right), then no right at all, then threads.

use std::net::Ipv4Addr;

use super::args::Common;
use crate::capture::{Source, Writer};
use crate::error::{Error, Kind, Result};
use crate::lab::{Lab, Running};
use crate::model::Path;
use crate::session::Session;
use crate::wire::{self, Channel, Filter, Interface, Options, Sniffer, Sockets, privilege};

/// A runtime, and sockets that are open but bound to nothing yet.
pub struct Stage {
    runtime: tokio::runtime::Runtime,
    sockets: Sockets,
    // Dropped last: the network has to outlive the sockets in it.
    _lab: Option<Running>,
}

/// Where packets will go, and the open doors to there.
pub struct Scene {
    /// The way to the target.
    pub path: Path,
    /// The interface it leaves by.
    pub interface: Interface,
    sockets: Sockets,
}

impl Stage {
    /// Makes the lab if asked for, opens the sockets, gives up every capability, starts what needs threads.
    ///
    /// # Errors
    /// When the lab cannot be made, or the sockets may not be opened.
    pub fn set(common: &Common) -> Result<Self> {
        let lab = common.lab.as_deref().map(Lab::prepare).transpose()?;
        let sockets = Sockets::open(&command_line(), common.interface.as_deref())?;
        privilege::drop_all()?;
        let lab = lab.map(Lab::start).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new(Kind::System, format!("cannot start the event loop: {error}")))?;
        Ok(Self { runtime, sockets, _lab: lab })
    }

    /// Runs `show` with the sockets; the runtime's helper threads are not waited for.
    pub fn play<T, F: Future<Output = T>>(self, show: impl FnOnce(Sockets) -> F) -> T {
        let Self { runtime, sockets, _lab } = self;
        let result = runtime.block_on(show(sockets));
        runtime.shutdown_background();
        result
    }
}

impl Scene {
    /// Finds the way to `target`: a name or an address.
    ///
    /// # Errors
    /// Unknown name, no route, unfit interface, and the others of [`wire::path_to`].
    pub async fn find(sockets: Sockets, common: &Common, target: &str, options: Options<'_>) -> Result<Self> {
        let addresses = wire::resolve(target).await?;
        let address = *addresses
            .first()
            .ok_or_else(|| Error::new(Kind::Name, format!("{} has no IPv4 address", target.escape_debug())))?;
        let options = Options { interface: common.interface.as_deref(), ..options };
        let (interface, path) = wire::path_to(address, options).await?;
        let name = target.parse::<Ipv4Addr>().is_err().then(|| target.to_owned());
        Ok(Self { path: Path { name, ..path }, interface, sockets })
    }

    /// Opens the capture file that `--save` names.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn saver(&self, common: &Common) -> Result<Option<Writer>> {
        let create = |file: &std::path::PathBuf| {
            let link = self.interface.link.unwrap_or(crate::model::LinkType::Ethernet);
            Writer::create(file, &Source { interface: Some(&self.interface.name), link }, None)
        };
        common.save.as_ref().map(create).transpose()
    }

    /// Listens for what passes `filter`, and gets ready to send.
    ///
    /// # Errors
    /// When the interface cannot be listened on or sent on.
    pub fn open(self, filter: &Filter) -> Result<Session> {
        let sniffer = Sniffer::start(self.sockets.sniff, &self.interface, filter)?;
        let channel = Channel::open(self.sockets.send, &self.interface)?;
        Session::new(channel, sniffer, &self.interface)
    }
}

/// What the user typed after the program's name, `--lab` left out, ready to be pasted into a shell.
fn command_line() -> String {
    let plain =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c));
    let quote = |word: String| {
        if plain(&word) { word } else { format!("'{}'", word.escape_default().to_string().replace('\'', "")) }
    };
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    words.filter(|word| !word.starts_with("--lab")).map(quote).collect::<Vec<_>>().join(" ")
}

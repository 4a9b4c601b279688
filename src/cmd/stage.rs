//! What every probing command does before its first packet, in an order that matters: the lab (while the process has
//! one thread), the sockets (while it has the right), then no right at all, then threads.

use std::net::{IpAddr, Ipv4Addr};

use super::args::Common;
use super::keep::Keep;
use crate::capture::{Destination, Source};
use crate::error::{Error, Kind, Result};
use crate::lab::{Lab, Running};
use crate::model::{LinkType, Path};
use crate::session::{Interrupts, Session};
use crate::wire::{self, Channel, Filter, Interface, Options, SniffSocket, Sniffer, Sockets, privilege};

/// A runtime, and everything open that needs a right: sockets bound to nothing yet, the file to save to.
pub struct Stage {
    runtime: tokio::runtime::Runtime,
    open: Open,
    // Dropped last: the network has to outlive the sockets in it.
    lab: Option<Running>,
}

/// What was opened while there was the right to.
pub struct Open {
    sockets: Sockets,
    destination: Option<Destination>,
    interrupts: Interrupts,
    in_lab: bool,
}

/// Where packets will go, and the open doors to there.
pub struct Scene {
    /// The way to the target.
    pub path: Path,
    /// The interface it leaves by.
    pub interface: Interface,
    /// What else the target's name stands for.
    pub others: Vec<Ipv4Addr>,
    open: Open,
}

impl Stage {
    /// Makes the lab if asked for, opens the sockets, gives up every capability, starts what needs threads.
    ///
    /// # Errors
    /// When the lab cannot be made, or the sockets may not be opened.
    pub fn set(common: &Common) -> Result<Self> {
        Self::set_with(common, || Ok(())).map(|(stage, ())| stage)
    }

    /// The same, and opens what else needs a right while there is one.
    ///
    /// # Errors
    /// As [`Stage::set`], and those of `open`.
    pub fn set_with<T>(common: &Common, open: impl FnOnce() -> Result<T>) -> Result<(Self, T)> {
        // Asked while there is the right to look.
        let in_lab = common.in_lab();
        let lab = common.lab.as_deref().map(Lab::prepare).transpose()?;
        let sockets = Sockets::open(&command_line(), common.interface.as_deref())?;
        let opened = open()?;
        let open_file = || common.save.as_deref().map(Destination::open).transpose();
        // Under sudo the file is opened with the rights of the user who called it, and is theirs.
        let early = if privilege::invoking_user().is_none() { open_file()? } else { None };
        privilege::drop_all()?;
        let destination = if early.is_none() { open_file()? } else { early };
        let lab = lab.map(Lab::start).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new(Kind::System, format!("cannot start the event loop: {error}")))?;
        let inside = runtime.enter();
        let open = Open { sockets, destination, interrupts: Interrupts::listen()?, in_lab };
        drop(inside);
        Ok((Self { runtime, open, lab }, opened))
    }

    /// The variables that tell a command of the lab that it runs in.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.lab.as_ref().map(Running::environment).unwrap_or_default()
    }

    /// Runs `show` with the sockets; the runtime's helper threads are not waited for.
    pub fn play<T, F: Future<Output = T>>(self, show: impl FnOnce(Open) -> F) -> T {
        let Self { runtime, open, lab: _lab } = self;
        let result = runtime.block_on(show(open));
        runtime.shutdown_background();
        result
    }
}

impl Open {
    /// The addresses that `target` stands for, a name or an address; at least one.
    ///
    /// # Errors
    /// When the name is unknown or has no IPv4 address, and when the user lost patience.
    pub async fn addresses_of(&mut self, target: &str) -> Result<Vec<Ipv4Addr>> {
        let shown = target.escape_debug();
        let addresses = tokio::select! {
            addresses = wire::resolve(target) => addresses?,
            () = self.interrupts.wait() => {
                return Err(lost_patience(target));
            }
        };
        if addresses.is_empty() {
            return Err(Error::new(Kind::Name, format!("{shown} has no IPv4 address")));
        }
        Ok(addresses)
    }

    /// All addresses of the name `host`, of both kinds.
    ///
    /// # Errors
    /// When the name is unknown, and when the user lost patience.
    pub async fn every_address_of(&mut self, host: &str) -> Result<Vec<IpAddr>> {
        tokio::select! {
            addresses = wire::addresses(host) => addresses,
            () = self.interrupts.wait() => Err(lost_patience(host)),
        }
    }

    /// Whether all this happens inside a lab.
    pub fn in_lab(&self) -> bool {
        self.in_lab
    }

    /// Begins the capture file that `--save` names, and the one of the last run, with frames of `interface`.
    ///
    /// # Errors
    /// When the former cannot be written.
    pub fn keep(&mut self, interface: &Interface) -> Result<Keep> {
        let source = Source { interface: Some(&interface.name), link: interface.link.unwrap_or(LinkType::Ethernet) };
        Keep::begin(self.destination.take(), &source)
    }

    /// What it takes to listen only, and to be interrupted.
    pub fn ears(self) -> (SniffSocket, Interrupts) {
        (self.sockets.sniff, self.interrupts)
    }

    /// The first of them.
    ///
    /// # Errors
    /// As [`Open::addresses_of`].
    pub async fn address_of(&mut self, target: &str) -> Result<Ipv4Addr> {
        let addresses = self.addresses_of(target).await?;
        addresses.first().copied().ok_or_else(|| Error::new(Kind::Name, "no address"))
    }
}

impl Scene {
    /// Finds the way to `target`: a name or an address.
    ///
    /// # Errors
    /// Unknown name, no route, unfit interface, and the others of [`wire::path_to`].
    pub async fn find(mut open: Open, common: &Common, target: &str, options: Options<'_>) -> Result<Self> {
        let mut others = open.addresses_of(target).await?;
        let address = others.remove(0);
        let options = Options { interface: common.interface.as_deref(), ..options };
        let (interface, path) = wire::path_to(address, options).await?;
        let name = target.parse::<Ipv4Addr>().is_err().then(|| target.to_owned());
        Ok(Self { path: Path { name, ..path }, interface, others, open })
    }

    /// Finds the ways to all addresses of `host` that leave by the same interface with the same source; the scene is
    /// set for the first of them.
    ///
    /// # Errors
    /// As [`Scene::find`], where no address can be reached.
    pub async fn find_all(
        mut open: Open,
        common: &Common,
        host: &str,
        options: Options<'_>,
    ) -> Result<(Self, Vec<Path>)> {
        let addresses = open.addresses_of(host).await?;
        let options = Options { interface: common.interface.as_deref(), ..options };
        let name = host.parse::<Ipv4Addr>().is_err().then(|| host.to_owned());
        let mut found: Option<Interface> = None;
        let mut paths: Vec<Path> = Vec::new();
        let mut failed = None;
        for address in addresses {
            match wire::path_to(address, options).await {
                Ok((interface, path)) => {
                    let first = found.get_or_insert(interface);
                    if path.interface == first.name && paths.first().is_none_or(|one| one.source == path.source) {
                        paths.push(Path { name: name.clone(), ..path });
                    }
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let Some((interface, path)) = found.zip(paths.first().cloned()) else {
            let nothing = || Error::new(Kind::Name, format!("{} has no IPv4 address", host.escape_debug()));
            return Err(failed.unwrap_or_else(nothing));
        };
        Ok((Self { path, interface, others: Vec::new(), open }, paths))
    }

    /// Whether all this happens inside a lab.
    pub fn in_lab(&self) -> bool {
        self.open.in_lab
    }

    /// The scene of a run that found its own way: `path` on `interface`.
    pub fn at(open: Open, interface: Interface, path: Path) -> Self {
        Self { path, interface, others: Vec::new(), open }
    }

    /// Begins the capture file that `--save` names, and the one of the last run.
    ///
    /// # Errors
    /// When the former cannot be written.
    pub fn keep(&mut self) -> Result<Keep> {
        self.open.keep(&self.interface)
    }

    /// Listens for what passes `filter`, and gets ready to send.
    ///
    /// # Errors
    /// When the interface cannot be listened on or sent on.
    pub fn open(self, filter: &Filter) -> Result<Session> {
        let sniffer = Sniffer::start(self.open.sockets.sniff, &self.interface, filter)?;
        let channel = Channel::open(self.open.sockets.send, &self.interface)?;
        Ok(Session::new(channel, sniffer, &self.interface, self.open.interrupts))
    }
}

fn lost_patience(name: &str) -> Error {
    Error::new(Kind::System, "interrupted before anything was sent")
        .hint(format!("the name {} was still being looked up", name.escape_debug()))
}

/// What the user typed after the program's name, `--lab` left out, ready to be pasted into a shell.
fn command_line() -> String {
    let words = std::env::args_os().skip(1).filter(|word| !word.as_encoded_bytes().starts_with(b"--lab"));
    words.map(|word| privilege::shell_word(&word)).collect::<Vec<_>>().join(" ")
}

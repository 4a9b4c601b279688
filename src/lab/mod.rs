//! The virtual network: topology as data, the namespaces that realise it.
//!
//! ```text
//! Topology ─► Lab::prepare ─► Lab ─► start ─► Running
//!  (data)     one thread,            wire thread and services: no capability needed
//!             all sockets open
//! ```
//!
//! Every node is a network namespace with a real kernel stack. Its interfaces are TAP devices (or veth ends) whose
//! frames the wire thread carries, switching and delaying them as the topology says. Nothing else is
//! needed: no root, no kernel module, no external program.
//!
//! A process calls [`Lab::prepare`] first, while it has one thread; then opens whatever it wants on the learner's
//! node, gives up its capabilities, and calls [`Lab::start`].

mod check;
mod device;
mod dns;
pub mod fault;
mod http;
pub mod join;
pub mod map;
mod namespace;
mod network;
mod service;
mod switch;
pub mod topology;
mod unavailable;
mod wire;

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use nix::sys::eventfd::{EfdFlags, EventFd};
use socket2::Socket;

use self::dns::Zone;
use self::namespace::{Namespace, Refused, refused};
use self::network::Network;
use self::service::Opened;
use self::switch::Switch;
use self::unavailable::unavailable;
use self::wire::Wire;
use crate::error::{Error, Kind, Result};

pub use self::network::Engine;
pub use self::topology::Topology;

/// Environment variable that chooses the [`Engine`]: `tap` or `veth`. Without it, veth is used where TAP fails.
pub const ENGINE_VARIABLE: &str = "NETLAB_LAB_ENGINE";

/// A lab whose nodes exist, with everything open that it will need. Nothing moves yet.
#[derive(Debug)]
pub struct Lab {
    topology: Topology,
    scenario: String,
    engine: Engine,
    nodes: Vec<Namespace>,
    services: Vec<Opened>,
    wire: Wire,
    stop: Arc<EventFd>,
    notices: Vec<String>,
}

/// A lab in which frames move. It ends when this is dropped.
#[derive(Debug)]
pub struct Running {
    topology: Topology,
    scenario: String,
    nodes: Vec<Namespace>,
    stop: Arc<EventFd>,
    wire: Option<JoinHandle<std::io::Result<()>>>,
    _kept: Vec<Socket>,
}

impl Lab {
    /// Makes the network called `scenario` (a built-in name, or a file) and moves the calling thread to the learner's
    /// node. The process must have no other thread; the thread keeps its capabilities, or has gained all those over
    /// the lab.
    ///
    /// # Errors
    /// The scenario cannot be read; or this machine does not let a lab be made: kind `Lab`, with the reason.
    pub fn prepare(scenario: &str) -> Result<Self> {
        let topology = Topology::load(scenario)?;
        let (host, _) = topology.node(&topology.host)?;
        let engine = engine_wanted()?;
        let scenario = join::absolute(scenario);
        namespace::leave_the_machine().map_err(|refused| unavailable(&refused))?;
        let notices = cover_names(&topology);
        let make = || -> Result<(Network, Engine), Refused> {
            let room = Namespace::current()?;
            if engine != Some(Engine::Veth) {
                let built = network::build(&topology, Engine::Tap);
                if engine.is_some() || built.is_ok() {
                    return Ok((built?, Engine::Tap));
                }
                room.enter()?;
            }
            Ok((network::build(&topology, Engine::Veth)?, Engine::Veth))
        };
        let (network, engine) = make().map_err(|refused| unavailable(&refused))?;
        let mut services = Vec::new();
        for (node, namespace) in topology.nodes.iter().zip(&network.nodes) {
            for service in &node.services {
                namespace.enter().map_err(|refused| unavailable(&refused))?;
                let opened = service::open(node, service);
                let step = format!("open {} {} on {}", service.kind, service.port, node.name);
                services.push(opened.map_err(refused(&step)).map_err(|refused| unavailable(&refused))?);
            }
        }
        let wire = || -> std::io::Result<_> {
            let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
            let stop = Arc::new(EventFd::from_value_and_flags(0, flags)?);
            Ok((Wire::new(network.ports, Switch::new(&topology), &stop)?, stop))
        };
        let (wire, stop) = wire().map_err(refused("wait for frames")).map_err(|refused| unavailable(&refused))?;
        network.nodes[host].enter().map_err(|refused| unavailable(&refused))?;
        Ok(Self { topology, scenario, engine, nodes: network.nodes, services, wire, stop, notices })
    }

    /// What the lab is.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// What carries its frames.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// What does not work in it as it should, one sentence each.
    #[must_use]
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Lets frames move. Needs no capability; the threads it starts have those that the calling thread has now.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(self) -> Result<Running> {
        let failed = |error: std::io::Error| Error::new(Kind::Lab, format!("cannot start the lab's threads: {error}"));
        let zone = Arc::new(Zone::new(&self.topology.names()));
        let wire = self.wire;
        let thread = thread::Builder::new().name("lab-wire".to_owned()).spawn(move || wire.run()).map_err(failed)?;
        let mut kept = Vec::new();
        for service in self.services {
            kept.extend(service.start(&zone, &self.stop).map_err(failed)?);
        }
        let (topology, scenario, nodes, stop) = (self.topology, self.scenario, self.nodes, self.stop);
        Ok(Running { topology, scenario, nodes, stop, wire: Some(thread), _kept: kept })
    }
}

impl Running {
    /// What the lab is.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// A command that will run `program` on the node called `node`, with every capability over the lab, and will
    /// get SIGHUP when netlab ends. Its environment tells further `netlab lab` commands of this lab.
    ///
    /// # Errors
    /// There is no such node.
    pub fn command(&self, program: impl AsRef<OsStr>, node: &str) -> Result<Command> {
        let (number, _) = self.topology.node(node)?;
        let namespace = self.nodes[number]
            .duplicate()
            .map_err(|error| Error::new(Kind::System, format!("cannot reach the node {node}: {error}")))?;
        let mut command = Command::new(program);
        device::place(&mut command, namespace);
        command.envs(self.environment());
        Ok(command)
    }

    /// The variables by which a program in the lab knows of it.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let of = |name: &str, value: String| (name.to_owned(), value);
        vec![
            of(join::LAB, std::process::id().to_string()),
            of(join::NODES, self.node_list()),
            of(join::SCENARIO, self.scenario.clone()),
        ]
    }

    /// The nodes' descriptors in this process and their inodes: what [`join`] reads.
    fn node_list(&self) -> String {
        let mut list = String::new();
        for (node, namespace) in self.topology.nodes.iter().zip(&self.nodes) {
            let separator = if list.is_empty() { "" } else { "," };
            let fd = std::os::fd::AsFd::as_fd(namespace).as_raw_fd();
            // Writing to a string does not fail.
            let _ = write!(list, "{separator}{}={fd}:{}", node.name, namespace.inode());
        }
        list
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The services see it too, and end in their own time.
        let _ = self.stop.write(1);
        if let Some(wire) = self.wire.take() {
            let _ = wire.join();
        }
    }
}

fn engine_wanted() -> Result<Option<Engine>> {
    match std::env::var(ENGINE_VARIABLE).as_deref() {
        Err(_) | Ok("") => Ok(None),
        Ok("tap") => Ok(Some(Engine::Tap)),
        Ok("veth") => Ok(Some(Engine::Veth)),
        Ok(other) => Err(Error::new(Kind::Usage, format!("{ENGINE_VARIABLE} is {other:?}; it can be tap or veth"))
            .hint(format!("leave it unset, and netlab takes what works here: unset {ENGINE_VARIABLE}"))),
    }
}

/// Gives the process the lab's name service instead of the machine's.
fn cover_names(topology: &Topology) -> Vec<String> {
    let mut hosts = "127.0.0.1 localhost\n".to_owned();
    let mut resolver = String::new();
    match topology.name_server() {
        Some(address) => resolver = format!("nameserver {address}\noptions timeout:1 attempts:2\n"),
        None => {
            for (name, address) in topology.names() {
                // Writing to a string does not fail.
                let _ = writeln!(hosts, "{address} {name}");
            }
        }
    }
    if let Some(domain) = &topology.domain {
        let _ = writeln!(resolver, "search {domain}");
    }
    let switch = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n".to_owned();
    let files = [("/etc/resolv.conf", resolver), ("/etc/hosts", hosts), ("/etc/nsswitch.conf", switch)];
    let told = |(path, error)| format!("names may come from outside the lab: cannot cover {path}: {error}");
    namespace::cover(&files).into_iter().map(told).collect()
}

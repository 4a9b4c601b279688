//! The virtual network as data: nodes, the links between them, and how each behaves.
//!
//! A topology is a TOML file. Everything in it is plain data, checked as a whole by [`Topology::read`] so that
//! the modules that realise it need not doubt it.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::OpenOptions;
use std::io::Read;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use serde::{Deserialize, Deserializer};

use super::check;
use super::fault::{Fault, Match};
use crate::error::{Error, Kind, Result};
use crate::model::{Ipv4Cidr, MacAddr};

/// The scenarios that netlab brings, by name.
pub const SCENARIOS: &[(&str, &str)] = &[("home", include_str!("scenarios/home.toml"))];

/// What a sound scenario looks like.
const EXAMPLE: &str = "an example is src/lab/scenarios/home.toml in netlab's source";

/// The longest file of a scenario, in bytes.
const LARGEST: u64 = 1 << 20;

/// A whole virtual network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// What it is, in one line.
    pub title: String,
    /// Name of the learner's node: where commands run.
    pub host: String,
    /// Domain of nodes that have no other name, and the one that short names are completed with.
    #[serde(default)]
    pub domain: Option<String>,
    /// What the interfaces are plugged into.
    #[serde(rename = "link")]
    pub links: Vec<Link>,
    /// The computers and routers.
    #[serde(rename = "node")]
    pub nodes: Vec<Node>,
}

/// What joins interfaces: a switch with any number of ports, or a wire between two.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its name; interfaces refer to it.
    pub name: String,
    /// Switch or wire.
    #[serde(default)]
    pub kind: LinkKind,
    /// How long each frame travels, one way.
    #[serde(default, deserialize_with = "duration")]
    pub delay: Duration,
    /// Largest IP packet it carries, in bytes, 68–9000 (RFC 791 demands 68).
    #[serde(default = "ethernet_mtu")]
    pub mtu: u16,
    /// What goes wrong on it.
    #[serde(default, rename = "fault")]
    pub faults: Vec<Fault>,
    /// A few words for the map.
    #[serde(default)]
    pub about: Option<String>,
}

/// The two sorts of links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    /// A learning switch. Who wants to talk asks for the other's MAC address (ARP).
    #[default]
    Lan,
    /// Two ends that know each other: no ARP, so that a capture far away stays quiet.
    Wire,
}

/// A computer or router: one network namespace.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
// Each flag is an independent switch of the node in the file, named there.
#[allow(clippy::struct_excessive_bools)] // each is a switch of its own in the file
pub struct Node {
    /// Its name: a DNS label of at most 15 bytes.
    pub name: String,
    /// A few words for the map.
    #[serde(default)]
    pub about: Option<String>,
    /// Whether it forwards packets: whether it is a router.
    #[serde(default)]
    pub forward: bool,
    /// Whether it answers echo requests.
    #[serde(default = "yes")]
    pub echo: bool,
    /// Whether it reports packets whose TTL ran out; a router that does not is silent in a trace.
    #[serde(default = "yes")]
    pub time_exceeded: bool,
    /// Whether it limits its ICMP errors, as Linux does by default (one a second and destination).
    #[serde(default)]
    pub limit_errors: bool,
    /// Further kernel settings of its namespace, such as `"net.ipv4.ip_default_ttl" = "255"`.
    #[serde(default)]
    pub sysctls: BTreeMap<String, String>,
    /// Its network cards.
    #[serde(rename = "interface")]
    pub interfaces: Vec<Interface>,
    /// Its routes besides those to the networks it is on.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// What it serves.
    #[serde(default)]
    pub services: Vec<Service>,
    /// What a firewall before it discards without a word.
    #[serde(default)]
    pub drops: Vec<Match>,
}

/// One network card of a node.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// Its name, such as `eth0`: at most 15 bytes.
    pub name: String,
    /// The link it is plugged into.
    pub link: String,
    /// Its address; without one, a locally administered address made from its place in the file.
    #[serde(default, deserialize_with = "maybe_parsed")]
    pub mac: Option<MacAddr>,
    /// Its IP address and network.
    #[serde(deserialize_with = "parsed")]
    pub address: Ipv4Cidr,
    /// Its names in the DNS; the first is the one its address leads back to.
    #[serde(default)]
    pub names: Vec<String>,
}

/// Where a node sends packets for a network, or why it does not.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The network it is for, or `default`.
    #[serde(deserialize_with = "destination")]
    pub to: Ipv4Cidr,
    /// The router to give them to; needed by a route of kind `unicast` only.
    #[serde(default, deserialize_with = "maybe_parsed")]
    pub via: Option<Ipv4Addr>,
    /// What happens to them.
    #[serde(default)]
    pub kind: RouteKind,
}

/// What a route does with a packet, in the words of `ip route`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteKind {
    /// Sends it on.
    #[default]
    Unicast,
    /// Discards it, and says "host unreachable" (ICMP type 3 code 1).
    Unreachable,
    /// Discards it, and says "administratively prohibited" (ICMP type 3 code 13).
    Prohibit,
    /// Discards it without a word.
    Blackhole,
}

/// Something that listens on a port of a node.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What it does.
    pub kind: ServiceKind,
    /// The port: UDP for `dns`, TCP for the rest.
    pub port: u16,
    /// What a `banner` says, and the body of the page of an `http` server.
    #[serde(default)]
    pub text: Option<String>,
}

/// The services there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceKind {
    /// Answers A and PTR questions from the topology's names.
    Dns,
    /// A web server with one page.
    Http,
    /// Says its text to whoever connects, and closes.
    Banner,
    /// Sends back what it gets.
    Echo,
    /// Takes no notice of anything: what a firewall that discards looks like from outside.
    Filtered,
}

impl Topology {
    /// The scenario called `scenario`, or the file of that name where it contains a `/` or ends in `.toml`.
    ///
    /// # Errors
    /// Unknown scenario, unreadable file, or a file that does not describe a network: with its line.
    pub fn load(scenario: &str) -> Result<Self> {
        let is_file = scenario.contains('/') || Path::new(scenario).extension().is_some_and(|end| end == "toml");
        if is_file {
            let text = read_file(scenario).map_err(|why| {
                Error::new(Kind::File, format!("cannot read the scenario {scenario}: {why}")).hint(choices())
            })?;
            return Self::read(&text, scenario);
        }
        let Some((name, text)) = SCENARIOS.iter().find(|(name, _)| *name == scenario) else {
            return Err(Error::new(Kind::Usage, format!("there is no scenario called {scenario}")).hint(choices()));
        };
        Self::read(text, name)
    }

    /// The topology that `text` describes; `origin` names it in errors.
    ///
    /// # Errors
    /// The text is not TOML, has unknown or missing keys, or contradicts itself: one line, with the line number.
    pub fn read(text: &str, origin: &str) -> Result<Self> {
        let topology: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| check::line_of(text, span.start));
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            Error::new(Kind::Usage, format!("{origin}, line {line}: {message}"))
                .hint("a scenario is a TOML file with a title, a host, and some [[link]] and [[node]]")
                .hint(EXAMPLE)
        })?;
        check::check(&topology).map_err(|wrong| {
            let line = check::line_of_place(text, wrong.place);
            let error = Error::new(Kind::Usage, format!("{origin}, line {line}: {}", wrong.message));
            let hint = wrong.hint.unwrap_or_else(|| format!("change that line; {EXAMPLE}"));
            error.hint(hint)
        })?;
        Ok(topology)
    }

    /// The node called `name`, and its index.
    ///
    /// # Errors
    /// There is none; the hint lists those there are.
    pub fn node(&self, name: &str) -> Result<(usize, &Node)> {
        self.nodes.iter().enumerate().find(|(_, node)| node.name == name).ok_or_else(|| {
            let names: Vec<_> = self.nodes.iter().map(|node| node.name.as_str()).collect();
            Error::new(Kind::Usage, format!("there is no node called {name} in this lab"))
                .hint(format!("nodes: {}", names.join(", ")))
        })
    }

    /// Every interface with the indexes of its node and of itself there, in the order of the file.
    pub fn interfaces(&self) -> impl Iterator<Item = (usize, usize, &Interface)> {
        self.nodes
            .iter()
            .enumerate()
            .flat_map(|(n, node)| node.interfaces.iter().enumerate().map(move |(i, interface)| (n, i, interface)))
    }

    /// The MAC address of the interface `interface` of the node `node` (both counted from 0).
    #[must_use]
    pub fn mac(&self, node: usize, interface: usize) -> Option<MacAddr> {
        let mac = self.nodes.get(node)?.interfaces.get(interface)?.mac;
        // 02: locally administered, one station.
        let byte = |number: usize| u8::try_from(number % 256).unwrap_or(0);
        Some(mac.unwrap_or(MacAddr([2, 0, 0, byte(node / 256), byte(node), byte(interface)])))
    }

    /// Names and the addresses they stand for; the first name of an address is the one it leads back to. A name that is
    /// given to several addresses stands for all of them; a node's own name stands for its first.
    #[must_use]
    pub fn names(&self) -> Vec<(String, Ipv4Addr)> {
        let mut names = Vec::new();
        let mut taken = HashSet::new();
        for (n, _, interface) in self.interfaces() {
            let own = &interface.names;
            let node = &self.nodes[n].name;
            let made = self.domain.as_ref().filter(|_| own.is_empty()).map(|domain| format!("{node}.{domain}"));
            for name in own.iter().cloned().chain(made) {
                if taken.insert(name.to_ascii_lowercase()) || !own.is_empty() {
                    names.push((name, interface.address.address));
                }
            }
        }
        names
    }

    /// Address of the first DNS server.
    #[must_use]
    pub fn name_server(&self) -> Option<Ipv4Addr> {
        let serves = |node: &&Node| node.services.iter().any(|service| service.kind == ServiceKind::Dns);
        Some(self.nodes.iter().find(serves)?.interfaces.first()?.address.address)
    }
}

impl Node {
    /// The names of those services that can be met, for the map: `http 80`.
    pub fn offers(&self) -> impl Iterator<Item = String> {
        self.services.iter().map(|service| format!("{} {}", service.kind, service.port))
    }
}

impl fmt::Display for ServiceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "dns",
            Self::Http => "http",
            Self::Banner => "banner",
            Self::Echo => "echo",
            Self::Filtered => "filtered",
        })
    }
}

/// Which scenarios there are.
fn choices() -> String {
    let names: Vec<_> = SCENARIOS.iter().map(|(name, _)| *name).collect();
    format!("scenarios: {}; a file of your own ends in .toml or contains a /", names.join(", "))
}

/// The text of a regular file of at most [`LARGEST`] bytes; anything else may never end, or never begin.
fn read_file(path: &str) -> Result<String, String> {
    let why = |error: std::io::Error| match error.raw_os_error().map(Errno::from_raw) {
        Some(errno) => format!("{} ({errno:?})", errno.desc().to_lowercase()),
        None => error.to_string(),
    };
    // Without O_NONBLOCK, opening a named pipe waits for a writer; it means nothing to a regular file.
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path).map_err(why)?;
    let kind = file.metadata().map_err(why)?.file_type();
    if kind.is_dir() {
        return Err("it is a directory".to_owned());
    } else if !kind.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(why)?;
    if bytes.len() as u64 > LARGEST {
        return Err("it is larger than 1 MiB".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "it is not text (UTF-8)".to_owned())
}

fn yes() -> bool {
    true
}

fn ethernet_mtu() -> u16 {
    1500
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(from: D) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|error| serde::de::Error::custom(format!("{text:?}: {error}")))
}

fn maybe_parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(from: D) -> Result<Option<T>, D::Error> {
    parsed(from).map(Some)
}

fn destination<'de, D: Deserializer<'de>>(from: D) -> Result<Ipv4Cidr, D::Error> {
    let text = String::deserialize(from)?;
    let network = if text == "default" { "0.0.0.0/0" } else { &text };
    let cidr: Ipv4Cidr = network.parse().map_err(|error| serde::de::Error::custom(format!("{text:?}: {error}")))?;
    Ok(Ipv4Cidr { address: cidr.network(), prefix: cidr.prefix })
}

/// Reads spans such as `4.8ms`, `150us` or `2s`; at most a minute.
pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || serde::de::Error::custom(format!("{text:?} is not a span of time such as \"4.8ms\", up to \"60s\""));
    let units = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    let (number, unit) =
        units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit))).ok_or_else(wrong)?;
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * unit).ok().filter(|span| span.as_secs() < 60).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_reads() {
        for (name, text) in SCENARIOS {
            Topology::read(text, name).expect("a scenario of ours is sound");
        }
    }

    #[test]
    fn a_round_trip_to_the_web_server_takes_120_ms() {
        let home = Topology::load("home").expect("built in");
        let way: Duration = home.links.iter().map(|link| link.delay).sum();
        assert_eq!(way * 2, Duration::from_millis(120));
    }

    #[test]
    fn names_lead_to_addresses_and_the_domain_completes_the_nameless() {
        let home = Topology::load("home").expect("built in");
        let names = home.names();
        let address = |wanted: &str| names.iter().find(|(name, _)| name == wanted).map(|(_, address)| *address);
        assert_eq!(address("www.example.com"), Some(Ipv4Addr::new(93, 184, 216, 34)));
        assert_eq!(address("printer.home"), Some(Ipv4Addr::new(192, 168, 11, 20)));
        assert_eq!(home.name_server(), Some(Ipv4Addr::new(192, 168, 11, 1)));
    }

    #[test]
    fn an_unknown_scenario_or_node_lists_those_there_are() {
        let error = Topology::load("hme").expect_err("no such scenario");
        assert_eq!(error.to_string(), "there is no scenario called hme");
        assert!(error.hints()[0].contains("home"));
        let error = Topology::load("home").expect("built in").node("www2").map(|_| ()).expect_err("no such node");
        assert!(error.hints()[0].contains("www"), "{error:?}");
    }

    #[test]
    fn a_wrong_file_names_its_line() {
        let line = |text: &str| Topology::read(text, "x.toml").expect_err("wrong").to_string();
        assert_eq!(line("title = \"x\"\nhost = = 1\n").split(':').next(), Some("x.toml, line 2"));
        let home = SCENARIOS[0].1;
        let wrong = home.replace("4c:e6:76:0a:11:01", "4c:e6:76:0a:11");
        let number = wrong.lines().position(|line| line.contains("4c:e6")).expect("is there") + 1;
        assert!(line(&wrong).starts_with(&format!("x.toml, line {number}: \"4c:e6:76:0a:11\"")), "{}", line(&wrong));
        let wrong = home.replace("delay = \"49ms\"", "delay = \"49 parsecs\"");
        assert!(line(&wrong).contains("49 parsecs"));
        let wrong = home.replace("forward = true", "foward = true");
        assert!(line(&wrong).contains("foward"), "{}", line(&wrong));
    }
}

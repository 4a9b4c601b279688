//! Where a frame goes: the learning switches and the wires, without any I/O.

use std::collections::HashMap;
use std::time::Duration;

use super::fault::{Counter, Deed, Match, corrupt};
use super::topology::{LinkKind, Topology};
use crate::model::MacAddr;

/// Most addresses a switch remembers; a station that makes up addresses must not fill the memory.
const MAX_LEARNT: usize = 1024;

/// All links of a topology. Ports are numbered as [`Topology::interfaces`] counts interfaces.
#[derive(Debug)]
pub(super) struct Switch {
    ports: Vec<Port>,
    links: Vec<Link>,
}

#[derive(Debug)]
struct Port {
    link: usize,
    node: usize,
    /// What the firewall before this port's node discards.
    drops: Vec<Match>,
}

#[derive(Debug)]
struct Link {
    kind: LinkKind,
    delay: Duration,
    ports: Vec<usize>,
    learnt: HashMap<MacAddr, usize>,
    faults: Vec<FaultAt>,
}

#[derive(Debug)]
struct FaultAt {
    from: Option<usize>,
    to: Option<usize>,
    counter: Counter,
}

impl Switch {
    pub(super) fn new(topology: &Topology) -> Self {
        let index = |name: &String| topology.nodes.iter().position(|node| node.name == *name);
        let ports: Vec<Port> = topology
            .interfaces()
            .filter_map(|(node, _, interface)| {
                let link = topology.links.iter().position(|link| link.name == interface.link)?;
                Some(Port { link, node, drops: topology.nodes[node].drops.clone() })
            })
            .collect();
        let links = topology.links.iter().enumerate().map(|(number, link)| Link {
            kind: link.kind,
            delay: link.delay,
            ports: (0..ports.len()).filter(|&port| ports[port].link == number).collect(),
            learnt: HashMap::new(),
            faults: link
                .faults
                .iter()
                .map(|fault| FaultAt {
                    from: fault.from.as_ref().and_then(index),
                    to: fault.to.as_ref().and_then(index),
                    counter: Counter::new(fault.clone()),
                })
                .collect(),
        });
        let links = links.collect();
        Self { ports, links }
    }

    /// Takes a frame that came in at `port`, and calls `deliver` with each port it leaves by, the delay until
    /// then, and its bytes as they arrive there.
    pub(super) fn accept(&mut self, port: usize, frame: &mut [u8], deliver: &mut dyn FnMut(usize, Duration, &[u8])) {
        let Some(from) = self.ports.get(port) else { return };
        let (Some(target), Some(source)) = (MacAddr::read(frame), frame.get(6..).and_then(MacAddr::read)) else {
            return;
        };
        let Some(link) = self.links.get_mut(from.link) else { return };
        if link.kind == LinkKind::Lan && !source.is_group() {
            let is_known = link.learnt.contains_key(&source);
            if is_known || link.learnt.len() < MAX_LEARNT {
                link.learnt.insert(source, port);
            }
        }
        let known = link.learnt.get(&target).copied().filter(|_| !target.is_group());
        let exits: &[usize] = match &known {
            Some(exit) => std::slice::from_ref(exit),
            None => &link.ports,
        };
        for &exit in exits.iter().filter(|&&exit| exit != port) {
            let to = &self.ports[exit];
            let verdict = link.faults.iter_mut().find_map(|fault| {
                let concerned =
                    fault.from.is_none_or(|node| node == from.node) && fault.to.is_none_or(|node| node == to.node);
                concerned.then(|| fault.counter.judge(frame)).flatten()
            });
            if to.drops.iter().any(|dropped| dropped.holds(frame)) {
                continue;
            }
            match verdict {
                None => deliver(exit, link.delay, frame),
                Some((Deed::Drop, _)) => {}
                Some((Deed::Duplicate, _)) => {
                    deliver(exit, link.delay, frame);
                    deliver(exit, link.delay, frame);
                }
                Some((Deed::Hold, hold)) => deliver(exit, link.delay + hold, frame),
                Some((Deed::Corrupt, _)) => {
                    corrupt(frame);
                    deliver(exit, link.delay, frame);
                    corrupt(frame); // flipped back for the other ports
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [u8; 6] = [2, 0, 0, 0, 0, 0];
    const B: [u8; 6] = [2, 0, 0, 0, 1, 0];
    const ALL: [u8; 6] = [0xff; 6];

    fn topology(link: &str) -> Topology {
        let head = format!("title = \"t\"\nhost = \"a\"\n[[link]]\nname = \"lan\"\n{link}\n");
        let node = |(name, host): (&str, u8)| {
            let card = format!("name = \"eth0\"\nlink = \"lan\"\naddress = \"10.0.0.{host}/24\"");
            format!("[[node]]\nname = \"{name}\"\n[[node.interface]]\n{card}\n")
        };
        let nodes = [("a", 1), ("b", 2), ("c", 3)].map(node);
        let text = head + &nodes.concat();
        Topology::read(&text, "test").expect("sound")
    }

    fn frame(target: [u8; 6], source: [u8; 6], last: u8) -> Vec<u8> {
        [&target[..], &source, &[0x88, 0xb5, 0, last]].concat()
    }

    /// The ports a frame leaves by, its delays and last bytes.
    fn sent(switch: &mut Switch, port: usize, mut bytes: Vec<u8>) -> Vec<(usize, u128, u8)> {
        let mut out = Vec::new();
        switch.accept(port, &mut bytes, &mut |exit, delay, frame| {
            out.push((exit, delay.as_millis(), *frame.last().expect("not empty")));
        });
        out
    }

    #[test]
    fn a_switch_floods_until_it_has_learnt() {
        let mut switch = Switch::new(&topology("delay = \"3ms\""));
        assert_eq!(sent(&mut switch, 0, frame(B, A, 7)), [(1, 3, 7), (2, 3, 7)]);
        assert_eq!(sent(&mut switch, 1, frame(A, B, 7)), [(0, 3, 7)]);
        assert_eq!(sent(&mut switch, 0, frame(B, A, 7)), [(1, 3, 7)]);
        assert_eq!(sent(&mut switch, 0, frame(ALL, A, 7)), [(1, 3, 7), (2, 3, 7)]);
        assert_eq!(sent(&mut switch, 2, frame(A, A, 7)), [], "a frame for its own port goes nowhere");
        assert_eq!(sent(&mut switch, 0, vec![1; 11]), [], "a frame without addresses goes nowhere");
        assert_eq!(sent(&mut switch, 99, frame(ALL, A, 7)), []);
    }

    #[test]
    fn made_up_addresses_do_not_fill_the_memory() {
        let mut switch = Switch::new(&topology(""));
        for number in 0..3000_u16 {
            let [high, low] = number.to_be_bytes();
            sent(&mut switch, 0, frame(ALL, [2, 1, 0, 0, high, low], 0));
        }
        assert_eq!(switch.links[0].learnt.len(), MAX_LEARNT);
    }

    #[test]
    fn each_fault_does_its_deed_in_its_direction() {
        let once = |deed: &str| {
            let fault = format!("fault = [{{ from = \"a\", to = \"b\", nth = 1, do = \"{deed}\", hold = \"5ms\" }}]");
            let mut switch = Switch::new(&topology(&fault));
            assert_eq!(sent(&mut switch, 1, frame(ALL, B, 6)), [(0, 0, 6), (2, 0, 6)], "the other direction is sound");
            let first = sent(&mut switch, 0, frame(ALL, A, 6));
            assert_eq!(sent(&mut switch, 0, frame(ALL, A, 6)), [(1, 0, 6), (2, 0, 6)], "the second is sound");
            first
        };
        assert_eq!(once("drop"), [(2, 0, 6)]);
        assert_eq!(once("duplicate"), [(1, 0, 6), (1, 0, 6), (2, 0, 6)]);
        assert_eq!(once("hold"), [(1, 5, 6), (2, 0, 6)]);
        assert_eq!(once("corrupt"), [(1, 0, 7), (2, 0, 6)]);
    }
}

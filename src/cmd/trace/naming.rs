//! Names of the hops, looked up beside the probing: a hop is shown when its names are known, and a second after it was
//! found at the latest.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::asked;
use crate::model::{Event, Nanos, Packet};
use crate::probe::trace::Trace;
use crate::probe::{Errno, Probe, Step};
use crate::render::trace;
use crate::wire;

/// How often to look whether a name has come.
const GLANCE: Nanos = Nanos(2_000_000);

/// How far the look-up of a name has come.
enum Name {
    Asked,
    /// The answer; `None` when there is no name.
    Told(Option<String>),
}

/// The names asked for so far. The look-ups run on threads of their own.
pub(super) struct Names {
    wanted: bool,
    asked: HashMap<Ipv4Addr, Name>,
    sender: UnboundedSender<(Ipv4Addr, Option<String>)>,
    receiver: UnboundedReceiver<(Ipv4Addr, Option<String>)>,
}

impl Names {
    /// No names yet; none ever when they are not `wanted`.
    pub(super) fn new(wanted: bool) -> Self {
        let (sender, receiver) = unbounded_channel();
        Self { wanted, asked: HashMap::new(), sender, receiver }
    }

    /// Begins to look up the names of `addresses`, unless that was done before.
    pub(super) fn ask(&mut self, addresses: &[IpAddr]) {
        for address in asked(addresses).filter(|_| self.wanted) {
            if self.asked.contains_key(&address) {
                continue;
            }
            self.asked.insert(address, Name::Asked);
            let sender = self.sender.clone();
            tokio::spawn(async move {
                // Whoever asked may be gone: then nobody wants the name.
                let _ = sender.send((address, wire::reverse(address).await));
            });
        }
    }

    /// Takes in what has come; whether all names of `addresses` are known now, or known not to be.
    pub(super) fn ready(&mut self, addresses: &[IpAddr]) -> bool {
        while let Ok((address, name)) = self.receiver.try_recv() {
            self.asked.insert(address, Name::Told(name));
        }
        !asked(addresses).any(|address| matches!(self.asked.get(&address), Some(Name::Asked)))
    }

    /// The addresses with their names as far as they are known.
    pub(super) fn of(&self, addresses: &[IpAddr]) -> Vec<trace::Named> {
        let name = |address: &IpAddr| match address {
            IpAddr::V4(address) => match self.asked.get(address) {
                Some(Name::Told(name)) => name.clone(),
                Some(Name::Asked) | None => None,
            },
            IpAddr::V6(_) => None,
        };
        addresses.iter().map(|address| trace::Named { address: *address, name: name(address) }).collect()
    }
}

/// A trace whose hops wait for their names.
pub(super) struct Named {
    trace: Trace,
    names: Rc<RefCell<Names>>,
    waiting: Vec<Event>,
}

impl Named {
    pub(super) fn new(trace: Trace, names: Rc<RefCell<Names>>) -> Self {
        Self { trace, names, waiting: Vec::new() }
    }

    /// The trace, with everything that still waited handed back to it to be told.
    pub(super) fn into_inner(mut self) -> Trace {
        self.trace.put_back(std::mem::take(&mut self.waiting));
        self.trace
    }

    /// Takes in new events, and begins to look up the names in them.
    fn collect(&mut self) {
        for event in self.trace.events() {
            if let Event::Hop(hop) = &event {
                self.names.borrow_mut().ask(&hop.addresses());
            }
            self.waiting.push(event);
        }
    }

    /// How many of the waiting events can be told.
    fn ready(&self) -> usize {
        let mut names = self.names.borrow_mut();
        let waits = |event: &Event| matches!(event, Event::Hop(hop) if !names.ready(&hop.addresses()));
        self.waiting.iter().position(waits).unwrap_or(self.waiting.len())
    }
}

impl Probe for Named {
    fn next(&mut self, now: Nanos) -> Step {
        let step = self.trace.next(now);
        self.collect();
        if self.ready() == self.waiting.len() {
            return step;
        }
        match step {
            Step::Send(outgoing) => Step::Send(outgoing),
            Step::Wait(until) => Step::Wait(until.min(now + GLANCE)),
            Step::Done => Step::Wait(now + GLANCE),
        }
    }

    fn sent(&mut self, now: Nanos, result: Result<(), Errno>) {
        self.trace.sent(now, result);
    }

    fn heard(&mut self, now: Nanos, packet: &Packet<'_>) {
        self.trace.heard(now, packet);
    }

    fn events(&mut self) -> Vec<Event> {
        self.collect();
        let ready = self.ready();
        self.waiting.drain(..ready).collect()
    }
}

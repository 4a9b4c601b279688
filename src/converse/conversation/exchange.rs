//! Datagrams between two ports, and what the programs there said in them.

use std::net::Ipv4Addr;

use smallvec::SmallVec;

use super::facts::{Frames, Moment};
use crate::model::{FrameNo, LayerView, Nanos};
use crate::proto::dhcp::Dhcp;
use crate::proto::dns::gist::Gist;

/// Look-ups told apart at most.
const LOOKUPS: usize = 4;
/// Steps of a lease that are kept.
const STEPS: usize = 8;
/// Characters of a name that are kept.
const CHARACTERS: usize = 100;

/// Datagrams of both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// Those of the first end, and of the other.
    pub datagrams: [Frames; 2],
    /// Bytes of data in them.
    pub bytes: [u64; 2],
    /// From the datagram before it to the first that the other end sent.
    pub first_answer: Option<Nanos>,
    /// Names that were looked up.
    pub lookups: Lookups,
    /// How a machine got its address.
    pub lease: Option<Box<Lease>>,
    latest: Option<Moment>,
}

/// The first look-ups between two programs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookups(SmallVec<[Lookup; 1]>);

/// A question to a name server, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The name; not yet escaped.
    pub name: String,
    /// The type that was asked for, such as `A`; `None` for one without a name.
    pub kind: Option<&'static str>,
    /// The question's number.
    pub id: u16,
    /// The question.
    pub asked: Moment,
    /// The answer.
    pub answer: Option<Answered>,
}

/// What the answer said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Where and when.
    pub at: Moment,
    /// The response code.
    pub code: u8,
    /// How many records.
    pub records: u16,
}

/// The steps by which a machine got its address, or did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// What was said (the number of the DHCP message), and where.
    pub steps: SmallVec<[(u8, FrameNo); STEPS]>,
    /// The address that was given last.
    pub address: Option<Ipv4Addr>,
}

impl Exchange {
    /// Takes a datagram of end `end` (0 or 1) in.
    pub(super) fn see(&mut self, end: usize, data: usize, now: Moment) {
        let end = end & 1;
        self.datagrams[end].see(now.frame);
        self.bytes[end] = self.bytes[end].saturating_add(data as u64);
        if end == 0 {
            self.latest = Some(now);
        } else if let Some(latest) = self.latest {
            self.first_answer.get_or_insert(now.time - latest.time);
        }
    }

    /// Takes a DHCP message in.
    pub(super) fn lease(&mut self, view: LayerView<'_, '_>, now: Moment) {
        let Some(message) = Dhcp::read(view.bytes()).and_then(|dhcp| dhcp.message) else { return };
        let lease = self.lease.get_or_insert_default();
        if lease.steps.len() < STEPS {
            lease.steps.push((message, now.frame));
        }
        let given = view.bytes().get(16..).and_then(|rest| rest.first_chunk::<4>()).copied().map(Ipv4Addr::from);
        lease.address = given.filter(|address| !address.is_unspecified()).or(lease.address);
    }
}

impl Lookups {
    /// Each of them, in the order in which they were asked.
    #[must_use]
    pub fn kept(&self) -> &[Lookup] {
        &self.0
    }

    /// Takes a DNS message in.
    pub(super) fn see(&mut self, view: LayerView<'_, '_>, now: Moment) {
        let Some(gist) = Gist::read(view).filter(|gist| gist.ordinary) else { return };
        let known = self.0.iter().position(|lookup| lookup.id == gist.id);
        match (gist.response, known) {
            (true, Some(place)) => {
                let answer = Answered { at: now, code: gist.code, records: gist.answers };
                self.0[place].answer.get_or_insert(answer);
            }
            (false, None) if self.0.len() < LOOKUPS => {
                // Without a name that can be read, there is nothing to tell.
                let Some(name) = gist.name.as_ref() else { return };
                self.0.push(Lookup {
                    name: name.to_string().chars().take(CHARACTERS).collect(),
                    kind: gist.kind_name(),
                    id: gist.id,
                    asked: now,
                    answer: None,
                });
            }
            _ => {}
        }
    }
}

//! Where bytes are in the frame that a program sees: behind the VLAN tags that the filter speaks of, and without the one
//! that the kernel keeps beside the frame.

use std::ops::Range;

use super::Conditions;
use super::assembler::Width;
use super::bpf::{Operation, beside};
use super::check::{Check, Value};
use super::link::{Carries, Layout, cooked, ethernet, family, layout, version};
use super::refusal::Fault;
use super::words::VLAN_TAGS;

/// A frame as it is while the tree is walked in the order of the text.
pub(super) struct Ground {
    pub layout: Layout,
    /// Bytes of VLAN tags that the text has passed so far.
    shift: u32,
    /// The kernel holds the outermost tag beside the frame; offsets here count as if it were still inside.
    tagged: bool,
    pub netmask: u32,
}

/// Bytes of a VLAN tag, and where the kernel takes it out.
const TAG: u32 = 4;
const TAG_AT: u32 = 12;

impl Ground {
    pub fn new(conditions: Conditions, tagged: bool) -> Self {
        Self { layout: layout(conditions.link), shift: 0, tagged, netmask: conditions.netmask }
    }

    /// From here on, the text means what is behind one more tag.
    pub fn pass_tag(&mut self) {
        self.shift += TAG;
    }

    /// Where what the link carries begins.
    pub fn start(&self) -> u32 {
        self.layout.payload + self.shift
    }

    /// Whether the link carries this.
    pub fn network(&self, number: u32) -> Check {
        match self.layout.carries {
            Carries::Version => version(number, self.load(0, Width::Byte)),
            Carries::Family => family(number, || self.load(0, Width::Word)),
            Carries::Type(at) => self.load(at, Width::Half).is(number),
            Carries::Cooked(kind) => cooked(number, |offset, width| self.load(kind + offset, width)),
            Carries::Ethernet(_) if self.tagged && self.shift == 0 => {
                // What the kernel took out is a VLAN tag, and nothing else.
                let is_tag = VLAN_TAGS.iter().any(|tag| u32::from(*tag) == number);
                if is_tag { self.load(TAG_AT, Width::Half).is(number) } else { Check::Always(false) }
            }
            Carries::Ethernet(kind) => ethernet(number, |offset, width| self.load(kind + self.shift + offset, width)),
        }
    }

    pub fn mac(&self, offset: u32, mac: [u8; 6]) -> Check {
        let [first, second, rest @ ..] = mac;
        let (start, rest) = (u16::from_be_bytes([first, second]), u32::from_be_bytes(rest));
        Check::all([self.load(offset + 2, Width::Word).is(rest), self.load(offset, Width::Half).is(start.into())])
    }

    pub fn with_macs(&self, at: &Range<usize>, what: &str) -> Result<(), Fault> {
        match self.layout.carries {
            Carries::Ethernet(_) => Ok(()),
            Carries::Version | Carries::Family | Carries::Cooked(_) | Carries::Type(_) => {
                Err(Fault::new(at.clone(), format!("there are no {what} in frames of the type {}", self.layout.name)))
            }
        }
    }

    pub fn length(&self) -> Value {
        let seen = Value::Length;
        if self.tagged { Value::operation(Operation::Add, seen, Value::Constant(TAG)) } else { seen }
    }

    /// Bytes of what the link carries.
    pub fn payload(&self, offset: u32, width: Width) -> Value {
        self.load(self.start() + offset, width)
    }

    /// Bytes behind the IPv4 header.
    pub fn behind_ipv4(&self, offset: u32, width: Width) -> Value {
        let header = self.start();
        match (self.moved(header), self.moved(header + offset)) {
            (Some(header), Some(offset)) => Value::BehindHeader { header, offset, width },
            _ => Value::nowhere(),
        }
    }

    /// Where the byte at `offset` is in what the program sees; `None` in the tag that it does not see.
    fn moved(&self, offset: u32) -> Option<u32> {
        match offset {
            _ if !self.tagged => Some(offset),
            0..TAG_AT => Some(offset),
            _ => offset.checked_sub(TAG).filter(|moved| *moved >= TAG_AT),
        }
    }

    /// Bytes of the frame.
    pub fn load(&self, offset: u32, width: Width) -> Value {
        let size = match width {
            Width::Byte => 1,
            Width::Half => 2,
            Width::Word => 4,
        };
        let last = offset + (size - 1);
        match (self.moved(offset), self.moved(last)) {
            (Some(first), Some(last)) if last - first == size - 1 => Value::At(first, width),
            _ if (offset, size) == (TAG_AT, 2) => Value::At(beside::VLAN_TPID, Width::Half),
            _ if (offset, size) == (TAG_AT + 2, 2) => Value::At(beside::VLAN_TCI, Width::Half),
            _ if size == 1 => {
                let known = if offset < TAG_AT + 2 { beside::VLAN_TPID } else { beside::VLAN_TCI };
                let shifted = if offset.is_multiple_of(2) { 8 } else { 0 };
                let shifted =
                    Value::operation(Operation::Right, Value::At(known, Width::Half), Value::Constant(shifted));
                shifted.masked(0xff)
            }
            // Across the edge of the tag: byte by byte.
            _ => (offset..=last).fold(Value::Constant(0), |high, at| {
                let high = Value::operation(Operation::Left, high, Value::Constant(8));
                Value::operation(Operation::Or, high, self.load(at, Width::Byte))
            }),
        }
    }

    pub fn indexed(
        &self,
        header: Option<u32>,
        start: u32,
        index: Value,
        width: Width,
        at: &Range<usize>,
    ) -> Result<Value, Fault> {
        let index = Box::new(index);
        if !self.tagged {
            return Ok(Value::Indexed { header, offset: start, index, width });
        }
        if start == 0 {
            return Err(Fault::new(at.clone(), "while capturing, the offset of ether[...] has to be a plain number")
                .hint("the kernel keeps a VLAN tag beside the frame, not in it"));
        }
        Ok(match (header.map(|header| self.moved(header)), self.moved(start)) {
            (None, Some(offset)) => Value::Indexed { header: None, offset, index, width },
            (Some(Some(header)), Some(offset)) => Value::Indexed { header: Some(header), offset, index, width },
            // Behind a tag that the text does not speak of: no protocol is found there.
            _ => Value::nowhere(),
        })
    }
}

//! Notes: the sentences netlab claims, each with its kind and the frames it rests on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smallvec::SmallVec;

use super::{FrameNo, MacAddr, Nanos};

/// What a sentence is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The bytes say so.
    Fact,
    /// The usual cause; something else could explain it too, and the sentence says what.
    Guess,
    /// What this vantage point cannot show.
    Blind,
}

/// How much attention a note deserves, in Wireshark's four steps of expert information.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The normal course of things.
    Chat,
    /// Unusual but harmless.
    Note,
    /// An error somebody reported, or a likely problem.
    Warn,
    /// The bytes contradict their format.
    Error,
}

/// An argument of a sentence.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// A number that the catalogue may select plural forms by.
    Number(f64),
    /// Text, inserted as it is; whoever prints it escapes it.
    Text(Box<str>),
    /// Text of our own.
    Word(&'static str),
    /// An address, written as usual.
    Ip(IpAddr),
    /// A MAC address, written as usual.
    Mac(MacAddr),
    /// A frame, written as `#7`.
    Frame(FrameNo),
    /// A span in milliseconds, with three digits behind the point.
    Millis(Nanos),
}

/// The arguments of a sentence: each value has the name in the same place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Args {
    names: &'static [&'static str],
    values: SmallVec<[Arg; 3]>,
}

/// Arguments that are found by name.
pub trait Named {
    /// The argument with this name.
    fn named(&self, name: &str) -> Option<&Arg>;
}

/// One claim. Its words are in the catalogue under `id`.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Identifier of the rule, such as `ping.answered`; also the key of its words.
    pub id: &'static str,
    /// What it is worth.
    pub kind: Claim,
    /// How much attention it deserves.
    pub severity: Severity,
    /// The frames it rests on, ascending; may be empty for `blind`.
    pub frames: SmallVec<[FrameNo; 4]>,
    /// The values in its sentence.
    pub args: Args,
    /// Where the rule comes from, such as `RFC 792`; `None` where no standard says it.
    pub source: Option<&'static str>,
}

impl Claim {
    /// The word shown before the sentence.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Guess => "guess",
            Self::Blind => "blind",
        }
    }
}

impl Severity {
    /// Wireshark's word for it, in lower case.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl Args {
    /// These `values`, each with the name in the same place.
    #[inline]
    #[must_use]
    pub fn new<const N: usize>(names: &'static [&'static str], values: [Arg; N]) -> Self {
        debug_assert_eq!(N, names.len(), "a name for each value");
        let mut room = SmallVec::with_capacity(N);
        // Pushed one by one, for there are few: to collect them takes longer.
        for value in values {
            room.push(value);
        }
        Self { names, values: room }
    }

    /// Where the argument with this name is.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| *known == name)
    }

    /// The argument at a place.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<&Arg> {
        self.values.get(place)
    }
}

impl Named for Args {
    fn named(&self, name: &str) -> Option<&Arg> {
        self.at(self.place(name)?)
    }
}

impl Named for [(&'static str, Arg)] {
    fn named(&self, name: &str) -> Option<&Arg> {
        self.iter().find(|(known, _)| *known == name).map(|(_, arg)| arg)
    }
}

impl Arg {
    /// The number that this is, where it is a count, as nearly every number is.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // what is lost is looked for
    pub fn count(&self) -> Option<u32> {
        let Self::Number(number) = *self else { return None };
        let count = number as u32;
        (f64::from(count).to_bits() == number.to_bits()).then_some(count)
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text.into_boxed_str())
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<IpAddr> for Arg {
    fn from(address: IpAddr) -> Self {
        Self::Ip(address)
    }
}

impl From<Ipv4Addr> for Arg {
    fn from(address: Ipv4Addr) -> Self {
        Self::Ip(address.into())
    }
}

impl From<Ipv6Addr> for Arg {
    fn from(address: Ipv6Addr) -> Self {
        Self::Ip(address.into())
    }
}

impl From<MacAddr> for Arg {
    fn from(address: MacAddr) -> Self {
        Self::Mac(address)
    }
}

impl From<FrameNo> for Arg {
    fn from(frame: FrameNo) -> Self {
        Self::Frame(frame)
    }
}

impl From<u8> for Arg {
    fn from(number: u8) -> Self {
        Self::Number(f64::from(number))
    }
}

impl From<u16> for Arg {
    fn from(number: u16) -> Self {
        Self::Number(f64::from(number))
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Self {
        Self::Number(f64::from(number))
    }
}

//! Tokens → tree, by tcpdump's rules.
//!
//! `and` and `or` bind equally, from left to right; `not` binds tighter. A value may stand alone after them and then
//! means what the value before it meant: `port 80 or 443`, `host a or b`, `src net 10 and not 10.1`.

mod arithmetic;
mod value;

use std::ops::Range;

use super::refusal::Fault;
use super::syntax::{Direction, Primitive, Tree, Within};
use super::token::{Kind, Token};
use super::words::{ARP, IPV4, IPV6, Place, Protocol, RARP, Services, Word};

/// Reads tokens, of which the last is [`Kind::End`].
pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    services: Services<'a>,
    depth: u32,
    count: u32,
}

/// What a value means: `tcp src port`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Qualifier {
    protocol: Option<&'static Protocol>,
    direction: Option<Direction>,
    kind: Option<Word>,
}

/// The meaning that a value may take over from the value before, where there is one.
type Inherited = Option<Qualifier>;

/// Makes one tree of two.
type Join = fn(Tree, Tree) -> Tree;

/// Parentheses and negations inside each other at most.
const DEEPEST: u32 = 100;

/// Questions and numbers in one filter at most.
const MOST: u32 = 500;

impl<'a> Parser<'a> {
    pub fn new(text: &'a str, tokens: Vec<Token>, services: Services<'a>) -> Self {
        Self { text, tokens, next: 0, services, depth: 0, count: 0 }
    }

    /// The whole filter.
    pub fn filter(mut self) -> Result<Tree, Fault> {
        let tree = self.questions(None)?;
        match self.peek() {
            Kind::End => Ok(tree),
            Kind::Sign(")") => Err(self.fault("no parenthesis is open here")),
            Kind::Sign(_) => Err(self
                .fault("expected \"and\" or \"or\" here")
                .hint("before a comparison stands a number, such as tcp[13], len or 5")),
            _ => Err(self
                .fault("expected \"and\" or \"or\" here")
                .hint("join two questions with and or or: tcp and port 80")),
        }
    }

    /// Questions joined by `and` and `or`.
    fn questions(&mut self, around: Inherited) -> Result<Tree, Fault> {
        let (mut tree, mut inherited) = self.term(around, false)?;
        while let Some(join) = self.join() {
            let (right, meaning) = self.term(inherited, true)?;
            tree = join(tree, right);
            inherited = meaning;
        }
        Ok(tree)
    }

    /// Takes an `and` or `or`, if one is next.
    fn join(&mut self) -> Option<Join> {
        let join: Join = match self.peek() {
            Kind::Word(Word::And) => Tree::and,
            Kind::Word(Word::Or) => Tree::or,
            _ => return None,
        };
        self.next += 1;
        Some(join)
    }

    /// One question or, where `values`, a value alone; and what a value after it would mean.
    fn term(&mut self, inherited: Inherited, values: bool) -> Result<(Tree, Inherited), Fault> {
        if self.take(Kind::Word(Word::Not)) {
            let (inner, meaning) = self.deeper(|parser| parser.term(inherited, values))?;
            return Ok((Tree::Not(Box::new(inner)), meaning));
        }
        if let Some(relation) = self.relation()? {
            return Ok((relation, None));
        }
        if values && self.begins_value() {
            let qualifier = inherited.ok_or_else(|| {
                self.fault("it is not clear what this value means").hint("say what it is: host, net or port")
            })?;
            return Ok((self.id(qualifier)?, inherited));
        }
        if self.take(Kind::Sign("(")) {
            let tree = self.deeper(|parser| parser.questions(inherited))?;
            self.close()?;
            return Ok((tree, inherited));
        }
        self.question()
    }

    /// A question that begins with a word.
    fn question(&mut self) -> Result<(Tree, Inherited), Fault> {
        let start = self.next;
        let protocol = match self.peek() {
            Kind::Protocol(protocol) => Some(protocol),
            _ => None,
        };
        self.next += usize::from(protocol.is_some());
        let word = match self.peek() {
            Kind::Word(word) => Some(word),
            _ => None,
        };
        let primitive = match (protocol, word) {
            (_, Some(Word::Broadcast)) => {
                self.taken(|parser| parser.within(protocol, start).map(Primitive::Broadcast))?
            }
            (_, Some(Word::Multicast)) => {
                self.taken(|parser| parser.within(protocol, start).map(Primitive::Multicast))?
            }
            (None, Some(Word::Less)) => self.taken(|parser| parser.bytes().map(Primitive::Less))?,
            (None, Some(Word::Greater)) => self.taken(|parser| parser.bytes().map(Primitive::Greater))?,
            (None, Some(Word::Vlan)) => self.taken(|parser| parser.vlan().map(Primitive::Vlan))?,
            (
                _,
                Some(
                    Word::Source
                    | Word::Destination
                    | Word::Host
                    | Word::Net
                    | Word::Port
                    | Word::PortRange
                    | Word::Proto,
                ),
            ) => {
                let qualifier = self.qualifier(protocol)?;
                return Ok((self.id(qualifier)?, Some(qualifier)));
            }
            (Some(Protocol { word, place: Place::Link }), _) => {
                let what = format!("expected host, src, dst, proto, broadcast or multicast after \"{word}\"");
                return Err(self.fault(&what));
            }
            (Some(protocol), _) => Primitive::Protocol(protocol),
            (None, _) => return Err(self.no_question()),
        };
        self.one_more()?;
        Ok((Tree::Leaf(primitive, self.since(start)), None))
    }

    fn taken<T>(&mut self, rest: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.next += 1;
        rest(self)
    }

    fn bytes(&mut self) -> Result<u32, Fault> {
        let Kind::Number(number) = self.peek() else { return Err(self.fault("expected a number of bytes here")) };
        self.next += 1;
        Ok(number)
    }

    fn vlan(&mut self) -> Result<Option<u16>, Fault> {
        if !matches!(self.peek(), Kind::Number(_) | Kind::Sign("(")) {
            return Ok(None);
        }
        let (number, at) = self.number_in_parentheses()?;
        match u16::try_from(number) {
            Ok(number @ 0..=4095) => Ok(Some(number)),
            _ => Err(Fault::new(at, "VLAN numbers end at 4095")),
        }
    }

    /// What stands between a protocol and the value: a direction, a kind of value, or both.
    fn qualifier(&mut self, protocol: Option<&'static Protocol>) -> Result<Qualifier, Fault> {
        let direction = self.direction()?;
        let kind = match self.peek() {
            Kind::Word(kind @ (Word::Host | Word::Net | Word::Port | Word::PortRange)) => Some(kind),
            Kind::Word(Word::Proto) if direction.is_none() => Some(Word::Proto),
            _ => None,
        };
        self.next += usize::from(kind.is_some());
        Ok(Qualifier { protocol, direction, kind })
    }

    fn direction(&mut self) -> Result<Option<Direction>, Fault> {
        let one = |kind| match kind {
            Kind::Word(Word::Source) => Some(Direction::Source),
            Kind::Word(Word::Destination) => Some(Direction::Destination),
            _ => None,
        };
        let Some(first) = one(self.peek()) else { return Ok(None) };
        self.next += 1;
        let both = match self.peek() {
            Kind::Word(Word::Or) => Direction::Either,
            Kind::Word(Word::And) => Direction::Both,
            _ => return Ok(Some(first)),
        };
        match self.tokens.get(self.next + 1).and_then(|token| one(token.kind)) {
            Some(second) if second != first => {
                self.next += 2;
                Ok(Some(both))
            }
            _ => Err(self.fault("expected a value before this").hint("such as: src 192.168.1.1")),
        }
    }

    /// Where addresses are sought under this protocol.
    fn within(&self, protocol: Option<&'static Protocol>, start: usize) -> Result<Within, Fault> {
        let Some(protocol) = protocol else { return Ok(Within::Any) };
        match protocol.place {
            Place::Link => Ok(Within::Link),
            Place::Network(IPV4) => Ok(Within::Ipv4),
            Place::Network(IPV6) => Ok(Within::Ipv6),
            Place::Network(ARP) => Ok(Within::Arp),
            Place::Network(RARP) => Ok(Within::Rarp),
            _ => Err(Fault::new(self.since(start), format!("{} has no addresses of its own", protocol.word))
                .hint(format!("join two questions: {} and host 192.168.1.1", protocol.word))),
        }
    }

    fn peek(&self) -> Kind {
        self.tokens.get(self.next).map_or(Kind::End, |token| token.kind)
    }

    fn take(&mut self, kind: Kind) -> bool {
        let is_next = self.peek() == kind;
        self.next += usize::from(is_next);
        is_next
    }

    fn close(&mut self) -> Result<(), Fault> {
        if self.take(Kind::Sign(")")) { Ok(()) } else { Err(self.fault("expected a closing parenthesis here")) }
    }

    /// The place of the next token.
    fn here(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.text.len()..self.text.len(), |token| token.at.clone())
    }

    /// From token `start` to the one that was read last.
    fn since(&self, start: usize) -> Range<usize> {
        let last = self.next.saturating_sub(1).max(start);
        match (self.tokens.get(start), self.tokens.get(last)) {
            (Some(first), Some(last)) => first.at.start..last.at.end,
            _ => self.here(),
        }
    }

    /// Something is wrong with the next token.
    fn fault(&self, message: &str) -> Fault {
        let message =
            if self.peek() == Kind::End { message.replace(" here", " at the end") } else { message.to_owned() };
        Fault::new(self.here(), message)
    }

    fn no_question(&self) -> Fault {
        let text = self.text.get(self.here()).unwrap_or_default();
        match self.peek() {
            Kind::Dotted(..) | Kind::Ipv6(_) => {
                self.fault("an address alone is no question").hint(format!("try: host {text}"))
            }
            Kind::Mac(_) => self.fault("an address alone is no question").hint(format!("try: ether host {text}")),
            Kind::Number(_) => self.fault("a number alone is no question").hint(format!("try: port {text}")),
            Kind::Name if super::words::protocol(&text.to_lowercase()).is_some() => {
                self.fault("this word is written in small letters").hint(format!("try: {}", text.to_lowercase()))
            }
            Kind::Name => self
                .fault(&format!("\"{text}\" is not a word of the filter language"))
                .hint(format!("a host's name needs host before it: host {text}")),
            _ => self.fault("expected a question here").hint("such as: tcp, port 80, host 192.168.1.1"),
        }
    }

    /// Counts a question or number, so that no filter takes for ever.
    fn one_more(&mut self) -> Result<(), Fault> {
        self.count += 1;
        if self.count > MOST { Err(self.fault(&format!("it has more than {MOST} parts"))) } else { Ok(()) }
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == DEEPEST {
            return Err(self.fault(&format!("more than {DEEPEST} parentheses or negations inside each other")));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }
}

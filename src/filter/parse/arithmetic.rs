//! Comparisons of numbers: `tcp[tcpflags] & (tcp-syn|tcp-fin) != 0`, `len > 100`.

use super::Parser;
use crate::filter::bpf::Operation;
use crate::filter::refusal::Fault;
use crate::filter::syntax::{Number, Primitive, Relation, Tree};
use crate::filter::token::Kind;
use crate::filter::words::Word;

/// How tightly the signs bind. Those without a rank take everything that follows them, and yield to nothing before.
static OPERATIONS: &[(&str, Operation, Option<u32>)] = &[
    ("|", Operation::Or, Some(1)),
    ("&", Operation::And, Some(2)),
    ("<<", Operation::Left, Some(3)),
    (">>", Operation::Right, Some(3)),
    ("+", Operation::Add, Some(4)),
    ("-", Operation::Subtract, Some(4)),
    ("*", Operation::Multiply, Some(5)),
    ("/", Operation::Divide, Some(5)),
    ("%", Operation::Remainder, None),
    ("^", Operation::Xor, None),
];

/// The rank of a minus sign before a number.
const MINUS: u32 = 6;

static RELATIONS: &[(&str, Relation)] = &[
    ("=", Relation::Equal),
    ("!=", Relation::Unequal),
    (">", Relation::Above),
    (">=", Relation::AtLeast),
    ("<", Relation::Below),
    ("<=", Relation::AtMost),
];

impl Parser<'_> {
    /// A comparison, if one is next. What begins with a parenthesis or a number may be something else.
    pub(super) fn relation(&mut self) -> Result<Option<Tree>, Fault> {
        let (start, count) = (self.next, self.count);
        let sure = match self.peek() {
            Kind::Sign("(") | Kind::Number(_) => false,
            Kind::Sign("-") | Kind::Word(Word::Length) => true,
            Kind::Protocol(_) if self.tokens.get(self.next + 1).is_some_and(|next| next.kind == Kind::Sign("[")) => {
                true
            }
            _ => return Ok(None),
        };
        let left = match self.arithmetic(0) {
            Ok(left) => left,
            Err(fault) if sure => return Err(fault),
            Err(_) => {
                (self.next, self.count) = (start, count);
                return Ok(None);
            }
        };
        let relation = match self.peek() {
            Kind::Sign(sign) => RELATIONS.iter().find(|(known, _)| *known == sign).map(|(_, relation)| *relation),
            _ => None,
        };
        let Some(relation) = relation else {
            if matches!(left, Number::Constant(_)) && !sure {
                (self.next, self.count) = (start, count);
                return Ok(None);
            }
            return Err(self.fault("expected a comparison here").hint("such as: tcp[13] & 2 != 0, len > 100"));
        };
        self.next += 1;
        let right = self.arithmetic(0)?;
        Ok(Some(Tree::Leaf(Primitive::Relation { left, relation, right }, self.since(start))))
    }

    /// A number and all operations after it that bind tighter than `rank`.
    fn arithmetic(&mut self, rank: u32) -> Result<Number, Fault> {
        let mut left = self.operand()?;
        loop {
            let Kind::Sign(sign) = self.peek() else { return Ok(left) };
            let Some((_, operation, own)) = OPERATIONS.iter().find(|(known, ..)| *known == sign) else {
                return Ok(left);
            };
            if own.is_some_and(|own| own <= rank) {
                return Ok(left);
            }
            self.next += 1;
            let at = self.here();
            let right = self.deeper(|parser| parser.arithmetic(own.unwrap_or(0)))?;
            if let (Operation::Left | Operation::Right, Number::Constant(32..)) = (operation, &right) {
                return Err(Fault::new(at, "a number has only 32 bits to shift"));
            }
            left = Number::Operation(*operation, Box::new(left), Box::new(right), at);
        }
    }

    fn operand(&mut self) -> Result<Number, Fault> {
        self.one_more()?;
        let start = self.next;
        match self.peek() {
            Kind::Number(number) => {
                self.next += 1;
                Ok(Number::Constant(number))
            }
            Kind::Word(Word::Length) => {
                self.next += 1;
                Ok(Number::Length)
            }
            Kind::Sign("-") => {
                self.next += 1;
                let inner = self.deeper(|parser| parser.arithmetic(MINUS))?;
                Ok(Number::Negative(Box::new(inner)))
            }
            Kind::Sign("(") => {
                self.next += 1;
                let inner = self.deeper(|parser| parser.arithmetic(0))?;
                self.close()?;
                Ok(inner)
            }
            Kind::Protocol(protocol) => {
                self.next += 1;
                if !self.take(Kind::Sign("[")) {
                    return Err(self.fault("expected \"[\" and an offset here").hint("such as: tcp[13]"));
                }
                let offset = self.deeper(|parser| parser.arithmetic(0))?;
                let size = if self.take(Kind::Sign(":")) {
                    let Kind::Number(size @ (1 | 2 | 4)) = self.peek() else {
                        return Err(self.fault("expected 1, 2 or 4 bytes here"));
                    };
                    self.next += 1;
                    size
                } else {
                    1
                };
                if !self.take(Kind::Sign("]")) {
                    return Err(self.fault("expected \"]\" here"));
                }
                Ok(Number::Bytes { protocol, offset: Box::new(offset), size, at: self.since(start) })
            }
            _ => Err(self.fault("expected a number here").hint("such as: 5, 0x1f, len, tcp[13]")),
        }
    }
}

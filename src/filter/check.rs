//! What a program has to find out: tests on numbers loaded from the frame, joined by and, or and not.
//!
//! They are tried from left to right, and only as far as needed. The order matters: a load beyond the end of a short
//! frame refuses it, whatever would have come after.

use super::assembler::{Test, Width};
use super::bpf::Operation;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Always(bool),
    All(Vec<Check>),
    Any(Vec<Check>),
    Not(Box<Check>),
    /// A test of a number against a constant.
    Test(Value, Test),
    /// A test of the first number against the second; the test is one that names the index register.
    Compare(Value, Value, Test),
}

/// A number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Constant(u32),
    /// The length of what the program sees.
    Length,
    /// Bytes at this offset.
    At(u32, Width),
    /// Bytes at this offset plus the length of the IPv4 header at that one.
    BehindHeader {
        header: u32,
        offset: u32,
        width: Width,
    },
    /// Bytes at this offset plus a number, plus the length of an IPv4 header where one is named.
    Indexed {
        header: Option<u32>,
        offset: u32,
        index: Box<Value>,
        width: Width,
    },
    Operation(Operation, Box<Value>, Box<Value>),
    Negative(Box<Value>),
}

/// An offset that no frame has: loading from there refuses the frame.
const NOWHERE: u32 = 0x7fff_0000;

impl Check {
    /// All of `checks`, tried in this order.
    pub fn all(checks: impl IntoIterator<Item = Self>) -> Self {
        Self::join(checks, true, Self::All)
    }

    /// Any of `checks`, tried in this order.
    pub fn any(checks: impl IntoIterator<Item = Self>) -> Self {
        Self::join(checks, false, Self::Any)
    }

    /// What is always `neutral` is left out, and so is what comes after a check that always decides. What comes before
    /// it stays: a frame may be too short for it.
    fn join(checks: impl IntoIterator<Item = Self>, neutral: bool, joined: fn(Vec<Self>) -> Self) -> Self {
        let mut parts = Vec::new();
        for check in checks {
            match check {
                Self::Always(known) if known == neutral => {}
                Self::Always(_) => {
                    parts.push(check);
                    break;
                }
                check => parts.push(check),
            }
        }
        match parts.len() {
            0 => Self::Always(neutral),
            1 => parts.remove(0),
            _ => joined(parts),
        }
    }
}

impl std::ops::Not for Check {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Always(known) => Self::Always(!known),
            Self::Not(inner) => *inner,
            check => Self::Not(Box::new(check)),
        }
    }
}

impl Value {
    /// A number that cannot be had: the frame is refused.
    pub fn nowhere() -> Self {
        Self::At(NOWHERE, Width::Byte)
    }

    pub fn is(self, number: u32) -> Check {
        Check::Test(self, Test::Equals(number))
    }

    /// The bits of this number that `mask` has.
    pub fn masked(self, mask: u32) -> Self {
        if mask == u32::MAX { self } else { Self::operation(Operation::And, self, Self::Constant(mask)) }
    }

    /// Computed at once where both numbers are known.
    pub fn operation(operation: Operation, left: Self, right: Self) -> Self {
        match (&left, &right) {
            (Self::Constant(a), Self::Constant(b)) => {
                operation.apply(*a, *b).map_or_else(Self::nowhere, Self::Constant)
            }
            // The kernel does not take such a shift.
            (_, Self::Constant(32..)) if matches!(operation, Operation::Left | Operation::Right) => {
                Self::operation(Operation::And, left, Self::Constant(0))
            }
            _ => Self::Operation(operation, Box::new(left), Box::new(right)),
        }
    }

    pub fn negative(self) -> Self {
        match self {
            Self::Constant(number) => Self::Constant(number.wrapping_neg()),
            other => Self::Negative(Box::new(other)),
        }
    }

    /// How the two compare; `test` says it of a constant.
    pub fn compare(self, right: Self, test: fn(u32) -> Test, by_index: Test) -> Check {
        match (self, right) {
            (Self::Constant(left), Self::Constant(right)) => Check::Always(match test(right) {
                Test::Above(right) => left > right,
                Test::AtLeast(right) => left >= right,
                _ => left == right,
            }),
            (left, Self::Constant(right)) => Check::Test(left, test(right)),
            (left, right) => Check::Compare(left, right, by_index),
        }
    }
}

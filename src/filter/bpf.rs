//! Classic BPF programs: the little language in which the kernel is told which frames to hand over.
//!
//! Source: `McCanne` and `Jacobson`, "The BSD Packet Filter", USENIX Winter 1993; Linux `filter.txt`.

/// One instruction, as the kernel takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Operation.
    pub code: u16,
    /// Instructions to skip when a jump's test holds.
    pub yes: u8,
    /// Instructions to skip when it does not.
    pub no: u8,
    /// Operand.
    pub operand: u32,
}

/// A finished program. Jumps only go forward, so it always ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(Vec<Instruction>);

/// A frame as a program sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight<'a> {
    /// The bytes that were captured.
    pub bytes: &'a [u8],
    /// The frame's length on the wire.
    pub length: usize,
    /// The VLAN tag that the kernel took out of the frame, as TPID and TCI.
    pub tag: Option<(u16, u16)>,
}

/// The words of scratch memory that a program has.
pub const SCRATCH: usize = 16;

/// The most instructions that the kernel takes.
pub const LONGEST: usize = 4096;

/// Operation codes: class, width or comparison, addressing mode.
pub(super) mod code {
    /// The bits that tell loads, stores, arithmetic and jumps apart.
    pub const CLASS: u16 = 0x07;
    pub const LOAD: u16 = 0x00;
    pub const LOAD_CONSTANT: u16 = 0x00;
    pub const LOAD_AT: u16 = 0x20;
    pub const LOAD_AT_INDEX: u16 = 0x40;
    pub const LOAD_SCRATCH: u16 = 0x60;
    pub const LOAD_LENGTH: u16 = 0x80;
    pub const INDEX_CONSTANT: u16 = 0x01;
    pub const INDEX_SCRATCH: u16 = 0x61;
    pub const INDEX_FROM_HEADER_LENGTH: u16 = 0xb1;
    pub const STORE: u16 = 0x02;
    pub const ARITHMETIC: u16 = 0x04;
    pub const NEGATE: u16 = 0x80;
    pub const JUMP: u16 = 0x05;
    pub const RETURN: u16 = 0x06;
    pub const INDEX_FROM_ACCUMULATOR: u16 = 0x07;
    /// Set where the second operand is the index register instead of a constant.
    pub const BY_INDEX: u16 = 0x08;
    pub const HALF: u16 = 0x08;
    pub const BYTE: u16 = 0x10;
}

/// What the kernel knows about a frame beside its bytes: loads from these offsets (`linux/filter.h`, `SKF_AD_*`).
pub(super) mod beside {
    const BASE: u32 = 0xffff_f000;
    pub const VLAN_TCI: u32 = BASE + 44;
    pub const VLAN_PRESENT: u32 = BASE + 48;
    pub const VLAN_TPID: u32 = BASE + 60;
}

/// What two numbers make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Sum, modulo 2³² as all that follow.
    Add,
    /// Difference.
    Subtract,
    /// Product.
    Multiply,
    /// Quotient; a division by 0 refuses the frame.
    Divide,
    /// Remainder; so does this.
    Remainder,
    /// Bits of both.
    And,
    /// Bits of either.
    Or,
    /// Bits of one only.
    Xor,
    /// Shift to the left.
    Left,
    /// Shift to the right.
    Right,
}

impl Operation {
    pub(super) const ALL: [(Self, u16); 10] = [
        (Self::Add, 0x00),
        (Self::Subtract, 0x10),
        (Self::Multiply, 0x20),
        (Self::Divide, 0x30),
        (Self::Or, 0x40),
        (Self::And, 0x50),
        (Self::Left, 0x60),
        (Self::Right, 0x70),
        (Self::Remainder, 0x90),
        (Self::Xor, 0xa0),
    ];

    /// The result, where there is one.
    #[must_use]
    pub fn apply(self, left: u32, right: u32) -> Option<u32> {
        match self {
            Self::Add => Some(left.wrapping_add(right)),
            Self::Subtract => Some(left.wrapping_sub(right)),
            Self::Multiply => Some(left.wrapping_mul(right)),
            Self::Divide => left.checked_div(right),
            Self::Remainder => left.checked_rem(right),
            Self::And => Some(left & right),
            Self::Or => Some(left | right),
            Self::Xor => Some(left ^ right),
            Self::Left => Some(left.checked_shl(right).unwrap_or(0)),
            Self::Right => Some(left.checked_shr(right).unwrap_or(0)),
        }
    }
}

/// The registers and the memory of one run.
struct Machine<'a> {
    seen: Sight<'a>,
    accumulator: u32,
    index: u32,
    scratch: [u32; SCRATCH],
}

impl Program {
    /// A program of these instructions.
    #[must_use]
    pub fn new(instructions: Vec<Instruction>) -> Self {
        Self(instructions)
    }

    /// The instructions.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.0
    }

    /// Whether the program takes the frame. What the kernel would refuse to run refuses every frame.
    #[must_use]
    pub fn accepts(&self, seen: Sight<'_>) -> bool {
        let mut machine = Machine { seen, accumulator: 0, index: 0, scratch: [0; SCRATCH] };
        let mut at = 0_usize;
        while let Some(&instruction) = self.0.get(at) {
            at += 1;
            match instruction.code & code::CLASS {
                code::RETURN => return instruction.operand != 0,
                code::JUMP => at = at.saturating_add(machine.jump(instruction)),
                _ => {
                    if machine.step(instruction).is_none() {
                        return false;
                    }
                }
            }
        }
        false
    }
}

impl Machine<'_> {
    /// How many instructions to skip.
    fn jump(&self, instruction: Instruction) -> usize {
        let by_index = instruction.code & code::BY_INDEX != 0;
        let other = if by_index { self.index } else { instruction.operand };
        let holds = match instruction.code & 0xf0 {
            0x00 => return usize::try_from(instruction.operand).unwrap_or(usize::MAX),
            0x10 => self.accumulator == other,
            0x20 => self.accumulator > other,
            0x30 => self.accumulator >= other,
            _ => self.accumulator & other != 0,
        };
        usize::from(if holds { instruction.yes } else { instruction.no })
    }

    /// `None` where the frame is refused.
    fn step(&mut self, instruction: Instruction) -> Option<()> {
        let operand = instruction.operand;
        match instruction.code {
            code::LOAD_CONSTANT => self.accumulator = operand,
            code::LOAD_LENGTH => self.accumulator = u32::try_from(self.seen.length).unwrap_or(u32::MAX),
            code::LOAD_SCRATCH => self.accumulator = *self.scratch.get(usize::try_from(operand).ok()?)?,
            code::INDEX_CONSTANT => self.index = operand,
            code::INDEX_SCRATCH => self.index = *self.scratch.get(usize::try_from(operand).ok()?)?,
            code::INDEX_FROM_ACCUMULATOR => self.index = self.accumulator,
            code::INDEX_FROM_HEADER_LENGTH => self.index = (self.load(operand, code::BYTE)? & 0x0f) * 4,
            code::STORE => *self.scratch.get_mut(usize::try_from(operand).ok()?)? = self.accumulator,
            load if load & code::CLASS == code::LOAD => {
                let mode = load & 0xe0;
                let offset = if mode == code::LOAD_AT_INDEX { operand.checked_add(self.index)? } else { operand };
                self.accumulator = match self.beside(offset).filter(|_| mode == code::LOAD_AT) {
                    Some(known) => known,
                    None => self.load(offset, load & 0x18)?,
                };
            }
            arithmetic if arithmetic & code::CLASS == code::ARITHMETIC => {
                let other = if arithmetic & code::BY_INDEX == 0 { operand } else { self.index };
                self.accumulator = match Operation::ALL.iter().find(|(_, number)| *number == arithmetic & 0xf0) {
                    Some((operation, _)) => operation.apply(self.accumulator, other)?,
                    None => self.accumulator.wrapping_neg(),
                };
            }
            _ => return None,
        }
        Some(())
    }

    fn load(&self, offset: u32, width: u16) -> Option<u32> {
        let from = self.seen.bytes.get(usize::try_from(offset).ok()?..)?;
        Some(match width {
            code::BYTE => u32::from(*from.first()?),
            code::HALF => u32::from(u16::from_be_bytes(*from.first_chunk()?)),
            _ => u32::from_be_bytes(*from.first_chunk()?),
        })
    }

    fn beside(&self, offset: u32) -> Option<u32> {
        match offset {
            beside::VLAN_PRESENT => Some(u32::from(self.seen.tag.is_some())),
            beside::VLAN_TPID => Some(self.seen.tag.unwrap_or_default().0.into()),
            beside::VLAN_TCI => Some(self.seen.tag.unwrap_or_default().1.into()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn plain(code: u16, operand: u32) -> Instruction {
        Instruction { code, yes: 0, no: 0, operand }
    }

    fn runs(instructions: &[Instruction], bytes: &[u8]) -> bool {
        Program::new(instructions.to_vec()).accepts(Sight { bytes, length: bytes.len(), tag: None })
    }

    #[test]
    fn loads_beyond_the_frame_refuse_it() {
        for (width, size) in [(0x00, 4), (code::HALF, 2), (code::BYTE, 1)] {
            let program = [plain(code::LOAD_AT | width, 4), plain(code::RETURN, 1)];
            assert!(runs(&program, &vec![0; 4 + size]));
            assert!(!runs(&program, &vec![0; 4 + size - 1]));
        }
        let far = [plain(code::INDEX_CONSTANT, u32::MAX), plain(code::LOAD_AT_INDEX, 9), plain(code::RETURN, 1)];
        assert!(!runs(&far, &[0; 64]));
    }

    #[test]
    fn a_division_by_zero_refuses_the_frame_and_long_shifts_leave_nothing() {
        let by_index = |operation: u16| {
            [
                plain(code::LOAD_CONSTANT, 8),
                plain(code::INDEX_CONSTANT, if operation == 0x60 { 40 } else { 0 }),
                plain(code::ARITHMETIC | code::BY_INDEX | operation, 0),
                Instruction { code: 0x15, yes: 1, no: 0, operand: 0 },
                plain(code::RETURN, 0),
                plain(code::RETURN, 1),
            ]
        };
        assert!(!runs(&by_index(0x30), &[]) && !runs(&by_index(0x90), &[]));
        assert!(runs(&by_index(0x60), &[]));
    }

    #[test]
    fn nonsense_refuses_and_ends() {
        assert!(!runs(&[], &[0]));
        assert!(!runs(&[plain(0xffff, 0)], &[0]));
        assert!(!runs(&[plain(code::JUMP, u32::MAX)], &[0]));
        assert!(!runs(&[plain(code::LOAD_SCRATCH, 99), plain(code::RETURN, 1)], &[0]));
    }
}

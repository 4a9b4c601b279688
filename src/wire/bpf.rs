//! Classic BPF programs: the little language in which the kernel is told which frames to hand over.
//!
//! Source: `McCanne` and `Jacobson`, "The BSD Packet Filter", USENIX Winter 1993; Linux `filter.txt`.

use socket2::SockFilter;

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

/// A place in a program that jumps may name before it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

/// A program in the making.
#[derive(Clone, Debug, Default)]
pub struct Assembler {
    draft: Vec<(Instruction, Jump)>,
    labels: Vec<usize>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Jump {
    yes: Option<Label>,
    no: Option<Label>,
}

/// How many bytes a load takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// One byte.
    Byte,
    /// Two bytes, big-endian.
    Half,
    /// Four bytes, big-endian.
    Word,
}

/// What a jump compares the accumulator with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Equal to this.
    Equals(u32),
    /// Any of these bits set.
    AnyOf(u32),
}

/// A label is used but not placed, or a jump is longer than the 255 instructions that fit its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the filter is too long for a packet filter program")]
pub struct TooLong;

// Operation codes: class, width or comparison, addressing mode.
const LOAD_AT: u16 = 0x20;
const LOAD_AT_INDEX: u16 = 0x40;
const AND: u16 = 0x54;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_ANY: u16 = 0x45;
const INDEX_FROM_HEADER_LENGTH: u16 = 0xb1;
const RETURN: u16 = 0x06;

impl Width {
    fn bits(self) -> u16 {
        match self {
            Self::Word => 0x00,
            Self::Half => 0x08,
            Self::Byte => 0x10,
        }
    }
}

impl Program {
    /// The instructions.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.0
    }

    /// The program in the form that `SO_ATTACH_FILTER` takes.
    #[must_use]
    pub fn for_kernel(&self) -> Vec<SockFilter> {
        self.0.iter().map(|i| SockFilter::new(i.code, i.yes, i.no, i.operand)).collect()
    }
}

impl Assembler {
    /// An empty program.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A label to be placed later.
    pub fn label(&mut self) -> Label {
        self.labels.push(usize::MAX);
        Label(self.labels.len() - 1)
    }

    /// Makes `label` mean the next instruction.
    pub fn place(&mut self, label: Label) {
        self.labels[label.0] = self.draft.len();
    }

    /// Loads from byte `offset`. A load past the end of the frame refuses the frame.
    pub fn load(&mut self, width: Width, offset: u32) {
        self.plain(LOAD_AT | width.bits(), offset);
    }

    /// Loads from byte `offset` + index register.
    pub fn load_indexed(&mut self, width: Width, offset: u32) {
        self.plain(LOAD_AT_INDEX | width.bits(), offset);
    }

    /// Sets the index register to the length of the IPv4 header at byte `offset`.
    pub fn index_by_header_length(&mut self, offset: u32) {
        self.plain(INDEX_FROM_HEADER_LENGTH, offset);
    }

    /// Keeps only the accumulator's bits in `mask`.
    pub fn and(&mut self, mask: u32) {
        self.plain(AND, mask);
    }

    /// Goes to `yes` or `no`; `None` goes on with the next instruction.
    pub fn jump(&mut self, test: Test, yes: Option<Label>, no: Option<Label>) {
        let (code, operand) = match test {
            Test::Equals(operand) => (JUMP_EQUAL, operand),
            Test::AnyOf(operand) => (JUMP_ANY, operand),
        };
        self.draft.push((Instruction { code, yes: 0, no: 0, operand }, Jump { yes, no }));
    }

    /// Ends here: hands over the whole frame, or refuses it.
    pub fn finish_with(&mut self, accept: bool) {
        self.plain(RETURN, if accept { u32::MAX } else { 0 });
    }

    /// The finished program.
    ///
    /// # Errors
    /// [`TooLong`] when a jump does not reach its label.
    pub fn assemble(self) -> Result<Program, TooLong> {
        let Self { draft, labels } = self;
        let distance = |from: usize, label: Option<Label>| -> Result<u8, TooLong> {
            let Some(label) = label else { return Ok(0) };
            let place = labels.get(label.0).copied().filter(|&place| place < draft.len()).ok_or(TooLong)?;
            place.checked_sub(from + 1).and_then(|skip| u8::try_from(skip).ok()).ok_or(TooLong)
        };
        let instructions = draft
            .iter()
            .enumerate()
            .map(|(at, &(instruction, jump))| {
                Ok(Instruction { yes: distance(at, jump.yes)?, no: distance(at, jump.no)?, ..instruction })
            })
            .collect::<Result<_, TooLong>>()?;
        Ok(Program(instructions))
    }

    fn plain(&mut self, code: u16, operand: u32) {
        self.draft.push((Instruction { code, yes: 0, no: 0, operand }, Jump::default()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_beyond_its_field_is_refused() {
        let build = |gap: usize| {
            let mut program = Assembler::new();
            let end = program.label();
            program.jump(Test::Equals(1), Some(end), None);
            for _ in 0..gap {
                program.and(1);
            }
            program.place(end);
            program.finish_with(true);
            program.assemble()
        };
        assert_eq!(build(255).expect("fits").instructions()[0].yes, 255);
        assert_eq!(build(256), Err(TooLong));
    }

    #[test]
    fn a_label_never_placed_is_refused() {
        let mut program = Assembler::new();
        let nowhere = program.label();
        program.jump(Test::Equals(1), Some(nowhere), None);
        program.finish_with(true);
        assert_eq!(program.assemble(), Err(TooLong));
    }
}

//! Writes classic BPF programs: labels instead of distances, and no load of what is already loaded.

use super::bpf::{Instruction, LONGEST, Operation, Program, code};

/// A place in a program that jumps may name before it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

/// A program in the making.
#[derive(Clone, Debug)]
pub struct Assembler {
    draft: Vec<Draft>,
    labels: Vec<Target>,
    /// What the registers hold here; `None` where no path leads.
    now: Option<Registers>,
}

/// An instruction whose jumps are not measured yet.
#[derive(Clone, Copy, Debug)]
struct Draft {
    instruction: Instruction,
    yes: Option<Label>,
    no: Option<Label>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Target {
    place: Option<usize>,
    /// What the registers hold on every path that leads here so far.
    on_arrival: Option<Registers>,
}

/// The load that filled each register, where it would give the same again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Registers {
    accumulator: Option<(u16, u32)>,
    index: Option<(u16, u32)>,
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
    /// Greater than this.
    Above(u32),
    /// At least this.
    AtLeast(u32),
    /// Any of these bits set.
    AnyOf(u32),
    /// Equal to the index register.
    EqualsIndex,
    /// Greater than the index register.
    AboveIndex,
    /// At least the index register.
    AtLeastIndex,
}

/// A label is used but not placed, or there are more instructions than the kernel takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the filter is too long for a packet filter program")]
pub struct TooLong;

impl Width {
    fn bits(self) -> u16 {
        match self {
            Self::Word => 0x00,
            Self::Half => code::HALF,
            Self::Byte => code::BYTE,
        }
    }
}

impl Test {
    fn encoded(self) -> (u16, u32) {
        match self {
            Self::Equals(operand) => (0x15, operand),
            Self::Above(operand) => (0x25, operand),
            Self::AtLeast(operand) => (0x35, operand),
            Self::AnyOf(operand) => (0x45, operand),
            Self::EqualsIndex => (0x1d, 0),
            Self::AboveIndex => (0x2d, 0),
            Self::AtLeastIndex => (0x3d, 0),
        }
    }
}

impl Registers {
    /// What both agree on.
    fn meet(self, other: Self) -> Self {
        Self {
            accumulator: self.accumulator.filter(|_| self.accumulator == other.accumulator),
            index: self.index.filter(|_| self.index == other.index),
        }
    }
}

impl Default for Assembler {
    fn default() -> Self {
        Self { draft: Vec::new(), labels: Vec::new(), now: Some(Registers::default()) }
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
        self.labels.push(Target::default());
        Label(self.labels.len() - 1)
    }

    /// Makes `label` mean the next instruction.
    pub fn place(&mut self, label: Label) {
        let here = self.draft.len();
        if let Some(target) = self.labels.get_mut(label.0) {
            target.place = Some(here);
            self.now = match (self.now, target.on_arrival) {
                (Some(fallen), Some(jumped)) => Some(fallen.meet(jumped)),
                (only, None) | (None, only) => only,
            };
        }
    }

    /// Loads from byte `offset`. A load past the end of the frame refuses the frame.
    pub fn load(&mut self, width: Width, offset: u32) {
        self.load_by(code::LOAD_AT | width.bits(), offset);
    }

    /// Loads from byte `offset` + index register.
    pub fn load_indexed(&mut self, width: Width, offset: u32) {
        let code = code::LOAD_AT_INDEX | width.bits();
        // The same again only while the index is known to be the same.
        let known = self.now.is_some_and(|now| now.index.is_some());
        if known {
            self.load_by(code, offset);
        } else {
            self.set_accumulator(None);
            self.plain(code, offset);
        }
    }

    /// Loads the length of the frame.
    pub fn load_length(&mut self) {
        self.load_by(code::LOAD_LENGTH, 0);
    }

    /// Loads a constant.
    pub fn load_constant(&mut self, constant: u32) {
        self.load_by(code::LOAD_CONSTANT, constant);
    }

    /// Loads a word of the scratch memory that was stored before.
    pub fn load_scratch(&mut self, word: u32) {
        self.set_accumulator(None);
        self.plain(code::LOAD_SCRATCH, word);
    }

    /// Sets the index register to the length of the IPv4 header at byte `offset`.
    pub fn index_by_header_length(&mut self, offset: u32) {
        let load = (code::INDEX_FROM_HEADER_LENGTH, offset);
        if self.now.is_some_and(|now| now.index == Some(load)) {
            return;
        }
        self.set_index(Some(load));
        self.plain(load.0, load.1);
    }

    /// Sets the index register to a word of the scratch memory.
    pub fn index_by_scratch(&mut self, word: u32) {
        self.set_index(None);
        self.plain(code::INDEX_SCRATCH, word);
    }

    /// Sets the index register to the accumulator.
    pub fn index_by_accumulator(&mut self) {
        self.set_index(None);
        self.plain(code::INDEX_FROM_ACCUMULATOR, 0);
    }

    /// Stores the accumulator in a word of the scratch memory.
    pub fn store(&mut self, word: u32) {
        self.plain(code::STORE, word);
    }

    /// Keeps only the accumulator's bits in `mask`.
    pub fn and(&mut self, mask: u32) {
        self.operate(Operation::And, Some(mask));
    }

    /// Applies `operation` to the accumulator and `operand`; `None` is the index register.
    pub fn operate(&mut self, operation: Operation, operand: Option<u32>) {
        let number = Operation::ALL.iter().find(|(known, _)| *known == operation).map_or(0, |(_, number)| *number);
        let by = if operand.is_none() { code::BY_INDEX } else { 0 };
        self.set_accumulator(None);
        self.plain(code::ARITHMETIC | number | by, operand.unwrap_or(0));
    }

    /// Turns the accumulator's sign around.
    pub fn negate(&mut self) {
        self.set_accumulator(None);
        self.plain(code::ARITHMETIC | code::NEGATE, 0);
    }

    /// Goes to `yes` or `no`; `None` goes on with the next instruction.
    pub fn jump(&mut self, test: Test, yes: Option<Label>, no: Option<Label>) {
        let (code, operand) = test.encoded();
        self.arrive(yes);
        self.arrive(no);
        self.draft.push(Draft { instruction: Instruction { code, yes: 0, no: 0, operand }, yes, no });
        if yes.is_some() && no.is_some() {
            self.now = None;
        }
    }

    /// Goes to `label`.
    pub fn go(&mut self, label: Label) {
        self.arrive(Some(label));
        let instruction = Instruction { code: code::JUMP, yes: 0, no: 0, operand: 0 };
        self.draft.push(Draft { instruction, yes: Some(label), no: None });
        self.now = None;
    }

    /// Ends here: hands over the whole frame, or refuses it.
    pub fn finish_with(&mut self, accept: bool) {
        self.plain(code::RETURN, if accept { u32::MAX } else { 0 });
        self.now = None;
    }

    /// The finished program.
    ///
    /// # Errors
    /// [`TooLong`] when a label was not placed or the program has too many instructions.
    pub fn assemble(self) -> Result<Program, TooLong> {
        if self.draft.len() > LONGEST {
            return Err(TooLong);
        }
        let ways = self.ways()?;
        // A distance of more than 255 does not fit its field: such a jump goes by a detour of one more instruction,
        // which lengthens other jumps, and so on until all fit.
        let mut sizes = vec![1_usize; self.draft.len()];
        let starts = loop {
            let mut starts = vec![0_usize];
            for size in &sizes {
                starts.push(starts.last().unwrap_or(&0) + size);
            }
            let needed: Vec<usize> =
                (0..).zip(&self.draft).map(|(at, draft)| draft.size(at, ways[at], &starts)).collect();
            if needed == sizes {
                break starts;
            }
            sizes = needed;
        };
        let mut instructions = Vec::new();
        for (draft, ways) in self.draft.iter().zip(&ways) {
            draft.write(&mut instructions, ways.map(|way| starts[way]));
        }
        if instructions.len() > LONGEST { Err(TooLong) } else { Ok(Program::new(instructions)) }
    }

    /// Where each instruction's two ways lead, by the number of the instruction.
    fn ways(&self) -> Result<Vec<[usize; 2]>, TooLong> {
        let place = |at: usize, label: Option<Label>| {
            let Some(label) = label else { return Ok(at + 1) };
            let place = self.labels.get(label.0).and_then(|target| target.place);
            place.filter(|place| (at + 1..self.draft.len()).contains(place)).ok_or(TooLong)
        };
        let both = |(at, draft): (usize, &Draft)| Ok([place(at, draft.yes)?, place(at, draft.no)?]);
        self.draft.iter().enumerate().map(both).collect()
    }

    fn load_by(&mut self, code: u16, operand: u32) {
        if self.now.is_some_and(|now| now.accumulator == Some((code, operand))) {
            return;
        }
        self.set_accumulator(Some((code, operand)));
        self.plain(code, operand);
    }

    fn set_accumulator(&mut self, load: Option<(u16, u32)>) {
        if let Some(now) = &mut self.now {
            now.accumulator = load;
        }
    }

    fn set_index(&mut self, load: Option<(u16, u32)>) {
        if let Some(now) = &mut self.now {
            now.index = load;
            now.accumulator = now.accumulator.filter(|(code, _)| code & 0xe0 != code::LOAD_AT_INDEX);
        }
    }

    /// Tells the label that the registers may hold what they hold here.
    fn arrive(&mut self, label: Option<Label>) {
        let target = label.and_then(|label| self.labels.get_mut(label.0));
        if let (Some(target), Some(now)) = (target, self.now) {
            target.on_arrival = Some(target.on_arrival.map_or(now, |known| known.meet(now)));
        }
    }

    fn plain(&mut self, code: u16, operand: u32) {
        self.draft.push(Draft { instruction: Instruction { code, yes: 0, no: 0, operand }, yes: None, no: None });
    }
}

impl Draft {
    /// How many instructions it becomes: itself and its detours.
    fn size(&self, at: usize, ways: [usize; 2], starts: &[usize]) -> usize {
        let is_far = |way: &&usize| starts[**way] - starts[at] - 1 > usize::from(u8::MAX);
        if self.instruction.code == code::JUMP { 1 } else { 1 + ways.iter().filter(is_far).count() }
    }

    /// Writes it and its detours. `ways` says where its two ways lead, by the number of the instruction written.
    fn write(&self, out: &mut Vec<Instruction>, ways: [usize; 2]) {
        let here = out.len();
        let skip = |from: usize, way: usize| u32::try_from(way - from - 1).unwrap_or(u32::MAX);
        if self.instruction.code == code::JUMP {
            out.push(Instruction { operand: skip(here, ways[0]), ..self.instruction });
            return;
        }
        let mut detours = 0_u8;
        let [yes, no] = ways.map(|way| {
            u8::try_from(way - here - 1).unwrap_or_else(|_| {
                detours += 1;
                detours - 1
            })
        });
        // What has no labels goes on with the next instruction, which is what skipping 0 means.
        out.push(Instruction { yes, no, ..self.instruction });
        for way in ways.into_iter().filter(|way| u8::try_from(way - here - 1).is_err()) {
            let operand = skip(out.len(), way);
            out.push(Instruction { code: code::JUMP, yes: 0, no: 0, operand });
        }
    }
}

#[cfg(test)]
mod tests;

use super::*;
use crate::filter::bpf::Sight;

fn runs(program: &Program, bytes: &[u8]) -> bool {
    program.accepts(Sight { bytes, length: bytes.len(), tag: None })
}

/// Accepts frames whose first byte is 1 or, `gap` instructions later, 2.
fn far(gap: usize) -> Assembler {
    let mut program = Assembler::new();
    let (taken, refused, rest) = (program.label(), program.label(), program.label());
    program.load(Width::Byte, 0);
    program.jump(Test::Equals(1), Some(taken), Some(rest));
    program.place(rest);
    program.jump(Test::Equals(2), Some(taken), Some(refused));
    for _ in 0..gap {
        program.store(0);
    }
    program.place(refused);
    program.finish_with(false);
    program.place(taken);
    program.finish_with(true);
    program
}

#[test]
fn jumps_reach_any_distance_the_kernel_takes() {
    for gap in [0, 1, 252, 253, 254, 255, 256, 257, 1000, 4080] {
        let program = far(gap).assemble().expect("fits");
        for byte in 0..4 {
            assert_eq!(runs(&program, &[byte]), byte == 1 || byte == 2, "{byte} with a gap of {gap}");
        }
    }
    assert_eq!(far(4200).assemble(), Err(TooLong));
}

#[test]
fn a_label_never_placed_is_refused() {
    let mut program = Assembler::new();
    let nowhere = program.label();
    program.jump(Test::Equals(1), Some(nowhere), None);
    program.finish_with(true);
    assert_eq!(program.assemble(), Err(TooLong));
}

#[test]
fn what_is_loaded_is_not_loaded_again_unless_a_path_lost_it() {
    let mut program = Assembler::new();
    let (other, join) = (program.label(), program.label());
    program.load(Width::Half, 12);
    program.load(Width::Half, 12);
    program.jump(Test::Equals(1), None, Some(other));
    program.load(Width::Half, 12);
    program.go(join);
    program.place(other);
    program.load(Width::Byte, 23);
    program.place(join);
    program.load(Width::Half, 12);
    program.finish_with(true);
    let codes: Vec<u16> =
        program.assemble().expect("fits").instructions().iter().map(|instruction| instruction.code).collect();
    assert_eq!(codes, [0x28, 0x15, 0x05, 0x30, 0x28, 0x06]);
}

#[test]
fn a_load_by_another_index_is_another_load() {
    let mut program = Assembler::new();
    program.index_by_header_length(14);
    program.load_indexed(Width::Half, 14);
    program.index_by_header_length(14);
    program.load_indexed(Width::Half, 14);
    program.index_by_header_length(18);
    program.load_indexed(Width::Half, 14);
    program.finish_with(true);
    let length = program.assemble().expect("fits").instructions().len();
    assert_eq!(length, 5);
}

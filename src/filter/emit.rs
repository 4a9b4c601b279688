//! Checks → instructions.

use super::assembler::{Assembler, Label, TooLong};
use super::bpf::{Program, SCRATCH};
use super::check::{Check, Value};

/// The program that accepts what passes `check`.
pub(super) fn emit(check: &Check) -> Result<Program, TooLong> {
    let mut out = Assembler::new();
    let (accept, refuse) = (out.label(), out.label());
    decide(&mut out, check, accept, refuse)?;
    out.place(accept);
    out.finish_with(true);
    out.place(refuse);
    out.finish_with(false);
    out.assemble()
}

/// Goes to `yes` or to `no`.
fn decide(out: &mut Assembler, check: &Check, yes: Label, no: Label) -> Result<(), TooLong> {
    match check {
        Check::Always(known) => out.go(if *known { yes } else { no }),
        Check::Not(inner) => decide(out, inner, no, yes)?,
        Check::All(parts) | Check::Any(parts) => {
            let Some((last, others)) = parts.split_last() else { return Err(TooLong) };
            for part in others {
                let next = out.label();
                match check {
                    Check::All(_) => decide(out, part, next, no)?,
                    _ => decide(out, part, yes, next)?,
                }
                out.place(next);
            }
            decide(out, last, yes, no)?;
        }
        Check::Test(value, test) => {
            load(out, value, 0)?;
            out.jump(*test, Some(yes), Some(no));
        }
        Check::Compare(left, right, test) => {
            load_both(out, left, right, 0)?;
            out.jump(*test, Some(yes), Some(no));
        }
    }
    Ok(())
}

/// Computes a number into the accumulator; scratch memory is free from word `free` on.
fn load(out: &mut Assembler, value: &Value, free: u32) -> Result<(), TooLong> {
    match value {
        Value::Constant(number) => out.load_constant(*number),
        Value::Length => out.load_length(),
        Value::At(offset, width) => out.load(*width, *offset),
        Value::BehindHeader { header, offset, width } => {
            out.index_by_header_length(*header);
            out.load_indexed(*width, *offset);
        }
        Value::Indexed { header, offset, index, width } => {
            load(out, index, free)?;
            if let Some(header) = header {
                out.index_by_header_length(*header);
                out.operate(super::bpf::Operation::Add, None);
            }
            out.index_by_accumulator();
            out.load_indexed(*width, *offset);
        }
        Value::Negative(inner) => {
            load(out, inner, free)?;
            out.negate();
        }
        Value::Operation(operation, left, right) => {
            if let Value::Constant(number) = **right {
                load(out, left, free)?;
                out.operate(*operation, Some(number));
            } else {
                load_both(out, left, right, free)?;
                out.operate(*operation, None);
            }
        }
    }
    Ok(())
}

/// Computes `left` into the accumulator and `right` into the index register. What needs more scratch memory goes first,
/// so that even the longest filter needs only a few words.
fn load_both(out: &mut Assembler, left: &Value, right: &Value, free: u32) -> Result<(), TooLong> {
    if usize::try_from(free).map_or(true, |free| free >= SCRATCH) {
        return Err(TooLong);
    }
    if need(right) > need(left) {
        load(out, right, free)?;
        out.store(free);
        load(out, left, free + 1)?;
        out.index_by_scratch(free);
    } else {
        load(out, left, free)?;
        out.store(free);
        load(out, right, free + 1)?;
        out.index_by_accumulator();
        out.load_scratch(free);
    }
    Ok(())
}

/// How many words of scratch memory it takes to compute `value`.
fn need(value: &Value) -> u32 {
    match value {
        Value::Constant(_) | Value::Length | Value::At(..) | Value::BehindHeader { .. } => 0,
        Value::Indexed { index: inner, .. } | Value::Negative(inner) => need(inner),
        Value::Operation(_, left, right) => match (need(left), &**right) {
            (left, Value::Constant(_)) => left,
            (left, right) => {
                let right = need(right);
                if left == right { left + 1 } else { left.max(right) }
            }
        },
    }
}

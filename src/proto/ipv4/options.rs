//! IPv4 options: routes asked for, routes and times recorded. Rare on today's Internet, instructive in a lab.

use super::{FIELDS, LENGTH, OPTION};
use crate::model::{LayerView, Visitor};
use crate::proto::reading::{RawOption, option_rows, placed, row};

const OPTION_LENGTH: usize = row(&FIELDS, "ip.opt.len");
const POINTER: usize = row(&FIELDS, "ip.opt.ptr");
const RECORDED: usize = row(&FIELDS, "ip.rec_rt");
const ROUTE: usize = row(&FIELDS, "ip.src_rt");
const EMPTY: usize = row(&FIELDS, "ip.empty_rt");
const OVERFLOW: usize = row(&FIELDS, "ip.opt.overflow");
const STAMP_FLAG: usize = row(&FIELDS, "ip.opt.flag");
const STAMP_ADDRESS: usize = row(&FIELDS, "ip.opt.time_stamp_addr");
const STAMP: usize = row(&FIELDS, "ip.opt.time_stamp");
const STREAM: usize = row(&FIELDS, "ip.opt.sid");
const ROUTER_ALERT: usize = row(&FIELDS, "ip.opt.ra");

/// Option types that have more to say than type and length.
const RECORD_ROUTE: u8 = 7;
const TIMESTAMP: u8 = 0x44;
pub(super) const LOOSE_ROUTE: u8 = 0x83;
const STREAM_ID: u8 = 0x88;
pub(super) const STRICT_ROUTE: u8 = 0x89;
const ALERT: u8 = 0x94;

/// The rows of one option.
pub(super) fn walk<'f>(view: LayerView<'_, 'f>, option: &RawOption<'f>, each: &mut dyn Visitor<'f>) {
    let start = LENGTH + option.at;
    let mut read = |first: usize, last: usize| option_rows(view, &FIELDS[first..=last], start, option, each);
    read(OPTION, OPTION_LENGTH - 1);
    if option.kind <= 1 {
        return;
    }
    read(OPTION_LENGTH, OPTION_LENGTH);
    match option.kind {
        STREAM_ID => return read(STREAM, STREAM),
        ALERT => return read(ROUTER_ALERT, ROUTER_ALERT),
        RECORD_ROUTE | LOOSE_ROUTE | STRICT_ROUTE | TIMESTAMP => read(POINTER, POINTER),
        _ => return,
    }
    let Some(&pointer) = option.bytes.get(2) else { return };
    let used = usize::from(pointer).saturating_sub(1);
    if option.kind != TIMESTAMP {
        let open = if option.kind == RECORD_ROUTE { EMPTY } else { ROUTE };
        for at in (3..option.bytes.len().saturating_sub(3)).step_by(4) {
            placed(view, &FIELDS[if at < used { RECORDED } else { open }], start + at, 4, each);
        }
        return;
    }
    read(OVERFLOW, STAMP_FLAG);
    let with_address = option.bytes.get(3).is_some_and(|flags| matches!(flags & 15, 1 | 3));
    let step = if with_address { 8 } else { 4 };
    for at in (4..(option.bytes.len() + 1).saturating_sub(step)).step_by(step) {
        if with_address {
            placed(view, &FIELDS[STAMP_ADDRESS], start + at, 4, each);
        }
        placed(view, &FIELDS[STAMP], start + at + step - 4, 4, each);
    }
}

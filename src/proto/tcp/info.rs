//! What the Info column says of a segment.

use std::fmt::{self, Write as _};

use super::{Flags, LENGTH, counter, data_length, options};
use crate::model::{LayerView, Tracked, Value, tracked};
use crate::proto::checksum::Status;
use crate::proto::ipv6;
use crate::proto::reading::{CONTAINED, MALFORMED, RawOptions, be16, be32, broken, decimal, pair};

/// The flags that are a counter in Accurate ECN: AE, CWR and ECE.
const COUNTED: u16 = 0x1c0;

const DUPLICATE_ACK: Tracked = tracked!("tcp.analysis.duplicate_ack");
const SPURIOUS: Tracked = tracked!("tcp.analysis.spurious_retransmission");
const FAST: Tracked = tracked!("tcp.analysis.fast_retransmission");
const RETRANSMISSION: Tracked = tracked!("tcp.analysis.retransmission");

/// What precedes the ports in the Info column, by the tracked value that says so.
static SIGNS: [(Tracked, &str); 15] = [
    (tracked!("tcp.analysis.zero_window_probe_ack"), "TCP ZeroWindowProbeAck"),
    (tracked!("tcp.analysis.zero_window"), "TCP ZeroWindow"),
    (tracked!("tcp.analysis.zero_window_probe"), "TCP ZeroWindowProbe"),
    (DUPLICATE_ACK, "TCP Dup ACK"),
    (tracked!("tcp.analysis.keep_alive_ack"), "TCP Keep-Alive ACK"),
    (tracked!("tcp.analysis.keep_alive"), "TCP Keep-Alive"),
    (tracked!("tcp.analysis.window_full"), "TCP Window Full"),
    (tracked!("tcp.analysis.window_update"), "TCP Window Update"),
    (tracked!("tcp.analysis.ack_lost_segment"), "TCP ACKed unseen segment"),
    (tracked!("tcp.analysis.lost_segment"), "TCP Previous segment not captured"),
    (tracked!("tcp.analysis.out_of_order"), "TCP Out-Of-Order"),
    (SPURIOUS, "TCP Spurious Retransmission"),
    (FAST, "TCP Fast Retransmission"),
    (RETRANSMISSION, "TCP Retransmission"),
    (tracked!("tcp.analysis.reused_ports"), "TCP Port numbers reused"),
];

/// `[TCP Dup ACK 5#1] ` and its like, as the conversation tracker found them.
pub(crate) fn signs(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let packet = view.packet;
    // Wireshark comes to this only when all of the header is there.
    let cut = view.bytes().get(12).is_none_or(|byte| view.bytes().len() < usize::from(byte >> 4) * 4);
    if cut || packet.generated(tracked!("tcp.analysis.flags")).is_none() {
        return Ok(());
    }
    let number = |what| match packet.generated(what) {
        Some(Value::Number(number)) => number,
        _ => 0,
    };
    let mut repeated = false;
    for (what, words) in SIGNS {
        if packet.generated(what).is_none() {
            continue;
        }
        match what {
            DUPLICATE_ACK => {
                let [frame, count] =
                    [tracked!("tcp.analysis.duplicate_ack_frame"), tracked!("tcp.analysis.duplicate_ack_num")]
                        .map(number);
                write!(out, "[{words} {frame}#{count}] ")?;
            }
            // Said already, with more to it.
            RETRANSMISSION if repeated => {}
            _ => write!(out, "[{words}] ")?,
        }
        repeated |= matches!(what, SPURIOUS | FAST);
    }
    Ok(())
}

pub(super) fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let bytes = view.bytes();
    // An option that is not all here though the header has room for it.
    let option_goes_on = || {
        let length = usize::from(bytes.get(12)? >> 4) * 4;
        let option = RawOptions::new(bytes.get(LENGTH..)?).cut()?;
        Some(option.at + usize::from(*option.bytes.get(1)?) + LENGTH).filter(|&end| end <= length)
    };
    let broken = match broken(view).unwrap_or_default() {
        MALFORMED if option_goes_on().is_some() => CONTAINED,
        end => end,
    };
    let (Some(source), Some(destination)) = (be16(bytes, 0), be16(bytes, 2)) else {
        ipv6::before(view, out)?;
        return out.write_str(broken);
    };
    signs(view, out)?;
    decimal(out, source)?;
    pair(out, " → ", destination)?;
    let (Some(sequence), Some(acknowledgment), Some(bits), Some(window)) =
        (be32(bytes, 4), be32(bytes, 8), be16(bytes, 12), be16(bytes, 14))
    else {
        return out.write_str(broken);
    };
    // What the conversation tracker worked out, else what the header says.
    let shown = |what, raw: u32| match view.packet.generated(what) {
        Some(Value::Number(number)) => number,
        _ => u64::from(raw),
    };
    let flags = Flags(bits & 0xfff);
    match counter(view) {
        // As in Wireshark, without a word where no other flag is set.
        Some(counter) if flags.0 & !COUNTED == 0 => write!(out, " [, ACE={counter}]")?,
        Some(counter) => write!(out, " [{}, ACE={counter}]", Flags(flags.0 & !COUNTED))?,
        None => {
            out.write_str(" [")?;
            flags.name(out)?;
            out.write_str("]")?;
        }
    }
    pair(out, " Seq=", shown(tracked!("tcp.seq"), sequence))?;
    if flags.contains(Flags::ACK) {
        pair(out, " Ack=", shown(tracked!("tcp.ack"), acknowledgment))?;
    }
    pair(out, " Win=", shown(tracked!("tcp.window_size"), window.into()))?;
    let length = usize::from(bits >> 12) * 4;
    if length < LENGTH {
        return write!(out, ", bogus TCP header length ({length}, must be at least 20)");
    }
    if let Some(Status::Bad { .. }) = view.layer().checksum {
        out.write_str(" [TCP CHECKSUM INCORRECT]")?;
    }
    if let (true, Some(urgent)) = (flags.contains(Flags::URG), be16(bytes, 18)) {
        write!(out, " Urg={urgent}")?;
    }
    if let (Some(length), true) = (data_length(view), bytes.len() >= LENGTH) {
        pair(out, " Len=", length as u64)?;
    }
    options::info(view, out)?;
    out.write_str(broken)
}

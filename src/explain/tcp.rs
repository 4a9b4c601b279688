//! What a TCP segment says, in the words of the two who talk.

use crate::model::{LayerView, Note, TcpState, Value};

use super::packet::Context;
use super::rules as rule;

/// The bits and numbers of a segment that decide what there is to say.
#[allow(clippy::struct_excessive_bools)] // they are the header's own bits
struct Segment {
    syn: bool,
    ack: bool,
    fin: bool,
    rst: bool,
    bytes: u64,
    window: u64,
    /// Relative numbers.
    sequence: u64,
    acknowledgment: u64,
    /// The state that it shows its sender in.
    sender: Option<TcpState>,
    /// The state that it puts its receiver in.
    receiver: Option<TcpState>,
    repeated: bool,
    /// It has the numbers of an answer to a SYN that nobody wants (RFC 9293 §3.5.2): sequence number 0, and the SYN
    /// acknowledged.
    refuses: bool,
}

pub(super) fn explain(view: LayerView<'_, '_>, _: &Context) -> Option<Note> {
    let segment = Segment::read(view)?;
    let frame = || vec![view.packet.frame.number];
    if segment.repeated {
        return Some(rule::TCP_AGAIN.note(frame(), []));
    }
    let rule = match (segment.syn, segment.ack, segment.rst, segment.fin) {
        (_, true, true, _) if segment.refuses => &rule::TCP_RST_REFUSES,
        (_, _, true, _) => &rule::TCP_RST,
        (true, true, ..) => &rule::TCP_SYN_ACK,
        (true, false, ..) => &rule::TCP_SYN,
        (_, _, _, true) => match segment.sender {
            Some(TcpState::LastAck | TcpState::Closing | TcpState::TimeWait) => &rule::TCP_FIN_SECOND,
            _ => &rule::TCP_FIN,
        },
        _ if segment.bytes > 0 => {
            let bytes = u32::try_from(segment.bytes).unwrap_or(u32::MAX);
            let number = |number: u64| number.to_string().into();
            let last = segment.sequence + segment.bytes - 1;
            return Some(
                rule::TCP_DATA.note(frame(), [bytes.into(), number(segment.sequence), number(last), number(last + 1)]),
            );
        }
        (_, true, ..) if segment.window == 0 => &rule::TCP_WINDOW_SHUT,
        (_, true, ..) if segment.sequence == 1 && segment.acknowledgment == 1 => &rule::TCP_ACK_OPENS,
        (_, true, ..) => match segment.receiver {
            Some(TcpState::FinWait2) => &rule::TCP_ACK_FIN,
            Some(TcpState::TimeWait | TcpState::Closed) => &rule::TCP_ACK_LAST,
            _ => return Some(rule::TCP_ACK.note(frame(), [segment.acknowledgment.to_string().into()])),
        },
        _ => return None,
    };
    Some(rule.note(frame(), []))
}

impl Segment {
    fn read(view: LayerView<'_, '_>) -> Option<Self> {
        let flag = |key| Some(view.number(key)? != 0);
        let generated = |key| match view.packet.generated(key) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        };
        let state = |key| match view.packet.generated(key) {
            Some(Value::Text(name)) => TcpState::named(name),
            _ => None,
        };
        Some(Self {
            syn: flag("tcp.flags.syn")?,
            ack: flag("tcp.flags.ack")?,
            fin: flag("tcp.flags.fin")?,
            rst: flag("tcp.flags.reset")?,
            bytes: u64::try_from(view.payload().len()).unwrap_or(u64::MAX),
            window: view.number("tcp.window_size_value")?,
            sequence: generated("tcp.seq").or_else(|| view.number("tcp.seq_raw"))?,
            acknowledgment: generated("tcp.ack").or_else(|| view.number("tcp.ack_raw"))?,
            sender: state("netlab.state.src"),
            receiver: state("netlab.state.dst"),
            refuses: view.number("tcp.seq_raw") == Some(0) && generated("tcp.ack") == Some(1),
            repeated: view.packet.generated("tcp.analysis.retransmission").is_some(),
        })
    }
}

//! Fast Open (RFC 7413): whether the data that came with a SYN was taken.

use super::segment::Segment;
use crate::model::{Tracked, tracked};
use crate::proto::tcp::Flags;

/// What is known of it in one conversation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FastOpen {
    /// A SYN brought a cookie and data.
    tried: bool,
}

impl FastOpen {
    /// Takes in a segment. Of a SYN/ACK, gives the name of what it says about the data: as in Wireshark, data is taken
    /// when more than the SYN is acknowledged, whatever came with the SYN, and ignored only where there was a cookie too.
    /// `acknowledged` is the number that the Info column shows: relative where somebody counts along.
    pub fn observe(&mut self, segment: &Segment, acknowledged: u32) -> Option<Tracked> {
        if !segment.has(Flags::SYN) {
            return None;
        }
        if !segment.has(Flags::ACK) {
            self.tried |= segment.said.cookie && segment.bytes() > 0;
            return None;
        }
        if acknowledged > 1 {
            return Some(tracked!("tcp.analysis.tfo_ack"));
        }
        self.tried.then_some(tracked!("tcp.analysis.tfo_ignored"))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use crate::converse::tcp::Streams;
    use crate::dissect::dissect;
    use crate::model::{Frame, FrameNo, LinkType, Nanos};
    use crate::proto::ipv4::{self, Ipv4};
    use crate::proto::tcp::{Flags, Tcp, TcpOption, craft};

    /// What is said of the SYN/ACK that acknowledges `acknowledged` numbers, after a SYN with this option and data.
    fn said(option: &TcpOption<'_>, data: &[u8], acknowledged: u32) -> Vec<&'static str> {
        let (one, other) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let frame = |source, destination, header: Tcp, options: &[TcpOption<'_>], data: &[u8]| {
            let segment = craft(&header, options, source, destination, data);
            let bytes = ipv4::craft(&Ipv4 { protocol: ipv4::TCP, source, destination, ..Ipv4::default() }, &segment);
            let (number, time, direction, link) = (FrameNo(1), Nanos(0), None, LinkType::RawIp);
            Frame { number, time, direction, link, original: bytes.len(), checksum_pending: false, bytes }
        };
        let syn = Tcp {
            source_port: 9,
            destination_port: 80,
            sequence: 99,
            acknowledgment: 0,
            flags: Flags::SYN,
            window: 1000,
            urgent: 0,
        };
        let (flags, acknowledgment) = (Flags::SYN | Flags::ACK, 99 + acknowledged);
        let answer = Tcp { source_port: 80, destination_port: 9, sequence: 7, acknowledgment, flags, ..syn };
        let mut streams = Streams::default();
        streams.observe(&mut dissect(&frame(one, other, syn, std::slice::from_ref(option), data)));
        let frame = frame(other, one, answer, &[], b"");
        let mut packet = dissect(&frame);
        streams.observe(&mut packet);
        packet.generated.iter().map(|it| it.what.key()).filter(|key| key.contains(".tfo_")).collect()
    }

    #[test]
    fn data_before_the_handshake_is_taken_or_ignored() {
        let (cookie, question) =
            (TcpOption::Unknown { kind: 34, data: b"a cookie" }, TcpOption::Unknown { kind: 34, data: b"" });
        assert_eq!(said(&cookie, b"data", 5), ["tcp.analysis.tfo_ack"]);
        assert_eq!(said(&cookie, b"data", 1), ["tcp.analysis.tfo_ignored"]);
        assert_eq!(said(&TcpOption::Nop, b"data", 5), ["tcp.analysis.tfo_ack"], "without a cookie, too");
        for (option, data) in [(&cookie, &b""[..]), (&question, b"data"), (&TcpOption::Nop, b"data")] {
            assert_eq!(said(option, data, 1), [""; 0], "{option:?}");
        }
    }
}

//! What a trace learns: one report a hop, and the figures that a watched trace keeps.

use std::net::{IpAddr, Ipv4Addr};

use super::{FrameNo, Nanos, Probed, Status};

/// The fields that a trace sends in every probe, as somebody on the way saw them: read from the original datagram
/// that an ICMP error quotes (RFC 792).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Time to live that was left when the reporter gave up.
    pub ttl: u8,
    /// Differentiated services field (DSCP and ECN).
    pub dsfield: u8,
    /// Source address.
    pub source: Ipv4Addr,
    /// Destination address.
    pub destination: Ipv4Addr,
    /// The transport header no longer says what was sent (ports, or a checksum that covers rewritten ports).
    pub rewritten: bool,
}

/// What kind of packet looks for the routers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// ICMP echo requests.
    Icmp,
    /// UDP datagrams.
    Udp {
        /// The target's port.
        port: u16,
    },
    /// TCP SYNs.
    Tcp {
        /// The target's port.
        port: u16,
    },
}

/// How a probe was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// ICMP echo reply: only the asked host sends one.
    EchoReply,
    /// SYN/ACK: the port is open.
    SynAck,
    /// RST: the port is closed.
    Reset,
    /// ICMP port (or protocol) unreachable for a UDP probe: the packet arrived, and nobody listens there.
    Delivered {
        /// ICMP code: 2 or 3.
        code: u8,
    },
    /// Any other ICMP type 3, or type 12: it will never arrive.
    Unreachable {
        /// ICMP type.
        kind: u8,
        /// ICMP code.
        code: u8,
        /// The next link's MTU, where code 4 says it.
        mtu: Option<u16>,
    },
    /// ICMP type 11: the TTL ran out.
    TimeExceeded {
        /// ICMP code: 0 in transit, 1 while reassembling.
        code: u8,
    },
}

/// One probe of a hop, and what came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HopProbe {
    /// Its fate, as for every probe.
    pub probed: Probed,
    /// How it was answered.
    pub answer: Option<Answer>,
    /// TTL of the packet that answered, as it arrived here.
    pub reply_ttl: Option<u8>,
    /// What the ICMP error quotes of the probe.
    pub quote: Option<Quote>,
    /// How often this hop had been asked again, and slower, when this probe was sent; 0 for the probes of `-q`.
    pub again: u8,
}

/// Everything that one TTL brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HopReport {
    /// The TTL that its probes were sent with.
    pub ttl: u8,
    /// Its probes in the order they were sent.
    pub probes: Vec<HopProbe>,
    /// Silent when asked at once, and answered when asked slowly: it limits how often it reports.
    pub limited: bool,
}

/// The end of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceSummary {
    /// The target answered.
    pub reached: bool,
    /// The TTL that reached the target, else the largest TTL that anybody answered, else 0.
    pub hops: u8,
}

/// The figures of one hop of a trace that keeps going.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HopFigures {
    /// Probes sent.
    pub sent: u32,
    /// Probes answered.
    pub answered: u32,
    /// Probes given up.
    pub lost: u32,
    /// RTT of the latest answer.
    pub last: Option<Nanos>,
    /// Shortest RTT.
    pub best: Option<Nanos>,
    /// Longest RTT.
    pub worst: Option<Nanos>,
    /// Number, mean and sum of squared deviations of the RTTs, in nanoseconds (Welford's method).
    moments: (u32, f64, f64),
    /// Sum of the absolute differences between consecutive RTTs, and how many there were.
    steps: (f64, u32),
}

impl Answer {
    /// The packet arrived at the target; everything else was sent by somebody on the way.
    #[must_use]
    pub fn reached(self) -> bool {
        matches!(self, Self::EchoReply | Self::SynAck | Self::Reset | Self::Delivered { .. })
    }

    /// Nothing is to be found at larger TTLs.
    #[must_use]
    pub fn ends(self) -> bool {
        !matches!(self, Self::TimeExceeded { .. })
    }

    /// The word for it in the probe's fate.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::EchoReply | Self::SynAck | Self::Reset | Self::Delivered { .. } => Status::Reply,
            Self::Unreachable { kind, code, .. } => Status::Unreachable { kind, code },
            Self::TimeExceeded { code } => Status::TimeExceeded { code },
        }
    }

    /// The mark that traceroute prints behind the RTT: `!H`, `!N`, `!P`, `!X`, `!F-1400`, `!<5>`; empty where it
    /// prints none.
    #[must_use]
    pub fn mark(self) -> String {
        match self {
            Self::Delivered { code: 2 } | Self::Unreachable { kind: 3, code: 2, .. } => "!P".to_owned(),
            Self::Unreachable { kind: 3, code, mtu } => match (code, mtu) {
                (0 | 6 | 11, _) => "!N".to_owned(),
                (1 | 7 | 12, _) => "!H".to_owned(),
                (4, Some(mtu)) => format!("!F-{mtu}"),
                (4, None) => "!F".to_owned(),
                (5, _) => "!S".to_owned(),
                (9 | 10 | 13, _) => "!X".to_owned(),
                (14, _) => "!V".to_owned(),
                (15, _) => "!C".to_owned(),
                (code, _) => format!("!<{code}>"),
            },
            Self::Unreachable { kind, code, .. } => format!("!<{kind}-{code}>"),
            _ => String::new(),
        }
    }
}

impl HopProbe {
    /// A probe of which nothing came back.
    #[must_use]
    pub fn silent(probed: Probed, again: u8) -> Self {
        Self { probed, answer: None, reply_ttl: None, quote: None, again }
    }
}

impl HopReport {
    /// The probes that were answered.
    pub fn answered(&self) -> impl Iterator<Item = &HopProbe> {
        self.probes.iter().filter(|probe| probe.answer.is_some())
    }

    /// Who answered, each once, in the order of the answers' probes.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        let mut all = Vec::new();
        for from in self.answered().filter_map(|probe| probe.probed.from) {
            if !all.contains(&from) {
                all.push(from);
            }
        }
        all
    }

    /// The shortest RTT.
    #[must_use]
    pub fn best(&self) -> Option<Nanos> {
        self.answered().filter_map(|probe| probe.probed.rtt).min()
    }

    /// One of its answers came from the target.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.answered().any(|probe| probe.answer.is_some_and(Answer::reached))
    }

    /// The frames of its probes and answers, ascending.
    #[must_use]
    pub fn frames(&self) -> Vec<FrameNo> {
        let frames = self.probes.iter().flat_map(|probe| [probe.probed.request, probe.probed.response]);
        let mut frames: Vec<_> = frames.flatten().collect();
        frames.sort_unstable();
        frames
    }
}

impl TraceSummary {
    /// The end of the trace that found `hops`.
    #[must_use]
    pub fn of(hops: &[HopReport]) -> Self {
        let reached = hops.iter().find(|hop| hop.reached());
        let farthest = hops.iter().rev().find(|hop| hop.answered().next().is_some());
        Self { reached: reached.is_some(), hops: reached.or(farthest).map_or(0, |hop| hop.ttl) }
    }
}

impl HopFigures {
    /// Counts an answer; `rtt` is missing where the sniffer missed the probe.
    #[allow(clippy::cast_precision_loss)] // RTTs are far below 2^53 ns
    pub fn answer(&mut self, rtt: Option<Nanos>) {
        self.answered += 1;
        let Some(rtt) = rtt else { return };
        if let Some(last) = self.last.replace(rtt) {
            self.steps = (self.steps.0 + (rtt.0 - last.0).abs() as f64, self.steps.1 + 1);
        }
        self.best = Some(self.best.map_or(rtt, |best| best.min(rtt)));
        self.worst = Some(self.worst.map_or(rtt, |worst| worst.max(rtt)));
        let (count, mean, squares) = self.moments;
        let distance = rtt.0 as f64 - mean;
        let mean = mean + distance / f64::from(count + 1);
        self.moments = (count + 1, mean, squares + distance * (rtt.0 as f64 - mean));
    }

    /// Share of the decided probes that were lost, in percent, 0–100. Probes still on their way are not counted.
    #[must_use]
    pub fn loss(&self) -> f64 {
        match self.answered + self.lost {
            0 => 0.0,
            decided => f64::from(self.lost) * 100.0 / f64::from(decided),
        }
    }

    /// Mean RTT.
    #[must_use]
    pub fn avg(&self) -> Option<Nanos> {
        let (count, mean, _) = self.moments;
        (count > 0).then(|| Nanos::from_secs_f64(mean / 1e9))
    }

    /// Population standard deviation of the RTTs.
    #[must_use]
    pub fn deviation(&self) -> Option<Nanos> {
        let (count, _, squares) = self.moments;
        (count > 0).then(|| Nanos::from_secs_f64((squares / f64::from(count)).sqrt() / 1e9))
    }

    /// Mean difference between an RTT and the one before it.
    #[must_use]
    pub fn jitter(&self) -> Option<Nanos> {
        let (sum, count) = self.steps;
        (count > 0).then(|| Nanos::from_secs_f64(sum / f64::from(count) / 1e9))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_traceroutes() {
        let unreachable = |code, mtu| Answer::Unreachable { kind: 3, code, mtu }.mark();
        let marks = [(0, "!N"), (1, "!H"), (2, "!P"), (5, "!S"), (9, "!X"), (10, "!X"), (13, "!X"), (8, "!<8>")];
        for (code, mark) in marks {
            assert_eq!(unreachable(code, None), mark);
        }
        assert_eq!(unreachable(4, Some(1400)), "!F-1400");
        assert_eq!(Answer::TimeExceeded { code: 0 }.mark(), "");
        assert_eq!(Answer::Delivered { code: 3 }.mark(), "");
    }

    #[test]
    fn figures_of_a_hop() {
        let mut figures = HopFigures { sent: 10, ..HopFigures::default() };
        assert_eq!((figures.avg(), figures.deviation(), figures.jitter()), (None, None, None));
        for rtt in [2, 4, 4, 4, 5, 5, 7, 9] {
            figures.answer(Some(Nanos(rtt * 1000)));
        }
        figures.lost = 2;
        assert_eq!(figures.avg(), Some(Nanos(5000)));
        assert_eq!(figures.deviation(), Some(Nanos(2000)));
        assert_eq!(figures.jitter(), Some(Nanos(1000)), "2+0+0+1+0+2+2 over seven steps");
        assert_eq!(
            (figures.best, figures.worst, figures.last),
            (Some(Nanos(2000)), Some(Nanos(9000)), Some(Nanos(9000)))
        );
        assert!((figures.loss() - 20.0).abs() < 1e-9);
    }
}

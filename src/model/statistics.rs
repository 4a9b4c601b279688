//! The figures that end a ping, computed from the fates of its probes.

use super::{Nanos, Probed, Status};

/// Round-trip times of the replies, duplicates included, as ping prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RttSummary {
    /// The shortest.
    pub min: Nanos,
    /// The mean.
    pub avg: Nanos,
    /// The longest.
    pub max: Nanos,
    /// Population standard deviation.
    pub mdev: Nanos,
}

/// What became of all probes of a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingSummary {
    /// Requests that reached the wire.
    pub transmitted: u32,
    /// Requests that were answered in time.
    pub received: u32,
    /// Further answers to answered requests.
    pub duplicates: u32,
    /// ICMP errors that quoted our requests.
    pub errors: u32,
    /// Requests that the operating system refused to send.
    pub not_sent: u32,
    /// From the first request to the last event.
    pub elapsed: Nanos,
    /// `None` when nothing came back.
    pub rtt: Option<RttSummary>,
}

/// What came of listening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SniffSummary {
    /// Packets that were seen.
    pub packets: u64,
    /// Packets that passed but were lost, because they came faster than they were taken.
    pub dropped: u64,
    /// Conversations that the packets belong to.
    pub conversations: u64,
    /// When the first packet came, and when the last.
    pub span: Option<(Nanos, Nanos)>,
}

impl SniffSummary {
    /// Counts a packet that came at `time`.
    pub fn packet(&mut self, time: Nanos) {
        self.packets += 1;
        self.span = Some((self.span.map_or(time, |(first, _)| first), time));
    }
}

impl RttSummary {
    /// The figures of `rtts`; `None` when there are none.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // RTTs are far below 2^53 ns
    pub fn of(rtts: impl IntoIterator<Item = Nanos>) -> Option<Self> {
        let rtts: Vec<i64> = rtts.into_iter().map(|rtt| rtt.0).collect();
        let count = i64::try_from(rtts.len()).ok().filter(|&count| count > 0)?;
        let avg = rtts.iter().sum::<i64>() / count;
        let variance = rtts.iter().map(|&rtt| ((rtt - avg) as f64).powi(2)).sum::<f64>() / count as f64;
        Some(Self {
            min: Nanos(*rtts.iter().min()?),
            avg: Nanos(avg),
            max: Nanos(*rtts.iter().max()?),
            mdev: Nanos(variance.sqrt().round() as i64),
        })
    }
}

impl PingSummary {
    /// Counts `fates`; `transmitted` probes reached the wire in `elapsed`. A late answer is not counted as
    /// received, because its probe was reported as timed out before.
    #[must_use]
    pub fn of(transmitted: u32, elapsed: Nanos, fates: &[Probed]) -> Self {
        let count = |wanted: fn(Status) -> bool| {
            u32::try_from(fates.iter().filter(|fate| wanted(fate.status)).count()).unwrap_or(u32::MAX)
        };
        let answers = fates.iter().filter(|fate| matches!(fate.status, Status::Reply | Status::Duplicate));
        Self {
            transmitted,
            received: count(|status| status == Status::Reply),
            duplicates: count(|status| status == Status::Duplicate),
            errors: count(|status| matches!(status, Status::Unreachable { .. } | Status::TimeExceeded { .. })),
            not_sent: count(|status| matches!(status, Status::NotSent { .. })),
            elapsed,
            rtt: RttSummary::of(answers.filter_map(|fate| fate.rtt)),
        }
    }

    /// Share of transmitted requests without a reply in time, in percent, 0–100; 100 when none could be transmitted.
    #[must_use]
    pub fn loss(&self) -> f64 {
        if self.transmitted == 0 {
            return 100.0;
        }
        f64::from(self.transmitted.saturating_sub(self.received)) * 100.0 / f64::from(self.transmitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mdev_is_the_population_standard_deviation() {
        let rtt = RttSummary::of([2, 4, 4, 4, 5, 5, 7, 9].map(Nanos)).expect("not empty");
        assert_eq!((rtt.min, rtt.avg, rtt.max, rtt.mdev), (Nanos(2), Nanos(5), Nanos(9), Nanos(2)));
        assert_eq!(RttSummary::of([]), None);
    }
}

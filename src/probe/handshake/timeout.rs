//! How long to wait before a segment is sent again (RFC 6298).

use crate::model::Nanos;

/// Before a round trip was measured (RFC 6298 §2.1).
const INITIAL: Nanos = Nanos::SECOND;
/// Never less than this: what Linux uses. RFC 6298 §2.4 would have a second, which is long on today's links.
const LEAST: Nanos = Nanos(200_000_000);
/// Never more than this (RFC 6298 §2.5).
const MOST: Nanos = Nanos(60_000_000_000);

/// The retransmission timeout of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Timeout {
    /// Smoothed round-trip time and its variation.
    measured: Option<(Nanos, Nanos)>,
    value: Nanos,
}

impl Timeout {
    /// A timeout for a SYN, which nothing is known about: `patience`.
    pub fn before_the_first_answer(patience: Nanos) -> Self {
        Self { measured: None, value: patience }
    }

    /// How long to wait now.
    pub fn value(self) -> Nanos {
        self.value
    }

    /// Nothing came in time: wait twice as long (RFC 6298 §5.5).
    pub fn back_off(&mut self) {
        self.value = Nanos(self.value.0.saturating_mul(2)).min(MOST);
    }

    /// Something new was acknowledged: wait as long as the measurements say, with every doubling taken back.
    pub fn recover(&mut self) {
        self.value = match self.measured {
            None => INITIAL,
            Some((smoothed, variation)) => (smoothed + Nanos(4 * variation.0)).clamp(LEAST, MOST),
        };
    }

    /// A round trip took `rtt` (RFC 6298 §2.2, §2.3).
    pub fn measure(&mut self, rtt: Nanos) {
        let rtt = rtt.clamp(Nanos(0), MOST);
        self.measured = Some(match self.measured {
            None => (rtt, Nanos(rtt.0 / 2)),
            Some((smoothed, variation)) => {
                let off = (smoothed - rtt).0.abs();
                (Nanos((7 * smoothed.0 + rtt.0) / 8), Nanos((3 * variation.0 + off) / 4))
            }
        });
        self.recover();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_follows_the_measurements_and_doubles_in_silence() {
        let mut timeout = Timeout::before_the_first_answer(Nanos(2_000_000_000));
        timeout.back_off();
        assert_eq!(timeout.value(), Nanos(4_000_000_000));
        timeout.recover();
        assert_eq!(timeout.value(), INITIAL);
        timeout.measure(Nanos(400_000_000)); // smoothed 400, variation 200
        assert_eq!(timeout.value(), Nanos(1_200_000_000));
        timeout.measure(Nanos(800_000_000)); // smoothed 450, variation 250
        assert_eq!(timeout.value(), Nanos(1_450_000_000));
        timeout.back_off();
        timeout.recover();
        assert_eq!(timeout.value(), Nanos(1_450_000_000));
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let mut timeout = Timeout::before_the_first_answer(Nanos::SECOND);
        timeout.measure(Nanos(-5));
        assert_eq!(timeout.value(), LEAST);
        for _ in 0..100 {
            timeout.back_off();
        }
        assert_eq!(timeout.value(), MOST);
    }
}

//! A progress bar on standard error: only on a terminal, and only for runs long enough to need one.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::Nanos;

/// A run shorter than this is over before anybody wonders.
const SHORT: Nanos = Nanos(5_000_000_000);

/// How far a run is. Does nothing where nobody would see it.
#[derive(Debug, Default)]
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// Progress over `total` steps that take `expected` together. `visible` says whether standard error is a terminal
    /// and the user wants to see it.
    #[must_use]
    pub fn new(visible: bool, total: u64, expected: Nanos) -> Self {
        Self::always(visible && expected >= SHORT, total)
    }

    /// Progress over `total` steps of a run that shows nothing else meanwhile, however short it is.
    #[must_use]
    pub fn always(visible: bool, total: u64) -> Self {
        if !visible {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {bar:30} {eta} left") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(Some(bar))
    }

    /// One step is done.
    pub fn step(&self) {
        if let Self(Some(bar)) = self {
            bar.inc(1);
        }
    }

    /// Runs `print` while the bar is out of the way. Everything that is printed during a run goes through this.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        match self {
            Self(Some(bar)) => bar.suspend(print),
            Self(None) => print(),
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Self(Some(bar)) = self {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_never_swallowed() {
        for progress in [Progress::default(), Progress::new(true, 4, Nanos(60_000_000_000))] {
            progress.step();
            assert_eq!(progress.suspend(|| 7), 7);
            progress.finish();
        }
    }

    #[test]
    fn short_and_unseen_runs_have_no_bar() {
        assert!(Progress::new(true, 4, Nanos(3_000_000_000)).0.is_none());
        assert!(Progress::new(false, 1000, Nanos(60_000_000_000)).0.is_none());
        assert!(Progress::new(true, 1000, Nanos(60_000_000_000)).0.is_some());
    }
}

//! What several threads do one after the other, each when it is its turn.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Something that is used in turns, which are counted from 0.
pub(super) struct Turns<T> {
    state: Mutex<State<T>>,
    moved: Condvar,
}

struct State<T> {
    /// Whose turn it is.
    next: usize,
    /// Nobody gets a turn any more.
    is_closed: bool,
    /// How many wait: where nobody does, the system need not be asked to wake them.
    waiting: usize,
    value: T,
}

/// A turn, which ends when this is dropped.
pub(super) struct Turn<'t, T> {
    state: MutexGuard<'t, State<T>>,
    moved: &'t Condvar,
}

impl<T> Turns<T> {
    pub(super) fn new(value: T) -> Self {
        Self { state: Mutex::new(State { next: 0, is_closed: false, waiting: 0, value }), moved: Condvar::new() }
    }

    /// Waits for the turn with this number; `None` when it will not come.
    pub(super) fn turn(&self, number: usize) -> Option<Turn<'_, T>> {
        let mut state = self.state();
        while !state.is_closed && state.next != number {
            state.waiting += 1;
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        (!state.is_closed).then_some(Turn { state, moved: &self.moved })
    }

    /// Lets nobody wait any longer.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.moved.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Turn<'_, T> {
    /// Ends this turn, and gives nobody another one.
    pub(super) fn close(mut self) {
        self.state.is_closed = true;
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.state.value
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.state.value
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.state.next += 1;
        // What a turn has left in a panic may be half done.
        self.state.is_closed |= std::thread::panicking();
        if self.state.waiting > 0 {
            self.moved.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::Turns;

    #[test]
    fn turns_come_in_order_whoever_asks_first() {
        let turns = Turns::new(Vec::new());
        thread::scope(|scope| {
            for first in [2, 1, 0] {
                let turns = &turns;
                scope.spawn(move || (first..300).step_by(3).for_each(|n| turns.turn(n).unwrap().push(n)));
            }
        });
        assert_eq!(*turns.turn(300).unwrap(), (0..300).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_waits_for_a_turn_that_will_not_come() {
        let turns = Turns::new(());
        thread::scope(|scope| {
            let waiting = scope.spawn(|| turns.turn(1).is_none());
            turns.turn(0).unwrap().close();
            assert!(waiting.join().unwrap());
        });
        assert!(turns.turn(1).is_none());
    }

    #[test]
    fn nobody_has_a_turn_after_a_panic() {
        let turns = Turns::new(());
        thread::scope(|scope| {
            let waiting = scope.spawn(|| turns.turn(1).is_none());
            let panicking = scope.spawn(|| {
                let _turn = turns.turn(0);
                std::panic::resume_unwind(Box::new(()));
            });
            assert!(panicking.join().is_err());
            assert!(waiting.join().unwrap());
        });
    }
}

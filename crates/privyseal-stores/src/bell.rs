//! Wakes those who wait for something new, also those who come a moment late.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// A bell that is rung for every reader there is: [`heard`](Self::heard) returns if it was rung
/// since it last returned, be it before the call.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: AtomicU64,
    heard: AtomicU64,
    waiting: Notify,
}

impl Bell {
    pub(crate) fn ring(&self) {
        self.rung.fetch_add(1, Ordering::AcqRel);
        self.waiting.notify_waiters();
    }

    /// Two who wait at the same time are both woken: each remembers what had been heard when it
    /// began to wait.
    pub(crate) async fn heard(&self) {
        let before = self.heard.load(Ordering::Acquire);
        loop {
            // Made before the count is read, so that no ring comes between the two unnoticed.
            let waiting = self.waiting.notified();
            let rung = self.rung.load(Ordering::Acquire);
            if rung != before {
                self.heard.fetch_max(rung, Ordering::AcqRel);
                return;
            }
            waiting.await;
        }
    }
}

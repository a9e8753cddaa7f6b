//! The log of revocations in memory.

use std::collections::BTreeMap;

use privyseal::Timestamp;
use privyseal_session::revocation::{Page, Revocation};
use privyseal_session::store::StoreError;

#[derive(Debug)]
pub(super) struct Log {
    max: usize,
    entries: BTreeMap<u64, Revocation>,
    /// The position of the last entry there ever was.
    position: u64,
}

impl Log {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            entries: BTreeMap::new(),
            position: 0,
        }
    }

    pub(super) fn append(&mut self, entry: Revocation) -> Result<(), StoreError> {
        if self.entries.len() >= self.max {
            return Err(StoreError::Full);
        }
        self.position += 1;
        self.entries.insert(self.position, entry);
        Ok(())
    }

    pub(super) fn since(&self, position: u64, limit: usize) -> Page {
        let after = self.entries.range(position.saturating_add(1)..);
        let (positions, entries): (Vec<u64>, _) = after.take(limit).unzip();
        Page {
            entries,
            position: positions.last().copied().unwrap_or(self.position),
        }
    }

    pub(super) fn prune(&mut self, now: Timestamp, limit: usize) -> u64 {
        let before = self.entries.len();
        let mut left = limit;
        self.entries.retain(|_, entry| {
            let goes = left > 0 && entry.forget_at <= now;
            left -= usize::from(goes);
            !goes
        });
        (before - self.entries.len()) as u64
    }
}

//! The rows, found by their id, by their subject and by the time at which they expire.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Row, StoreError, Subject};

#[derive(Debug)]
pub(super) struct Rows {
    max: usize,
    slots: HashMap<SessionId, Slot>,
    /// The live sessions of each subject.
    subjects: HashMap<Subject, BTreeSet<SessionId>>,
    /// Every row once, the first to expire first.
    expiry: BTreeSet<(Timestamp, SessionId)>,
}

/// Rows are shared, so that their data is copied without the lock.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Live(Arc<Row>),
    Ended { ends_at: Timestamp },
}

/// What an update did.
pub(super) enum Replaced {
    Done,
    Conflict(Arc<Row>),
    Gone,
}

impl Rows {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            slots: HashMap::new(),
            subjects: HashMap::new(),
            expiry: BTreeSet::new(),
        }
    }

    pub(super) fn create(&mut self, id: SessionId, row: Arc<Row>) -> Result<bool, StoreError> {
        if self.slots.contains_key(&id) {
            return Ok(false);
        }
        if self.slots.len() >= self.max {
            self.delete_expired(row.last_seen, ROOM);
        }
        if self.slots.len() >= self.max {
            return Err(StoreError::Full);
        }
        self.put(id, Slot::Live(row));
        Ok(true)
    }

    pub(super) fn find(&self, id: SessionId) -> Option<Slot> {
        self.slots.get(&id).cloned()
    }

    pub(super) fn update(&mut self, id: SessionId, expected: u64, row: Arc<Row>) -> Replaced {
        match self.slots.get(&id) {
            Some(Slot::Live(current)) if current.version == expected => {
                self.put(id, Slot::Live(row));
                Replaced::Done
            }
            Some(Slot::Live(current)) => Replaced::Conflict(Arc::clone(current)),
            Some(Slot::Ended { .. }) | None => Replaced::Gone,
        }
    }

    pub(super) fn touch(
        &mut self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) {
        let Some(Slot::Live(row)) = self.slots.get_mut(&id) else {
            return;
        };
        if row.version != expected {
            return;
        }
        let before = row.expires_at;
        let row = Arc::make_mut(row);
        (row.last_seen, row.expires_at) = (last_seen, expires_at);
        self.expiry.remove(&(before, id));
        self.expiry.insert((expires_at, id));
    }

    pub(super) fn end(&mut self, id: SessionId) -> bool {
        let Some(Slot::Live(row)) = self.slots.get(&id) else {
            return false;
        };
        let ends_at = row.ends_at;
        self.put(id, Slot::Ended { ends_at });
        true
    }

    pub(super) fn list(&self, subject: &Subject, limit: usize) -> Vec<(SessionId, Arc<Row>)> {
        self.of(subject)
            .filter_map(|id| match self.slots.get(&id) {
                Some(Slot::Live(row)) => Some((id, Arc::clone(row))),
                _ => None,
            })
            .take(limit)
            .collect()
    }

    pub(super) fn end_all(&mut self, subject: &Subject, except: Option<SessionId>) -> u64 {
        let ids: Vec<SessionId> = self.of(subject).filter(|id| Some(*id) != except).collect();
        count(ids.into_iter().filter(|id| self.end(*id)))
    }

    pub(super) fn delete_expired(&mut self, now: Timestamp, limit: usize) -> u64 {
        let expired: Vec<SessionId> = self
            .expiry
            .iter()
            .take_while(|(expires_at, _)| *expires_at < now)
            .take(limit)
            .map(|(_, id)| *id)
            .collect();
        count(expired.into_iter().filter(|id| self.take(*id)))
    }

    fn of(&self, subject: &Subject) -> impl Iterator<Item = SessionId> {
        let ids = self.subjects.get(subject).into_iter().flatten();
        ids.copied()
    }

    /// Puts a row in the place of the one that was there.
    fn put(&mut self, id: SessionId, slot: Slot) {
        self.take(id);
        self.expiry.insert((slot.expires_at(), id));
        if let Some(subject) = slot.subject() {
            let ids = self.subjects.entry(subject.clone()).or_default();
            ids.insert(id);
        }
        self.slots.insert(id, slot);
    }

    /// Removes a row from everywhere; whether it was there.
    fn take(&mut self, id: SessionId) -> bool {
        let Some(slot) = self.slots.remove(&id) else {
            return false;
        };
        self.expiry.remove(&(slot.expires_at(), id));
        if let Some(subject) = slot.subject()
            && let Some(ids) = self.subjects.get_mut(subject)
        {
            ids.remove(&id);
            if ids.is_empty() {
                self.subjects.remove(subject);
            }
        }
        true
    }
}

impl Slot {
    fn expires_at(&self) -> Timestamp {
        match self {
            Self::Live(row) => row.expires_at,
            Self::Ended { ends_at } => *ends_at,
        }
    }

    fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Live(row) => row.subject.as_ref(),
            Self::Ended { .. } => None,
        }
    }
}

fn count(items: impl Iterator) -> u64 {
    items.fold(0, |count, _| count + 1)
}

/// How many expired rows a new session of a full store may remove: few, as somebody waits for it.
const ROOM: usize = 16;

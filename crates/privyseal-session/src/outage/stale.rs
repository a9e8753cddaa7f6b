//! Rows as this node saw them last, for reads while the store cannot answer.
//!
//! **Invariant:** a session that was ended through this node is not in here. An answer of the
//! store that was on its way when the session ended would break that, so whoever asks the store
//! takes a [`Watch`] first, and what it saw is kept only if nothing was forgotten since.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use privyseal::sealed::SessionId;
use tokio::time::Instant;

use crate::store::{Row, Subject};

/// A bounded memory of rows; the oldest go first.
pub(super) struct StaleRows {
    max_age: Duration,
    limits: Limits,
    state: Mutex<State>,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 10_000,
            bytes: 64 * 1024 * 1024,
        }
    }
}

impl StaleRows {
    /// Keeps rows for as long as they may be answered.
    pub(super) fn new(max_age: Duration, limits: Limits) -> Self {
        Self {
            max_age,
            limits,
            state: Mutex::new(State::new()),
        }
    }

    /// The row, if the store gave it no longer than the longest age ago.
    pub(super) fn get(&self, id: SessionId, now: Instant) -> Option<Row> {
        let row = {
            let state = self.lock();
            let kept = state.rows.get(&id)?;
            if self.is_too_old(kept.seen_at, now) {
                return None;
            }
            Arc::clone(&kept.row)
        };
        Some(Arc::unwrap_or_clone(row))
    }

    /// To be taken before the store is asked about a session.
    pub(super) fn reading(&self, id: SessionId, now: Instant) -> Watch<'_> {
        Watch {
            rows: self,
            id,
            // The row is as old as the question, not as the answer.
            seen_at: now,
            ticket: self.lock().ticket(id),
            forget: false,
        }
    }

    /// To be taken before a session is written or ended. Unless it is told what the row is after
    /// that, it forgets the session when dropped, since nobody knows.
    pub(super) fn writing(&self, id: SessionId, now: Instant) -> Watch<'_> {
        Watch {
            forget: true,
            ..self.reading(id, now)
        }
    }

    /// To be taken before the sessions of a subject are ended; forgets them when dropped.
    pub(super) fn ending_all<'a>(
        &'a self,
        subject: &'a Subject,
        except: Option<SessionId>,
    ) -> EndingAll<'a> {
        EndingAll {
            rows: self,
            subject,
            except,
        }
    }

    /// Keeps a row, and drops those that are too many or too old to be answered.
    fn insert(&self, state: &mut State, id: SessionId, kept: Kept) {
        let now = kept.seen_at;
        state.insert(id, kept);
        while let Some((oldest, seen_at)) = state.oldest() {
            let too_many = state.rows.len() > self.limits.rows;
            let too_large = state.bytes > self.limits.bytes;
            if !(too_many || too_large || self.is_too_old(seen_at, now)) {
                break;
            }
            state.remove(oldest);
        }
    }

    fn is_too_old(&self, seen_at: Instant, now: Instant) -> bool {
        now.saturating_duration_since(seen_at) > self.max_age
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for StaleRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaleRows")
            .field("max_age", &self.max_age)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// One call to the store about a session, from before it began.
pub(super) struct Watch<'a> {
    rows: &'a StaleRows,
    id: SessionId,
    seen_at: Instant,
    ticket: Ticket,
    /// Whether the session is forgotten when the watch ends.
    forget: bool,
}

impl Watch<'_> {
    /// The store gave this row.
    pub(super) fn saw(mut self, row: &Row) {
        self.forget = false;
        let kept = self.kept(row.clone());
        let mut state = self.rows.lock();
        let known = state.rows.get(&self.id).map(|known| known.row.version);
        if state.ticket(self.id) == self.ticket && known <= Some(kept.row.version) {
            self.rows.insert(&mut state, self.id, kept);
        }
    }

    /// The store took this row. What others saw meanwhile may be from before or after, so none of
    /// it is kept.
    pub(super) fn wrote(mut self, row: Row) {
        self.forget = false;
        let kept = self.kept(row);
        let mut state = self.rows.lock();
        let undisturbed = state.ticket(self.id) == self.ticket;
        state.forget(self.id);
        if undisturbed {
            self.rows.insert(&mut state, self.id, kept);
        }
    }

    /// The store has no such session any more.
    pub(super) fn gone(mut self) {
        self.forget = true;
    }

    fn kept(&self, row: Row) -> Kept {
        Kept {
            row: Arc::new(row),
            seen_at: self.seen_at,
            place: 0,
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if self.forget {
            self.rows.lock().forget(self.id);
        }
    }
}

/// The sessions of a subject are being ended.
pub(super) struct EndingAll<'a> {
    rows: &'a StaleRows,
    subject: &'a Subject,
    except: Option<SessionId>,
}

impl Drop for EndingAll<'_> {
    fn drop(&mut self) {
        let mut state = self.rows.lock();
        state.forget_all_of(self.subject, self.except);
    }
}

struct State {
    rows: HashMap<SessionId, Kept>,
    /// The ids by [`Kept::place`]: the first is the oldest.
    by_place: BTreeMap<u64, SessionId>,
    next_place: u64,
    bytes: usize,
    /// How often a session was forgotten, by a part of its id. Sessions that share a counter
    /// disturb each other's watches, which costs no more than a row that is not kept.
    forgotten: Vec<u64>,
    /// How often the sessions of a subject were forgotten.
    subjects_forgotten: u64,
}

struct Kept {
    row: Arc<Row>,
    seen_at: Instant,
    place: u64,
}

/// What had been forgotten when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticket {
    forgotten: Option<u64>,
    subjects_forgotten: u64,
}

impl State {
    fn new() -> Self {
        Self {
            rows: HashMap::new(),
            by_place: BTreeMap::new(),
            next_place: 0,
            bytes: 0,
            forgotten: vec![0; COUNTERS],
            subjects_forgotten: 0,
        }
    }

    fn ticket(&self, id: SessionId) -> Ticket {
        Ticket {
            forgotten: self.forgotten.get(counter_of(id)).copied(),
            subjects_forgotten: self.subjects_forgotten,
        }
    }

    fn insert(&mut self, id: SessionId, mut kept: Kept) {
        self.remove(id);
        kept.place = self.next_place;
        self.next_place += 1;
        self.bytes += cost(&kept.row);
        self.by_place.insert(kept.place, id);
        self.rows.insert(id, kept);
    }

    fn oldest(&self) -> Option<(SessionId, Instant)> {
        let (_, id) = self.by_place.first_key_value()?;
        Some((*id, self.rows.get(id)?.seen_at))
    }

    fn forget(&mut self, id: SessionId) {
        if let Some(count) = self.forgotten.get_mut(counter_of(id)) {
            *count += 1;
        }
        self.remove(id);
    }

    fn forget_all_of(&mut self, subject: &Subject, except: Option<SessionId>) {
        self.subjects_forgotten += 1;
        let ended: Vec<_> = self
            .rows
            .iter()
            .filter(|(id, kept)| kept.row.subject.as_ref() == Some(subject) && Some(**id) != except)
            .map(|(id, _)| *id)
            .collect();
        for id in ended {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: SessionId) {
        if let Some(kept) = self.rows.remove(&id) {
            self.by_place.remove(&kept.place);
            self.bytes -= cost(&kept.row);
        }
    }
}

/// Ids are random, so any part of them spreads them evenly.
fn counter_of(id: SessionId) -> usize {
    let [first, second, ..] = *id.as_bytes();
    usize::from(u16::from_be_bytes([first, second])) % COUNTERS
}

/// What a row takes of memory in bytes, about.
fn cost(row: &Row) -> usize {
    let subject = row.subject.as_ref().map_or(0, |it| it.as_str().len());
    OVERHEAD + size_of::<Row>() + row.data.len() + subject
}

const COUNTERS: usize = 1024;

/// The entry in both maps, and the allocations.
const OVERHEAD: usize = 160;

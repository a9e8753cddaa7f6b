//! A store that says what it is told to say.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

use crate::bug::Bug;
use crate::rows::KeptRow;

/// A reply with its row.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    Live(Arc<KeptRow>),
    Ended,
    Done,
    Conflict(Arc<KeptRow>),
    Gone,
    NowEnded,
    Created,
    Silence,
}

/// What the store does when the known replies are used up.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// It holds this row, or a tombstone.
    Holds(Option<Arc<KeptRow>>),
    Silent,
    /// The request has come as far as it should.
    Over,
}

/// What the last call did.
#[derive(Clone, Debug)]
pub(crate) enum Deposit {
    Nothing,
    Wrote(KeptRow),
    Ended,
}

#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) lines: VecDeque<Line>,
    pub(crate) turn: Turn,
    pub(crate) bug: Option<Bug>,
    /// The row that the request knows: what it goes on with if conflicts are not merged.
    pub(crate) basis: Option<Arc<KeptRow>>,
    /// The handler is done, so that an end is what it asked for.
    pub(crate) has_committed: bool,
    pub(crate) said: Option<Line>,
    pub(crate) deposit: Deposit,
    /// The request made one call more than it should.
    pub(crate) calls_again: bool,
}

impl Script {
    /// What the store says to the next call, which does `act` to what it holds.
    fn say(
        &mut self,
        act: impl FnOnce(&mut Self, Option<Arc<KeptRow>>) -> Line,
    ) -> Result<Line, StoreError> {
        let line = if let Some(line) = self.lines.pop_front() {
            line
        } else {
            let line = match std::mem::replace(&mut self.turn, Turn::Over) {
                Turn::Holds(held) => act(self, held),
                Turn::Silent => Line::Silence,
                Turn::Over => {
                    self.calls_again = true;
                    return Err(StoreError::unavailable("the request has come far enough"));
                }
            };
            self.said = Some(line.clone());
            line
        };
        match line {
            Line::Silence => Err(StoreError::unavailable("no answer by the deadline")),
            line => Ok(line),
        }
    }

    fn update(&mut self, held: Option<Arc<KeptRow>>, expected: u64, row: &NewRow<'_>) -> Line {
        let Some(held) = held else {
            if self.bug == Some(Bug::WritesRevive) {
                self.deposit = Deposit::Wrote(KeptRow::new(expected + 1, row));
                return Line::Done;
            }
            return Line::Gone;
        };
        if self.bug == Some(Bug::WritesAreForgotten) {
            return Line::Done;
        }
        if held.version == expected || self.bug == Some(Bug::WritesIgnoreTheVersion) {
            self.deposit = Deposit::Wrote(KeptRow::new(held.version + 1, row));
            return Line::Done;
        }
        match &self.basis {
            Some(basis) if self.bug == Some(Bug::ConflictsAreNotMerged) => {
                let mut known = KeptRow::clone(basis);
                known.version = held.version;
                Line::Conflict(Arc::new(known))
            }
            Some(basis)
                if self.bug == Some(Bug::SignInLooksLikeAnEnd)
                    && held.has_subject != basis.has_subject =>
            {
                Line::Gone
            }
            _ => Line::Conflict(held),
        }
    }

    fn end(&mut self) -> Line {
        let is_forgotten = match self.bug {
            Some(Bug::EndsAreForgotten) => true,
            Some(Bug::ReuseIsIgnored) => !self.has_committed,
            _ => false,
        };
        if !is_forgotten {
            self.deposit = Deposit::Ended;
        }
        Line::NowEnded
    }
}

/// The store of one run of one request.
#[derive(Clone, Debug)]
pub(crate) struct ScriptedStore {
    script: Arc<Mutex<Script>>,
    /// The session that the model is about.
    id: SessionId,
}

impl ScriptedStore {
    pub(crate) fn new(script: Script, id: SessionId) -> Self {
        Self {
            script: Arc::new(Mutex::new(script)),
            id,
        }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for ScriptedStore {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        let line = self.script().say(|script, held| {
            assert_ne!(id, self.id, "ids are not used twice");
            // Only the first session of all is looked at.
            if held.is_none() {
                script.deposit = Deposit::Wrote(KeptRow::new(1, row));
            }
            Line::Created
        })?;
        assert!(matches!(line, Line::Created), "{line:?}");
        Ok(true)
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        assert_eq!(id, self.id, "there is one session");
        let line = self.script().say(|script, held| match held {
            Some(row) => {
                script.basis = Some(row.clone());
                Line::Live(row)
            }
            None => Line::Ended,
        })?;
        match line {
            Line::Live(row) => Ok(Found::Live(row.to_row())),
            Line::Ended => Ok(Found::Ended),
            other => panic!("{other:?} is no answer to a load"),
        }
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        assert_eq!(id, self.id, "there is one session");
        let line = self
            .script()
            .say(|script, held| script.update(held, expected, row))?;
        match line {
            Line::Done => Ok(Updated::Done),
            Line::Conflict(row) => Ok(Updated::Conflict(row.to_row())),
            Line::Gone => Ok(Updated::Gone),
            other => panic!("{other:?} is no answer to an update"),
        }
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        assert_eq!(id, self.id, "there is one session");
        let line = self.script().say(|script, _| script.end())?;
        assert!(matches!(line, Line::NowEnded), "{line:?}");
        Ok(true)
    }

    async fn touch(
        &self,
        _: SessionId,
        _: u64,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        unreachable!("no session is old enough to be touched")
    }

    async fn list(&self, _: &Subject, _: usize) -> Result<Vec<(SessionId, Row)>, StoreError> {
        unreachable!("nobody asks for the sessions of a user")
    }

    async fn end_all(&self, _: &Subject, _: Option<SessionId>) -> Result<u64, StoreError> {
        unreachable!("nobody signs out everywhere")
    }

    async fn delete_expired(&self, _: Timestamp, _: usize) -> Result<u64, StoreError> {
        unreachable!("nothing cleans up")
    }
}

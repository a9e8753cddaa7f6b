//! What the checks have in common: a store whose errors are failures, and rows to put into it.

use std::fmt::Write as _;
use std::sync::Arc;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

/// The store, with calls that have to be answered.
pub(super) struct Kit<S> {
    store: Arc<S>,
}

impl<S> Clone for Kit<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
        }
    }
}

impl<S: Store> Kit<S> {
    pub(super) fn new(store: &Arc<S>) -> Self {
        Self {
            store: Arc::clone(store),
        }
    }

    pub(super) async fn create(&self, id: SessionId, sample: &Sample) -> bool {
        answered("create", self.store.create(id, &sample.row()).await)
    }

    /// A session that is there, under an id of its own.
    pub(super) async fn created(&self, sample: &Sample) -> SessionId {
        let id = random_id();
        rule!(
            self.create(id, sample).await,
            "create takes an id that nobody has"
        );
        id
    }

    pub(super) async fn load(&self, id: SessionId) -> Found {
        answered("load", self.store.load(id).await)
    }

    pub(super) async fn update(&self, id: SessionId, expected: u64, sample: &Sample) -> Updated {
        let updated = self.store.update(id, expected, &sample.row()).await;
        answered("update", updated)
    }

    pub(super) async fn touch(&self, id: SessionId, expected: u64, last_seen: u64, expires: u64) {
        let (last_seen, expires) = (time(last_seen), time(expires));
        let touched = self.store.touch(id, expected, last_seen, expires).await;
        answered("touch", touched);
    }

    pub(super) async fn end(&self, id: SessionId) -> bool {
        answered("end", self.store.end(id).await)
    }

    pub(super) async fn list(&self, subject: &Subject, limit: usize) -> Vec<(SessionId, Row)> {
        answered("list", self.store.list(subject, limit).await)
    }

    /// The ids of all live sessions of a subject, sorted by their text.
    pub(super) async fn ids(&self, subject: &Subject) -> Vec<String> {
        let listed = self.list(subject, usize::MAX).await;
        sorted(listed.iter().map(|(id, _)| *id))
    }

    pub(super) async fn end_all(&self, subject: &Subject, except: Option<SessionId>) -> u64 {
        answered("end_all", self.store.end_all(subject, except).await)
    }

    pub(super) async fn delete_expired(&self, now: u64, limit: usize) -> u64 {
        let deleted = self.store.delete_expired(time(now), limit).await;
        answered("delete_expired", deleted)
    }

    /// The store finds exactly this row.
    pub(super) async fn finds(&self, id: SessionId, version: u64, sample: &Sample, when: &str) {
        let found = self.load(id).await;
        let expected = sample.at(version);
        // The data of a million bytes says nothing to a reader, and `Row` does not show it.
        rule!(
            found == Found::Live(expected.clone()),
            "load finds the row {when}: expected {expected:?} with {} bytes, found {found:?}",
            expected.data.len()
        );
    }
}

/// What a store answered; an error fails the check.
pub(super) fn answered<T>(call: &str, result: Result<T, StoreError>) -> T {
    match result {
        Ok(answer) => answer,
        Err(error) => panic!("{call} failed with a working store: {error:?}"),
    }
}

/// A row that a check owns.
#[derive(Clone)]
pub(super) struct Sample {
    pub(super) subject: Option<Subject>,
    pub(super) last_seen: u64,
    pub(super) expires_at: u64,
    pub(super) ends_at: u64,
    pub(super) data: Vec<u8>,
}

impl Sample {
    /// Nobody's session, with a day to live.
    pub(super) fn new(data: impl Into<Vec<u8>>) -> Self {
        Self {
            subject: None,
            last_seen: NOW,
            expires_at: NOW + 3600,
            ends_at: NOW + 86_400,
            data: data.into(),
        }
    }

    pub(super) fn of(mut self, subject: &Subject) -> Self {
        self.subject = Some(subject.clone());
        self
    }

    pub(super) fn times(mut self, last_seen: u64, expires_at: u64, ends_at: u64) -> Self {
        (self.last_seen, self.expires_at, self.ends_at) = (last_seen, expires_at, ends_at);
        self
    }

    pub(super) fn row(&self) -> NewRow<'_> {
        NewRow {
            subject: self.subject.as_ref(),
            last_seen: time(self.last_seen),
            expires_at: time(self.expires_at),
            ends_at: time(self.ends_at),
            data: &self.data,
        }
    }

    pub(super) fn at(&self, version: u64) -> Row {
        self.row().to_row(version)
    }
}

pub(super) fn time(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

pub(super) fn random_id() -> SessionId {
    SessionId::from_bytes(rand::random())
}

/// A subject that nobody has, with this at its end.
pub(super) fn random_subject(end: &str) -> Subject {
    subject(format!("user-{:016x}{end}", rand::random::<u64>()))
}

pub(super) fn subject(text: String) -> Subject {
    match Subject::new(text) {
        Ok(subject) => subject,
        Err(error) => panic!("the suite made a text that is no subject: {error}"),
    }
}

pub(super) fn sorted(ids: impl IntoIterator<Item = SessionId>) -> Vec<String> {
    let mut texts: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    texts.sort();
    texts
}

/// A number as the data of a row.
pub(super) fn number(n: u64) -> Vec<u8> {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{n}");
    text.into_bytes()
}

/// The number that is the data of a row.
pub(super) fn read_number(data: &[u8]) -> u64 {
    match std::str::from_utf8(data).map(str::parse) {
        Ok(Ok(n)) => n,
        _ => panic!("the contract is broken: bytes came back that nobody wrote"),
    }
}

/// When most rows were last seen.
pub(super) const NOW: u64 = 1_800_000_000;

//! A store that does what the test says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};

use crate::outage::guarded::row_at;
use crate::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

/// What the store does with the next calls.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    Answer,
    AnswerAfter(Duration),
    /// Answers when the test lets a call go, one each.
    AnswerWhenReleased,
    Unavailable,
    Full,
    Unreadable,
    Hang,
    Panic,
}

#[derive(Debug)]
pub(super) struct Script {
    reply: Mutex<Reply>,
    found: Mutex<Found>,
    updated: Mutex<Updated>,
    released: Semaphore,
    begun: Notify,
    calls: AtomicU64,
}

impl Script {
    pub(super) fn new(reply: Reply) -> Arc<Self> {
        Arc::new(Self {
            reply: Mutex::new(reply),
            found: Mutex::new(Found::Unknown),
            updated: Mutex::new(Updated::Done),
            released: Semaphore::new(0),
            begun: Notify::new(),
            calls: AtomicU64::new(0),
        })
    }

    pub(super) fn reply(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    /// What `load` finds, as of the moment it is called.
    pub(super) fn found(&self, found: Found) {
        *self.found.lock().unwrap() = found;
    }

    pub(super) fn updated(&self, updated: Updated) {
        *self.updated.lock().unwrap() = updated;
    }

    pub(super) fn release_one(&self) {
        self.released.add_permits(1);
    }

    /// How many calls reached the store.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Returns when this many calls have reached the store. The clock stands still until nobody
    /// has anything to do, so that only a call that never comes is given up.
    pub(super) async fn reached(&self, calls: u64) {
        while self.calls() < calls {
            let begun = timeout(Duration::from_hours(1), self.begun.notified());
            begun.await.expect("the call reaches the store");
        }
    }

    async fn say<T>(&self, answer: T) -> Result<T, StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.begun.notify_one();
        let reply = *self.reply.lock().unwrap();
        match reply {
            Reply::Answer => Ok(answer),
            Reply::AnswerAfter(time) => {
                sleep(time).await;
                Ok(answer)
            }
            Reply::AnswerWhenReleased => {
                self.released.acquire().await.unwrap().forget();
                Ok(answer)
            }
            Reply::Unavailable => Err(StoreError::unavailable("connection refused")),
            Reply::Full => Err(StoreError::Full),
            Reply::Unreadable => Err(StoreError::unreadable("not a row")),
            Reply::Hang => std::future::pending().await,
            Reply::Panic => panic!("as the test says"),
        }
    }
}

/// The guarded store has one end of the script, the test the other.
#[derive(Debug)]
pub(super) struct Scripted(pub(super) Arc<Script>);

impl Store for Scripted {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        assert_eq!((id, row.data), (ID, DATA));
        self.0.say(true).await
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        assert_eq!(id, ID);
        let found = self.0.found.lock().unwrap().clone();
        self.0.say(found).await
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        assert_eq!((id, expected, row.data), (ID, 7, DATA));
        let updated = self.0.updated.lock().unwrap().clone();
        self.0.say(updated).await
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        assert_eq!((id, expected), (ID, 7));
        assert_eq!((last_seen, expires_at), (at(1), at(2)));
        self.0.say(()).await
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        assert_eq!(id, ID);
        self.0.say(true).await
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        assert_eq!((subject, limit), (&ada(), 9));
        self.0.say(vec![(ID, row(7))]).await
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        assert_eq!(subject, &ada());
        self.0.say(if except.is_some() { 3 } else { 4 }).await
    }

    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        assert_eq!((now, limit), (at(1), 9));
        self.0.say(5).await
    }
}

pub(super) const ID: SessionId = SessionId::from_bytes([1; SessionId::LEN]);
const DATA: &[u8] = b"visits";

pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

pub(super) fn ada() -> Subject {
    Subject::new("ada").unwrap()
}

pub(super) fn row(version: u64) -> Row {
    row_at(version, &new_row(&ada()))
}

pub(super) fn new_row(subject: &Subject) -> NewRow<'_> {
    NewRow {
        subject: Some(subject),
        last_seen: at(1),
        expires_at: at(2),
        ends_at: at(3),
        data: DATA,
    }
}

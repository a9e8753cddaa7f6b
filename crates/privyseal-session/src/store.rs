//! What a store of server-side sessions must do.
//!
//! A store keeps one row per session, under the id of the session, and makes nothing of the bytes
//! in it. The engine decides; the store compares a version, writes, and finds rows by subject. The
//! id in a row is no credential: the secret that a browser presents is kept in the row only as its
//! hash, among the bytes.
//!
//! `privyseal-stores` has stores for memory, SQLite, PostgreSQL, MySQL and Redis, and the
//! conformance suite that every store has to pass.

mod error;
mod shared;
mod subject;

use std::future::Future;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;

pub use error::StoreError;
pub use subject::{Subject, SubjectError};

/// Keeps sessions, one row each.
///
/// Every method is one round trip where the database allows it, and is atomic: of two calls that
/// race, one happens before the other, whole. An error means that nothing is known of the outcome;
/// the engine may call again. No method reads a clock: the times come with the call.
///
/// Rows that expired may still be there. `load`, `update` and `list` may return them or not; the
/// engine looks at the times itself.
///
/// # Examples
/// A whole store is in `examples/file_store.rs` of `privyseal-stores`.
pub trait Store: Send + Sync + 'static {
    /// Adds a session at version 1; `false` if the id is taken, be it by an ended session.
    fn create(
        &self,
        id: SessionId,
        row: &NewRow<'_>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The session of this id.
    fn load(&self, id: SessionId) -> impl Future<Output = Result<Found, StoreError>> + Send;

    /// Replaces the row, and raises its version by one, if the session is live and still has the
    /// expected version. Never brings back a session that ended or is unknown.
    fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> impl Future<Output = Result<Updated, StoreError>> + Send;

    /// Notes that the session was used, if it is live and still has the expected version, which
    /// stays as it is. Otherwise nothing happens: whoever changed the row has used the session.
    fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends the session, whatever its version, and forgets its data. What is left is a tombstone,
    /// to be kept until the row's `ends_at`: the id is not live again. Returns whether the session
    /// was live.
    fn end(&self, id: SessionId) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The live sessions of a subject, at most `limit`, in any order.
    fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(SessionId, Row)>, StoreError>> + Send;

    /// Ends every session of a subject, but for one if it is given, as [`end`](Self::end) does.
    /// Returns how many were live.
    fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Removes at most `limit` rows that expired before `now`: live ones by `expires_at`,
    /// tombstones by `ends_at`. Returns how many; fewer than `limit` means that none are left.
    ///
    /// A database that expires rows by itself has nothing to do here.
    fn delete_expired(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// A row to be written.
#[derive(Clone, Copy)]
pub struct NewRow<'a> {
    /// Whose session it is; the index for [`Store::list`] and [`Store::end_all`]. It may change
    /// with any update, from none to one when somebody signs in. The name of the application is
    /// in it, where there is one: see [`Subject`].
    pub subject: Option<&'a Subject>,
    /// When the session was used last: now, by the clock of the caller.
    pub last_seen: Timestamp,
    /// When it ends unless it is used again. Never after `ends_at`.
    pub expires_at: Timestamp,
    /// When it ends however much it is used. A database that expires rows by itself lets a row
    /// live for `expires_at - last_seen` seconds more, and a tombstone for `ends_at - last_seen`,
    /// so that only differences of times are taken from our clock.
    pub ends_at: Timestamp,
    /// What the engine wants to have again, byte for byte; at most [`MAX_DATA_LEN`].
    pub data: &'a [u8],
}

impl NewRow<'_> {
    /// The row as it is read again, for stores that keep it as it is.
    pub fn to_row(&self, version: u64) -> Row {
        Row {
            version,
            subject: self.subject.cloned(),
            last_seen: self.last_seen,
            expires_at: self.expires_at,
            ends_at: self.ends_at,
            data: self.data.to_vec(),
        }
    }
}

impl std::fmt::Debug for NewRow<'_> {
    /// As of [`Row`].
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRow")
            .field("last_seen", &self.last_seen)
            .field("expires_at", &self.expires_at)
            .field("ends_at", &self.ends_at)
            .finish_non_exhaustive()
    }
}

/// A row that was read: the same, and its version.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// 1 when created, one more with each update.
    pub version: u64,
    /// Whose session it is.
    pub subject: Option<Subject>,
    /// When the session was used last, as of the last write or touch.
    pub last_seen: Timestamp,
    /// When it ends unless it is used again.
    pub expires_at: Timestamp,
    /// When it ends however much it is used.
    pub ends_at: Timestamp,
    /// The bytes that were written.
    pub data: Vec<u8>,
}

impl std::fmt::Debug for Row {
    /// The data stays out: a session holds personal data as a rule.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("version", &self.version)
            .field("last_seen", &self.last_seen)
            .field("expires_at", &self.expires_at)
            .field("ends_at", &self.ends_at)
            .finish_non_exhaustive()
    }
}

/// What [`Store::load`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A live session.
    Live(Row),
    /// A tombstone: the session was ended, and its id will not be live again.
    Ended,
    /// No session of this id, or none any more.
    Unknown,
}

/// What [`Store::update`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Updated {
    /// The row was replaced; its version is the expected one plus one.
    Done,
    /// Nothing: another update came first. This is the row as it stands, so that the caller need
    /// not ask again.
    Conflict(Row),
    /// Nothing: the session is ended or unknown.
    Gone,
}

/// The longest [`NewRow::data`] in bytes that a store must take: 1 MiB. The engine refuses more.
pub const MAX_DATA_LEN: usize = 1024 * 1024;

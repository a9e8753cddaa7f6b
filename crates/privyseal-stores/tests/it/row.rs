//! Rows for tests.

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{NewRow, Subject};

/// When rows were last seen.
pub(crate) const NOW: u64 = 1_800_000_000;

/// Nobody's session, with a day to live.
pub(crate) fn row(data: &[u8]) -> NewRow<'_> {
    NewRow {
        subject: None,
        last_seen: time(NOW),
        expires_at: time(NOW + 3600),
        ends_at: time(NOW + 86_400),
        data,
    }
}

pub(crate) fn time(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

pub(crate) fn subject(text: &str) -> Subject {
    Subject::new(text).unwrap()
}

pub(crate) fn random_id() -> SessionId {
    SessionId::random(&mut rand::rng()).unwrap()
}

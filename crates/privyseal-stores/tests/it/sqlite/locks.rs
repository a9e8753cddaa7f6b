//! Somebody else has the database.

use std::time::{Duration, Instant};

use privyseal_session::store::{Found, Store as _, StoreError, Updated};
use privyseal_stores::SqliteStore;
use rusqlite::Connection;

use crate::row::{random_id, row};

#[tokio::test]
async fn a_writer_elsewhere_makes_writes_unavailable_and_leaves_reads_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.sqlite");
    let store = SqliteStore::open(&path).await.unwrap();
    let id = random_id();
    store.create(id, &row(b"data")).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let began = Instant::now();
    let updated = store.update(id, 1, &row(b"late")).await;
    assert!(
        matches!(updated, Err(StoreError::Unavailable(_))),
        "{updated:?}"
    );
    // Two seconds, and what a busy machine takes for them.
    assert!(began.elapsed() < Duration::from_mins(1));
    assert!(matches!(store.load(id).await.unwrap(), Found::Live(_)));

    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(
        store.update(id, 1, &row(b"now")).await.unwrap(),
        Updated::Done
    );
}

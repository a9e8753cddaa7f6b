//! What takes a look inside to provoke.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use rusqlite::Connection;

use super::*;

#[tokio::test]
async fn a_read_that_finds_the_database_busy_waits_on_another_thread() {
    let (directory, id) = (tempfile::tempdir().unwrap(), SessionId::from_bytes([1; 16]));
    let store = SqliteStore::open(directory.path().join("sessions.sqlite"))
        .await
        .unwrap();
    store.create(id, &row(b"data")).await.unwrap();
    // With a write-ahead log, readers meet a lock only when a process that was killed has left
    // the log to be put in order. Without one, as in this copy, they meet every writer's.
    let copy = directory.path().join("copy.sqlite");
    let other = Connection::open(directory.path().join("sessions.sqlite")).unwrap();
    other
        .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    let store = SqliteStore {
        readers: Readers::new(copy.clone()).unwrap(),
        ..store
    };
    let other = Connection::open(&copy).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let mut load = pin!(store.load(id));
    let first = load.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(first, Poll::Pending), "{first:?}");
    other.execute_batch("COMMIT").unwrap();
    assert!(matches!(load.await.unwrap(), Found::Live(_)));

    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = store.load(id).await.unwrap_err();
    assert!(
        error.is_unavailable(),
        "it does not wait for ever: {error:?}"
    );
    other.execute_batch("COMMIT").unwrap();
    assert!(matches!(store.load(id).await.unwrap(), Found::Live(_)));
}

#[tokio::test]
async fn a_full_disk_takes_no_session_but_every_sign_out_and_takes_sessions_again() {
    let (directory, id) = (tempfile::tempdir().unwrap(), SessionId::from_bytes([1; 16]));
    let store = SqliteStore::open(directory.path().join("sessions.sqlite"))
        .await
        .unwrap();
    store.create(id, &row(b"data")).await.unwrap();
    limit(&store, 40).await;
    let large = vec![7; 10_000];
    let mut created = Vec::new();
    let full = loop {
        let next = SessionId::from_bytes([u8::try_from(created.len()).unwrap() + 2; 16]);
        match store.create(next, &row(&large)).await {
            Ok(true) => created.push(next),
            other => break other,
        }
    };
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    let full = store.update(id, 1, &row(&large)).await;
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    let Found::Live(found) = store.load(id).await.unwrap() else {
        panic!("a read needs no room");
    };
    assert_eq!(found.version, 1, "what did not fit was not half written");
    assert!(store.end(created[0]).await.unwrap());
    assert_eq!(store.load(created[0]).await.unwrap(), Found::Ended);

    // The session that ended has left room for another one.
    let (again, row) = (SessionId::from_bytes([1; 16]), row(&large));
    assert_eq!(store.update(again, 1, &row).await.unwrap(), Updated::Done);
    limit(&store, 1000).await;
    let new = SessionId::from_bytes([255; 16]);
    assert!(store.create(new, &row).await.unwrap());
}

/// Lets the file have so many pages, of 4 KiB each.
async fn limit(store: &SqliteStore, pages: u32) {
    let set = move |connection: &Connection| {
        connection.pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0))
    };
    let set: u32 = store.writer.run(Durability::Process, set).await.unwrap();
    assert_eq!(set, pages);
}

fn row(data: &[u8]) -> NewRow<'_> {
    let now = Timestamp::from_unix_seconds(1_800_000_000);
    NewRow {
        subject: None,
        last_seen: now,
        expires_at: now.plus_seconds(3600),
        ends_at: now.plus_seconds(86_400),
        data,
    }
}

//! Processes that open one database at the same time.

use std::path::PathBuf;

use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, Store as _, Updated};
use privyseal_stores::SqliteStore;

use super::patiently;
use crate::row::row;
use privyseal_testkit::sibling::{ten_at_once, told_database_and_to_go};

#[test]
fn ten_processes_start_at_once_on_no_database_and_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.sqlite");
    ten_at_once("sqlite::start::a_process_adds_to_the_counter", &path);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let data: Vec<u8> = connection
        .query_row("SELECT data FROM sessions", [], |row| row.get(0))
        .unwrap();
    assert_eq!(String::from_utf8(data).unwrap(), "200");
}

/// One of the ten, or alone.
#[tokio::test]
async fn a_process_adds_to_the_counter() {
    let directory = tempfile::tempdir().unwrap();
    let path = told_database_and_to_go().map(PathBuf::from);
    let path = path.unwrap_or_else(|| directory.path().join("sessions.sqlite"));
    let store = SqliteStore::open(path).await.unwrap();
    let counter = SessionId::from_bytes([7; 16]);
    let zero = row(b"0");
    patiently(|| store.create(counter, &zero)).await;
    for _ in 0..20 {
        let Found::Live(mut read) = store.load(counter).await.unwrap() else {
            panic!("the counter is not there");
        };
        loop {
            let value: u64 = std::str::from_utf8(&read.data).unwrap().parse().unwrap();
            let next = (value + 1).to_string();
            let next = row(next.as_bytes());
            match patiently(|| store.update(counter, read.version, &next)).await {
                Updated::Done => break,
                Updated::Conflict(current) => read = current,
                Updated::Gone => panic!("the counter is gone"),
            }
        }
    }
}

//! Processes that open one database at the same time.

use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, Store as _, Updated};
use privyseal_stores::SqliteStore;

use super::process::{Process, tell, told_database, wait_for_go};
use crate::row::row;

#[test]
fn ten_processes_start_at_once_on_no_database_and_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.sqlite");
    let test = "sqlite::start::a_process_adds_to_the_counter";
    let mut processes: Vec<Process> = (0..10).map(|_| Process::start(test, &path)).collect();
    for process in &mut processes {
        assert_eq!(process.line().unwrap(), "ready");
    }
    assert!(!path.exists());
    for process in &mut processes {
        process.go();
    }
    for process in processes {
        assert!(process.passed());
    }
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
    let path = if let Some(path) = told_database() {
        tell("ready");
        wait_for_go();
        path.into()
    } else {
        directory.path().join("sessions.sqlite")
    };
    let store = SqliteStore::open(path).await.unwrap();
    let counter = SessionId::from_bytes([7; 16]);
    store.create(counter, &row(b"0")).await.unwrap();
    for _ in 0..20 {
        let Found::Live(mut read) = store.load(counter).await.unwrap() else {
            panic!("the counter is not there");
        };
        loop {
            let value: u64 = std::str::from_utf8(&read.data).unwrap().parse().unwrap();
            let next = (value + 1).to_string();
            match store
                .update(counter, read.version, &row(next.as_bytes()))
                .await
            {
                Ok(Updated::Done) => break,
                Ok(Updated::Conflict(current)) => read = current,
                other => panic!("{other:?}"),
            }
        }
    }
}

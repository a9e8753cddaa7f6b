//! The files: who may read them, and whose they are.

use std::path::Path;
use std::time::{Duration, Instant};

use privyseal_session::store::{Found, Store as _};
use privyseal_stores::{ConnectError, SqliteStore};
use rusqlite::Connection;

use crate::row::{random_id, row};

#[cfg(unix)]
#[tokio::test]
async fn all_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("sessions.sqlite")).await;
    store.unwrap().create(random_id(), &row(b"")).await.unwrap();
    let store = SqliteStore::open(directory.path().join("sessions.sqlite")).await;
    let mut modes = Vec::new();
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        modes.push((file.file_name().into_string().unwrap(), mode));
    }
    modes.sort();
    drop(store);
    assert_eq!(
        modes,
        [
            ("sessions.sqlite".to_owned(), 0o600),
            ("sessions.sqlite-shm".to_owned(), 0o600),
            ("sessions.sqlite-wal".to_owned(), 0o600),
        ]
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_in_the_place_of_the_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("elsewhere");
    let link = directory.path().join("sessions.sqlite");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    for exists in [false, true] {
        if exists {
            std::fs::write(&target, "").unwrap();
        }
        let refused = SqliteStore::open(&link).await;
        assert!(
            matches!(&refused, Err(error) if error.is_unavailable()),
            "{refused:?}"
        );
        assert_eq!(target.exists(), exists);
    }
    assert_eq!(std::fs::read(&target).unwrap(), b"");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_on_the_way_to_the_database_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("real")).unwrap();
    let link = directory.path().join("link");
    std::os::unix::fs::symlink("real", &link).unwrap();
    SqliteStore::open(link.join("sessions.sqlite"))
        .await
        .unwrap();
    assert!(directory.path().join("real/sessions.sqlite").exists());
}

#[tokio::test]
async fn names_that_mean_something_to_sqlite_are_names_of_files() {
    let directory = tempfile::tempdir().unwrap();
    for name in [":memory:", "file:x?mode=memory", "a b%20c#d"] {
        let path = directory.path().join(name);
        SqliteStore::open(&path).await.unwrap();
        assert!(path.exists(), "{name}");
    }
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let refused = SqliteStore::open(directory.path().join("no/sessions.sqlite")).await;
    assert!(
        matches!(&refused, Err(error) if error.is_unavailable()),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.sqlite");
    SqliteStore::open(&path).await.unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    let refused = SqliteStore::open(&path).await;
    let newer = matches!(
        refused,
        Err(ConnectError::NewerTables { found: 7, known: 2 })
    );
    assert!(newer, "{refused:?}");
}

#[tokio::test]
async fn a_file_of_somebody_else_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.sqlite");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE addresses (name TEXT)")
        .unwrap();
    let text = directory.path().join("notes.txt");
    std::fs::write(
        &text,
        "not a database, but longer than its header: ".repeat(99),
    )
    .unwrap();
    for path in [path, text] {
        let before = std::fs::read(&path).unwrap();
        let refused = SqliteStore::open(&path).await;
        assert!(matches!(refused, Err(ConnectError::Foreign)), "{refused:?}");
        assert!(std::fs::read(&path).unwrap() == before);
    }
}

#[tokio::test]
async fn a_dropped_store_ends_its_thread_and_closes_its_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.sqlite");
    let store = SqliteStore::open(&path).await.unwrap();
    store.create(random_id(), &row(b"")).await.unwrap();
    assert!(log_of(&path).exists());
    drop(store);
    // The last connection to close does so on the thread that wrote, and removes the log.
    wait_until_closed(&path);
    assert!(path.exists());
}

#[tokio::test]
async fn the_data_of_an_ended_session_is_not_left_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.sqlite");
    let store = SqliteStore::open(&path).await.unwrap();
    let marker = b"what nobody shall read";
    let long = marker.repeat(2000);
    let (ended, ended_long, live) = (random_id(), random_id(), random_id());
    store.create(ended, &row(marker)).await.unwrap();
    store.create(ended_long, &row(&long)).await.unwrap();
    drop(store);
    wait_until_closed(&path);
    assert!(holds(&path, marker), "the marker is in the file as it is");

    let store = SqliteStore::open(&path).await.unwrap();
    store.create(live, &row(b"what stays")).await.unwrap();
    assert!(store.end(ended).await.unwrap());
    assert!(store.end(ended_long).await.unwrap());
    drop(store);
    wait_until_closed(&path);
    assert!(!holds(&path, marker));
    assert!(holds(&path, b"what stays"));
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.load(ended).await.unwrap(), Found::Ended);
}

fn holds(path: &Path, marker: &[u8]) -> bool {
    let bytes = std::fs::read(path).unwrap();
    bytes.windows(marker.len()).any(|window| window == marker)
}

fn log_of(path: &Path) -> std::path::PathBuf {
    path.with_file_name("sessions.sqlite-wal")
}

fn wait_until_closed(path: &Path) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while log_of(path).exists() {
        assert!(Instant::now() < deadline, "the database is not closed");
        std::thread::yield_now();
    }
}

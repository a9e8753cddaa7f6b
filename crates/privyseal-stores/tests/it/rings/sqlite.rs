//! Key rings in SQLite.

use privyseal_keys::repository::RingName;
use privyseal_keys::repository::conformance::{self, History, Waking};
use privyseal_stores::{SqliteRepository, SqliteStore};
use privyseal_testkit::rings::{Order, eight_processes_lose_nothing};

use super::*;

async fn open(path: &str) -> SqliteRepository {
    SqliteRepository::open(path, RingName::default())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ring_keeps_the_contract() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("rings.sqlite");
    let mut number = 0;
    let fresh = async || {
        number += 1;
        let name = name(&format!("ring-{number}"));
        let open = || SqliteRepository::open(&path, name.clone());
        [open().await.unwrap(), open().await.unwrap()]
    };
    conformance::repository(fresh, Waking::Polled, History::Kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_rotate_at_once_and_lose_nothing() {
    let place = tempfile::tempdir().unwrap();
    let paths = ["one", "other"].map(|name| place.path().join(name).display().to_string());
    let test = "rings::sqlite::a_process_writes_a_ring";
    eight_processes_lose_nothing(test, paths.each_ref().map(String::as_str), open).await;
}

/// One of the eight, or alone.
#[tokio::test]
async fn a_process_writes_a_ring() {
    let place = tempfile::tempdir().unwrap();
    let alone = || Order::alone(place.path().join("ring.sqlite").display().to_string());
    let order = Order::told().unwrap_or_else(alone);
    order.obey(open(&order.place).await).await;
}

#[tokio::test]
async fn rings_of_one_file_are_apart_and_beside_the_sessions() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("all.sqlite").display().to_string();
    let sessions = SqliteStore::open(&path).await.unwrap();
    let other = SqliteRepository::open(&path, name("other")).await;
    rings_are_apart(&open(&path).await, &other.unwrap()).await;
    drop(sessions);
}

#[tokio::test]
async fn a_ring_that_was_removed_is_gone_and_not_absent() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("ring.sqlite").display().to_string();
    let repository = open(&path).await;
    write(&repository, None).await;
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("DELETE FROM rings", []).unwrap();
    is_gone_and_not_absent(&repository).await;
}

//! The store in a file.

mod crash;
mod file;
mod locks;
mod start;

use std::sync::Arc;

use privyseal_session::store::StoreError;
use privyseal_stores::SqliteStore;
use privyseal_stores::conformance::{self, Expiry, Waking};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_sqlite_store_keeps_the_contract_also_when_it_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.sqlite");
    for _ in 0..2 {
        let store = Arc::new(SqliteStore::open(&path).await.unwrap());
        conformance::store(&store, Expiry::Swept).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_sqlite_log_keeps_the_contract_also_when_it_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.sqlite");
    for _ in 0..2 {
        let log = Arc::new(SqliteStore::open(&path).await.unwrap());
        conformance::revocation_log(&log, Waking::Pushes).await;
    }
}

/// Calls again where others had the lock for two seconds, as on a machine with much else to do
/// they may; such a call has done nothing.
async fn patiently<T, F>(call: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, StoreError>>,
{
    loop {
        match call().await {
            Err(error) if error.is_unavailable() => {}
            answer => return answer.unwrap(),
        }
    }
}

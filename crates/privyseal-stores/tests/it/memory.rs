//! The store in memory.

use std::sync::Arc;

use privyseal_session::revocation::{Revocation, RevocationLog as _, RevocationName};
use privyseal_session::store::{Found, Store as _, StoreError, Updated};
use privyseal_stores::MemoryStore;
use privyseal_stores::conformance::{self, Expiry, Waking};

use crate::row::{NOW, random_id, row, subject, time};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_memory_store_keeps_the_contract() {
    let store = Arc::new(MemoryStore::new(10_000));
    conformance::store(&store, Expiry::Swept).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_memory_log_keeps_the_contract() {
    let log = Arc::new(MemoryStore::new(10_000));
    conformance::revocation_log(&log, Waking::Pushes).await;
}

#[tokio::test]
async fn a_full_memory_store_takes_no_session_until_one_expires() {
    let store = MemoryStore::new(2);
    let (first, second) = (random_id(), random_id());
    assert!(store.create(first, &row(b"")).await.unwrap());
    assert!(store.create(second, &row(b"")).await.unwrap());
    assert!(store.end(second).await.unwrap());
    let full = store.create(random_id(), &row(b"")).await;
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    assert!(!store.create(first, &row(b"")).await.unwrap());
    assert_eq!(
        store.update(first, 1, &row(b"more")).await.unwrap(),
        Updated::Done
    );

    // An hour and a second later the live one has expired, and the tombstone has not.
    let mut later = row(b"");
    (later.last_seen, later.expires_at) = (time(NOW + 3601), time(NOW + 7201));
    assert!(store.create(random_id(), &later).await.unwrap());
    assert_eq!(store.load(first).await.unwrap(), Found::Unknown);
    assert_eq!(store.load(second).await.unwrap(), Found::Ended);
    let full = store.create(random_id(), &later).await;
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
}

#[tokio::test]
async fn a_full_memory_log_takes_no_entry_until_one_is_pruned() {
    let log = MemoryStore::new(1);
    let entry = Revocation {
        name: RevocationName::from_bytes([1; 16]),
        began_until: time(NOW),
        forget_at: time(NOW + 10),
    };
    log.append(&entry).await.unwrap();
    let full = log.append(&entry).await;
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    assert_eq!(log.prune(time(NOW + 10), 10).await.unwrap(), 1);
    log.append(&entry).await.unwrap();
}

#[tokio::test]
async fn debug_of_a_memory_store_shows_no_data_and_no_subject() {
    let store = MemoryStore::new(10);
    let ada = subject("ada");
    let mut secret = row(b"a secret");
    secret.subject = Some(&ada);
    store.create(random_id(), &secret).await.unwrap();
    let shown = format!("{store:?}");
    assert!(!shown.contains("ada"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
    assert!(!shown.contains(&format!("{:?}", b"a secret")), "{shown}");
}

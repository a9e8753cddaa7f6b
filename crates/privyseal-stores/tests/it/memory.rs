//! The store in memory.

use std::sync::Arc;

use privyseal_stores::MemoryStore;
use privyseal_stores::conformance::{self, Expiry, Waking};

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

//! The example of a store of one's own.

use std::sync::Arc;

use privyseal_stores::conformance::{self, Expiry};

use example::FileStore;

#[path = "../../examples/file_store.rs"]
#[allow(dead_code, reason = "its main function is for people")]
mod example;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_of_the_example_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(FileStore::open(directory.path().into()).unwrap());
    conformance::store(&store, Expiry::Swept).await;
}

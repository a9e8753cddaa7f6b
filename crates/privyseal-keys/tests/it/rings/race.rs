//! Eight processes at once.

use privyseal_keys::repository::{FileRepository, SharedFileRepository};
use privyseal_testkit::rings::{Order, eight_processes_lose_nothing};

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_rotate_a_ring_in_a_file_at_once_and_lose_nothing() {
    let place = tempfile::tempdir().unwrap();
    let paths = ["one", "other"].map(|name| place.path().join(name).display().to_string());
    let test = "rings::race::a_process_writes_a_ring_in_a_file";
    let open = async |path: &str| FileRepository::new(path);
    eight_processes_lose_nothing(test, paths.each_ref().map(String::as_str), open).await;
}

/// One of the eight, or alone.
#[tokio::test]
async fn a_process_writes_a_ring_in_a_file() {
    let place = tempfile::tempdir().unwrap();
    let alone = || Order::alone(place.path().display().to_string());
    let order = Order::told().unwrap_or_else(alone);
    order.obey(FileRepository::new(&order.place)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_rotate_a_ring_in_a_shared_directory_at_once_and_lose_nothing() {
    let place = tempfile::tempdir().unwrap();
    let paths = ["one", "other"].map(|name| place.path().join(name).display().to_string());
    let test = "rings::race::a_process_writes_a_ring_in_a_shared_directory";
    let open = async |path: &str| SharedFileRepository::new(path);
    eight_processes_lose_nothing(test, paths.each_ref().map(String::as_str), open).await;
}

/// One of the eight, or alone.
#[tokio::test]
async fn a_process_writes_a_ring_in_a_shared_directory() {
    let place = tempfile::tempdir().unwrap();
    let alone = || Order::alone(place.path().display().to_string());
    let order = Order::told().unwrap_or_else(alone);
    order.obey(SharedFileRepository::new(&order.place)).await;
}

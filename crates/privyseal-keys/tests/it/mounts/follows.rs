//! Changes that are followed.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use super::kubelet::Kubelet;
use super::*;

fn list(keys: &[u8]) -> String {
    let keys: Vec<String> = keys
        .iter()
        .map(|number| format!("{:?}", key(*number)))
        .collect();
    format!("[{}]", keys.join(","))
}

/// A new key, with all the former ones in the list.
fn payload(newest: u8) -> [(&'static str, String); 2] {
    let older: Vec<u8> = (1..newest).collect();
    [
        ("secret_key", key(newest)),
        ("secret_key_fallbacks", list(&older)),
    ]
}

#[tokio::test]
async fn a_kubernetes_swap_is_followed_and_the_next_one_and_the_one_after() {
    let place = tempfile::tempdir().unwrap();
    let mut kubelet = Kubelet::new(place.path());
    kubelet.write(&payload(1));
    let keys = follow(kubelet.directory(), NEVER);
    assert_eq!(ids(&keys), [id(1)]);
    for newest in 2..=4 {
        kubelet.write(&payload(newest));
        until_signed_by(&keys, newest).await;
        let expected: Vec<KeyId> = (1..=newest).rev().map(id).collect();
        assert_eq!(ids(&keys), expected);
        assert_eq!(keys.status().replacements(), u64::from(newest) - 1);
    }
    let status = keys.status();
    assert!(status.error().is_none(), "{status}");
}

#[tokio::test]
async fn a_swap_of_a_key_in_a_directory_below_is_followed() {
    let place = tempfile::tempdir().unwrap();
    let mut kubelet = Kubelet::new(place.path());
    kubelet.write(&[("web/secret_key", key(1))]);
    let keys = follow(&kubelet.directory().join("web"), NEVER);
    for newest in 2..=4 {
        kubelet.write(&[("web/secret_key", key(newest))]);
        until_signed_by(&keys, newest).await;
    }
}

#[tokio::test]
async fn a_file_that_is_renamed_over_is_followed_and_the_next_one() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("secret_key");
    rename_over(&path, &key(1));
    let keys = follow(place.path(), NEVER);
    for newest in 2..=4 {
        rename_over(&path, &key(newest));
        until_signed_by(&keys, newest).await;
    }
}

#[tokio::test]
async fn a_file_that_is_written_in_place_is_followed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("secret_key");
    rename_over(&path, &key(1));
    let keys = follow(place.path(), NEVER);
    for newest in 2..=4 {
        fs::write(&path, key(newest)).unwrap();
        until_signed_by(&keys, newest).await;
    }
}

#[tokio::test]
async fn a_newer_version_signs_and_an_older_one_that_is_removed_is_forgotten() {
    let place = tempfile::tempdir().unwrap();
    let version = |number: u8| place.path().join(format!("secret_key_v{number}"));
    rename_over(&version(1), &key(1));
    let keys = follow(place.path(), NEVER);
    rename_over(&version(2), &key(2));
    until_signed_by(&keys, 2).await;
    assert_eq!(ids(&keys), [id(2), id(1)]);
    fs::remove_file(version(1)).unwrap();
    until(&keys, |keys, _| ids(keys) == [id(2)]).await;
}

#[tokio::test]
async fn what_no_watch_hears_of_is_found_by_reading() {
    let place = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("the key");
    rename_over(&target, &key(1));
    std::os::unix::fs::symlink(&target, place.path().join("secret_key")).unwrap();
    let keys = follow(place.path(), Duration::ZERO);
    for newest in 2..=3 {
        rename_over(&target, &key(newest));
        until_signed_by(&keys, newest).await;
    }
}

#[tokio::test]
async fn whoever_is_told_of_new_keys_asks_for_them() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("secret_key");
    rename_over(&path, &key(1));
    let keys = MountedKeys::open(KeyMount::new(&path));
    rename_over(&path, &key(2));
    let live = keys.live().clone();
    keys.refresh().await;
    assert_eq!(live.current().primary().unwrap().id(), id(2));
}

#[tokio::test]
async fn counters_go_on_and_the_same_content_is_the_same_ring() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("secret_key");
    rename_over(&path, &key(1));
    let keys = MountedKeys::open(KeyMount::new(&path));
    let before = keys.live().current();
    rename_over(&path, &key(1));
    keys.refresh().await;
    assert!(keys.live().is_current(&before));
    assert_eq!(keys.status().replacements(), 0);
}

/// Reads for as long as somebody swaps: no reading fails, and none has the key of one payload and
/// the list of another.
#[test]
fn a_swap_is_read_as_a_whole_or_not_at_all() {
    let place = tempfile::tempdir().unwrap();
    let mut kubelet = Kubelet::new(place.path());
    kubelet.write(&payload(1));
    let mount = KeyMount::new(place.path().join("secret_key"));
    let payloads = [1, 2, 3].map(payload);
    let begun = Barrier::new(2);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            begun.wait();
            let mut seen = BTreeSet::new();
            for _ in 0..100 {
                let ring = mount.load().unwrap().ring;
                let newest = u8::try_from(ring.keys().len()).unwrap();
                assert_eq!(ring.primary().unwrap().id(), id(newest));
                seen.insert(newest);
            }
            seen
        });
        begun.wait();
        let mut payloads = payloads.iter().cycle();
        while !reader.is_finished() {
            kubelet.write(payloads.next().unwrap());
        }
        let seen = reader.join().unwrap();
        assert_eq!(seen.len(), 3, "it was not swapped while it was read");
    });
}

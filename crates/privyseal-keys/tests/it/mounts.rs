//! Keys that somebody else writes into a directory, while they are read.

mod failures;
mod follows;
mod kubelet;
#[cfg(target_os = "linux")]
mod namespace;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use privyseal::SecretKey;
use privyseal::keyring::KeyId;
use privyseal_keys::{KeyMount, MountStatus, MountedKeys};

/// For machines that have much else to do.
const PATIENCE: Duration = Duration::from_mins(1);

/// Longer than any test has patience, so that what is seen in time was heard of.
const NEVER: Duration = Duration::from_hours(24);

/// A text that is a key, another one for each number.
fn key(number: u8) -> String {
    let mut byte = number;
    let digits = std::iter::repeat_with(|| {
        byte = byte.wrapping_mul(181).wrapping_add(101);
        format!("{byte:02x}")
    });
    let text: String = digits.take(32).collect();
    assert!(SecretKey::from_text(&text).is_ok(), "{number}");
    text
}

fn id(number: u8) -> KeyId {
    SecretKey::from_text(&key(number)).unwrap().id()
}

/// Opens the keys of a directory and follows them on a task that ends with the test.
fn follow(directory: &Path, poll: Duration) -> MountedKeys {
    let keys = MountedKeys::open(KeyMount::new(directory.join("secret_key"))).with_poll(poll);
    tokio::spawn(keys.clone().follow());
    keys
}

/// The keys that verify now, the one that signs first.
fn ids(keys: &MountedKeys) -> Vec<KeyId> {
    let ring = keys.live().current();
    let ids: Vec<KeyId> = ring.keys().map(privyseal::keyring::RingKey::id).collect();
    assert_eq!(
        ring.primary().map(privyseal::keyring::RingKey::id),
        ids.first().copied()
    );
    ids
}

/// Waits until it is so.
async fn until(keys: &MountedKeys, is_so: impl Fn(&MountedKeys, &MountStatus) -> bool) {
    let wait = async {
        while !is_so(keys, &keys.status()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, wait).await;
    assert!(in_time.is_ok(), "still: {} {keys:?}", keys.status());
}

async fn until_signed_by(keys: &MountedKeys, number: u8) {
    until(keys, |keys, _| ids(keys).first() == Some(&id(number))).await;
}

/// Puts a whole file in the place of another, as by `mv`.
fn rename_over(path: &Path, content: &str) {
    let beside = path.with_file_name("being-written");
    fs::write(&beside, content).unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(beside, path).unwrap();
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

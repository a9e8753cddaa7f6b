//! Key rings in files, under one process and under many.

mod crash;
mod outer;
mod race;
#[cfg(unix)]
mod watch;

use std::fs;
use std::path::{Path, PathBuf};

use privyseal_keys::repository::conformance::{self, History, Waking};
use privyseal_keys::repository::{FileRepository, Repository, SharedFileRepository, Stored, Swap};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ring_in_a_file_keeps_the_contract() {
    let place = tempfile::tempdir().unwrap();
    let mut number = 0;
    let fresh = async || {
        number += 1;
        let path = place.path().join(format!("deep/{number}"));
        [FileRepository::new(&path), FileRepository::new(&path)]
    };
    conformance::repository(fresh, Waking::Pushes, History::Kept).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ring_in_a_shared_directory_keeps_the_contract() {
    let place = tempfile::tempdir().unwrap();
    let mut number = 0;
    let fresh = async || {
        number += 1;
        let path = place.path().join(format!("deep/{number}"));
        [
            SharedFileRepository::new(&path),
            SharedFileRepository::new(&path),
        ]
    };
    conformance::repository(fresh, Waking::Pushes, History::Kept).await;
}

/// Writes so many generations.
async fn write(repository: &impl Repository, generations: std::ops::RangeInclusive<u64>) {
    for generation in generations {
        let expected = (generation > 1).then(|| generation - 1);
        let swapped = repository
            .compare_and_swap(expected, &ring(generation))
            .await;
        assert_eq!(swapped.unwrap(), Swap::Done, "{generation}");
    }
}

fn ring(generation: u64) -> Stored {
    Stored {
        generation,
        bytes: format!("ring {generation}").into_bytes(),
    }
}

/// The names in a directory, and in those in it, in their order.
fn names(directory: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            let inner = self::names(&entry.path());
            names.extend(inner.iter().map(|inner| format!("{name}/{inner}")));
        } else {
            names.push(name);
        }
    }
    names.sort();
    names
}

/// A test of both, on the path of a directory that is not there yet.
macro_rules! for_both {
    ($($(#[$attribute:meta])* $name:ident => $file:ident, $shared:ident;)+) => {$(
        $(#[$attribute])*
        #[tokio::test]
        async fn $file() {
            let place = tempfile::tempdir().unwrap();
            let path: std::path::PathBuf = place.path().join("ring.d");
            $name(FileRepository::new(&path), &path).await;
        }

        $(#[$attribute])*
        #[tokio::test]
        async fn $shared() {
            let place = tempfile::tempdir().unwrap();
            let path: std::path::PathBuf = place.path().join("ring.d");
            $name(SharedFileRepository::new(&path), &path).await;
        }
    )+};
}
use for_both;

/// The file of a generation that is the present one, in either kind of directory.
fn present(path: &Path, generation: u64) -> PathBuf {
    let single = path.join("ring");
    if single.exists() {
        return single;
    }
    path.join(format!("generations/ring-{generation:012}"))
}

//! Key directories shared by processes that start, rotate and die at the same time.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails when its helpers do"
)]

mod keks;
#[cfg(feature = "live")]
mod live;

#[cfg(all(unix, feature = "files"))]
mod mounts;
#[cfg(all(feature = "conformance", feature = "files"))]
mod rings;

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;

use privyseal_keys::{KEPT_KEYS, KeyDirectory};

/// Starts `examples/rotate.rs`, which `cargo test` builds beside this program.
fn rotate(directory: &Path, times: usize) -> Child {
    let here = env::current_exe().unwrap();
    let program = here
        .parent()
        .unwrap()
        .with_file_name("examples")
        .join("rotate");
    Command::new(program)
        .arg(directory)
        .arg(times.to_string())
        .spawn()
        .unwrap()
}

/// The numbers of the keys, in ascending order; hidden files are what killed processes leave.
fn numbers(directory: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(directory.join("keys")) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut numbers: Vec<u32> = names
        .filter(|name| !name.starts_with('.'))
        .map(|name| name.strip_suffix(".key").unwrap().parse().unwrap())
        .collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn eight_processes_start_and_rotate_at_once() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("data");
    let processes: Vec<Child> = (0..8).map(|_| rotate(&path, 5)).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let directory = KeyDirectory::open_or_create(&path).unwrap();
    assert_eq!(
        directory.load().unwrap().ring.keys().len(),
        numbers(&path).len().min(KEPT_KEYS)
    );
    // Each of the forty rotations made a key or found one that was made at the same time.
    let newest = *numbers(&path).last().unwrap();
    assert!((6..=41).contains(&newest), "{newest}");
}

#[test]
fn processes_that_are_killed_leave_whole_keys() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("data");
    let mut newest = 0;
    for round in 0..20 {
        let processes: Vec<Child> = (0..4).map(|_| rotate(&path, usize::MAX)).collect();
        // They are at work when there is a key that was not there before.
        while numbers(&path).last().is_none_or(|number| *number <= newest) {
            thread::yield_now();
        }
        for mut process in processes {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        let directory = KeyDirectory::open_or_create(&path).unwrap();
        let ring = directory.load().unwrap().ring;
        let kept = numbers(&path);
        assert_eq!(
            ring.keys().len(),
            kept.len().min(KEPT_KEYS),
            "round {round}"
        );
        // Older ones may be on their way out, in any state of it.
        let loaded = kept.get(kept.len().saturating_sub(KEPT_KEYS)..).unwrap();
        assert!(
            loaded
                .windows(2)
                .all(|pair| matches!(pair, [a, b] if a + 1 == *b)),
            "{kept:?}"
        );
        newest = *kept.last().unwrap();
    }
}

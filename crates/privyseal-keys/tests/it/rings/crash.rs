//! Processes that are killed while they write.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use privyseal_keys::repository::conformance::{
    History, begin_marks, leave_marks, marks, marks_are,
};
use privyseal_keys::repository::{FileRepository, Repository, SharedFileRepository};
use privyseal_testkit::sibling::{Process, tell, told_database};

use super::names;

#[tokio::test]
async fn a_process_killed_200_times_leaves_a_whole_ring_in_its_file_i9() {
    let test = "rings::crash::a_process_writes_a_file_until_it_is_killed";
    let repository = |path: &Path| FileRepository::new(path);
    killed_200_times(test, repository).await;
}

#[tokio::test]
async fn a_process_killed_200_times_leaves_a_whole_ring_in_its_shared_directory_i9() {
    let test = "rings::crash::a_process_writes_a_shared_directory_until_it_is_killed";
    let repository = |path: &Path| SharedFileRepository::new(path);
    killed_200_times(test, repository).await;
}

async fn killed_200_times<R: Repository>(test: &str, open: impl Fn(&Path) -> R) {
    let place = tempfile::tempdir().unwrap();
    let (mut kills, mut rings, mut interrupted, mut acknowledged) = (0, 0, 0, 0);
    while kills < KILLS {
        // Every now and then a new ring, so that some are killed while they make one.
        let path = place.path().join(rings.to_string());
        rings += 1;
        let mut left = BTreeSet::new();
        for _ in 0..KILLS_PER_RING {
            // Every other time there are two, of which one goes on when the other dies.
            let mut writers: Vec<Process> = (0..=kills % 2)
                .map(|_| Process::start(test, &path))
                .collect();
            for writer in &mut writers {
                left.extend(read_until_killed(writer));
                kills += 1;
            }
            drop(writers);
            interrupted +=
                usize::from(path.exists() && names(&path).iter().any(|name| is_temporary(name)));
            is_whole(&open(&path), &path, &mut left, kills).await;
        }
        acknowledged += left.len();
    }
    // The processes lived long enough to have something to lose, and not too long.
    assert!(acknowledged > 500, "{acknowledged}");
    assert!(interrupted > 10, "{interrupted}");
}

/// Kills the process at a random point: as it starts, or a moment after one of its lines.
fn read_until_killed(process: &mut Process) -> Vec<String> {
    let lines: u8 = rand::random_range(0..20);
    let mut said = Vec::new();
    for _ in 0..lines {
        said.push(process.line().unwrap());
    }
    std::thread::sleep(Duration::from_micros(rand::random_range(0..20_000)));
    process.kill();
    said.extend(std::iter::from_fn(|| process.line()));
    said
}

/// Everything that was acknowledged is there, in a history without gaps; and the next write clears
/// away what the dead have left.
async fn is_whole(
    repository: &impl Repository,
    path: &Path,
    left: &mut BTreeSet<String>,
    kill: usize,
) {
    begin_marks(repository).await;
    let found: BTreeSet<String> = marks(repository).await.into_iter().collect();
    let lost: Vec<&String> = left.difference(&found).collect();
    assert!(lost.is_empty(), "kill {kill}: {lost:?} were acknowledged");
    marks_are(repository, found.iter().cloned(), History::Kept).await;
    // A write of which nobody was told any more counts as well.
    *left = found;
    leave_marks(repository, &format!("parent{kill}"), 1, |mark| {
        left.insert(mark.to_owned());
    })
    .await;
    let there = names(path);
    assert!(
        !there.iter().any(|name| is_temporary(name)),
        "kill {kill}: {there:?}"
    );
}

fn is_temporary(name: &str) -> bool {
    name.starts_with('.')
}

/// One of the processes; or, alone, one that ends after a while.
#[tokio::test]
async fn a_process_writes_a_file_until_it_is_killed() {
    writes_until_killed(|path| FileRepository::new(path)).await;
}

/// One of the processes; or, alone, one that ends after a while.
#[tokio::test]
async fn a_process_writes_a_shared_directory_until_it_is_killed() {
    writes_until_killed(|path| SharedFileRepository::new(path)).await;
}

async fn writes_until_killed<R: Repository>(open: impl Fn(&Path) -> R) {
    let place = tempfile::tempdir().unwrap();
    let (path, count) = match told_database() {
        Some(path) => (path.into(), usize::MAX),
        None => (place.path().join("ring.d"), 20),
    };
    let repository = open(&path);
    begin_marks(&repository).await;
    let who = format!("w{}", std::process::id());
    leave_marks(&repository, &who, count, tell).await;
}

/// How many processes are killed.
const KILLS: usize = 200;

const KILLS_PER_RING: usize = 10;

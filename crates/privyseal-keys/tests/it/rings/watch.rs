//! Who hears of a change, and who is left in peace.

use std::fs;
use std::path::Path;
use std::time::Duration;

use privyseal_keys::repository::{FileRepository, Repository, SharedFileRepository};
use tokio::time::timeout;

use super::{for_both, ring, write};

for_both! {
    a_directory_that_was_replaced_is_watched =>
        a_ring_whose_directory_was_replaced_is_heard_of,
        a_ring_whose_shared_directory_was_replaced_is_heard_of;
    to_look_is_no_change =>
        whoever_looks_at_a_file_wakes_nobody,
        whoever_looks_at_a_shared_directory_wakes_nobody;
}

/// As by somebody who restores a backup.
async fn a_directory_that_was_replaced_is_watched(repository: impl Repository, path: &Path) {
    write(&repository, 1..=2).await;
    repository.changed().await;
    for generation in 3..=6 {
        let elsewhere = path.with_file_name(format!("before-{generation}"));
        fs::rename(path, &elsewhere).unwrap();
        copy(&elsewhere, path);
        // At once: it is another directory than the one that was watched.
        timeout(PATIENCE, repository.changed()).await.unwrap();
        let write = write(&repository, generation..=generation);
        let heard = async {
            while repository.read().await.unwrap() != Some(ring(generation)) {
                repository.changed().await;
            }
        };
        let (heard, ()) = tokio::join!(timeout(PATIENCE, heard), write);
        heard.unwrap();
    }
}

async fn to_look_is_no_change(repository: impl Repository, _: &Path) {
    write(&repository, 1..=3).await;
    let quiet = async || timeout(QUIET, repository.changed()).await.is_err();
    for _ in 0..20 {
        while !quiet().await {}
        repository.read().await.unwrap();
        repository.history(9).await.unwrap();
        if quiet().await {
            return;
        }
    }
    panic!("a reader who is woken and looks is woken again");
}

fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;

    fs::DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let copied = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &copied);
        } else {
            fs::copy(entry.path(), copied).unwrap();
        }
    }
}

/// Events come within a millisecond.
const QUIET: Duration = Duration::from_millis(200);

/// For machines that have much else to do.
const PATIENCE: Duration = Duration::from_mins(1);

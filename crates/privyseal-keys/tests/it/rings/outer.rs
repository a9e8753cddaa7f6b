//! What others do to the files: remove, damage, open and restore them.

use std::fs;
use std::path::Path;

use privyseal_keys::repository::{
    FileRepository, KEPT_GENERATIONS, Repository, RepositoryError, SharedFileRepository,
};

use super::{for_both, names, present, ring, write};

for_both! {
    a_ring_that_was_removed_is_gone =>
        a_ring_that_was_removed_from_its_file_is_gone_and_not_absent,
        a_ring_that_was_removed_from_its_shared_directory_is_gone_and_not_absent;
    damage_is_told =>
        a_damaged_file_is_unreadable_and_stays_as_it_is,
        a_damaged_file_in_a_shared_directory_is_unreadable_and_stays_as_it_is;
}

#[cfg(unix)]
for_both! {
    others_are_kept_out =>
        only_the_owner_can_read_a_ring_in_a_file,
        only_the_owner_can_read_a_ring_in_a_shared_directory;
    what_is_open_is_refused =>
        a_file_or_directory_that_others_can_change_is_refused,
        a_file_or_shared_directory_that_others_can_change_is_refused;
    links_are_refused =>
        a_link_in_the_place_of_the_file_is_refused,
        a_link_in_the_place_of_the_file_in_a_shared_directory_is_refused;
    the_owner_of_the_directory_owns_the_ring =>
        what_root_writes_to_a_file_belongs_to_the_owner_of_the_directory,
        what_root_writes_to_a_shared_directory_belongs_to_its_owner;
}

async fn a_ring_that_was_removed_is_gone(repository: impl Repository, path: &Path) {
    // With and without a history.
    for generations in [1, 3] {
        write(&repository, 1..=generations).await;
        for name in names(path) {
            if name.ends_with("ring") || name.contains("generations/") {
                fs::remove_file(path.join(name)).unwrap();
            }
        }
        is_gone(&repository).await;
        // Also when the directory of the files is gone with them.
        if path.join("generations").exists() {
            fs::remove_dir(path.join("generations")).unwrap();
            is_gone(&repository).await;
        }
        // Who removes all of it wants to start afresh.
        fs::remove_dir_all(path).unwrap();
        assert_eq!(repository.read().await.unwrap(), None);
    }
}

async fn is_gone(repository: &impl Repository) {
    let errors = [
        repository.read().await.map(drop),
        repository.history(9).await.map(drop),
        repository.compare_and_swap(None, &ring(1)).await.map(drop),
        repository
            .compare_and_swap(Some(1), &ring(2))
            .await
            .map(drop),
    ];
    for error in errors {
        assert!(matches!(error, Err(RepositoryError::Gone(_))), "{error:?}");
    }
}

async fn damage_is_told(repository: impl Repository, path: &Path) {
    write(&repository, 1..=3).await;
    let file = present(path, 3);
    let whole = fs::read(&file).unwrap();
    let (_, cut) = whole.split_last().unwrap();
    for damaged in [&b""[..], b"{}", cut, &vec![b'x'; 2 << 20]] {
        fs::write(&file, damaged).unwrap();
        let before = names(path);
        let read = repository.read().await;
        assert!(
            matches!(read, Err(RepositoryError::Unreadable(_))),
            "{read:?}"
        );
        for expected in [None, Some(2), Some(3)] {
            let new = ring(expected.map_or(1, |before| before + 1));
            let swapped = repository.compare_and_swap(expected, &new).await;
            assert!(
                matches!(swapped, Err(RepositoryError::Unreadable(_))),
                "{expected:?}: {swapped:?}"
            );
        }
        assert_eq!(names(path), before);
        assert_eq!(fs::read(&file).unwrap(), damaged);
    }
    fs::write(&file, &whole).unwrap();
    assert_eq!(repository.read().await.unwrap(), Some(ring(3)));
}

#[cfg(unix)]
async fn others_are_kept_out(repository: impl Repository, path: &Path) {
    write(&repository, 1..=20).await;
    assert_eq!(mode(path), 0o700);
    for name in names(path) {
        assert_eq!(mode(&path.join(&name)), 0o600, "{name}");
    }
    let inner = path.join("generations");
    assert!(!inner.exists() || mode(&inner) == 0o700);
}

#[cfg(unix)]
async fn what_is_open_is_refused(repository: impl Repository, path: &Path) {
    write(&repository, 1..=2).await;
    let file = present(path, 2);
    for (open, wrong, right) in [(file.as_path(), 0o640, 0o600), (path, 0o770, 0o700)] {
        set_mode(open, wrong);
        let errors = [
            repository.read().await.map(drop),
            repository.history(9).await.map(drop),
            repository
                .compare_and_swap(Some(2), &ring(3))
                .await
                .map(drop),
        ];
        for error in errors {
            assert!(
                matches!(&error, Err(RepositoryError::OpenToOthers { mode, .. }) if *mode == wrong),
                "{}: {error:?}",
                open.display()
            );
        }
        set_mode(open, right);
    }
    // To see that there is a directory is no harm.
    set_mode(path, 0o755);
    assert_eq!(repository.read().await.unwrap(), Some(ring(2)));
}

#[cfg(unix)]
async fn links_are_refused(repository: impl Repository, path: &Path) {
    write(&repository, 1..=2).await;
    let file = present(path, 2);
    let elsewhere = path.with_file_name("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    let refused = repository.read().await;
    assert!(
        matches!(refused, Err(RepositoryError::NotAFile { .. })),
        "{refused:?}"
    );
    let refused = repository.compare_and_swap(Some(2), &ring(3)).await;
    assert!(
        matches!(refused, Err(RepositoryError::NotAFile { .. })),
        "{refused:?}"
    );
}

/// Where the tests are not run by root, it is so by itself.
#[cfg(unix)]
async fn the_owner_of_the_directory_owns_the_ring(repository: impl Repository, path: &Path) {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown};

    fs::DirBuilder::new().mode(0o700).create(path).unwrap();
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if root {
        chown(path, Some(12_345), Some(12_345)).unwrap();
    }
    write(&repository, 1..=20).await;
    let owner = fs::metadata(path).unwrap().uid();
    assert!(!root || owner == 12_345);
    for name in names(path) {
        assert_eq!(
            fs::metadata(path.join(&name)).unwrap().uid(),
            owner,
            "{name}"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_in_the_place_of_the_lock_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("ring.d");
    let repository = FileRepository::new(&path);
    write(&repository, 1..=1).await;
    let elsewhere = place.path().join("elsewhere");
    fs::rename(path.join("lock"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, path.join("lock")).unwrap();
    let refused = repository.compare_and_swap(Some(1), &ring(2)).await;
    assert!(
        matches!(refused, Err(RepositoryError::NotAFile { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_writer_who_does_not_get_the_lock_says_so() {
    let place = tempfile::tempdir().unwrap();
    let repository = FileRepository::new(place.path());
    write(&repository, 1..=1).await;
    let lock = fs::File::open(place.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let error = repository
        .compare_and_swap(Some(1), &ring(2))
        .await
        .unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert_eq!(repository.read().await.unwrap(), Some(ring(1)));
    drop(lock);
    write(&repository, 2..=2).await;
}

#[tokio::test]
async fn the_history_goes_on_from_a_backup_that_was_restored() {
    let place = tempfile::tempdir().unwrap();
    let repository = FileRepository::new(place.path());
    write(&repository, 1..=5).await;
    fs::copy(
        place.path().join("ring-000000000003"),
        place.path().join("ring"),
    )
    .unwrap();
    assert_eq!(repository.read().await.unwrap(), Some(ring(3)));
    let history: Vec<_> = [3, 2, 1].map(ring).into();
    assert_eq!(repository.history(9).await.unwrap(), history);
    write(&repository, 4..=4).await;
    let history: Vec<_> = [4, 3, 2, 1].map(ring).into();
    assert_eq!(repository.history(9).await.unwrap(), history);
}

#[tokio::test]
async fn a_name_in_a_shared_directory_is_kept_when_its_content_is_not() {
    let place = tempfile::tempdir().unwrap();
    let repository = SharedFileRepository::new(place.path());
    let last = KEPT_GENERATIONS as u64 + 4;
    write(&repository, 1..=last).await;
    for generation in 1..=last {
        let name = format!("generations/ring-{generation:012}");
        let length = fs::metadata(place.path().join(name)).unwrap().len();
        assert_eq!(length == 0, generation <= 4, "{generation}");
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_an_error_and_no_ring() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "a file").unwrap();
    for path in [file.clone(), file.join("ring.d")] {
        let repositories = (FileRepository::new(&path), SharedFileRepository::new(&path));
        assert!(repositories.0.read().await.is_err(), "{}", path.display());
        assert!(repositories.1.read().await.is_err(), "{}", path.display());
        assert!(
            repositories
                .0
                .compare_and_swap(None, &ring(1))
                .await
                .is_err()
        );
        assert!(
            repositories
                .1
                .compare_and_swap(None, &ring(1))
                .await
                .is_err()
        );
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

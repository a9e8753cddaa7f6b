use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use privyseal::KeyId;
use privyseal::keyring::RingKey;

use super::*;

fn primary(loaded: &Loaded) -> KeyId {
    loaded.ring.primary().unwrap().id()
}

fn names(path: &Path) -> Vec<String> {
    let mut names = names_in(path).unwrap();
    names.sort();
    names
}

#[test]
fn the_first_start_makes_one_key_and_the_next_ones_none() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a/data");
    let first = KeyDirectory::open_or_create(&path).unwrap().load().unwrap();
    let second = KeyDirectory::open_or_create(&path).unwrap().load().unwrap();
    assert_eq!(primary(&first), primary(&second));
    assert_eq!(first.warnings, []);
    assert_eq!(names(&path), ["initialised", "keys"]);
    assert_eq!(names(&path.join("keys")), ["0001.key"]);
}

#[test]
fn an_empty_directory_and_a_fresh_volume_are_taken() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("lost+found")).unwrap();
    assert!(KeyDirectory::open_or_create(place.path()).is_ok());
}

#[test]
fn a_start_that_died_before_its_end_is_made_up_for() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("keys")).unwrap();
    fs::write(place.path().join("keys/.privyseal-x1y2z3"), "half a k").unwrap();
    let directory = KeyDirectory::open_or_create(place.path()).unwrap();
    let made = primary(&directory.load().unwrap());

    fs::remove_file(place.path().join("initialised")).unwrap();
    let directory = KeyDirectory::open_or_create(place.path()).unwrap();
    assert_eq!(primary(&directory.load().unwrap()), made);
    assert!(place.path().join("initialised").exists());
}

#[test]
fn a_directory_with_other_things_is_refused_and_left_alone() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("thesis.txt"), "").unwrap();
    let error = KeyDirectory::open_or_create(place.path()).unwrap_err();
    assert!(matches!(error, SourceError::NotEmpty { .. }), "{error:?}");
    assert_eq!(names(place.path()), ["thesis.txt"]);
}

#[test]
fn lost_keys_are_never_replaced() {
    let place = tempfile::tempdir().unwrap();
    KeyDirectory::open_or_create(place.path()).unwrap();
    fs::remove_file(place.path().join("keys/0001.key")).unwrap();
    for _ in 0..2 {
        let error = KeyDirectory::open_or_create(place.path()).unwrap_err();
        assert!(matches!(error, SourceError::KeysGone { .. }), "{error:?}");
        assert!(error.hint().contains("restore"));
        assert_eq!(names(&place.path().join("keys")), [""; 0]);
    }
    fs::remove_dir(place.path().join("keys")).unwrap();
    let error = KeyDirectory::open_or_create(place.path()).unwrap_err();
    assert!(matches!(error, SourceError::KeysGone { .. }), "{error:?}");
}

#[test]
fn a_key_that_cannot_be_used_is_an_error_even_among_good_ones() {
    let place = tempfile::tempdir().unwrap();
    let directory = KeyDirectory::open_or_create(place.path()).unwrap();
    directory.rotate().unwrap();
    for bad in ["", "dev\n"] {
        fs::write(place.path().join("keys/0001.key"), bad).unwrap();
        let error = directory.load().unwrap_err();
        assert!(matches!(error, SourceError::Key { .. }), "{error:?}");
        assert!(error.to_string().contains("0001.key"), "{error}");
    }
    fs::remove_file(place.path().join("keys/0001.key")).unwrap();
    fs::create_dir(place.path().join("keys/0001.key")).unwrap();
    let error = directory.load().unwrap_err();
    assert!(matches!(error, SourceError::Unreadable { .. }), "{error:?}");
}

#[test]
fn a_rotation_signs_with_the_new_key_and_keeps_the_old_ones() {
    let place = tempfile::tempdir().unwrap();
    let directory = KeyDirectory::open_or_create(place.path()).unwrap();
    let mut expected = vec![primary(&directory.load().unwrap())];
    for round in 2..=KEPT_KEYS + 2 {
        let loaded = directory.rotate().unwrap();
        expected.insert(0, primary(&loaded));
        expected.truncate(KEPT_KEYS);
        for loaded in [loaded, directory.load().unwrap()] {
            let ids: Vec<KeyId> = loaded.ring.keys().map(RingKey::id).collect();
            assert_eq!(ids, expected, "round {round}");
        }
    }
    let kept = names(&place.path().join("keys"));
    assert_eq!(kept.len(), KEPT_KEYS);
    assert_eq!(kept.first().unwrap(), "0003.key");
}

#[test]
fn eight_starts_at_once_make_one_key() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("data");
    let start = Barrier::new(8);
    let seen: BTreeSet<KeyId> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    primary(&KeyDirectory::open_or_create(&path).unwrap().load().unwrap())
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(seen.len(), 1);
    assert_eq!(names(&path.join("keys")), ["0001.key"]);
}

#[test]
fn eight_rotations_of_one_key_make_one_new_key() {
    let place = tempfile::tempdir().unwrap();
    let directory = KeyDirectory::open_or_create(place.path()).unwrap();
    for newest in 1..=5 {
        let start = Barrier::new(8);
        let seen: BTreeSet<KeyId> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        primary(&directory.rotate_from(newest).unwrap())
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(seen.len(), 1);
        assert_eq!(directory.newest().unwrap(), newest + 1);
    }
}

#[test]
fn rotations_at_any_time_lose_no_key_and_disturb_no_reader() {
    let place = tempfile::tempdir().unwrap();
    let directory = KeyDirectory::open_or_create(place.path()).unwrap();
    let start = Barrier::new(9);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..5 {
                    let mine = directory.rotate().unwrap();
                    assert!(mine.ring.keys().len() <= KEPT_KEYS);
                }
            });
        }
        start.wait();
        for _ in 0..50 {
            assert!(directory.load().is_ok());
        }
    });
    let numbers = directory.numbers().unwrap();
    let newest = *numbers.last().unwrap();
    assert!((6..=41).contains(&newest), "{newest}");
    // Eight keys without a gap, and nothing half-written beside them.
    let kept: Vec<u32> = (newest.saturating_sub(7).max(1)..=newest).collect();
    assert!(numbers.ends_with(&kept), "{numbers:?}");
    assert_eq!(names(&place.path().join("keys")).len(), numbers.len());
}

#[test]
fn only_exact_names_are_keys() {
    for (name, number) in [
        ("0001.key", Some(1)),
        ("10000.key", Some(10_000)),
        ("999999999.key", Some(MAX_NUMBER)),
        ("1000000000.key", None),
        ("0000.key", None),
        ("1.key", None),
        ("00001.key", None),
        ("+001.key", None),
        ("0001.key.bak", None),
        (".0001.key", None),
        ("0001", None),
    ] {
        assert_eq!(number_of(name), number, "{name}");
    }
}

#[test]
fn the_last_number_is_not_passed() {
    let place = tempfile::tempdir().unwrap();
    let directory = KeyDirectory::open_or_create(place.path()).unwrap();
    fs::rename(directory.key_path(1), directory.key_path(MAX_NUMBER - 1)).unwrap();
    assert!(directory.rotate().is_ok());
    let error = directory.rotate().unwrap_err();
    assert!(matches!(error, SourceError::Unwritable { .. }), "{error:?}");
    assert!(directory.load().is_ok());
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_directory_or_its_keys() {
    use std::os::unix::fs::PermissionsExt;

    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("data");
    let directory = KeyDirectory::open_or_create(&path).unwrap();
    for (path, expected) in [
        (path.clone(), 0o700),
        (path.join("keys"), 0o700),
        (path.join("keys/0001.key"), 0o600),
    ] {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, expected, "{}", path.display());
    }
    let key = path.join("keys/0001.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let warnings = directory.load().unwrap().warnings;
    assert_eq!(
        warnings,
        [crate::Warning::OpenToOthers {
            path: key,
            mode: 0o640
        }]
    );
}

use std::fs;
use std::path::Path;

use privyseal::SecretKey;
use privyseal::keyring::{KeyId, RingKey};

use super::*;
use crate::Warning;

const KEYS: [&str; 4] = [
    "c47f2be05d98a1637e0fb3c2d15a8964",
    "9e3b7716d0c85fa24417c20e6bd9f835",
    "5a0d7f21c6e849b3b81f40d2937ec6a5",
    "e81c6f0b24d7935a70f2be4d169ac358",
];

fn id(key: usize) -> KeyId {
    SecretKey::from_text(KEYS[key]).unwrap().id()
}

/// Files for the owner alone.
fn mounted(files: &[(&str, &str)]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for (name, content) in files {
        put(place.path(), name, content);
    }
    place
}

fn put(directory: &Path, name: &str, content: &str) {
    let path = directory.join(name);
    crate::write_key_file(path, content.as_bytes(), crate::Overwrite::Never).unwrap();
}

fn load(place: &tempfile::TempDir) -> Result<Loaded, SourceError> {
    KeyMount::new(place.path().join("secret_key")).load()
}

/// The keys in the order of trial, of which the first signs.
fn order(place: &tempfile::TempDir) -> Vec<KeyId> {
    let loaded = load(place).unwrap();
    assert_eq!(loaded.warnings, []);
    let ids: Vec<KeyId> = loaded.ring.keys().map(RingKey::id).collect();
    assert_eq!(loaded.ring.primary().unwrap().id(), ids[0]);
    ids
}

#[test]
fn the_key_signs_and_then_versions_and_then_the_list_verify() {
    let list = format!(r#"["{}", "{}"]"#, KEYS[2], KEYS[3]);
    let place = mounted(&[
        ("secret_key", KEYS[1]),
        ("secret_key_v2", KEYS[0]),
        ("secret_key_fallbacks", &list),
    ]);
    assert_eq!(order(&place), [id(1), id(0), id(3), id(2)]);
}

#[test]
fn without_a_key_of_the_name_the_highest_version_signs() {
    // Tens come after nines, which is not the order of their names.
    let place = mounted(&[
        ("secret_key_v9", KEYS[0]),
        ("secret_key_v10", KEYS[1]),
        ("secret_key_v1", KEYS[2]),
    ]);
    assert_eq!(order(&place), [id(1), id(0), id(2)]);
    // What is staged does not sign: the name decides.
    put(place.path(), "secret_key", KEYS[0]);
    assert_eq!(order(&place), [id(0), id(1), id(2)]);
}

#[test]
fn a_version_has_one_name_and_a_number_that_is_not_too_large() {
    for (name, signs) in [("secret_key_v1", 1), ("secret_key_v999999999", 1)] {
        let place = mounted(&[(name, KEYS[signs])]);
        assert_eq!(order(&place), [id(signs)], "{name}");
    }
    for name in [
        "secret_key_v0",
        "secret_key_v01",
        "secret_key_v1000000000",
        "secret_key_v99999999999999999999",
    ] {
        let place = mounted(&[("secret_key", KEYS[0]), (name, KEYS[1])]);
        let error = load(&place).unwrap_err();
        assert!(
            matches!(&error, SourceError::VersionName { path } if path.ends_with(name)),
            "{name}: {error:?}"
        );
    }
    for name in [
        "secret_key_v",
        "secret_key_v1.bak",
        "secret_key_v1~",
        "secret_key_v-1",
        "secret_key_v+1",
        "secret_key_V1",
        "secret_keyv1",
        "secret_key_v1_fallbacks",
        ".secret_key_v1",
        "other_key_v1",
    ] {
        let place = mounted(&[("secret_key", KEYS[0]), (name, "not read at all")]);
        assert_eq!(order(&place), [id(0)], "{name}");
    }
}

#[test]
fn thirty_two_versions_are_read_and_one_more_is_not() {
    let place = mounted(&[]);
    for version in 1..=MAX_VERSIONS {
        let key = SecretKey::generate().unwrap();
        let name = format!("secret_key_v{version}");
        put(place.path(), &name, &key.expose_hex());
    }
    assert_eq!(load(&place).unwrap().ring.keys().len(), 32);
    // The key without a version is none.
    put(place.path(), "secret_key", KEYS[0]);
    assert_eq!(load(&place).unwrap().ring.keys().len(), 33);
    put(place.path(), "secret_key_v33", KEYS[1]);
    let error = load(&place).unwrap_err();
    assert!(
        matches!(error, SourceError::TooManyVersions { limit: 32, .. }),
        "{error:?}"
    );
}

#[test]
fn every_failure_names_the_file_and_no_key() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], "there is no key at [..]/secret_key, nor"),
        (&[("secret_key", "")], "/secret_key cannot be used"),
        (&[("secret_key", "\n")], "/secret_key cannot be used"),
        (&[("secret_key", "changeme")], "/secret_key cannot be used"),
        (
            &[("secret_key", KEYS[0]), ("secret_key_v1", "hunter2")],
            "/secret_key_v1 cannot be used",
        ),
        (
            &[("secret_key", KEYS[0]), ("secret_key_fallbacks", "")],
            "list of older keys in file [..]/secret_key_fallbacks",
        ),
        (
            &[
                ("secret_key", KEYS[0]),
                ("secret_key_fallbacks", "[\"hunter2\""),
            ],
            "list of older keys in file [..]/secret_key_fallbacks",
        ),
        (
            &[
                ("secret_key", KEYS[0]),
                ("secret_key_fallbacks", "[\"hunter2\"]"),
            ],
            "entry 0 of file [..]/secret_key_fallbacks cannot be used",
        ),
        // A list alone is no key.
        (
            &[("secret_key_fallbacks", "[]")],
            "there is no key at [..]/secret_key, nor",
        ),
    ];
    for (files, says) in cases {
        let place = mounted(files);
        let error = load(&place).unwrap_err();
        let directory = place.path().display().to_string();
        let text = error.to_string().replace(&directory, "[..]");
        assert!(text.contains(says), "{text}");
        assert!(!error.hint().is_empty());
        for secret in [KEYS[0], "hunter2", "changeme"] {
            assert!(!format!("{error:?} {error} {}", error.hint()).contains(secret));
        }
    }
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let place = mounted(&[]);
    fs::create_dir(place.path().join("secret_key")).unwrap();
    let error = load(&place).unwrap_err();
    assert!(matches!(error, SourceError::NotAFile { .. }), "{error:?}");
    for path in ["/", "..", "keys/.."] {
        let error = KeyMount::new(path).load().unwrap_err();
        assert!(
            matches!(
                error,
                SourceError::NotAFile { .. } | SourceError::Unreadable { .. }
            ),
            "{error:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let place = mounted(&[]);
    let pipe = place.path().join("secret_key");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let error = load(&place).unwrap_err();
    assert!(matches!(error, SourceError::NotAFile { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_read_with_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = mounted(&[("secret_key", KEYS[0]), ("secret_key_fallbacks", "[]")]);
    for (mode, open) in [(0o400, false), (0o600, false), (0o440, true), (0o644, true)] {
        for name in ["secret_key", "secret_key_fallbacks"] {
            let path = place.path().join(name);
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let warnings = load(&place).unwrap().warnings;
            let expected = open.then_some(Warning::OpenToOthers {
                path: path.clone(),
                mode,
            });
            assert_eq!(warnings, Vec::from_iter(expected), "{name} {mode:o}");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

use std::collections::HashMap;
use std::ffi::OsString;

use privyseal::keyring::RingKey;

use super::*;
use crate::{Overwrite, write_key_file};

const KEY: &str = "c47f2be05d98a1637e0fb3c2d15a8964";
const OLD_KEY: &str = "9e3b7716d0c85fa24417c20e6bd9f835";
const OLDER_KEY: &str = "5a0d7f21c6e849b3b81f40d2937ec6a5";

fn from(variables: &[(&str, &str)]) -> Result<Loaded, SourceError> {
    from_with(variables, fit)
}

fn from_with(variables: &[(&str, &str)], older_key: OlderKey) -> Result<Loaded, SourceError> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    let variable = |name: &str| {
        let value = variables.get(name).ok_or(VarError::NotPresent)?;
        Ok((*value).to_owned())
    };
    load("SECRET_KEY", variable, older_key)
}

/// The message, its causes and the hint, as a program shows them.
fn report(error: &SourceError) -> String {
    let mut lines = vec![error.to_string()];
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        lines.push(error.to_string());
        cause = error.source();
    }
    lines.push(error.hint());
    lines.join("\n")
}

#[test]
fn the_key_of_the_variable_is_its_text() {
    let loaded = from(&[("SECRET_KEY", KEY)]).unwrap();
    let expected = KeyRing::new(privyseal::SecretKey::from_text(KEY).unwrap());
    assert_eq!(
        loaded.ring.primary().unwrap().id(),
        expected.primary().unwrap().id()
    );
    assert_eq!(loaded.warnings, []);
}

#[test]
fn fallbacks_are_tried_newest_first_as_flask_tries_them() {
    let list = format!(r#"["{OLDER_KEY}", "{OLD_KEY}"]"#);
    let loaded = from(&[("SECRET_KEY", KEY), ("SECRET_KEY_FALLBACKS", &list)]).unwrap();
    let ids: Vec<_> = loaded.ring.keys().map(RingKey::id).collect();
    let expected = [KEY, OLD_KEY, OLDER_KEY].map(|text| {
        let ring = KeyRing::new(privyseal::SecretKey::from_text(text).unwrap());
        ring.primary().unwrap().id()
    });
    assert_eq!(ids, expected);
    assert_eq!(loaded.warnings, []);
}

#[test]
fn a_file_stands_in_for_a_variable() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("key");
    write_key_file(&path, format!("{KEY}\n").as_bytes(), Overwrite::Never).unwrap();
    let path = path.to_str().unwrap();
    let by_file = from(&[("SECRET_KEY_FILE", path)]).unwrap();
    let by_text = from(&[("SECRET_KEY", KEY)]).unwrap();
    assert_eq!(
        by_file.ring.primary().unwrap().id(),
        by_text.ring.primary().unwrap().id()
    );

    let both = from(&[("SECRET_KEY", KEY), ("SECRET_KEY_FILE", path)]).unwrap_err();
    assert!(matches!(both, SourceError::Ambiguous { .. }), "{both:?}");

    let list = place.path().join("list");
    write_key_file(
        &list,
        format!("[\"{OLD_KEY}\"]\n").as_bytes(),
        Overwrite::Never,
    )
    .unwrap();
    let list = list.to_str().unwrap();
    let loaded = from(&[("SECRET_KEY", KEY), ("SECRET_KEY_FALLBACKS_FILE", list)]).unwrap();
    assert_eq!(loaded.ring.keys().len(), 2);
}

#[test]
fn a_weak_fallback_is_refused_unless_asked_for_and_verifies_with_a_warning() {
    let variables = [
        ("SECRET_KEY", KEY),
        ("SECRET_KEY_FALLBACKS", r#"["hunter2"]"#),
    ];
    let refused = from(&variables).unwrap_err();
    assert!(
        report(&refused).starts_with(
            "the secret key from entry 0 of environment variable SECRET_KEY_FALLBACKS cannot"
        ),
        "{refused}"
    );
    let loaded = from_with(&variables, danger_weak).unwrap();
    assert_eq!(loaded.ring.keys().len(), 2);
    let [warning] = loaded.warnings.as_slice() else {
        panic!("one warning, not {:?}", loaded.warnings);
    };
    let text = warning.to_string();
    assert!(
        text.starts_with("entry 0 of environment variable SECRET_KEY_FALLBACKS is accepted"),
        "{text}"
    );
    assert!(!text.contains("hunter2") && !warning.hint().contains("hunter2"));
}

#[test]
fn every_refusal_names_its_source_and_never_the_key() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], "neither SECRET_KEY nor SECRET_KEY_FILE is set"),
        (&[("SECRET_KEY", "")], "environment variable SECRET_KEY"),
        (&[("SECRET_KEY", "   ")], "environment variable SECRET_KEY"),
        (
            &[("SECRET_KEY", "changeme")],
            "environment variable SECRET_KEY",
        ),
        (
            &[("SECRET_KEY", "hunter2")],
            "environment variable SECRET_KEY",
        ),
        (
            &[("SECRET_KEY_FILE", "/nonexistent/key")],
            "environment variable SECRET_KEY_FILE",
        ),
        (
            // The key where its path should be.
            &[("SECRET_KEY_FILE", KEY)],
            "environment variable SECRET_KEY_FILE",
        ),
        (
            &[("SECRET_KEY", KEY), ("SECRET_KEY_FALLBACKS", OLD_KEY)],
            "environment variable SECRET_KEY_FALLBACKS",
        ),
        (
            &[("SECRET_KEY", KEY), ("SECRET_KEY_FALLBACKS", "")],
            "environment variable SECRET_KEY_FALLBACKS",
        ),
        (
            &[
                ("SECRET_KEY", KEY),
                ("SECRET_KEY_FALLBACKS", r#"["hunter2", ""]"#),
            ],
            "entry 1 of the list of keys is empty",
        ),
        (
            &[
                ("SECRET_KEY", KEY),
                ("SECRET_KEY_FALLBACKS", r#"["hunter2", " "]"#),
            ],
            "entry 1 of the list of keys is empty",
        ),
    ];
    for (variables, source) in cases {
        let error = from(variables).unwrap_err();
        let text = report(&error);
        assert!(text.contains(source), "{text:?} does not name {source:?}");
        assert!(!error.hint().is_empty());
        for secret in [KEY, OLD_KEY, "changeme", "hunter2"] {
            assert!(!text.contains(secret), "{text:?} contains {secret:?}");
            assert!(!format!("{error:?}").contains(secret), "{error:?}");
        }
    }
}

#[test]
fn a_variable_that_is_not_unicode_is_not_repeated() {
    let odd = |_: &str| Err(VarError::NotUnicode(OsString::from("hunter2")));
    let error = load("SECRET_KEY", odd, fit).unwrap_err();
    assert!(matches!(error, SourceError::NotText { .. }), "{error:?}");
    assert!(!report(&error).contains("hunter2") && !format!("{error:?}").contains("hunter2"));
}

#[test]
fn the_environment_of_this_process_is_read() {
    assert!(matches!(
        from_env("PRIVYSEAL_TEST_UNSET"),
        Err(SourceError::Missing { variable }) if variable == "PRIVYSEAL_TEST_UNSET"
    ));
    // Cargo sets it, and it is too short for a key.
    let error = from_env("CARGO_PKG_NAME").unwrap_err();
    assert!(matches!(error, SourceError::Key { .. }), "{error:?}");
}

//! Readings that fail, change nothing, and are made good.

use std::{env, process};

use privyseal_keys::{SourceError, Warning};

use super::*;

/// Breaks the keys, sees that the error is right and the ring the same one, and mends them.
async fn survives(
    keys: &MountedKeys,
    break_it: impl FnOnce(),
    is_right: impl Fn(&SourceError) -> bool,
    mend_it: impl FnOnce(),
) {
    let before = keys.live().current();
    break_it();
    until(keys, |_, status| status.error().is_some_and(&is_right)).await;
    let status = keys.status();
    assert!(keys.live().is_current(&before), "{status}");
    assert!(status.is_ready() && status.age().is_some(), "{status}");
    assert!(status.to_string().contains("; the last reading failed: "));
    mend_it();
    until(keys, |_, status| status.error().is_none()).await;
}

#[tokio::test]
async fn a_key_that_is_removed_goes_on_and_its_return_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("secret_key");
    rename_over(&path, &key(1));
    let keys = follow(place.path(), NEVER);
    let before = keys.live().current();
    survives(
        &keys,
        || fs::remove_file(&path).unwrap(),
        |error| matches!(error, SourceError::NotMounted { .. }),
        || rename_over(&path, &key(1)),
    )
    .await;
    assert!(keys.live().is_current(&before));
    assert_eq!(keys.status().replacements(), 0);
}

#[tokio::test]
async fn a_directory_that_is_removed_and_made_anew_is_followed() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("secrets");
    fs::create_dir(&directory).unwrap();
    rename_over(&directory.join("secret_key"), &key(1));
    // Nothing watches a directory while there is none.
    let keys = follow(&directory, Duration::ZERO);
    for newest in 2..=3 {
        survives(
            &keys,
            || fs::remove_dir_all(&directory).unwrap(),
            |error| {
                matches!(
                    error,
                    SourceError::Unreadable { .. } | SourceError::NotMounted { .. }
                )
            },
            || {
                fs::create_dir(&directory).unwrap();
                rename_over(&directory.join("secret_key"), &key(newest));
            },
        )
        .await;
        until_signed_by(&keys, newest).await;
    }
}

#[tokio::test]
async fn an_empty_file_is_no_key() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("secret_key");
    rename_over(&path, &key(1));
    let keys = follow(place.path(), NEVER);
    for content in ["", "\n"] {
        survives(
            &keys,
            || fs::write(&path, content).unwrap(),
            |error| matches!(error, SourceError::Key { .. }),
            || fs::write(&path, key(2)).unwrap(),
        )
        .await;
        until_signed_by(&keys, 2).await;
    }
}

#[tokio::test]
async fn a_list_that_is_broken_or_missing_keeps_the_one_that_was_read() {
    let place = tempfile::tempdir().unwrap();
    let list = place.path().join("secret_key_fallbacks");
    rename_over(&place.path().join("secret_key"), &key(3));
    rename_over(&list, &format!("{},{}", key(1), key(2)));
    let keys = follow(place.path(), NEVER);
    let all = [id(3), id(2), id(1)];
    assert_eq!(ids(&keys), all);
    for content in [r#"["half of it"#, "", r#"[""]"#, "no list"] {
        survives(
            &keys,
            || fs::write(&list, content).unwrap(),
            |error| matches!(error, SourceError::List { .. }),
            || fs::write(&list, format!("{},{}", key(1), key(2))).unwrap(),
        )
        .await;
        assert_eq!(ids(&keys), all);
    }
    survives(
        &keys,
        || fs::remove_file(&list).unwrap(),
        |error| matches!(error, SourceError::Gone { path } if *path == list),
        || fs::write(&list, "[]").unwrap(),
    )
    .await;
    assert_eq!(ids(&keys), [id(3)]);
}

#[tokio::test]
async fn what_says_who_signs_does_not_end_by_being_missing() {
    let place = tempfile::tempdir().unwrap();
    let version = |number: u8| place.path().join(format!("secret_key_v{number}"));
    for number in 1..=2 {
        rename_over(&version(number), &key(number));
    }
    let keys = follow(place.path(), NEVER);
    // An older version would sign again.
    survives(
        &keys,
        || fs::remove_file(version(2)).unwrap(),
        |error| matches!(error, SourceError::Gone { path } if *path == version(2)),
        || rename_over(&version(3), &key(3)),
    )
    .await;
    assert_eq!(ids(&keys), [id(3), id(1)]);
    // A version would sign that is only staged.
    let path = place.path().join("secret_key");
    rename_over(&path, &key(1));
    until_signed_by(&keys, 1).await;
    survives(
        &keys,
        || fs::remove_file(&path).unwrap(),
        |error| matches!(error, SourceError::Gone { path: gone } if *gone == path),
        || rename_over(&path, &key(3)),
    )
    .await;
    until_signed_by(&keys, 3).await;
    // Whoever starts anew takes what is there.
    fs::remove_file(&path).unwrap();
    fs::remove_file(version(3)).unwrap();
    let anew = MountedKeys::open(KeyMount::new(&path));
    assert_eq!(ids(&anew), [id(1)]);
}

#[tokio::test]
async fn without_keys_at_the_start_none_is_made_and_those_that_come_are_taken() {
    let place = tempfile::tempdir().unwrap();
    let keys = follow(place.path(), NEVER);
    let status = keys.status();
    assert!(!status.is_ready() && status.age().is_none());
    assert!(
        status
            .to_string()
            .starts_with("no keys yet; the last reading failed: ")
    );
    let signer = keys.live().current().signer().unwrap_err();
    assert!(signer.is_unavailable());
    keys.refresh().await;
    assert_eq!(names(place.path()), [""; 0]);
    rename_over(&place.path().join("secret_key"), &key(1));
    until_signed_by(&keys, 1).await;
    assert_eq!(keys.status().replacements(), 0);
    assert_eq!(names(place.path()), ["secret_key"]);
}

#[tokio::test]
async fn a_mode_that_is_too_open_is_said_for_as_long_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("secret_key");
    rename_over(&path, &key(1));
    let keys = follow(place.path(), NEVER);
    let before = keys.live().current();
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    let warning = Warning::OpenToOthers {
        path: path.clone(),
        mode: 0o644,
    };
    until(&keys, |_, status| *status.warnings() == [warning.clone()]).await;
    mode(0o400);
    until(&keys, |_, status| status.warnings().is_empty()).await;
    assert!(keys.live().is_current(&before));
}

/// Replaces the key so many times, each time between two readings of it.
async fn restless(changes: u8) -> (tempfile::TempDir, MountedKeys, Duration) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("secret_key");
    rename_over(&path, &key(200));
    let keys = MountedKeys::open(KeyMount::new(&path));
    rename_over(&path, &key(0));
    let begun = tokio::time::Instant::now();
    let writer = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        for number in 1..=changes {
            rename_over(&path, &key(number));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let reader = async {
        keys.refresh().await;
        begun.elapsed()
    };
    let ((), elapsed) = tokio::join!(writer, reader);
    (place, keys, elapsed)
}

#[tokio::test(start_paused = true)]
async fn what_is_being_written_is_not_taken() {
    let (_place, keys, elapsed) = restless(1).await;
    assert_eq!(ids(&keys), [id(1)]);
    // Between the first key and the last there was none.
    assert_eq!(keys.status().replacements(), 1);
    assert_eq!(elapsed.as_millis() / 100, 2);
}

#[tokio::test(start_paused = true)]
async fn keys_that_come_to_rest_in_five_seconds_are_taken() {
    let (_place, keys, elapsed) = restless(49).await;
    assert_eq!(ids(&keys), [id(49)]);
    assert_eq!(elapsed.as_millis() / 100, 50);
}

#[tokio::test(start_paused = true)]
async fn keys_that_do_not_come_to_rest_in_five_seconds_are_not_taken_until_they_do() {
    let (_place, keys, _) = restless(50).await;
    let status = keys.status();
    assert!(
        matches!(status.error(), Some(SourceError::Unsettled { .. })),
        "{status}"
    );
    assert_eq!(ids(&keys), [id(200)]);
    keys.refresh().await;
    assert!(keys.status().error().is_none());
    assert_eq!(ids(&keys), [id(50)]);
}

#[tokio::test]
async fn neither_debug_nor_the_status_shows_a_key() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("secret_key");
    rename_over(&path, &key(1));
    let keys = MountedKeys::open(KeyMount::new(&path));
    let show = || format!("{keys:?} {:?} {}", keys.status(), keys.status());
    let good = show();
    rename_over(&path, "hunter2");
    keys.refresh().await;
    let shown = good + &show();
    assert!(
        shown.contains("keys read 0 s ago, replaced 0 times"),
        "{shown}"
    );
    for secret in [key(1).as_str(), "hunter2"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// In a process of its own, as the environment is one for all tests.
#[test]
fn credentials_of_systemd_are_found() {
    if let Some(mount) = KeyMount::credential("secret_key") {
        let keys = MountedKeys::open(mount);
        assert_eq!(ids(&keys), [id(2), id(1)]);
        return;
    }
    let place = tempfile::tempdir().unwrap();
    rename_over(&place.path().join("secret_key"), &key(2));
    rename_over(
        &place.path().join("secret_key_fallbacks"),
        &format!("[{:?}]", key(1)),
    );
    for name in names(place.path()) {
        let read_only = fs::Permissions::from_mode(0o400);
        fs::set_permissions(place.path().join(name), read_only).unwrap();
    }
    let this_test = "mounts::failures::credentials_of_systemd_are_found";
    let ran = process::Command::new(env::current_exe().unwrap())
        .args(["--exact", this_test])
        .env("CREDENTIALS_DIRECTORY", place.path())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}

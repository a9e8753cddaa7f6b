//! Who may read the files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use privyseal_keys::SourceError;
use privyseal_keys::kek::{Envelope, FileKek, KekError, PlainKek};

use super::{RING, place};

#[test]
fn a_key_file_is_made_for_its_owner_and_never_over_another_file() {
    let (_place, path) = place("kek");
    let kek = FileKek::create(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    let again = FileKek::create(&path).unwrap_err();
    assert!(
        matches!(again, KekError::File(SourceError::Exists { .. })),
        "{again}"
    );
    assert_eq!(
        format!("{:?}", FileKek::open(&path).unwrap()),
        format!("{kek:?}")
    );
}

#[test]
fn a_key_file_that_others_can_get_at_is_refused() {
    let (_place, path) = place("kek");
    FileKek::create(&path).unwrap();
    for (mode, open) in [
        (0o600, false),
        (0o400, false),
        (0o700, false),
        (0o711, false),
        (0o640, true),
        (0o604, true),
        (0o620, true),
        (0o602, true),
        (0o644, true),
    ] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let opened = FileKek::open(&path);
        let refused =
            matches!(opened, Err(KekError::OpenToOthers { mode: seen, .. }) if seen == mode);
        assert_eq!(refused, open, "{mode:o}");
        assert_eq!(opened.is_err(), open, "{mode:o}");
    }
}

#[test]
fn a_key_is_not_made_because_its_file_is_missing() {
    let (_place, path) = place("kek");
    let missing = FileKek::open(&path).unwrap_err();
    assert!(
        matches!(missing, KekError::File(SourceError::Unreadable { .. })),
        "{missing}"
    );
    assert!(!path.exists());
}

#[tokio::test]
async fn a_plain_ring_that_others_can_get_at_is_refused() {
    let (place, file) = place("ring");
    let directory = place.path().join("ring.d");
    for (path, private) in [(&file, 0o600), (&directory, 0o700)] {
        let kek = PlainKek::for_file(path);
        // It is made with the ring.
        let slot = Envelope::create(&kek, RING).await.unwrap().slot().to_vec();
        if private == 0o700 {
            fs::create_dir(path).unwrap();
        } else {
            fs::write(path, b"the ring").unwrap();
        }
        for bit in [
            None,
            Some(0o040),
            Some(0o020),
            Some(0o010),
            Some(0o004),
            Some(0o002),
            Some(0o001),
        ] {
            let mode = private | bit.unwrap_or(0);
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            for answer in [
                Envelope::create(&kek, RING).await,
                Envelope::open(&kek, &slot).await,
            ] {
                let refused = matches!(answer, Err(KekError::OpenToOthers { mode: seen, .. }) if seen == mode);
                assert_eq!(
                    (refused, answer.is_err()),
                    (bit.is_some(), bit.is_some()),
                    "{mode:o}"
                );
            }
        }
    }
}

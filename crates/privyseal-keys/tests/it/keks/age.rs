//! Recipients of age.

use std::fs;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use privyseal_keys::kek::{AgeKek, Envelope, Kek, KekError, MAX_RECIPIENTS};
use privyseal_keys::{Overwrite, write_key_file};

use super::{RING, check_laws, check_ring, place};

/// An identity file, as `age-keygen` writes it.
fn write(path: &Path, identities: &[&Identity]) -> PathBuf {
    let line = |identity: &&Identity| {
        let (public, secret) = (identity.to_public(), identity.to_string());
        format!(
            "# created: today\n# public key: {public}\n{}\n",
            secret.expose_secret()
        )
    };
    let text: String = identities.iter().map(line).collect();
    write_key_file(path, text.as_bytes(), Overwrite::Replace).unwrap();
    path.to_owned()
}

fn kek(place: &Path, identities: &[&Identity]) -> AgeKek {
    AgeKek::open(write(&place.join("identity"), identities)).unwrap()
}

#[tokio::test]
async fn identities_keep_the_laws() {
    let (place, _) = place("");
    let [node, backup] = [Identity::generate(), Identity::generate()];
    let kek = kek(place.path(), &[&node]);
    check_laws(&kek).await;
    let recipients = [node.to_public().to_string(), backup.to_public().to_string()];
    let kek = kek
        .with_recipients(recipients.iter().map(String::as_str))
        .unwrap();
    check_ring(&kek).await;
}

#[tokio::test]
async fn the_most_recipients_fit_into_a_document() {
    let (place, _) = place("");
    let identities: Vec<Identity> = (0..=MAX_RECIPIENTS).map(|_| Identity::generate()).collect();
    let recipients: Vec<String> = identities
        .iter()
        .map(|identity| identity.to_public().to_string())
        .collect();
    let most = recipients[..MAX_RECIPIENTS].iter().map(String::as_str);
    let many = kek(place.path(), &[&identities[0]])
        .with_recipients(most)
        .unwrap();
    // What age puts in at random differs in length.
    for _ in 0..20 {
        check_ring(&many).await;
    }
    let too_many = recipients.iter().map(String::as_str);
    let refused = many.with_recipients(too_many).unwrap_err();
    assert!(matches!(refused, KekError::Unfit { .. }), "{refused}");
}

#[tokio::test]
async fn a_ring_that_anybody_can_have_made_is_refused() {
    let (place, _) = place("");
    let [node, attacker] = [Identity::generate(), Identity::generate()];
    let ours = kek(place.path(), &[&node]);
    // Who can write to the store and knows our recipient wraps a data key to it.
    let recipients = [
        attacker.to_public().to_string(),
        node.to_public().to_string(),
    ];
    let theirs = kek(place.path(), &[&attacker]);
    let theirs = theirs
        .with_recipients(recipients.iter().map(String::as_str))
        .unwrap();
    let forged = Envelope::create(&theirs, RING).await.unwrap();
    let refused = Envelope::open(&ours, forged.slot()).await.unwrap_err();
    assert!(
        matches!(refused, KekError::NotAuthentic { .. }),
        "{refused}"
    );

    // The owner of a backup says that they have looked at it.
    let recovered = Envelope::open(&ours.danger_accept_foreign_writers(), forged.slot()).await;
    assert!(recovered.is_ok());
}

#[tokio::test]
async fn who_is_no_recipient_is_told_so() {
    let (place, _) = place("");
    let [node, other] = [Identity::generate(), Identity::generate()];
    let ours = kek(place.path(), &[&node]);
    let envelope = Envelope::create(&ours, RING).await.unwrap();
    let stranger = kek(place.path(), &[&other]);
    let refused = Envelope::open(&stranger, envelope.slot())
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, KekError::WrongKek { named, given } if named == ours.id() && given == stranger.id()),
        "{refused}"
    );
}

#[tokio::test]
async fn an_identity_is_replaced_while_the_former_one_still_reads() {
    let (place, _) = place("");
    let [former, new] = [Identity::generate(), Identity::generate()];
    let before = kek(place.path(), &[&former]);
    let between = kek(place.path(), &[&new, &former]);
    let after = kek(place.path(), &[&new]);
    let old = Envelope::create(&before, RING).await.unwrap();
    assert!(Envelope::open(&between, old.slot()).await.is_ok());
    assert!(Envelope::open(&after, old.slot()).await.is_err());
    let renewed = Envelope::create(&between, RING).await.unwrap();
    assert!(Envelope::open(&after, renewed.slot()).await.is_ok());
}

#[test]
fn who_wraps_must_be_able_to_read() {
    let (place, _) = place("");
    let [node, other] = [Identity::generate(), Identity::generate()];
    let other = other.to_public().to_string();
    for recipients in [&[other.as_str()][..], &[], &["age1nonsense"]] {
        let kek = kek(place.path(), &[&node]);
        let refused = kek.with_recipients(recipients.iter().copied()).unwrap_err();
        assert!(matches!(refused, KekError::Unfit { .. }), "{refused}");
    }
}

#[test]
fn what_is_no_identity_file_is_refused() {
    let (_place, path) = place("identity");
    let identity = Identity::generate();
    write(&path, &[&identity]);
    let text = fs::read_to_string(&path).unwrap();
    let secret = identity.to_string();
    for (content, is_one) in [
        (text.clone(), true),
        (text.replace('\n', "\r\n"), true),
        (secret.expose_secret().to_owned(), true),
        (String::new(), false),
        ("# nothing\n".to_owned(), false),
        (format!("{text}nonsense\n"), false),
        (identity.to_public().to_string(), false),
        (text.repeat(MAX_RECIPIENTS), true),
        (text.repeat(MAX_RECIPIENTS + 1), false),
    ] {
        fs::write(&path, &content).unwrap();
        let opened = AgeKek::open(&path);
        assert_eq!(opened.is_ok(), is_one, "{content}");
        let shown = format!("{opened:?}");
        assert!(!shown.contains("SECRET"), "{shown}");
    }
}

#[cfg(unix)]
#[test]
fn an_identity_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_place, path) = place("identity");
    write(&path, &[&Identity::generate()]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = AgeKek::open(&path).unwrap_err();
    assert!(
        matches!(refused, KekError::OpenToOthers { .. }),
        "{refused}"
    );
}

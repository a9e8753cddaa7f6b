//! Keys of the transit engine: what they wrap, and what they refuse.

use privyseal::ring::RingId;
use privyseal_keys::kek::{Envelope, Kek, KekError, MAX_SECRET, MAX_WRAPPED};
use privyseal_vault::{TransitKek, VaultError};

use super::fake::{Fake, Fault, ROOT, Rule, ServerToken, TransitKey};
use super::with_token;

const KEY: &str = "transit/ring";

/// A server with this key, and a client that may use it.
fn with_key(key: TransitKey) -> (Fake, TransitKek) {
    let fake = Fake::start();
    fake.state().keys.insert(KEY.to_owned(), key);
    let kek = TransitKek::new(with_token(&fake, ROOT), "transit", "ring").unwrap();
    (fake, kek)
}

fn change(fake: &Fake, change: impl FnOnce(&mut TransitKey)) {
    change(fake.state().keys.get_mut(KEY).unwrap());
}

async fn is_corrupt(kek: &TransitKek, wrapped: &[u8], associated: &[u8]) {
    let error = kek.unwrap(wrapped, associated).await.unwrap_err();
    assert!(matches!(error, KekError::Corrupt), "{error:?}");
}

#[tokio::test]
async fn what_a_key_wraps_it_unwraps_for_the_same_ring_only() {
    for kind in [
        "aes128-gcm96",
        "aes256-gcm96",
        "chacha20-poly1305",
        "xchacha20-poly1305",
    ] {
        for key in [TransitKey::new(kind), TransitKey::derived(kind)] {
            let (fake, kek) = with_key(key);
            for length in [1, 32, MAX_SECRET] {
                let secret = vec![7; length];
                let wrapped = kek.wrap(&secret, b"this ring").await.unwrap();
                assert!(wrapped.len() <= MAX_WRAPPED);
                let found = kek.unwrap(&wrapped, b"this ring").await.unwrap();
                assert_eq!(*found, secret);
                for other in [b"another ring".as_slice(), b""] {
                    is_corrupt(&kek, &wrapped, other).await;
                }
                // Some versions say so with 500, which is no outage.
                change(&fake, |key| key.failure = 500);
                is_corrupt(&kek, &wrapped, b"another ring").await;
                change(&fake, |key| key.failure = 400);
            }
        }
    }
}

#[tokio::test]
async fn a_secret_has_1_to_64_bytes() {
    let (_fake, kek) = with_key(TransitKey::new("aes256-gcm96"));
    for length in [0, MAX_SECRET + 1] {
        let refused = kek.wrap(&vec![7; length], b"ring").await.unwrap_err();
        assert!(matches!(refused, KekError::BadLength { .. }), "{refused:?}");
    }
}

#[tokio::test]
async fn what_was_changed_or_made_by_another_key_is_corrupt() {
    let (fake, kek) = with_key(TransitKey::new("aes256-gcm96"));
    let wrapped = kek.wrap(&[7; 32], b"ring").await.unwrap();
    let text = String::from_utf8(wrapped.clone()).unwrap();
    let mut flipped = wrapped.clone();
    let last = flipped.len() - 3;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    for changed in [
        &flipped,
        &wrapped[..wrapped.len() - 8],
        text.replace(":v1:", ":v2:").as_bytes(),
        text.replace("vault:", "").as_bytes(),
        b"",
        b"\xff\xfe",
        b"vault:v1:AAAA",
        b"vault:v1:AAAA\",\"batch_input\":\"",
    ] {
        is_corrupt(&kek, changed, b"ring").await;
    }
    fake.state()
        .keys
        .insert(KEY.to_owned(), TransitKey::new("aes256-gcm96"));
    is_corrupt(&kek, &wrapped, b"ring").await;
}

#[tokio::test]
async fn a_server_that_ignores_associated_data_binds_a_key_to_its_ring_all_the_same() {
    let (fake, kek) = with_key(TransitKey::new("aes256-gcm96"));
    fake.state().fault = Some(Fault::NoAssociatedData);
    let wrapped = kek.wrap(&[7; 32], b"this ring").await.unwrap();
    assert_eq!(*kek.unwrap(&wrapped, b"this ring").await.unwrap(), [7; 32]);
    is_corrupt(&kek, &wrapped, b"another ring").await;
}

#[tokio::test]
async fn a_key_that_anybody_can_encrypt_to_is_refused() {
    for kind in ["rsa-2048", "rsa-4096", "ed25519", "hmac", "managed_key", ""] {
        let (fake, kek) = with_key(TransitKey::new(kind));
        // An old server, that does not refuse what it does not know.
        fake.state().fault = Some(Fault::NoAssociatedData);
        let refused = kek.wrap(&[7; 32], b"ring").await.unwrap_err();
        assert!(
            matches!(refused, KekError::Unfit { .. }),
            "{kind}: {refused:?}"
        );
        let refused = kek.unwrap(b"vault:v1:AAAA", b"ring").await.unwrap_err();
        assert!(
            matches!(refused, KekError::Unfit { .. }),
            "{kind}: {refused:?}"
        );
        assert_eq!(fake.count("POST transit/encrypt/ring"), 0);
        assert_eq!(fake.count("POST transit/decrypt/ring"), 0);
    }
}

#[tokio::test]
async fn a_key_that_is_not_there_is_not_made() {
    let (fake, kek) = with_key(TransitKey::new("aes256-gcm96"));
    fake.state().keys.clear();
    let refused = kek.wrap(&[7; 32], b"ring").await.unwrap_err();
    assert!(matches!(refused, KekError::Unfit { .. }), "{refused:?}");
    let refused = kek.unwrap(b"vault:v1:AAAA", b"ring").await.unwrap_err();
    assert!(matches!(refused, KekError::Unfit { .. }), "{refused:?}");
    // To encrypt with a key that is not there makes it.
    assert_eq!(fake.count("POST transit/encrypt/ring"), 0);
}

#[tokio::test]
async fn a_key_that_was_rotated_unwraps_what_it_wrapped_before_until_that_is_forbidden() {
    let (fake, kek) = with_key(TransitKey::new("aes256-gcm96"));
    let wrapped = kek.wrap(&[7; 32], b"ring").await.unwrap();
    change(&fake, TransitKey::rotate);
    assert_eq!(*kek.unwrap(&wrapped, b"ring").await.unwrap(), [7; 32]);
    let renewed = kek.wrap(&[7; 32], b"ring").await.unwrap();
    change(&fake, |key| key.min_decryption_version = 2);
    assert_eq!(*kek.unwrap(&renewed, b"ring").await.unwrap(), [7; 32]);
    let refused = kek.unwrap(&wrapped, b"ring").await.unwrap_err();
    assert!(matches!(refused, KekError::Unfit { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_reader_needs_no_right_to_encrypt() {
    let (fake, kek) = with_key(TransitKey::new("aes256-gcm96"));
    let wrapped = kek.wrap(&[7; 32], b"ring").await.unwrap();
    let policy: &[Rule] = &[
        ("transit/keys/ring", &["GET"]),
        ("transit/decrypt/ring", &["POST"]),
    ];
    let reader = ServerToken::with(policy);
    fake.state().tokens.insert("reader".to_owned(), reader);
    let reader = TransitKek::new(with_token(&fake, "reader"), "transit", "ring").unwrap();
    assert_eq!(*reader.unwrap(&wrapped, b"ring").await.unwrap(), [7; 32]);
    let refused = reader.wrap(&[7; 32], b"ring").await.unwrap_err();
    assert!(matches!(refused, KekError::Denied { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_is_away_says_nothing_of_the_ring() {
    let (fake, kek) = with_key(TransitKey::new("aes256-gcm96"));
    let wrapped = kek.wrap(&[7; 32], b"ring").await.unwrap();
    for fault in [
        Fault::Status(412),
        Fault::Status(429),
        Fault::Status(500),
        Fault::Status(503),
        Fault::Page(200),
        Fault::Page(404),
        Fault::Page(500),
        Fault::Redirect,
    ] {
        fake.state().fault = Some(fault);
        let error = kek.unwrap(&wrapped, b"ring").await.unwrap_err();
        assert!(error.is_unavailable(), "{fault:?}: {error:?}");
        let error = kek.wrap(&[7; 32], b"ring").await.unwrap_err();
        assert!(error.is_unavailable(), "{fault:?}: {error:?}");
    }
    fake.state().fault = None;
    assert!(kek.unwrap(&wrapped, b"ring").await.is_ok());
}

#[tokio::test]
async fn an_envelope_is_made_and_opened() {
    let (fake, kek) = with_key(TransitKey::new("aes256-gcm96"));
    let envelope = Envelope::create(&kek, RingId::from_bytes([1; 16]))
        .await
        .unwrap();
    let opened = Envelope::open(&kek, envelope.slot()).await.unwrap();
    assert_eq!(opened.ring(), envelope.ring());
    assert_eq!(opened.kek().as_str(), "vault:transit/ring");
    let other = TransitKey::new("aes256-gcm96");
    fake.state().keys.insert("transit/other".to_owned(), other);
    let other = TransitKek::new(with_token(&fake, ROOT), "transit", "other").unwrap();
    let refused = Envelope::open(&other, envelope.slot()).await.unwrap_err();
    assert!(matches!(refused, KekError::WrongKek { .. }), "{refused:?}");
}

#[tokio::test]
async fn no_token_shows_in_debug_and_no_name_leads_elsewhere() {
    let (fake, kek) = with_key(TransitKey::new("aes256-gcm96"));
    kek.wrap(&[7; 32], b"ring").await.unwrap();
    let text = format!("{kek:?}");
    assert!(!text.contains(ROOT), "{text}");
    let long = "x".repeat(121);
    for (mount, name) in [("transit", "a/b"), ("", "ring"), (long.as_str(), "ring")] {
        let refused = TransitKek::new(with_token(&fake, ROOT), mount, name);
        assert!(matches!(refused, Err(VaultError::Path)), "{mount} {name}");
    }
}

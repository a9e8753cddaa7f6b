//! Data keys wrapped by AWS KMS.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use privyseal::ring::RingId;
use privyseal_aws::KmsKek;
use privyseal_keys::kek::{Envelope, Kek, KekError, MAX_SECRET, MAX_WRAPPED};
use serde_json::json;

use crate::moto::{Moto, configuration};

async fn make_key(moto: &Moto) -> String {
    let client = Client::new(&moto.configuration().await);
    let made = client.create_key().send().await.unwrap();
    made.key_metadata.unwrap().arn.unwrap()
}

async fn kek(moto: &Moto, key: &str) -> KmsKek {
    KmsKek::new(&moto.configuration().await, key).unwrap()
}

async fn new_kek(moto: &Moto) -> KmsKek {
    kek(moto, &make_key(moto).await).await
}

/// Refused for good. Of a key that is not the configured one, moto says that access is denied.
fn assert_refused<T>(answer: Result<T, KekError>, what: &str) {
    let Err(error) = answer else {
        panic!("{what} is taken")
    };
    assert!(
        matches!(error, KekError::Corrupt | KekError::Denied { .. }),
        "{what}: {error}"
    );
}

#[tokio::test]
async fn a_key_in_kms_keeps_the_laws() {
    let kek = new_kek(Moto::shared()).await;
    for length in [1, 32, MAX_SECRET] {
        let secret = vec![0xc3; length];
        let wrapped = kek.wrap(&secret, b"data").await.unwrap();
        assert!(wrapped.len() <= MAX_WRAPPED);
        assert!(!wrapped.windows(length.max(8)).any(|part| part == secret));
        assert_eq!(*kek.unwrap(&wrapped, b"data").await.unwrap(), secret);
        assert_ne!(kek.wrap(&secret, b"data").await.unwrap(), wrapped);
    }
    let wrapped = kek.wrap(&[0xc3; 32], b"data").await.unwrap();
    for other in [&b""[..], b"dat", b"datb", b"data\0"] {
        let error = kek.unwrap(&wrapped, other).await.unwrap_err();
        assert!(matches!(error, KekError::Corrupt), "{error}");
    }
    for at in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1 << (at % 8);
        assert_refused(kek.unwrap(&changed, b"data").await, &format!("byte {at}"));
    }
    for length in (1..wrapped.len()).step_by(7) {
        let cut = kek.unwrap(&wrapped[..length], b"data").await;
        assert_refused(cut, &format!("{length} bytes"));
    }
}

#[tokio::test]
async fn an_envelope_opens_with_its_key_and_no_other() {
    let moto = Moto::shared();
    let [ours, other] = [new_kek(moto).await, new_kek(moto).await];
    let ring = RingId::from_bytes([7; 16]);
    let envelope = Envelope::create(&ours, ring).await.unwrap();
    let opened = Envelope::open(&ours, envelope.slot()).await.unwrap();
    assert_eq!((opened.ring(), opened.kek()), (ring, ours.id()));
    assert!(ours.id().as_str().starts_with("kms:arn:aws:kms:"));
    assert!(Envelope::open(&other, envelope.slot()).await.is_err());
}

#[tokio::test]
async fn the_key_that_the_blob_names_is_not_taken() {
    let moto = Moto::shared();
    let [ours, theirs] = [new_kek(moto).await, new_kek(moto).await];
    let wrapped = theirs.wrap(&[7; 32], b"data").await.unwrap();
    assert_refused(ours.unwrap(&wrapped, b"data").await, "the key of another");
    // KMS would, had it not been told which one.
    let client = Client::new(&moto.configuration().await);
    let context = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7";
    let decrypt = client
        .decrypt()
        .ciphertext_blob(Blob::new(wrapped))
        .encryption_context("privyseal", context);
    assert!(decrypt.send().await.is_ok());
}

#[tokio::test]
async fn a_key_that_kms_has_rotated_opens_what_it_wrapped_before() {
    let moto = Moto::shared();
    let key = make_key(moto).await;
    let kek = kek(moto, &key).await;
    let wrapped = kek.wrap(&[7; 32], b"data").await.unwrap();
    let client = Client::new(&moto.configuration().await);
    let rotate = client.rotate_key_on_demand().key_id(&key);
    rotate.send().await.unwrap();
    assert_eq!(*kek.unwrap(&wrapped, b"data").await.unwrap(), [7; 32]);
}

#[tokio::test]
async fn a_key_that_is_not_there_is_unfit() {
    let moto = Moto::shared();
    let kek = kek(moto, "1234abcd-12ab-34cd-56ef-1234567890ab").await;
    let error = kek.wrap(&[7; 32], b"data").await.unwrap_err();
    assert!(matches!(error, KekError::Unfit { .. }), "{error}");
}

#[tokio::test]
async fn an_outage_of_kms_says_nothing_of_the_ring() {
    let moto = Moto::start();
    let kek = new_kek(&moto).await;
    let wrapped = kek.wrap(&[7; 32], b"data").await.unwrap();
    drop(moto);
    assert!(
        kek.wrap(&[7; 32], b"data")
            .await
            .unwrap_err()
            .is_unavailable()
    );
    let error = kek.unwrap(&wrapped, b"data").await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
}

#[tokio::test]
async fn errors_of_kms_are_sorted() {
    let moto = Moto::start();
    let kek = new_kek(&moto).await;
    let wrapped = kek.wrap(&[7; 32], b"data").await.unwrap();
    for (code, status, expected) in [
        ("IncorrectKeyException", 400, "corrupt"),
        ("InvalidCiphertextException", 400, "corrupt"),
        ("DisabledException", 400, "cannot be used: it is disabled"),
        ("KMSInvalidStateException", 400, "cannot be used: its state"),
        ("InvalidKeyUsageException", 400, "cannot be used: it is no"),
        ("NotFoundException", 400, "cannot be used: there is none"),
        ("AccessDeniedException", 400, "denied"),
        ("ValidationException", 400, "denied"),
        ("LimitExceededException", 400, "cannot be reached"),
        ("DependencyTimeoutException", 503, "cannot be reached"),
    ] {
        moto.fails("Decrypt", code, status);
        let error = kek.unwrap(&wrapped, b"data").await.unwrap_err().to_string();
        assert!(error.contains(expected), "{code}: {error}");
    }
    moto.faults(&json!([
        {"target": "Decrypt", "code": "DependencyTimeoutException", "status": 503},
    ]));
    // What passes is asked again.
    assert_eq!(*kek.unwrap(&wrapped, b"data").await.unwrap(), [7; 32]);
    for (code, expected) in [
        ("DisabledException", "cannot be used: it is disabled"),
        ("InvalidKeyUsageException", "cannot be used: it is no"),
        ("KMSInvalidStateException", "cannot be used: its state"),
        ("AccessDeniedException", "denied"),
    ] {
        moto.fails("Encrypt", code, 400);
        let error = kek.wrap(&[7; 32], b"data").await.unwrap_err().to_string();
        assert!(error.contains(expected), "{code}: {error}");
    }
}

#[tokio::test]
async fn debug_does_not_leak_key() {
    let kek = KmsKek::new(&configuration("http://127.0.0.1:9").await, "alias/ring").unwrap();
    assert_eq!(
        format!("{kek:?}"),
        "KmsKek { id: KekId(kms:alias/ring), .. }"
    );
}

//! Key-encryption keys, alone and around a ring.

#[cfg(feature = "age")]
mod age;
mod envelope;
#[cfg(unix)]
mod modes;
#[cfg(feature = "pkcs11")]
mod pkcs11;

use std::path::PathBuf;

use privyseal::ring::{MAX_KEY_SLOT, NewRing, Ring, RingId, RingPolicy};
use privyseal::{SecretKey, Timestamp};
use privyseal_keys::kek::{Envelope, FileKek, Kek, KekError, MAX_SECRET, MAX_WRAPPED};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const RING: RingId = RingId::from_bytes([0xa5; 16]);

/// A place, and the path of a file in it that is not there yet.
fn place(name: &str) -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(name);
    (place, path)
}

/// What every provider has to do, whatever it is.
async fn check_laws(kek: &dyn Kek) {
    let refused = |answer: Result<_, KekError>, what: &str| {
        let error = answer.map(drop).expect_err(what);
        assert!(
            matches!(error, KekError::Corrupt | KekError::NotAuthentic { .. }),
            "{what}: {error}"
        );
    };
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
        refused(kek.unwrap(&wrapped, other).await, "other data");
    }
    for at in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1 << (at % 8);
        refused(kek.unwrap(&changed, b"data").await, &format!("byte {at}"));
    }
    for length in (0..wrapped.len()).step_by(7).chain([wrapped.len() - 1]) {
        let cut = kek.unwrap(&wrapped[..length], b"data").await;
        refused(cut, &format!("{length} bytes"));
    }
    let longer = [&wrapped[..], b"\0"].concat();
    refused(kek.unwrap(&longer, b"data").await, "one byte more");
    check_ring(kek).await;
}

/// A ring is made, kept, read and read again under another key.
async fn check_ring(kek: &dyn Kek) {
    let (ring, envelope, keys) = ring(kek).await;
    assert!(envelope.slot().len() <= MAX_KEY_SLOT);
    let document = ring
        .seal(envelope.integrity_key(), envelope.slot())
        .unwrap();
    let opened = envelope::read(kek, &document).await;
    assert_eq!(opened, (ring, keys));
}

/// A ring with two keys.
async fn ring(kek: &dyn Kek) -> (Ring, Envelope, [SecretKey; 2]) {
    let envelope = Envelope::create(kek, RING).await.unwrap();
    let keys = [(); 2].map(|()| SecretKey::generate().unwrap());
    let [primary, standby] = [0, 1].map(|at| envelope.wrap(keys[at].expose_bytes()).unwrap());
    let new = NewRing {
        id: RING,
        policy: RingPolicy::default(),
        primary,
        standby,
    };
    (Ring::init(new, NOW).unwrap(), envelope, keys)
}

#[tokio::test]
async fn a_key_in_a_file_keeps_the_laws() {
    let (_place, path) = place("kek");
    check_laws(&FileKek::create(path).unwrap()).await;
}

//! The client against a server of your own: see the README for what it has to have.
//!
//! It makes rings and keys under random names, and leaves them there.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails when its helpers do"
)]

use std::time::Duration;

use privyseal::ring::RingId;
use privyseal_keys::KeyText;
use privyseal_keys::kek::{Envelope, Kek as _, KekError};
use privyseal_keys::repository::conformance::{self, History, Waking};
use privyseal_keys::repository::{Repository as _, RepositoryError, Stored};
use privyseal_vault::{Credential, Login, TransitKek, Vault, VaultOptions, VaultRepository};

/// The server of `VAULT_ADDR`, with the token of `VAULT_TOKEN`.
fn server() -> Vault {
    let address = KeyText::from_env("VAULT_ADDR")
        .expect("VAULT_ADDR is the address of a server\nhint: see the README of privyseal-vault");
    let login = Login::Token(Credential::Variable("VAULT_TOKEN".to_owned()));
    let options = VaultOptions::new(address.text().unwrap(), login);
    // The certificate of an authority of one's own is in SSL_CERT_FILE.
    Vault::new(options.with_timeout(Duration::from_mins(1))).unwrap()
}

fn random_path(number: u32) -> String {
    format!("privyseal-live/{:016x}/{number}", rand::random::<u64>())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ring_keeps_the_contract() {
    let vaults = [server(), server()];
    let mut number = 0;
    let fresh = async || {
        number += 1;
        let path = random_path(number);
        vaults
            .each_ref()
            .map(|vault| VaultRepository::new(vault.clone(), "privyseal-kv", &path).unwrap())
    };
    conformance::repository(fresh, Waking::Polled, History::Kept).await;
}

#[tokio::test]
async fn an_engine_without_versions_is_refused() {
    let path = random_path(0);
    let repository = VaultRepository::new(server(), "privyseal-kv1", &path).unwrap();
    let ring = Stored {
        generation: 1,
        bytes: b"ring".to_vec(),
    };
    let refused = repository.compare_and_swap(None, &ring).await;
    let is_refused = matches!(refused, Err(RepositoryError::Refused(_)));
    assert!(is_refused, "{refused:?}");
    let read = repository.read().await;
    let is_unreadable = matches!(read, Err(RepositoryError::Unreadable(_)));
    assert!(is_unreadable, "{read:?}");
}

#[tokio::test]
async fn keys_wrap_and_refuse() {
    for name in ["privyseal-aead", "privyseal-derived"] {
        let kek = TransitKek::new(server(), "transit", name).unwrap();
        let ring = RingId::from_bytes([1; 16]);
        let envelope = Envelope::create(&kek, ring).await.unwrap();
        let opened = Envelope::open(&kek, envelope.slot()).await.unwrap();
        assert_eq!(opened.ring(), ring);
        let wrapped = kek.wrap(&[7; 32], b"this ring").await.unwrap();
        let refused = kek.unwrap(&wrapped, b"another ring").await.unwrap_err();
        assert!(matches!(refused, KekError::Corrupt), "{refused:?}");
        let mut changed = wrapped.clone();
        let middle = changed.len() / 2;
        changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
        let refused = kek.unwrap(&changed, b"this ring").await.unwrap_err();
        assert!(matches!(refused, KekError::Corrupt), "{refused:?}");
    }
    for name in ["privyseal-rsa", "privyseal-no-such-key"] {
        let kek = TransitKek::new(server(), "transit", name).unwrap();
        let refused = kek.wrap(&[7; 32], b"ring").await.unwrap_err();
        let is_unfit = matches!(refused, KekError::Unfit { .. });
        assert!(is_unfit, "{name}: {refused:?}");
    }
}

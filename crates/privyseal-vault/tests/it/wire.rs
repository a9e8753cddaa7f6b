//! Connections: who is trusted, how long they may take, and how much is read.

use std::time::{Duration, Instant};

use privyseal_keys::repository::{Repository, RepositoryError};
use privyseal_testkit::servers::Restart as _;
use privyseal_testkit::servers::instance::make_certificates;
use privyseal_vault::{Login, Vault, VaultOptions, VaultRepository};

use super::fake::{Certificate, Fake, Fault, ROOT};
use super::{Held, options, with_token};

fn open(vault: Vault) -> VaultRepository {
    VaultRepository::new(vault, "secret", "main").unwrap()
}

/// A server with TLS, and the certificate of its authority.
fn with_tls() -> (Fake, Vec<u8>) {
    let place = tempfile::tempdir().unwrap();
    make_certificates(None, place.path()).unwrap();
    let fake = Fake::start_tls(Certificate::of(place.path()));
    (fake, std::fs::read(place.path().join("ca.pem")).unwrap())
}

#[tokio::test]
async fn a_server_is_trusted_whose_authority_was_given() {
    let (fake, authority) = with_tls();
    let token = Held::new(ROOT);
    let options = options(&fake, Login::Token(token.credential())).with_roots(authority);
    let repository = open(Vault::new(options).unwrap());
    assert_eq!(repository.read().await.unwrap(), None);
}

#[tokio::test]
async fn a_server_of_another_authority_gets_no_request() {
    let (fake, _) = with_tls();
    let (_, other) = with_tls();
    let token = Held::new(ROOT);
    let options = options(&fake, Login::Token(token.credential()));
    for options in [options.clone().with_roots(other), options] {
        let error = open(Vault::new(options).unwrap()).read().await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
    }
    assert!(fake.state().seen.is_empty());
}

#[tokio::test]
async fn a_server_under_another_name_gets_no_request() {
    let (fake, authority) = with_tls();
    let token = Held::new(ROOT);
    let address = fake.url().replace("127.0.0.1", "localhost");
    let options = VaultOptions::new(address, Login::Token(token.credential()));
    let options = options.with_roots(authority);
    let error = open(Vault::new(options).unwrap()).read().await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert!(fake.state().seen.is_empty());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_as_long_as_was_said() {
    let fake = Fake::start();
    fake.state().fault = Some(Fault::Silence);
    let token = Held::new(ROOT);
    let patience = Duration::from_millis(100);
    let options = options(&fake, Login::Token(token.credential())).with_timeout(patience);
    let repository = open(Vault::new(options).unwrap());
    let begin = Instant::now();
    let error = repository.read().await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert!(begin.elapsed() >= patience);
    // One call for each of the deadlines, and no more.
    assert_eq!(fake.state().seen.len(), 1);
}

#[tokio::test]
async fn two_mebibytes_are_read_and_one_byte_more_is_not() {
    let fake = Fake::start();
    let repository = open(with_token(&fake, ROOT));
    assert_eq!(repository.read().await.unwrap(), None);
    let longest = 2 * 1024 * 1024;
    for (length, is_read) in [(longest, true), (longest + 1, false)] {
        fake.state().fault = Some(Fault::Long(length));
        let error = repository.read().await.unwrap_err();
        let RepositoryError::Unreadable(source) = error else {
            panic!("{error:?}");
        };
        let is_long = source.to_string().contains("longer than");
        assert_eq!(is_long, !is_read, "{source}");
    }
}

#[tokio::test]
async fn a_token_does_not_go_where_a_redirection_leads() {
    let fake = Fake::start();
    let repository = open(with_token(&fake, ROOT));
    assert_eq!(repository.read().await.unwrap(), None);
    let before = fake.state().seen.len();
    fake.state().fault = Some(Fault::Redirect);
    assert!(repository.read().await.unwrap_err().is_unavailable());
    assert_eq!(fake.state().seen.len(), before + 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_outage() {
    let mut fake = Fake::start();
    let repository = open(with_token(&fake, ROOT));
    fake.stop();
    assert!(repository.read().await.unwrap_err().is_unavailable());
    fake.restart().unwrap();
    assert_eq!(repository.read().await.unwrap(), None);
}

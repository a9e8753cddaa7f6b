//! How a token is got, renewed and replaced, and that it shows nowhere.

use std::error::Error as _;
use std::time::Duration;

use privyseal_keys::repository::{Repository, RepositoryError};
use privyseal_vault::{Credential, Login, Vault, VaultRepository};
use tokio::task::JoinSet;

use super::fake::{Fake, Fault, ROOT, Role, Rule, ServerToken};
use super::{Held, options, with_token};

const APP_ROLE: &str = "POST auth/approle/login";
const RENEWAL: &str = "POST auth/token/renew-self";
const LOOK_UP: &str = "GET auth/token/lookup-self";

/// What a secret id is in tests.
const SECRET_ID: &str = "not-a-real-secret-id";

fn role(ttl: u64, is_renewable: bool) -> Role {
    Role {
        proof: SECRET_ID.to_owned(),
        ttl,
        is_renewable,
        policy: vec![("secret/", &["GET", "POST"])],
    }
}

/// A server with a role whose tokens last an hour, and a client that logs in with it.
fn with_role(is_renewable: bool) -> (Fake, VaultRepository, Held) {
    let fake = Fake::start();
    let role = role(3600, is_renewable);
    fake.state().roles.insert("shop".to_owned(), role);
    let secret_id = Held::new(SECRET_ID);
    let login = Login::AppRole {
        mount: "approle".to_owned(),
        role_id: "shop".to_owned(),
        secret_id: secret_id.credential(),
    };
    let repository = open(Vault::new(options(&fake, login)).unwrap());
    (fake, repository, secret_id)
}

fn open(vault: Vault) -> VaultRepository {
    VaultRepository::new(vault, "secret", "main").unwrap()
}

/// Time goes by, here and on the server.
async fn pass(fake: &Fake, seconds: u64) {
    fake.state().now += seconds;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

async fn is_absent(repository: &VaultRepository) {
    assert_eq!(repository.read().await.unwrap(), None);
}

async fn is_denied(repository: &VaultRepository) -> RepositoryError {
    let error = repository.read().await.unwrap_err();
    assert!(matches!(error, RepositoryError::Denied(_)), "{error:?}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_at_once_log_in_once() {
    let (fake, repository, _secret_id) = with_role(true);
    for logins in 1..4 {
        let mut calls = JoinSet::new();
        for _ in 0..20 {
            let repository = repository.clone();
            calls.spawn(async move { repository.read().await.unwrap() });
        }
        calls.join_all().await;
        assert_eq!(fake.count(APP_ROLE), logins);
        // They all have the same token that is refused now.
        fake.state().tokens.clear();
    }
}

#[tokio::test]
async fn a_token_is_renewed_after_half_of_its_time_and_not_before() {
    let (fake, repository, _secret_id) = with_role(true);
    is_absent(&repository).await;
    pass(&fake, 1799).await;
    is_absent(&repository).await;
    assert_eq!(fake.count(RENEWAL), 0);
    pass(&fake, 2).await;
    for renewals in 1..5 {
        is_absent(&repository).await;
        assert_eq!(fake.count(RENEWAL), renewals);
        pass(&fake, 1801).await;
    }
    assert_eq!(fake.count(APP_ROLE), 1);
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_used_to_its_end_and_replaced() {
    let (fake, repository, _secret_id) = with_role(false);
    is_absent(&repository).await;
    pass(&fake, 3500).await;
    is_absent(&repository).await;
    assert_eq!(fake.count(APP_ROLE), 1);
    pass(&fake, 101).await;
    is_absent(&repository).await;
    assert_eq!((fake.count(APP_ROLE), fake.count(RENEWAL)), (2, 0));
}

#[tokio::test]
async fn a_renewal_that_is_refused_is_followed_by_a_login() {
    let (fake, repository, _secret_id) = with_role(true);
    is_absent(&repository).await;
    for status in [400, 403] {
        let before = fake.count(APP_ROLE);
        fake.state().fault = Some(Fault::Renewal(status));
        pass(&fake, 1801).await;
        is_absent(&repository).await;
        assert_eq!(fake.count(APP_ROLE), before + 1, "{status}");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_for_an_outage_still_has_half_of_its_time() {
    let (fake, repository, _secret_id) = with_role(true);
    is_absent(&repository).await;
    fake.state().fault = Some(Fault::Renewal(503));
    pass(&fake, 1801).await;
    is_absent(&repository).await;
    let failed = fake.count(RENEWAL);
    assert!(failed > 0);
    fake.state().fault = None;
    is_absent(&repository).await;
    assert_eq!(fake.count(RENEWAL), failed + 1);
    assert_eq!(fake.count(APP_ROLE), 1);
}

#[tokio::test]
async fn a_token_that_was_revoked_is_replaced_within_the_call() {
    let (fake, repository, _secret_id) = with_role(true);
    is_absent(&repository).await;
    fake.state().tokens.clear();
    is_absent(&repository).await;
    assert_eq!(fake.count(APP_ROLE), 2);
}

#[tokio::test]
async fn a_right_that_is_missing_is_no_reason_to_log_in_again() {
    let (fake, repository, _secret_id) = with_role(true);
    let nothing: Vec<Rule> = Vec::new();
    fake.state().roles.get_mut("shop").unwrap().policy = nothing;
    for denials in 1..4 {
        is_denied(&repository).await;
        assert_eq!(fake.count(LOOK_UP), denials);
    }
    assert_eq!(fake.count(APP_ROLE), 1);
}

#[tokio::test]
async fn a_login_that_is_refused_is_tried_once_a_call() {
    let (fake, repository, secret_id) = with_role(true);
    secret_id.write("another");
    is_denied(&repository).await;
    assert_eq!(fake.count(APP_ROLE), 1);
    // It is read anew, so that it can be put right.
    secret_id.write(SECRET_ID);
    is_absent(&repository).await;
}

#[tokio::test]
async fn a_server_that_is_sealed_at_the_login_is_an_outage() {
    let (fake, repository, _secret_id) = with_role(true);
    fake.state().is_sealed = true;
    let error = repository.read().await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    fake.state().is_sealed = false;
    is_absent(&repository).await;
}

#[tokio::test]
async fn the_token_of_a_service_account_is_read_anew_with_each_login() {
    let fake = Fake::start();
    fake.state().roles.insert("pod".to_owned(), role(60, false));
    let jwt = Held::new(SECRET_ID);
    let login = Login::Kubernetes {
        mount: "kubernetes".to_owned(),
        role: "pod".to_owned(),
        jwt: jwt.credential(),
    };
    let repository = open(Vault::new(options(&fake, login)).unwrap());
    is_absent(&repository).await;
    // The kubelet has put the next one there.
    fake.state().roles.get_mut("pod").unwrap().proof = "the-next-one".to_owned();
    jwt.write("the-next-one");
    pass(&fake, 61).await;
    is_absent(&repository).await;
    assert_eq!(fake.count("POST auth/kubernetes/login"), 2);
}

#[tokio::test]
async fn a_token_of_a_file_is_renewed_and_read_anew_when_it_has_ended() {
    let fake = Fake::start();
    let token = ServerToken {
        ends: Some(3600),
        ttl: 3600,
        is_renewable: true,
        ..ServerToken::with(&[("secret/", &["GET"])])
    };
    fake.state().tokens.insert("first".to_owned(), token);
    let held = Held::new("first");
    let login = Login::Token(held.credential());
    let repository = open(Vault::new(options(&fake, login)).unwrap());
    is_absent(&repository).await;
    pass(&fake, 1801).await;
    is_absent(&repository).await;
    assert_eq!(fake.count(RENEWAL), 1);
    fake.state().tokens.remove("first");
    is_denied(&repository).await;
    held.write(ROOT);
    is_absent(&repository).await;
    // A root token has no end.
    pass(&fake, 400 * 24 * 3600).await;
    is_absent(&repository).await;
    assert_eq!(fake.count(RENEWAL), 1);
}

#[tokio::test]
async fn a_credential_that_is_not_there_says_where_it_was_looked_for() {
    let fake = Fake::start();
    let login = Login::Token(Credential::Variable("PRIVYSEAL_NO_SUCH_TOKEN".to_owned()));
    let repository = open(Vault::new(options(&fake, login)).unwrap());
    let text = chain(&is_denied(&repository).await);
    assert!(text.contains("PRIVYSEAL_NO_SUCH_TOKEN"), "{text}");
    for text in ["", "two\nlines"] {
        is_denied(&open(with_token(&fake, text))).await;
    }
    assert_eq!(fake.count(LOOK_UP), 0);
}

#[tokio::test]
async fn every_request_has_the_namespace_and_says_that_it_is_none_of_a_page() {
    let (fake, _, secret_id) = with_role(true);
    let login = Login::AppRole {
        mount: "approle".to_owned(),
        role_id: "shop".to_owned(),
        secret_id: secret_id.credential(),
    };
    let options = options(&fake, login).with_namespace("team/shop");
    is_absent(&open(Vault::new(options).unwrap())).await;
    let seen = fake.state().seen.clone();
    assert!(seen.len() > 2);
    for seen in seen {
        assert_eq!(seen.namespace.as_deref(), Some("team/shop"), "{seen:?}");
        assert!(seen.has_request_header, "{seen:?}");
    }
}

#[tokio::test]
async fn no_token_shows_in_debug_or_in_errors() {
    let (fake, repository, _secret_id) = with_role(true);
    is_absent(&repository).await;
    let mut texts = vec![format!("{repository:?}")];
    for fault in [403, 500, 400].map(Fault::Status) {
        fake.state().fault = Some(fault);
        let error = repository.read().await.unwrap_err();
        texts.push(format!("{error:?} {}", chain(&error)));
    }
    fake.state().fault = None;
    fake.state().tokens.clear();
    fake.state().roles.clear();
    let error = is_denied(&repository).await;
    texts.push(format!("{error:?} {}", chain(&error)));
    for text in texts {
        assert!(!text.contains("not-a-real"), "{text}");
    }
}

fn chain(error: &RepositoryError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

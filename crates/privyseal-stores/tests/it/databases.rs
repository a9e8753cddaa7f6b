//! What PostgreSQL and MySQL have in common: round trips, lost answers, trust and passwords.

use std::error::Error as _;
#[cfg(any(feature = "mysql-tls", feature = "postgres-tls"))]
use std::{path::Path, process::Stdio};

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::revocation::{Revocation, RevocationLog, RevocationName};
use privyseal_session::store::{Found, NewRow, Store, Subject, Updated};
use privyseal_stores::ConnectError;
#[cfg(any(feature = "mysql-tls", feature = "postgres-tls"))]
use privyseal_testkit::servers::instance;

use crate::proxy::{Answer, Proxy};

/// How often each call goes to the server and back, once its statement is prepared; the store has
/// one connection at most.
pub(crate) async fn round_trips<S: Store + RevocationLog>(
    proxy: &Proxy,
    store: &S,
) -> Vec<(&'static str, usize)> {
    // The first time on a connection, a statement is prepared.
    calls(proxy, store, SessionId::from_bytes([1; 16])).await;
    let trips = calls(proxy, store, SessionId::from_bytes([2; 16])).await;
    assert_eq!(proxy.connections(), 1);
    trips
}

async fn calls<S: Store + RevocationLog>(
    proxy: &Proxy,
    store: &S,
    id: SessionId,
) -> Vec<(&'static str, usize)> {
    let subject = Subject::new("ada").unwrap();
    let long = vec![7; 200_000];
    let row = NewRow {
        subject: Some(&subject),
        data: &long,
        ..ROW
    };
    let entry = Revocation {
        name: RevocationName::from_bytes([1; 16]),
        began_until: NOW,
        forget_at: NOW,
    };
    let mut trips = Vec::new();
    proxy.trips();
    assert!(store.create(id, &row).await.unwrap());
    trips.push(("create", proxy.trips()));
    store.load(id).await.unwrap();
    trips.push(("load", proxy.trips()));
    assert_eq!(store.update(id, 1, &row).await.unwrap(), Updated::Done);
    trips.push(("update", proxy.trips()));
    let conflict = store.update(id, 1, &row).await.unwrap();
    assert!(matches!(conflict, Updated::Conflict(_)));
    trips.push(("update in conflict", proxy.trips()));
    store.touch(id, 2, NOW, NOW).await.unwrap();
    trips.push(("touch", proxy.trips()));
    assert_eq!(store.list(&subject, 9).await.unwrap().len(), 1);
    trips.push(("list", proxy.trips()));
    assert!(store.end(id).await.unwrap());
    trips.push(("end", proxy.trips()));
    store.end_all(&subject, None).await.unwrap();
    trips.push(("end_all", proxy.trips()));
    store.delete_expired(NOW, 9).await.unwrap();
    trips.push(("delete_expired", proxy.trips()));
    store.append(&entry).await.unwrap();
    trips.push(("append", proxy.trips()));
    store.since(0, 9).await.unwrap();
    trips.push(("since", proxy.trips()));
    store.prune(NOW, 9).await.unwrap();
    trips.push(("prune", proxy.trips()));
    trips
}

/// Asks again only where that changes nothing.
pub(crate) async fn answers_are_lost(proxy: &Proxy, store: &impl Store) {
    let id = SessionId::from_bytes([1; 16]);
    assert!(store.create(id, &ROW).await.unwrap());
    store.load(id).await.unwrap();
    proxy.next_answer_is(Answer::Lost);
    assert!(matches!(store.load(id).await.unwrap(), Found::Live(_)));
    // Prepared on the new connection.
    store.update(id, 7, &ROW).await.unwrap();
    proxy.next_answer_is(Answer::Lost);
    let error = store.update(id, 1, &ROW).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    let Found::Live(row) = store.load(id).await.unwrap() else {
        panic!("the session is gone");
    };
    assert_eq!(row.version, 2, "it was done, and once");
}

/// A caller who gives up leaves nobody waiting.
pub(crate) async fn a_caller_gives_up(proxy: &Proxy, store: &impl Store) {
    let id = SessionId::from_bytes([1; 16]);
    assert!(store.create(id, &ROW).await.unwrap());
    proxy.next_answer_is(Answer::Withheld);
    tokio::select! {
        answer = store.load(id) => panic!("{answer:?} was withheld"),
        () = proxy.has_withheld() => {}
    }
    // There is one connection at most, and the answer of the last one still comes on it.
    assert!(matches!(store.load(id).await.unwrap(), Found::Live(_)));
    assert_eq!(proxy.connections(), 2);
}

/// An error of connecting does not show the password, `hunter2`.
pub(crate) fn hides_the_password(url: &str, error: &ConnectError) {
    let mut text = format!("{error} {error:?} {}", error.hint());
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text} {cause} {cause:?}");
        source = cause.source();
    }
    assert!(!text.contains("hunter2"), "{url}: {text}");
}

/// A process that runs this test reaches the server of this authority, and one that trusts another
/// authority does not.
#[cfg(any(feature = "mysql-tls", feature = "postgres-tls"))]
pub(crate) fn only_who_is_trusted_is_talked_to(authority: &Path, test: &str, url: &str) {
    let (passed, said) = process_that_trusts(authority, test, url);
    assert!(passed, "{said}");
    let other = tempfile::tempdir().unwrap();
    instance::make_certificates(None, other.path()).unwrap();
    let (passed, said) = process_that_trusts(&other.path().join("ca.pem"), test, url);
    assert!(
        !passed && said.contains("invalid peer certificate"),
        "{said}"
    );
}

/// Runs one test of this program in a process that trusts this authority; whether it passed, and
/// what it said.
#[cfg(any(feature = "mysql-tls", feature = "postgres-tls"))]
fn process_that_trusts(authority: &Path, test: &str, url: &str) -> (bool, String) {
    let output = privyseal_testkit::sibling::command(test, url)
        .env("SSL_CERT_FILE", authority)
        .env_remove("SSL_CERT_DIR")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

const ROW: NewRow<'static> = NewRow {
    subject: None,
    last_seen: NOW,
    expires_at: NOW,
    ends_at: NOW,
    data: b"data",
};

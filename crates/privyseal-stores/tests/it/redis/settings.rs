//! Addresses, passwords, rights, and settings that lose sessions.

use std::io;
use std::sync::{Mutex, PoisonError};

use privyseal_session::revocation::RevocationLog as _;
use privyseal_session::store::{Found, Store as _};
use privyseal_stores::ConnectError;

use super::*;

fn with_login(server: &RedisServer, login: &str) -> String {
    server.url().replace("://", &format!("://{login}@"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_with_a_password_is_used_with_it_and_nobody_reads_it() {
    let server = RedisServer::start_with("requirepass hunter2pass").unwrap();
    let url = with_login(&server, ":hunter2pass");
    let store = connect_with(&url, patient()).await;
    conformance::store(&store, Expiry::ByItself).await;
    conformance::revocation_log(&store, Waking::Pushes).await;
    let wrong = RedisStore::connect(&with_login(&server, ":wr0ngpass")).await;
    let none = RedisStore::connect(&server.url()).await;
    let broken = RedisStore::connect("redis://:hunter2pass@[broken").await;
    let errors = [wrong, none, broken].map(Result::unwrap_err);
    let [wrong, none, broken] = &errors;
    assert!(wrong.is_unavailable() && none.is_unavailable());
    assert!(matches!(broken, ConnectError::Url(_)), "{broken:?}");
    let shown = format!("{errors:?} {errors:#?} {store:?} {wrong} {none} {broken}");
    assert!(
        !shown.contains("hunter2pass") && !shown.contains("wr0ngpass"),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_user_with_rights_to_its_prefix_alone_is_enough() {
    let users = "user app on >secret ~app: ~app:* &app:* +@all -@admin -@dangerous\n\
                 user mute on >secret ~mute:* +@all -config -info";
    let server = RedisServer::start_with(users).unwrap();
    let app = with_login(&server, "app:secret");
    let app = connect_with(&app, patient().with_prefix("app:")).await;
    conformance::store(&app, Expiry::ByItself).await;
    conformance::revocation_log(&app, Waking::Pushes).await;
    let mute = with_login(&server, "mute:secret");
    let mute = connect_with(&mute, patient().with_prefix("mute:")).await;
    conformance::revocation_log(&mute, Waking::Polled).await;
}

#[tokio::test]
async fn databases_of_one_server_are_apart() {
    let url = RedisServer::shared().url();
    let zero = RedisStore::connect(&format!("{url}/0")).await.unwrap();
    let two = RedisStore::connect(&format!("{url}/2")).await.unwrap();
    assert!(two.create(id(1), &row(None, b"data")).await.unwrap());
    assert_eq!(zero.load(id(1)).await.unwrap(), Found::Unknown);
    assert!(matches!(two.load(id(1)).await.unwrap(), Found::Live(_)));
}

#[tokio::test]
async fn what_is_no_address_is_refused() {
    for url in ["", "localhost", "http://localhost", "redis://"] {
        let refused = RedisStore::connect(url).await.unwrap_err();
        assert!(
            matches!(refused, ConnectError::Url(_)),
            "{url}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn settings_that_lose_sessions_are_warned_of() {
    let policy = "Redis drops what it holds when its memory is full";
    let file = "Redis keeps what it holds in memory only";
    let warned = warnings("").await;
    assert!(
        !warned.contains(policy) && !warned.contains(file),
        "{warned}"
    );
    let warned = warnings("maxmemory-policy allkeys-lru").await;
    assert!(
        warned.contains(policy) && warned.contains("allkeys-lru"),
        "{warned}"
    );
    let warned = warnings("appendonly no").await;
    assert!(warned.contains(file), "{warned}");
    let warned = warnings("appendonly no\nsave 60 1").await;
    assert!(!warned.contains(file), "{warned}");
}

/// What is logged when a store connects to a server with these settings.
async fn warnings(settings: &str) -> String {
    let server = RedisServer::start_with(settings).unwrap();
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    RedisStore::connect(&server.url()).await.unwrap();
    drop(guard);
    let lines = lines.0.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8(lines.clone()).unwrap()
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_user_who_may_not_publish_still_appends() {
    let server = RedisServer::start_with("user mute on >secret ~* resetchannels +@all").unwrap();
    let store = RedisStore::connect(&with_login(&server, "mute:secret"))
        .await
        .unwrap();
    store.append(&revocation()).await.unwrap();
    assert_eq!(store.since(0, 9).await.unwrap().entries, [revocation()]);
}

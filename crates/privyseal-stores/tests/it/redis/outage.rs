//! The server goes away, forgets, hangs, or is full.

use std::time::Duration;

use privyseal_session::revocation::RevocationLog as _;
use privyseal_session::store::{Found, Store as _, StoreError, Updated};
use privyseal_stores::conformance::{OUTAGE_DEADLINE, Power};
use tokio::time::timeout;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed_under_load() {
    let mut server = RedisServer::start().unwrap();
    let store = Arc::new(RedisStore::connect(&server.url()).await.unwrap());
    for _ in 0..3 {
        conformance::restart(&store, async |power| match power {
            Power::Off => server.kill(),
            Power::On => server.restart().unwrap(),
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_when_the_server_is_stopped_under_load() {
    let mut server = RedisServer::start().unwrap();
    let store = Arc::new(RedisStore::connect(&server.url()).await.unwrap());
    conformance::restart(&store, async |power| match power {
        Power::Off => server.stop().unwrap(),
        Power::On => server.restart().unwrap(),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_finds_a_server_that_was_restarted_meanwhile() {
    let mut server = RedisServer::start().unwrap();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    assert!(store.create(id(1), &row(None, b"data")).await.unwrap());
    server.kill();
    server.restart().unwrap();
    assert!(matches!(store.load(id(1)).await, Ok(Found::Live(_))));
}

#[tokio::test]
async fn a_read_whose_connection_breaks_is_asked_again() {
    let server = RedisServer::start().unwrap();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    store.create(id(1), &row(None, b"data")).await.unwrap();
    let mut connection = raw(&server.url());
    server.freeze().unwrap();
    // What it finds when it wakes up: first the end of our connection, then what came on that.
    let kill = ::redis::cmd("CLIENT")
        .arg(&["KILL", "TYPE", "normal"])
        .clone();
    connection
        .send_packed_command(&kill.get_packed_command())
        .unwrap();
    let mut load = std::pin::pin!(store.load(id(1)));
    for _ in 0..100 {
        let none = timeout(Duration::ZERO, load.as_mut()).await;
        assert!(none.is_err(), "it answers in its sleep");
        tokio::task::yield_now().await;
    }
    server.thaw().unwrap();
    assert!(matches!(load.await, Ok(Found::Live(_))));
}

#[tokio::test]
async fn a_connection_to_a_server_that_became_a_replica_is_given_up() {
    let server = RedisServer::start().unwrap();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    store.create(id(1), &row(None, b"data")).await.unwrap();
    let connections = || {
        let info: String = ask(&server.url(), "INFO stats");
        let count = |line: &str| {
            line.strip_prefix("total_connections_received:")?
                .parse()
                .ok()
        };
        info.lines().find_map(count).unwrap()
    };
    ask::<()>(&server.url(), "REPLICAOF 127.0.0.1 1");
    let before: u64 = connections();
    assert!(store.end(id(1)).await.unwrap_err().is_unavailable());
    assert!(matches!(store.load(id(1)).await, Ok(Found::Live(_))));
    // One to ask with, and one that may lead to the new primary.
    assert_eq!(connections(), before + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_hangs_fails_calls_in_time_and_is_used_again_when_it_answers() {
    let server = RedisServer::start().unwrap();
    let options = RedisOptions::default().with_timeout(Duration::from_millis(200));
    let store = RedisStore::connect_with(&server.url(), options)
        .await
        .unwrap();
    store.create(id(1), &row(None, b"data")).await.unwrap();
    server.freeze().unwrap();
    for _ in 0..2 {
        let answer = timeout(OUTAGE_DEADLINE, store.load(id(1))).await.unwrap();
        assert!(answer.unwrap_err().is_unavailable());
    }
    server.thaw().unwrap();
    let found = async {
        while !matches!(store.load(id(1)).await, Ok(Found::Live(_))) {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(1), found).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_listener_hears_again_after_a_restart() {
    let mut server = RedisServer::start().unwrap();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    // The first time says that it listens from now on.
    store.changed().await;
    server.kill();
    server.restart().unwrap();
    let again = timeout(OUTAGE_DEADLINE, store.changed()).await;
    assert!(again.is_ok(), "whoever was deaf has to look");
    store.append(&revocation()).await.unwrap();
    let heard = timeout(OUTAGE_DEADLINE, store.changed()).await;
    assert!(heard.is_ok(), "the listener is deaf");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_forgot_the_scripts_is_told_them_again() {
    let server = RedisServer::start().unwrap();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let ada = subject("ada");
    let forget = || ask::<()>(&server.url(), "SCRIPT FLUSH");
    forget();
    assert!(store.create(id(1), &row(Some(&ada), b"1")).await.unwrap());
    forget();
    let updated = store.update(id(1), 1, &row(Some(&ada), b"2")).await;
    assert_eq!(updated.unwrap(), Updated::Done);
    forget();
    let later = NOW.plus_seconds(10);
    store.touch(id(1), 2, later, later).await.unwrap();
    forget();
    store.append(&revocation()).await.unwrap();
    forget();
    assert_eq!(store.since(0, 9).await.unwrap().entries, [revocation()]);
    forget();
    assert_eq!(store.prune(NOW, 9).await.unwrap(), 0);
    forget();
    let Found::Live(found) = store.load(id(1)).await.unwrap() else {
        panic!("it is gone")
    };
    assert_eq!((found.version, found.last_seen), (2, later));
    assert!(store.end(id(1)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_log_that_lost_its_past_says_so_and_hands_out_no_position_twice() {
    let server = RedisServer::start().unwrap();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    store.append(&revocation()).await.unwrap();
    let seen = store.since(0, 9).await.unwrap().position;
    ask::<()>(&server.url(), "FLUSHALL");
    assert!(store.since(seen, 9).await.unwrap().position < seen);
    store.append(&revocation()).await.unwrap();
    let page = store.since(seen, 9).await.unwrap();
    assert_eq!(page.entries, [revocation()], "a reader passes over it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_server_takes_no_session_but_every_sign_out() {
    let server = RedisServer::start().unwrap();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let ada = subject("ada");
    let large = vec![7; 10_000];
    for byte in 1..4 {
        store
            .create(id(byte), &row(Some(&ada), &large))
            .await
            .unwrap();
    }
    ask::<()>(&server.url(), "CONFIG SET maxmemory 1");
    let refused = store.create(id(9), &row(Some(&ada), b"data")).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    let refused = store.create(id(9), &row(None, b"data")).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    let refused = store.update(id(1), 1, &row(Some(&ada), &large)).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    store.touch(id(1), 1, NOW, NOW).await.unwrap();
    assert!(store.end(id(1)).await.unwrap());
    assert_eq!(store.load(id(1)).await.unwrap(), Found::Ended);
    assert_eq!(store.end_all(&ada, None).await.unwrap(), 2);
    assert_eq!(store.load(id(2)).await.unwrap(), Found::Ended);
    store.append(&revocation()).await.unwrap();
    assert_eq!(store.since(0, 9).await.unwrap().entries, [revocation()]);
}

//! 64 writers of one session, 100 requests each, on every store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use privyseal::value::{Dict, Value};
use privyseal::{KeyRing, SecretKey};
use privyseal_session::Engine;
use privyseal_system_tests::{AnyStore, Kind, Place};
use privyseal_testkit::behaviour::run;
use privyseal_testkit::servers::redis::RedisServer;
use tokio::sync::Barrier;

/// Each counts at one counter and writes a key of its own.
fn nothing_is_lost(kind: Kind) {
    let place = Place::new(kind).unwrap();
    nothing_is_lost_in(place.open().unwrap(), &format!("{kind:?}"));
}

fn nothing_is_lost_in(store: AnyStore, name: &str) {
    let keys = KeyRing::new(SecretKey::generate().unwrap());
    let engine = run(async { Engine::stored(keys, store) });
    let engine = engine.with_store_deadline(Duration::from_secs(20));
    let cookie = run(begin(&engine));
    let began = Instant::now();
    run(write(&engine, &cookie));
    let took = began.elapsed();
    println!("{WRITERS} writers of {REQUESTS} requests on {name}: {took:.2?}");
    run(check(&engine, &cookie));
}

async fn begin(engine: &Engine) -> HeaderMap {
    let request = HeaderMap::new();
    let handle = engine.begin(&request);
    let mut session = handle.open::<Dict>(&request).await.unwrap();
    session.insert("user", "ada");
    drop(session);
    let mut response = HeaderMap::new();
    handle.commit(StatusCode::OK, &mut response).await.unwrap();
    let set = response[SET_COOKIE].to_str().unwrap();
    let (pair, _) = set.split_once(';').unwrap();
    HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(pair).unwrap())])
}

async fn write(engine: &Engine, cookie: &HeaderMap) {
    let all = Arc::new(Barrier::new(WRITERS));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (engine, cookie, all) = (engine.clone(), cookie.clone(), all.clone());
        writers.spawn(async move {
            all.wait().await;
            for request in 1..=REQUESTS {
                let handle = engine.begin(&cookie);
                let mut session = handle.open::<Dict>(&cookie).await.unwrap();
                session.add("visits", 1).unwrap();
                session.insert(format!("writer{writer}"), request);
                drop(session);
                let mut response = HeaderMap::new();
                let committed = handle.commit(StatusCode::OK, &mut response).await;
                committed.unwrap_or_else(|error| panic!("{writer}, {request}: {error}"));
                assert!(!response.contains_key(SET_COOKIE));
            }
        });
    }
    writers.join_all().await;
}

async fn check(engine: &Engine, cookie: &HeaderMap) {
    let handle = engine.begin(cookie);
    let session = handle.open::<Dict>(cookie).await.unwrap();
    let number = |key: &str| session.get(key).and_then(Value::as_i64).unwrap();
    assert_eq!(number("visits"), i64::from(REQUESTS) * 64);
    for writer in 0..WRITERS {
        assert_eq!(number(&format!("writer{writer}")), i64::from(REQUESTS));
    }
    assert_eq!(
        session.get("user").and_then(|user| user.as_str()),
        Some("ada")
    );
}

const WRITERS: usize = 64;
const REQUESTS: i32 = 100;

#[test]
fn sixty_four_writers_lose_nothing_in_memory() {
    nothing_is_lost(Kind::Memory);
}

#[test]
fn sixty_four_writers_lose_nothing_on_sqlite() {
    nothing_is_lost(Kind::Sqlite);
}

#[test]
fn sixty_four_writers_lose_nothing_on_postgresql() {
    nothing_is_lost(Kind::Postgres);
}

#[test]
fn sixty_four_writers_lose_nothing_on_mysql() {
    nothing_is_lost(Kind::MySql);
}

#[test]
fn sixty_four_writers_lose_nothing_on_redis() {
    // Nobody kills this one, so it need not wait for the disk with each of 6400 writes.
    let server = RedisServer::start_with("appendfsync everysec").unwrap();
    let store = run(AnyStore::open(&server.url())).unwrap();
    nothing_is_lost_in(store, "Redis");
}

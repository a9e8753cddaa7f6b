//! Over TLS.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_redis_store_keeps_the_contract_over_tls() {
    let server = RedisServer::start_tls().unwrap();
    let authority = std::fs::read(server.ca_file()).unwrap();
    let options = RedisOptions::default().with_root_certificates(authority);
    let store = RedisStore::connect_with(&server.url(), options).await;
    let store = Arc::new(store.unwrap());
    conformance::store(&store, Expiry::ByItself).await;
    conformance::revocation_log(&store, Waking::Pushes).await;
}

#[tokio::test]
async fn a_server_with_a_certificate_of_nobody_known_is_refused() {
    let server = RedisServer::start_tls().unwrap();
    let refused = RedisStore::connect(&server.url()).await.unwrap_err();
    assert!(refused.is_unavailable(), "{refused:?}");
    let other = RedisServer::start_tls().unwrap();
    let authority = std::fs::read(other.ca_file()).unwrap();
    let options = RedisOptions::default().with_root_certificates(authority);
    let refused = RedisStore::connect_with(&server.url(), options).await;
    assert!(refused.unwrap_err().is_unavailable());
}

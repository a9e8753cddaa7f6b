//! Key rings in Redis.

use std::time::Duration;

use privyseal_keys::repository::RingName;
use privyseal_keys::repository::conformance::{self, History, Waking};
use privyseal_stores::{RedisOptions, RedisRepository};
use privyseal_testkit::rings::{Order, eight_processes_lose_nothing, servers_come_back};
use privyseal_testkit::servers::redis::RedisServer;

use super::*;

/// Waits for a server on a machine that has much else to do.
fn patient() -> RedisOptions {
    RedisOptions::default().with_timeout(Duration::from_mins(1))
}

async fn connect(url: &str) -> RedisRepository {
    connect_to(url, RingName::default()).await
}

async fn connect_to(url: &str, name: RingName) -> RedisRepository {
    RedisRepository::connect_with(url, name, patient())
        .await
        .unwrap()
}

/// What the operator of the server would do by hand.
fn ask(url: &str, words: &[&str]) {
    let client = ::redis::Client::open(url).unwrap();
    let (command, arguments) = words.split_first().unwrap();
    ::redis::cmd(command)
        .arg(arguments)
        .exec(&mut client.get_connection().unwrap())
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ring_keeps_the_contract() {
    let url = RedisServer::shared().url();
    let mut number = 0;
    let fresh = async || {
        number += 1;
        let name = name(&format!("contract-{number}"));
        [
            connect_to(&url, name.clone()).await,
            connect_to(&url, name).await,
        ]
    };
    conformance::repository(fresh, Waking::Pushes, History::Kept).await;
}

#[cfg(feature = "redis-cluster")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ring_keeps_the_contract_in_a_cluster() {
    use privyseal_testkit::servers::redis::RedisCluster;

    let cluster = RedisCluster::start().unwrap();
    let urls = cluster.urls();
    let mut number = 0;
    let fresh = async || {
        number += 1;
        let connect = async || {
            let (urls, name) = (urls.iter().map(String::as_str), name(&number.to_string()));
            let connected = RedisRepository::connect_cluster_with(urls, name, patient()).await;
            connected.unwrap()
        };
        [connect().await, connect().await]
    };
    conformance::repository(fresh, Waking::Pushes, History::Kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_rotate_at_once_and_lose_nothing() {
    let server = RedisServer::start().unwrap();
    let urls = [0, 1].map(|database| format!("{}/{database}", server.url()));
    let test = "rings::redis::a_process_writes_a_ring";
    eight_processes_lose_nothing(test, urls.each_ref().map(String::as_str), connect).await;
}

/// One of the eight, or alone.
#[tokio::test]
async fn a_process_writes_a_ring() {
    let alone = || Order::alone(format!("{}/5", RedisServer::shared().url()));
    let order = Order::told().unwrap_or_else(alone);
    order.obey(connect(&order.place).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_or_stopped_comes_back_with_the_ring() {
    let mut server = RedisServer::start().unwrap();
    let repository = connect(&server.url()).await;
    servers_come_back(repository, &mut server).await;
}

#[tokio::test]
async fn rings_of_one_server_are_apart() {
    let url = RedisServer::shared().url();
    let one = connect_to(&url, name("apart.1")).await;
    rings_are_apart(&one, &connect_to(&url, name("apart.2")).await).await;
}

#[tokio::test]
async fn a_ring_that_was_removed_is_gone_and_not_absent() {
    let url = RedisServer::shared().url();
    let repository = connect_to(&url, name("gone")).await;
    write(&repository, None).await;
    ask(&url, &["DEL", "privyseal:{ring:gone}"]);
    is_gone_and_not_absent(&repository).await;
}

#[tokio::test]
async fn what_somebody_else_has_put_there_is_not_a_ring_and_stays() {
    let url = RedisServer::shared().url();
    let repository = connect_to(&url, name("foreign")).await;
    for foreign in [
        &["SET", "privyseal:{ring:foreign}", "text"][..],
        &["HSET", "privyseal:{ring:foreign}", "generation", "1"],
        &["HSET", "privyseal:{ring:foreign}", "document", "text"],
        &["HSET", "privyseal:{ring:foreign}", "other", "text"],
    ] {
        ask(&url, foreign);
        let made = repository.compare_and_swap(None, &ring(1)).await;
        assert!(
            made.is_err(),
            "{foreign:?}: there is something else, and {made:?}"
        );
        let read = repository.read().await;
        assert!(read.is_err(), "{foreign:?}: {read:?}");
        ask(&url, &["DEL", "privyseal:{ring:foreign}"]);
    }
}

#[tokio::test]
async fn a_user_who_may_only_read_is_told_so() {
    let users = "user reader on >secret ~* &* +@all -hset -persist";
    let server = RedisServer::start_with(users).unwrap();
    write(&connect(&server.url()).await, None).await;
    let url = server.url().replace("://", "://reader:secret@");
    may_only_read(&connect(&url).await).await;
}

#[tokio::test]
async fn a_full_server_takes_a_new_generation_so_that_a_key_can_be_revoked() {
    let server = RedisServer::start().unwrap();
    let repository = connect(&server.url()).await;
    write(&repository, None).await;
    ask(&server.url(), &["CONFIG", "SET", "maxmemory", "1"]);
    let client = ::redis::Client::open(server.url()).unwrap();
    let full = ::redis::cmd("SET")
        .arg(&["other", "text"])
        .exec(&mut client.get_connection().unwrap());
    assert_eq!(full.unwrap_err().code(), Some("OOM"));
    write(&repository, Some(1)).await;
    assert_eq!(repository.read().await.unwrap(), Some(ring(2)));
}

#[tokio::test]
async fn a_generation_beyond_what_scripts_can_count_is_exact() {
    let url = RedisServer::shared().url();
    let repository = connect_to(&url, name("large")).await;
    let large = (1 << 53) + 1;
    let made = repository.compare_and_swap(None, &ring(large)).await;
    assert_eq!(made.unwrap(), Swap::Done);
    let late = repository
        .compare_and_swap(Some(large - 1), &ring(large))
        .await;
    assert_eq!(late.unwrap(), Swap::Conflict);
    assert_eq!(repository.read().await.unwrap(), Some(ring(large)));
}

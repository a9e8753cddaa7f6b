//! How often a call goes to the server and back, and what becomes of it when an answer is lost.

use std::num::NonZeroUsize;

use privyseal_stores::PostgresStore;
use privyseal_testkit::servers::postgres::PostgresServer;

use crate::databases;
use crate::proxy::Proxy;

#[tokio::test]
async fn each_call_is_one_round_trip_unless_it_is_in_conflict() {
    let (proxy, store) = behind_a_proxy().await;
    for (call, trips) in databases::round_trips(&proxy, &store).await {
        let expected = if call == "update in conflict" { 2 } else { 1 };
        assert_eq!(trips, expected, "{call}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_only_where_that_changes_nothing() {
    let (proxy, store) = behind_a_proxy().await;
    databases::answers_are_lost(&proxy, &store).await;
}

#[tokio::test]
async fn a_caller_who_gave_up_leaves_nobody_waiting() {
    let (proxy, store) = behind_a_proxy().await;
    databases::a_caller_gives_up(&proxy, &store).await;
}

async fn behind_a_proxy() -> (Proxy, PostgresStore) {
    let url = PostgresServer::shared().database().unwrap();
    let proxy = Proxy::new(&url).await;
    let store = PostgresStore::connect_with(&proxy.url(&url), NonZeroUsize::MIN).await;
    (proxy, store.unwrap())
}

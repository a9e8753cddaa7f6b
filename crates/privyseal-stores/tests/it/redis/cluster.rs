//! Three nodes that share the keys among them.

use privyseal_stores::conformance::Power;
use privyseal_testkit::servers::redis::RedisCluster;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_keeps_the_contract_also_when_it_is_killed_under_load() {
    let mut cluster = RedisCluster::start().unwrap();
    let urls = cluster.urls();
    let store = RedisStore::connect_cluster(urls.iter().map(String::as_str)).await;
    let store = Arc::new(store.unwrap());
    conformance::store(&store, Expiry::ByItself).await;
    conformance::revocation_log(&store, Waking::Pushes).await;
    conformance::restart(&store, async |power| match power {
        Power::Off => cluster.nodes().iter_mut().for_each(RedisServer::kill),
        Power::On => {
            for node in cluster.nodes() {
                node.restart().unwrap();
            }
            cluster.wait_until_whole().unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_node_is_enough_to_find_the_others() {
    use privyseal_session::store::Store as _;

    let cluster = RedisCluster::start().unwrap();
    let urls = cluster.urls();
    let store = RedisStore::connect_cluster([urls[1].as_str()])
        .await
        .unwrap();
    let ada = subject("ada");
    for byte in 0..30 {
        assert!(
            store
                .create(id(byte), &row(Some(&ada), b"data"))
                .await
                .unwrap()
        );
    }
    let nodes = urls.iter().map(|url| ask::<u64>(url, "DBSIZE"));
    assert!(nodes.clone().all(|keys| keys > 0), "all nodes have a share");
    assert_eq!(nodes.sum::<u64>(), 31);
    assert_eq!(store.list(&ada, 99).await.unwrap().len(), 30);
    assert_eq!(store.end_all(&ada, Some(id(3))).await.unwrap(), 29);
}

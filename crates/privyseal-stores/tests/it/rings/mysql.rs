//! Key rings in MySQL, tested with MariaDB.

use privyseal_keys::repository::RingName;
use privyseal_keys::repository::conformance::{self, History, Waking};
use privyseal_stores::MySqlRepository;
use privyseal_testkit::rings::{Order, eight_processes_lose_nothing, servers_come_back};
use privyseal_testkit::servers::mariadb::MariadbServer;

use super::*;

async fn connect(url: &str) -> MySqlRepository {
    MySqlRepository::connect(url, RingName::default())
        .await
        .unwrap()
}

/// The name of the database in a URL.
fn database(url: &str) -> &str {
    let path = url.split('?').next().unwrap();
    path.rsplit('/').next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ring_keeps_the_contract() {
    let url = MariadbServer::shared().database().unwrap();
    let mut number = 0;
    let fresh = async || {
        number += 1;
        let name = name(&format!("ring-{number}"));
        let connect = || MySqlRepository::connect(&url, name.clone());
        [connect().await.unwrap(), connect().await.unwrap()]
    };
    conformance::repository(fresh, Waking::Polled, History::Kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_rotate_at_once_and_lose_nothing() {
    let server = MariadbServer::shared();
    let urls = [server.database().unwrap(), server.database().unwrap()];
    let test = "rings::mysql::a_process_writes_a_ring";
    eight_processes_lose_nothing(test, urls.each_ref().map(String::as_str), connect).await;
}

/// One of the eight, or alone.
#[tokio::test]
async fn a_process_writes_a_ring() {
    let alone = || Order::alone(MariadbServer::shared().database().unwrap());
    let order = Order::told().unwrap_or_else(alone);
    order.obey(connect(&order.place).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_or_stopped_comes_back_with_the_ring() {
    let mut server = MariadbServer::start().unwrap();
    let repository = connect(&server.database().unwrap()).await;
    servers_come_back(repository, &mut server).await;
}

#[tokio::test]
async fn rings_of_one_database_are_apart() {
    let url = MariadbServer::shared().database().unwrap();
    let one = connect(&url).await;
    let other = MySqlRepository::connect(&url, name("other")).await;
    rings_are_apart(&one, &other.unwrap()).await;
}

#[tokio::test]
async fn a_ring_that_was_removed_is_gone_and_not_absent() {
    let server = MariadbServer::shared();
    let url = server.database().unwrap();
    let repository = connect(&url).await;
    write(&repository, None).await;
    let remove = "DELETE FROM privyseal_rings";
    server.execute(database(&url), remove).unwrap();
    is_gone_and_not_absent(&repository).await;
}

#[tokio::test]
async fn a_user_who_may_only_read_is_told_so() {
    let server = MariadbServer::shared();
    let url = server.database().unwrap();
    write(&connect(&url).await, None).await;
    let database = database(&url);
    let user = format!(
        "CREATE USER ring_{database}@'127.0.0.1'; \
         GRANT SELECT ON {database}.* TO ring_{database}@'127.0.0.1'"
    );
    server.execute(database, &user).unwrap();
    let url = url.replace("root@", &format!("ring_{database}@"));
    may_only_read(&connect(&url).await).await;
}

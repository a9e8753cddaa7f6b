//! Connecting: the tables, and what may be wrong.

use privyseal_session::revocation::RevocationLog as _;
use privyseal_stores::{ConnectError, MySqlStore};
use privyseal_testkit::servers::mariadb::MariadbServer;

use crate::databases;
use privyseal_testkit::sibling::{ten_at_once, told_database_and_to_go};

#[test]
fn ten_processes_start_at_once_on_an_empty_database() {
    let url = MariadbServer::shared().database().unwrap();
    ten_at_once(
        "mysql::starts::a_process_makes_its_tables_or_finds_them",
        &url,
    );
}

#[tokio::test]
async fn a_process_makes_its_tables_or_finds_them() {
    let url =
        told_database_and_to_go().unwrap_or_else(|| MariadbServer::shared().database().unwrap());
    let store = MySqlStore::connect(&url).await.unwrap();
    assert_eq!(store.since(0, 1).await.unwrap().position, 0);
}

#[cfg(feature = "mysql-tls")]
#[test]
fn tls_takes_a_server_that_is_trusted_and_no_other() {
    let server = MariadbServer::start_tls().unwrap();
    let url = format!("{}&require_ssl=true", server.database().unwrap());
    let test = "mysql::starts::a_process_makes_its_tables_or_finds_them";
    databases::only_who_is_trusted_is_talked_to(&server.authority(), test, &url);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused() {
    let server = MariadbServer::shared();
    let url = server.database().unwrap();
    drop(MySqlStore::connect(&url).await.unwrap());
    let database = url.split(['/', '?']).nth(3).unwrap();
    let newer = "UPDATE privyseal_schema SET value = 99 WHERE name = 'version'";
    server.execute(database, newer).unwrap();
    let error = MySqlStore::connect(&url).await.unwrap_err();
    assert!(matches!(
        error,
        ConnectError::NewerTables {
            found: 99,
            known: 2
        }
    ));
}

#[tokio::test]
async fn no_error_shows_the_password() {
    let server = MariadbServer::shared();
    let urls = [
        "mysql://app:hunter2@127.0.0.1:1/app".to_owned(),
        "mysql://app:hunter2@nowhere.invalid/app".to_owned(),
        "mysql://app:hunter2?hunter2=1@127.0.0.1/app".to_owned(),
        "mysql://app:hunter2@127.0.0.1/app?hunter2=hunter2".to_owned(),
        "mysql://app:hunter2@127.0.0.1".to_owned(),
        "mysql:hunter2".to_owned(),
        "postgres://app:hunter2@127.0.0.1/app".to_owned(),
        server.url().replace("root@", "nobody:hunter2@"),
        server.url().replace("/mysql?", "/nothing?"),
    ];
    for url in urls {
        let error = MySqlStore::connect(&url).await.unwrap_err();
        databases::hides_the_password(&url, &error);
    }
}

#[tokio::test]
async fn a_user_who_may_not_make_the_tables_is_told_so() {
    let server = MariadbServer::shared();
    let url = server.database().unwrap();
    let database = url.split(['/', '?']).nth(3).unwrap();
    let user = format!(
        "CREATE USER reader_{database}@127.0.0.1; GRANT SELECT ON {database}.* TO reader_{database}@127.0.0.1"
    );
    server.execute(database, &user).unwrap();
    let url = url.replace("root@", &format!("reader_{database}@"));
    let error = MySqlStore::connect(&url).await.unwrap_err();
    assert!(matches!(error, ConnectError::NoRights(_)), "{error:?}");
}

#[tokio::test]
async fn tables_of_somebody_else_under_our_names_are_refused() {
    let server = MariadbServer::shared();
    let url = server.database().unwrap();
    let database = url.split(['/', '?']).nth(3).unwrap();
    let theirs = "CREATE TABLE privyseal_schema (id INT)";
    server.execute(database, theirs).unwrap();
    let error = MySqlStore::connect(&url).await.unwrap_err();
    assert!(matches!(error, ConnectError::Foreign), "{error:?}");
}

#[tokio::test]
async fn what_is_no_url_and_what_cannot_be_reached_are_told_apart() {
    let error = MySqlStore::connect("nonsense").await.unwrap_err();
    assert!(matches!(error, ConnectError::Url(_)), "{error:?}");
    let nobody = "mysql://app@127.0.0.1:1/app";
    let error = MySqlStore::connect(nobody).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
}

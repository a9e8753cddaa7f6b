//! Connecting: the tables, and what may be wrong.

use privyseal_session::revocation::RevocationLog as _;
use privyseal_stores::{ConnectError, PostgresStore};
use privyseal_testkit::servers::postgres::PostgresServer;

use crate::databases;
use privyseal_testkit::sibling::{ten_at_once, told_database_and_to_go};

#[test]
fn ten_processes_start_at_once_on_an_empty_database() {
    let url = PostgresServer::shared().database().unwrap();
    ten_at_once(
        "postgres::starts::a_process_makes_its_tables_or_finds_them",
        &url,
    );
}

#[tokio::test]
async fn a_process_makes_its_tables_or_finds_them() {
    let url =
        told_database_and_to_go().unwrap_or_else(|| PostgresServer::shared().database().unwrap());
    let store = PostgresStore::connect(&url).await.unwrap();
    assert_eq!(store.since(0, 1).await.unwrap().position, 0);
}

#[cfg(feature = "postgres-tls")]
#[test]
fn tls_takes_a_server_that_is_trusted_and_no_other() {
    let server = PostgresServer::start_tls().unwrap();
    let url = format!("{}?sslmode=require", server.database().unwrap());
    let test = "postgres::starts::a_process_makes_its_tables_or_finds_them";
    databases::only_who_is_trusted_is_talked_to(&server.authority(), test, &url);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused() {
    let server = PostgresServer::shared();
    let url = server.database().unwrap();
    drop(PostgresStore::connect(&url).await.unwrap());
    let database = url.rsplit('/').next().unwrap();
    let newer = "UPDATE privyseal_schema SET value = 99 WHERE name = 'version'";
    server.execute(database, newer).unwrap();
    let error = PostgresStore::connect(&url).await.unwrap_err();
    assert!(matches!(
        error,
        ConnectError::NewerTables {
            found: 99,
            known: 2
        }
    ));
}

#[tokio::test]
async fn tables_that_are_up_to_date_need_no_right_to_make_them() {
    let server = PostgresServer::shared();
    let url = server.database().unwrap();
    drop(PostgresStore::connect(&url).await.unwrap());
    let database = url.rsplit('/').next().unwrap();
    let role = format!(
        "CREATE ROLE app_{database} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app_{database}"
    );
    server.execute(database, &role).unwrap();
    let url = url.replace("postgres@", &format!("app_{database}@"));
    PostgresStore::connect(&url).await.unwrap();
}

#[tokio::test]
async fn no_error_shows_the_password() {
    let server = PostgresServer::shared();
    let urls = [
        "postgres://app:hunter2@127.0.0.1:1/app".to_owned(),
        "postgres://app:hunter2@nowhere.invalid/app".to_owned(),
        "postgres://app:hunter2?hunter2=1@127.0.0.1/app".to_owned(),
        "postgres://app:hunter2@127.0.0.1/app?hunter2=hunter2".to_owned(),
        "postgres:hunter2".to_owned(),
        "postgres://".to_owned(),
        server.url().replace("postgres@", "nobody:hunter2@"),
        format!("{}nothing?password=hunter2", server.url()),
        format!("{}?sslmode=require&password=hunter2", server.url()),
    ];
    for url in urls {
        let error = PostgresStore::connect(&url).await.unwrap_err();
        databases::hides_the_password(&url, &error);
    }
}

#[tokio::test]
async fn a_user_who_may_not_make_the_tables_is_told_so() {
    let server = PostgresServer::shared();
    let url = server.database().unwrap();
    let database = url.rsplit('/').next().unwrap();
    let user =
        format!("CREATE ROLE reader_{database} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    server.execute(database, &user).unwrap();
    let url = url.replace("postgres@", &format!("reader_{database}@"));
    let error = PostgresStore::connect(&url).await.unwrap_err();
    assert!(matches!(error, ConnectError::NoRights(_)), "{error:?}");
}

#[tokio::test]
async fn tables_of_somebody_else_under_our_names_are_refused() {
    let server = PostgresServer::shared();
    let url = server.database().unwrap();
    let database = url.rsplit('/').next().unwrap();
    let theirs = "CREATE TABLE privyseal_schema (id INT)";
    server.execute(database, theirs).unwrap();
    let error = PostgresStore::connect(&url).await.unwrap_err();
    assert!(matches!(error, ConnectError::Foreign), "{error:?}");
}

#[tokio::test]
async fn what_is_no_url_and_what_cannot_be_reached_are_told_apart() {
    let error = PostgresStore::connect("nonsense").await.unwrap_err();
    assert!(matches!(error, ConnectError::Url(_)), "{error:?}");
    let nobody = "postgres://app@127.0.0.1:1/app";
    let error = PostgresStore::connect(nobody).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
}

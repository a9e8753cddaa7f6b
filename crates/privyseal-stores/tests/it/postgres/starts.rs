//! Connecting: the tables, and what may be wrong.

use std::error::Error as _;

use privyseal_session::revocation::RevocationLog as _;
use privyseal_stores::{ConnectError, PostgresStore};
#[cfg(feature = "postgres-tls")]
use privyseal_testkit::servers::instance;
use privyseal_testkit::servers::postgres::PostgresServer;

use crate::starts::{ten_processes, url_when_told};

#[test]
fn ten_processes_start_at_once_on_an_empty_database() {
    let url = PostgresServer::shared().database().unwrap();
    ten_processes(
        "postgres::starts::a_process_makes_its_tables_or_finds_them",
        &url,
    );
}

#[tokio::test]
async fn a_process_makes_its_tables_or_finds_them() {
    let url = url_when_told().unwrap_or_else(|| PostgresServer::shared().database().unwrap());
    let store = PostgresStore::connect(&url).await.unwrap();
    assert_eq!(store.since(0, 1).await.unwrap().position, 0);
}

#[cfg(feature = "postgres-tls")]
#[test]
fn tls_takes_a_server_that_is_trusted_and_no_other() {
    use crate::starts::process_that_trusts;

    let (server, other) = (
        PostgresServer::start_tls().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    instance::make_certificates("root", other.path()).unwrap();
    let url = format!("{}?sslmode=require", server.database().unwrap());
    let test = "postgres::starts::a_process_makes_its_tables_or_finds_them";
    let (passed, said) = process_that_trusts(&server.authority(), test, &url);
    assert!(passed, "{said}");
    let stranger = other.path().join("ca.pem");
    let (passed, said) = process_that_trusts(&stranger, test, &url);
    assert!(
        !passed && said.contains("invalid peer certificate"),
        "{said}"
    );
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
            known: 1
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
        let mut text = format!("{error} {error:?}");
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text} {cause} {cause:?}");
            source = cause.source();
        }
        assert!(!text.contains("hunter2"), "{url}: {text}");
    }
}

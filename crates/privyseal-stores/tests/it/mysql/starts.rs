//! Connecting: the tables, and what may be wrong.

use std::error::Error as _;

use privyseal_session::revocation::RevocationLog as _;
use privyseal_stores::{ConnectError, MySqlStore};
#[cfg(feature = "mysql-tls")]
use privyseal_testkit::servers::instance;
use privyseal_testkit::servers::mariadb::MariadbServer;

use crate::starts::{ten_processes, url_when_told};

#[test]
fn ten_processes_start_at_once_on_an_empty_database() {
    let url = MariadbServer::shared().database().unwrap();
    ten_processes(
        "mysql::starts::a_process_makes_its_tables_or_finds_them",
        &url,
    );
}

#[tokio::test]
async fn a_process_makes_its_tables_or_finds_them() {
    let url = url_when_told().unwrap_or_else(|| MariadbServer::shared().database().unwrap());
    let store = MySqlStore::connect(&url).await.unwrap();
    assert_eq!(store.since(0, 1).await.unwrap().position, 0);
}

#[cfg(feature = "mysql-tls")]
#[test]
fn tls_takes_a_server_that_is_trusted_and_no_other() {
    use crate::starts::process_that_trusts;

    let (server, other) = (
        MariadbServer::start_tls().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    instance::make_certificates("root", other.path()).unwrap();
    let url = format!("{}&require_ssl=true", server.database().unwrap());
    let test = "mysql::starts::a_process_makes_its_tables_or_finds_them";
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
    let server = MariadbServer::shared();
    let url = server.database().unwrap();
    drop(MySqlStore::connect(&url).await.unwrap());
    let database = url.rsplit('/').next().unwrap();
    let database = database.split('?').next().unwrap();
    let newer = "UPDATE privyseal_schema SET value = 99 WHERE name = 'version'";
    server.execute(database, newer).unwrap();
    let error = MySqlStore::connect(&url).await.unwrap_err();
    assert!(matches!(
        error,
        ConnectError::NewerTables {
            found: 99,
            known: 1
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
        let mut text = format!("{error} {error:?}");
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text} {cause} {cause:?}");
            source = cause.source();
        }
        assert!(!text.contains("hunter2"), "{url}: {text}");
    }
}

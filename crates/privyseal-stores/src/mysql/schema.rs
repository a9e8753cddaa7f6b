//! The tables, and how they get from one version to the next.

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use privyseal_session::store::{MAX_DATA_LEN, StoreError};

use super::client::Client;
use super::error::Failure;
use crate::connect::ConnectError;

/// Brings the tables to the version that this program knows; does nothing when they are.
///
/// It happens under a lock, so once, however many processes start together. MySQL commits after
/// each statement that makes a table, so each can be repeated, and the version is written last.
/// Where the tables are up to date, no right to make tables is needed.
pub(super) async fn migrate(client: &Client) -> Result<(), ConnectError> {
    let mut connection = client.connection().await?;
    check_packets(&mut connection).await?;
    if known(version(&mut connection).await?)? < MIGRATIONS.len() {
        lock(&mut connection).await?;
        let migrated = migrate_locked(&mut connection).await;
        // When the connection is lost, so is the lock.
        let unlock = format!("DO RELEASE_LOCK({LOCK})");
        connection
            .query_drop(unlock)
            .await
            .map_err(Failure::under_way)?;
        return migrated;
    }
    Ok(())
}

/// How many of the migrations were run, if there are no others.
fn known(found: u64) -> Result<usize, ConnectError> {
    let known = MIGRATIONS.len();
    match usize::try_from(found) {
        Ok(found) if found <= known => Ok(found),
        _ => Err(ConnectError::NewerTables {
            found,
            known: known as u64,
        }),
    }
}

async fn migrate_locked(connection: &mut Conn) -> Result<(), ConnectError> {
    // Another process may have been faster, and newer.
    let found = known(version(connection).await?)?;
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        for statement in *migration {
            let made = connection.query_drop(*statement).await;
            made.map_err(Failure::under_way)?;
        }
        let version = index + 1;
        let note = format!("UPDATE privyseal_schema SET value = {version} WHERE name = 'version'");
        connection
            .query_drop(note)
            .await
            .map_err(Failure::under_way)?;
    }
    Ok(())
}

async fn check_packets(connection: &mut Conn) -> Result<(), ConnectError> {
    let found = connection.query_first("SELECT @@max_allowed_packet").await;
    let found: u64 = found.map_err(Failure::under_way)?.unwrap_or(u64::MAX);
    // A row with the longest data and all that goes with it.
    let needed = MAX_DATA_LEN as u64 + 64 * 1024;
    if found < needed {
        return Err(ConnectError::PacketsTooSmall { found, needed });
    }
    Ok(())
}

async fn version(connection: &mut Conn) -> Result<u64, ConnectError> {
    let version = "SELECT value FROM privyseal_schema WHERE name = 'version'";
    match connection.query_first(version).await {
        Ok(version) => Ok(version.unwrap_or(0)),
        Err(error) => {
            let failure = Failure::under_way(error);
            if failure.is_no_table() {
                return Ok(0);
            }
            Err(failure.into())
        }
    }
}

async fn lock(connection: &mut Conn) -> Result<(), ConnectError> {
    let lock = format!("SELECT GET_LOCK({LOCK}, 60)");
    let locked: Option<Option<u8>> = connection
        .query_first(lock)
        .await
        .map_err(Failure::under_way)?;
    match locked.flatten() {
        Some(1) => Ok(()),
        _ => Err(StoreError::unavailable(
            "another process has been making the tables for a minute",
        )
        .into()),
    }
}

/// Locks are the whole server's, and their names have at most 64 characters.
const LOCK: &str = "CONCAT('privyseal:', SHA1(DATABASE()))";

/// Each leads from the version of its index to the next. Never edit one that was released.
///
/// Bytes throughout: a collation would take subjects for each other that differ in case, in
/// accents or in spaces at the end.
const MIGRATIONS: [&[&str]; 2] = [
    &[
        "CREATE TABLE IF NOT EXISTS privyseal_schema (
        name VARBINARY(32) NOT NULL PRIMARY KEY,
        value BIGINT UNSIGNED NOT NULL
    ) ENGINE = InnoDB",
        "INSERT IGNORE INTO privyseal_schema (name, value) VALUES ('version', 0), ('revocations', 0)",
        "CREATE TABLE IF NOT EXISTS privyseal_sessions (
        id VARBINARY(16) NOT NULL PRIMARY KEY,
        version BIGINT UNSIGNED NOT NULL,
        subject VARBINARY(255),
        last_seen BIGINT UNSIGNED NOT NULL,
        expires_at BIGINT UNSIGNED NOT NULL,
        ends_at BIGINT UNSIGNED NOT NULL,
        data MEDIUMBLOB,
        KEY privyseal_sessions_subject (subject),
        KEY privyseal_sessions_expires_at (expires_at)
    ) ENGINE = InnoDB",
        "CREATE TABLE IF NOT EXISTS privyseal_revocations (
        position BIGINT UNSIGNED NOT NULL PRIMARY KEY,
        name VARBINARY(16) NOT NULL,
        began_until BIGINT UNSIGNED NOT NULL,
        forget_at BIGINT UNSIGNED NOT NULL,
        KEY privyseal_revocations_forget_at (forget_at)
    ) ENGINE = InnoDB",
    ],
    // The present ring is among the past ones, so that a ring that is missing is missed.
    &[
        "CREATE TABLE IF NOT EXISTS privyseal_rings (
        name VARBINARY(64) NOT NULL PRIMARY KEY,
        generation BIGINT UNSIGNED NOT NULL,
        document MEDIUMBLOB NOT NULL
    ) ENGINE = InnoDB",
        "CREATE TABLE IF NOT EXISTS privyseal_past_rings (
        name VARBINARY(64) NOT NULL,
        generation BIGINT UNSIGNED NOT NULL,
        document MEDIUMBLOB NOT NULL,
        PRIMARY KEY (name, generation)
    ) ENGINE = InnoDB",
    ],
];

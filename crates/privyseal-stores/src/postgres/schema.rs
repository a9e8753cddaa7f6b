//! The tables, and how they get from one version to the next.

use tokio_postgres::IsolationLevel;

use super::client::Client;
use super::error::Failure;
use super::rows;
use crate::connect::ConnectError;

/// Brings the tables to the version that this program knows; does nothing when they are.
///
/// All of it is one transaction under a lock, so it happens once or not at all, however many
/// processes start together. Where the tables are up to date, no right to make tables is needed.
pub(super) async fn migrate(client: &Client) -> Result<(), ConnectError> {
    let mut connection = client.connection().await?;
    let transaction = connection
        .build_transaction()
        // Each statement has to see what was committed while we waited for the lock.
        .isolation_level(IsolationLevel::ReadCommitted)
        .read_only(false)
        .start()
        .await
        .map_err(Failure::under_way)?;
    let lock = format!("SELECT pg_advisory_xact_lock({LOCK})");
    transaction
        .batch_execute(&lock)
        .await
        .map_err(Failure::under_way)?;
    let found = version(&transaction).await?;
    let known = MIGRATIONS.len() as u64;
    if found > known {
        return Err(ConnectError::NewerTables { found, known });
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction
            .batch_execute(migration)
            .await
            .map_err(Failure::under_way)?;
    }
    if found < known {
        let note = format!("UPDATE privyseal_schema SET value = {known} WHERE name = 'version'");
        transaction
            .batch_execute(&note)
            .await
            .map_err(Failure::under_way)?;
    }
    transaction.commit().await.map_err(Failure::under_way)?;
    Ok(())
}

async fn version(transaction: &deadpool_postgres::Transaction<'_>) -> Result<u64, ConnectError> {
    let there = "SELECT to_regclass('privyseal_schema') IS NOT NULL";
    let row = transaction.query_one(there, &[]).await;
    if !rows::column::<bool>(&row.map_err(Failure::under_way)?, 0)? {
        return Ok(0);
    }
    let version = "SELECT value FROM privyseal_schema WHERE name = 'version'";
    let row = transaction.query_opt(version, &[]).await;
    let row = row.map_err(Failure::under_way)?;
    Ok(rows::number(&row.ok_or(ConnectError::Foreign)?, 0)?)
}

/// Each leads from the version of its index to the next. Never edit one that was released.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE privyseal_schema (
        name text PRIMARY KEY,
        value bigint NOT NULL
    );
    INSERT INTO privyseal_schema (name, value) VALUES ('version', 0), ('revocations', 0);
    CREATE TABLE privyseal_sessions (
        id bytea PRIMARY KEY,
        version bigint NOT NULL,
        subject bytea,
        last_seen bigint NOT NULL,
        expires_at bigint NOT NULL,
        ends_at bigint NOT NULL,
        data bytea
    );
    CREATE INDEX privyseal_sessions_subject ON privyseal_sessions (subject)
        WHERE subject IS NOT NULL;
    CREATE INDEX privyseal_sessions_expires_at ON privyseal_sessions (expires_at);
    CREATE TABLE privyseal_revocations (
        position bigint PRIMARY KEY,
        name bytea NOT NULL,
        began_until bigint NOT NULL,
        forget_at bigint NOT NULL
    );
    CREATE INDEX privyseal_revocations_forget_at ON privyseal_revocations (forget_at);
",
    // The present ring is among the past ones, so that a ring that is missing is missed.
    "
    CREATE TABLE privyseal_rings (
        name text PRIMARY KEY,
        generation bigint NOT NULL,
        document bytea NOT NULL
    );
    CREATE TABLE privyseal_past_rings (
        name text NOT NULL,
        generation bigint NOT NULL,
        document bytea NOT NULL,
        PRIMARY KEY (name, generation)
    );
",
];

/// "privysea" in ASCII, so that no other program of the database has the same lock.
const LOCK: i64 = i64::from_be_bytes(*b"privysea");

//! Tests of the stores against real servers.

#![cfg(feature = "conformance")]
#![expect(clippy::unwrap_used, reason = "a test fails when its helpers do")]

#[cfg(any(feature = "mysql", feature = "postgres"))]
mod databases;
mod file_store;
mod memory;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod proxy;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "redis"))]
mod restarts;
#[cfg(any(
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
))]
mod rings;
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;

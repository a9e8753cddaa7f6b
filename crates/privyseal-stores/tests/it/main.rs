//! Tests of the stores against real servers.

#![cfg(feature = "conformance")]
#![expect(clippy::unwrap_used, reason = "a test fails when its helpers do")]

mod memory;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod proxy;
mod row;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod starts;

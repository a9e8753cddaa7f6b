//! Tests of the stores against real servers.

#![cfg(feature = "conformance")]
#![expect(clippy::unwrap_used, reason = "a test fails when its helpers do")]

mod file_store;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;

//! Tests of the stores against real servers.

#![cfg(feature = "conformance")]

mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;

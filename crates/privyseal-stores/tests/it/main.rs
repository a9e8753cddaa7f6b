//! Tests of the stores against real servers.

#![cfg(feature = "conformance")]
#![allow(
    clippy::unwrap_used,
    reason = "a test fails when its helpers do; not every choice of features has some"
)]

mod memory;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod proxy;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod starts;

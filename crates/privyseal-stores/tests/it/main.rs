//! Tests of the stores against real servers.

#![cfg(feature = "conformance")]

mod memory;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod proxy;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod starts;

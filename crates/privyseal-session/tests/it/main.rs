//! The engine from outside: headers in, headers out.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails when its helpers do"
)]

mod browser;
mod cookies;
mod csrf;
mod flash;
mod laziness;
mod limits;
mod metrics;
mod mutation;
mod overtaken;
mod revocation;
mod revocation_log;
mod rotation;
mod round_trip;
mod secrecy;
mod timeouts;

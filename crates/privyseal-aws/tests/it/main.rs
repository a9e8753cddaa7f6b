//! Key rings in AWS, tested with moto.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails when its helpers do"
)]

mod kms;
mod moto;
mod secrets;

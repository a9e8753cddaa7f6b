//! The layer and the extractor: beside the real Flask, behind a real cache, and by themselves.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails when its helpers do"
)]

mod application;
mod behaviour;
mod book;
mod caching;
mod examples;
mod flask_rules;
mod flask_sharing;
mod handlers;
mod logging;
mod refused;
mod swapping;

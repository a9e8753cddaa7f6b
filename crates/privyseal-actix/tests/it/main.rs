//! The middleware and the extractor: under the shared behaviour suite, and what actix-web has that
//! other frameworks have not.

#![expect(clippy::unwrap_used, reason = "a test fails when its helpers do")]

mod behaviour;
mod example;

mod handlers;
mod server;

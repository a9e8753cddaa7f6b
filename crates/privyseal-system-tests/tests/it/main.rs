//! The parts of Privyseal put together, with the real servers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails when its helpers do"
)]
#![expect(clippy::print_stdout, reason = "the figures are for whoever runs them")]

mod cached;
mod matrix;
mod nodes;
mod outage;
mod ring;
mod writers;

// The test applications are those of the adapters' own tests.
#[path = "../../../privyseal-actix/tests/it/behaviour/application.rs"]
mod actix_application;
#[path = "../../../privyseal-axum/tests/it/behaviour/application.rs"]
mod axum_application;
#[path = "../../../privyseal-actix/tests/it/server.rs"]
mod server;

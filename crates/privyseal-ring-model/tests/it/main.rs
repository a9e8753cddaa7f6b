//! The key ring in every order of events within bounds, and in many random ones.

#![expect(
    clippy::print_stdout,
    reason = "how much was explored is for whoever runs the tests"
)]

mod fleet;
mod simulation;

//! What the tests of this repository share: a clock to set, seeded choices, the real programs at
//! the other end, and an HTTP client that hides nothing.

pub mod child;
pub mod client;
pub mod clock;
pub mod flask;
pub mod random;
pub mod server;
pub mod typed;

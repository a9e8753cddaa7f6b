//! The security suites of the core: public vectors for its primitives, laws for its formats.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails; the lints know helpers of tests only inside the crate"
)]

mod formats;
mod laws;
mod malleable;
mod no_fallback;
mod primitives;
mod xaes;

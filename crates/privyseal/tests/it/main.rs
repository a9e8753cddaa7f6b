//! The security suites of the core: public vectors for its primitives, laws for its formats.

mod formats;
mod laws;
mod malleable;
mod no_fallback;
mod primitives;
mod xaes;

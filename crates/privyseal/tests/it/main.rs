//! The security suites of the core: public vectors for its primitives, laws for its formats.

mod primitives;
mod xaes;

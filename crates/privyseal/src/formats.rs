//! The token formats of other frameworks, byte for byte.

pub mod flask;

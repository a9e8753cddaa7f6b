#![doc = include_str!("../README.md")]

pub mod coverage;
pub mod fleet;
pub mod node;
mod place;
mod store;

pub use place::{Kind, Place};
pub use store::AnyStore;

#![doc = include_str!("../README.md")]

mod bell;
#[cfg(feature = "conformance")]
pub mod conformance;
mod memory;

pub use memory::MemoryStore;

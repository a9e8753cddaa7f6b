#![doc = include_str!("../README.md")]

#[cfg(feature = "redis")]
pub mod redis;

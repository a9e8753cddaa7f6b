#![doc = include_str!("../README.md")]

pub mod child;
pub mod client;
pub mod clock;
pub mod flask;
pub mod random;
pub mod server;
pub mod servers;
pub mod typed;
pub mod vectors;

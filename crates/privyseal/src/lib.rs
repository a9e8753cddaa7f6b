#![doc = include_str!("../README.md")]

pub mod formats;
pub mod secret;
pub mod time;

pub use secret::{SecretKey, VerifyKey};
pub use time::{MaxAge, Timestamp};

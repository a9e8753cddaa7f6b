#![doc = include_str!("../README.md")]

pub mod formats;
pub mod json;
pub mod secret;
pub mod time;
pub mod value;

pub use secret::{SecretKey, VerifyKey};
pub use time::{MaxAge, Timestamp};

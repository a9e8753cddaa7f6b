#![doc = include_str!("../README.md")]

mod error;
mod keys;
mod options;
mod sample;
mod serve;
mod store;

pub use error::ServeError;
pub use options::Options;
pub use serve::{GRACE, serve};
pub use store::{StoreUrl, StoreUrlError, sessions_in};

#![doc = include_str!("../README.md")]

mod error;
mod keys;
mod options;
mod sample;
mod serve;

pub use error::ServeError;
pub use options::Options;
pub use serve::{GRACE, serve};

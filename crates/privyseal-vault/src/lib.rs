#![doc = include_str!("../README.md")]

mod client;
mod error;
mod name;
mod options;
mod repository;
mod transit;

pub use client::Vault;
pub use error::VaultError;
pub use options::{Credential, Login, VaultOptions};
pub use repository::VaultRepository;
pub use transit::TransitKek;

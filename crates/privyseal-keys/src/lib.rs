#![doc = include_str!("../README.md")]

mod directory;
mod env;
mod error;
mod file;
pub mod kek;
mod list;
mod mount;
mod mounted;
pub mod repository;
#[cfg(feature = "live")]
pub mod ring;
mod text;
#[cfg(feature = "files")]
mod watch;

pub use directory::{KEPT_KEYS, KeyDirectory};
pub use env::{credential_path, danger_load_env_with_weak_fallbacks, from_env, load_env};
pub use error::{Loaded, Origin, SourceError, Warning};
pub use file::{Overwrite, write_key_file};
pub use mounted::{KeyMount, MAX_VERSIONS};
#[cfg(feature = "files")]
pub use mounted::{MountStatus, MountedKeys};
pub use text::{KeyText, MAX_KEY_BYTES};

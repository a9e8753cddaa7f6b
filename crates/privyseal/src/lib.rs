#![doc = include_str!("../README.md")]

mod clock;
pub mod digest;
pub mod encoding;
pub mod error;
pub mod formats;
pub mod inspect;
pub mod json;
pub mod keyring;
pub mod mac;
pub mod reference;
pub mod ring;
pub mod sealed;
pub mod secret;
pub mod time;
pub mod value;

pub use clock::{Clock, SystemClock};
pub use error::Error;
pub use keyring::{KeyId, KeyRing, LiveKeyRing, RefreshKeys};
pub use secret::{SecretKey, VerifyKey};
pub use time::{MaxAge, Timestamp};

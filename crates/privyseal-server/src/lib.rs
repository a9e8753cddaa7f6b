#![doc = include_str!("../README.md")]

mod error;
mod keys;
mod node;
mod options;
mod ring;
mod sample;
mod serve;
mod store;

pub use error::ServeError;
pub use node::{RingNode, RingRole};
pub use options::Options;
pub use ring::{
    KekChoice, KekChoiceError, RingAccessError, RingUrl, RingUrlError, open_keeper, open_kek,
    open_repository,
};
pub use serve::{GRACE, serve};
pub use store::{StoreUrl, StoreUrlError, count_sessions, sessions_in};

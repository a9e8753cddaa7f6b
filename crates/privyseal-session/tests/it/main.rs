//! The engine from outside: headers in, headers out.

mod browser;
mod cookies;
mod laziness;
mod limits;
mod mutation;
mod rotation;
mod round_trip;
mod secrecy;
mod timeouts;

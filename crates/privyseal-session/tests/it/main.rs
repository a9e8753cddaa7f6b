//! The engine from outside: headers in, headers out.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails when its helpers do"
)]

mod another_user;
mod applications;
mod at_rest;
mod attacks;
mod browser;
mod consumers;
mod cookies;
mod csrf;
mod documents;
mod ending;
mod flash;
mod flask_rules;
mod forms;
mod key_outages;
mod kinds;
mod laziness;
mod limits;
mod lists;
mod merging;
mod metrics;
mod mutation;
mod new_keys;
mod nodes;
mod outages;
mod oversize;
mod overtaken;
mod peers;
mod remembering;
mod renewal;
mod retired;
mod review;
mod revocation;
mod revocation_log;
mod rotation;
mod round_trip;
mod round_trips;
mod secrecy;
mod sign_in;
mod silence;
mod spill;
mod steady;
mod test_store;
mod timeouts;
mod unreadable;

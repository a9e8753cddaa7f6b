#![doc = include_str!("../README.md")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a model that is wrong about itself should stop"
)]

mod fleet;
mod limits;
mod simulation;

pub use fleet::{
    Act, Bounds, Event, Fleet, KNOWN, Node, PROPAGATED, REVOKED, TWO_SIGNERS, World, Written,
};
pub use limits::{Limits, Slip};
pub use simulation::{Coverage, Invariant, Violation, replay, run};

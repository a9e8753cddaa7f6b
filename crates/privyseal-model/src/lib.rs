#![doc = include_str!("../README.md")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a model that is wrong about itself should stop"
)]

mod bug;
mod handler;
mod judge;
mod properties;
mod protocol;
mod rows;
mod script;
mod stage;
mod visit;
mod world;

pub use bug::Bug;
pub use properties::{
    AVAILABLE, ENDED_IS_ENDED, ENDS_ARE_MADE, ERRORS_SAVE_NOTHING, NO_FIXATION, NOTHING_IS_LOST,
    ONE_SUCCESSOR, THEFT_IS_NOTICED,
};
pub use protocol::{Action, Fate, Protocol};
pub use visit::{
    Answer, Commit, Content, Cookie, Deed, Effect, Kept, Next, Progress, Reply, RowNo, SecretNo,
    Seen, Step, Visit,
};
pub use world::{Bounds, Flaw, History, Late, Note, Phase, World};

//! `privyseal ring`

mod change;
mod diff;
mod export;
mod find;
mod history;
mod import;
mod init;
mod list;
mod policy;
mod revoke;
mod rewrap;
mod source;
mod status;
mod steps;
mod suspend;
mod timeline;
mod trouble;
mod verify;
mod view;

use anyhow::Result;
use clap::Subcommand;

use crate::Answer;
use crate::output::Output;

pub(in crate::commands) use change::{Changed, apply};
pub(in crate::commands) use init::make;
pub(in crate::commands) use policy::PolicyFlags;
pub(in crate::commands) use source::Source;
pub(in crate::commands) use trouble::explained;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key ring
    Init(init::Arguments),
    /// Show who signs, who verifies, until when, and what comes next
    Status(status::Arguments),
    /// List the keys of a ring
    List(list::Arguments),
    /// Let the standby take over, by the clocks of all nodes
    Rotate(steps::Rotate),
    /// Put a standby into a ring that has none
    Stage(steps::Stage),
    /// Let the standby take over now
    Promote(steps::Promote),
    /// Take a key out of use until it is resumed or revoked
    Suspend(suspend::Arguments),
    /// Put a suspended key back
    Resume(steps::Resume),
    /// Give up a key for good, or all of them
    Revoke(revoke::Arguments),
    /// Destroy the material of a key that has ended
    Destroy(steps::Destroy),
    /// Bring in a key from elsewhere, to verify what it signed there
    Import(import::Arguments),
    /// Write the keys as another framework reads them
    Export(export::Arguments),
    /// Wrap the same keys by another key-encryption key
    Rewrap(rewrap::Arguments),
    /// Show how long everything takes and lasts, or change it
    Policy(policy::Arguments),
    /// Check a ring and its history; exits 1 if something is damaged
    Verify(verify::Arguments),
    /// Show what changed from one generation to the next
    History(history::Arguments),
}

impl Command {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        match self {
            Self::Init(arguments) => arguments.run(output),
            Self::Status(arguments) => arguments.run(output),
            Self::List(arguments) => arguments.run(output),
            Self::Rotate(arguments) => arguments.run(output),
            Self::Stage(arguments) => arguments.run(output),
            Self::Promote(arguments) => arguments.run(output),
            Self::Suspend(arguments) => arguments.run(output),
            Self::Resume(arguments) => arguments.run(output),
            Self::Revoke(arguments) => arguments.run(output),
            Self::Destroy(arguments) => arguments.run(output),
            Self::Import(arguments) => arguments.run(output),
            Self::Export(arguments) => arguments.run(output),
            Self::Rewrap(arguments) => arguments.run(output),
            Self::Policy(arguments) => arguments.run(output),
            Self::Verify(arguments) => arguments.run(output),
            Self::History(arguments) => arguments.run(output),
        }
    }
}

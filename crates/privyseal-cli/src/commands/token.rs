//! `privyseal token`

mod inspect;
mod sign;
mod verify;

use anyhow::Result;
use clap::Subcommand;

use crate::Answer;
use crate::output::Output;

pub(super) use inspect::Explained;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a token
    Sign(sign::Arguments),
    /// Say whether a token is valid, and what it holds; exits 1 if it is not
    Verify(verify::Arguments),
    /// Explain a token, valid or not
    Inspect(inspect::Arguments),
}

impl Command {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        match self {
            Self::Sign(arguments) => arguments.run(output),
            Self::Verify(arguments) => arguments.run(output),
            Self::Inspect(arguments) => arguments.run(output),
        }
    }
}

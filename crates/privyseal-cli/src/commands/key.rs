//! `privyseal key`

mod check;
mod dotenv;
mod generate;
mod migrate;

use anyhow::Result;
use clap::Subcommand;

use crate::Answer;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a secret key: 32 bytes from the operating system
    Generate(generate::Arguments),
    /// Say whether a secret key is fit for use; exits 1 if it is not
    Check(check::Arguments),
    /// Move a key from the configuration of an application into a key ring
    Migrate(Box<migrate::Arguments>),
}

impl Command {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        match self {
            Self::Generate(arguments) => arguments.run(output),
            Self::Check(arguments) => arguments.run(output),
            Self::Migrate(arguments) => arguments.run(output),
        }
    }
}

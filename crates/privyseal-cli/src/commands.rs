//! The commands: a noun, then a verb.

mod completions;
mod cookie;
mod key;
mod man;
mod ring;
mod serve;
mod session;
mod token;

use anyhow::Result;
use clap::Subcommand;

use crate::Answer;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make and check secret keys
    #[command(subcommand)]
    Key(key::Command),
    /// Sign, verify and explain tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Make, change and look at key rings
    #[command(subcommand)]
    Ring(ring::Command),
    /// Explain cookies
    #[command(subcommand)]
    Cookie(cookie::Command),
    /// List and end the sessions in a store
    #[command(subcommand)]
    Session(session::Command),
    /// Serve the sample application
    Serve(serve::Arguments),
    /// Print the completions of a shell
    Completions(completions::Arguments),
    /// Write the manual pages
    Man(man::Arguments),
}

impl Command {
    /// Runs it; `program` describes the whole command line.
    pub(crate) fn run(self, output: Output, program: fn() -> clap::Command) -> Result<Answer> {
        match self {
            Self::Key(command) => command.run(output),
            Self::Token(command) => command.run(output),
            Self::Ring(command) => command.run(output),
            Self::Cookie(command) => command.run(output),
            Self::Session(command) => command.run(output),
            Self::Serve(arguments) => arguments.run(output),
            Self::Completions(arguments) => arguments.run(output, program()),
            Self::Man(arguments) => arguments.run(output, program()),
        }
    }
}

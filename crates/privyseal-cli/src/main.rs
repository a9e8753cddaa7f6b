#![doc = include_str!("../README.md")]
#![expect(
    clippy::doc_markdown,
    reason = "doc comments are help texts here, and a terminal shows no markdown"
)]

mod clock;
mod commands;
mod confirm;
mod failure;
mod input;
mod keys;
mod output;
#[cfg(unix)]
mod prompt;
mod ring;
mod settings;
mod span;
mod store;

use std::panic;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::commands::Command;
use crate::output::{Color, Output};

/// Secret keys and sealed sessions of web applications
#[derive(Debug, Parser)]
#[command(
    name = "privyseal",
    version,
    arg_required_else_help = true,
    before_long_help = "\
Examples:
  privyseal key generate -o secret.key
  privyseal key check --env SECRET_KEY
  privyseal cookie inspect 'session=eyJhIjoxfQ.ZVPxAA.D3QX...' --key-file secret.key
  privyseal serve",
    after_long_help = "\
Exit codes:
  0    success, or yes
  1    no: a weak key, a bad signature
  2    wrong use, or something did not work
  130  interrupted"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    json: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// What a command answers when it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Done, or yes.
    Yes,
    /// No.
    No,
    /// Stopped by Ctrl-C.
    Interrupted,
}

fn main() -> ExitCode {
    // The message of a panic may quote what it choked on, and that may be a key.
    panic::set_hook(Box::new(failure::report_panic));
    panic::catch_unwind(run).unwrap_or(ExitCode::from(2))
}

fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A reader that has gone away has seen enough.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    cli.color.apply();
    match cli.command.run(Output::new(cli.json), Cli::command) {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Ok(Answer::Interrupted) => ExitCode::from(130),
        Err(error) => {
            failure::report(&error);
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        Cli::command().debug_assert();
    }
}

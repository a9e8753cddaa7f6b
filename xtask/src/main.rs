//! The chores of this repository, one module per command: `cargo xtask` lists them.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that talks to a person"
)]

mod bench;
mod ci;
mod fuzz;
mod known_keys;
mod process;
mod step;
mod test;
mod tidy;
mod tools;
mod vectors;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let Some(name) = name.filter(|name| !matches!(name.as_str(), "help" | "-h" | "--help")) else {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprintln!(
            "error: no command is called `{name}`\n\nhint: {}",
            usage().trim_end()
        );
        return ExitCode::from(2);
    };
    match (command.run)(&rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("{}", report(&error));
            ExitCode::FAILURE
        }
    }
}

/// One command: what it is called, what it does, and the function that does it.
struct Command {
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        arguments: "",
        summary: "everything CI does: format, lints, documentation, tidy, test",
        run: ci::run,
    },
    Command {
        name: "test",
        arguments: "",
        summary: "every test, with the tools that the tests need",
        run: test::run,
    },
    Command {
        name: "tidy",
        arguments: "",
        summary: "the rules of the layout that no compiler checks",
        run: tidy::run,
    },
    Command {
        name: "fuzz",
        arguments: "[TARGET] [--seconds N]",
        summary: "search for crashes, every target for 10 seconds unless told otherwise",
        run: fuzz::run,
    },
    Command {
        name: "vectors",
        arguments: "FILE",
        summary: "tokens made by real libraries, checked one by one",
        run: vectors::run,
    },
    Command {
        name: "known-keys",
        arguments: "[--wordlist PATH] [--check]",
        summary: "builds the list of publicly known keys from its sources",
        run: known_keys::run,
    },
    Command {
        name: "bench",
        arguments: "[ARGUMENTS]",
        summary: "one table of ratios against the raw primitives and the peers",
        run: bench::run,
    },
];

fn usage() -> String {
    let lines = COMMANDS.iter().map(|command| {
        let call = format!("{} {}", command.name, command.arguments);
        format!("  {call:<30} {}\n", command.summary)
    });
    format!(
        "usage: cargo xtask COMMAND\n\n{}",
        lines.collect::<String>()
    )
}

/// An error with its causes; the text of the innermost one carries the hint, where there is one.
fn report(error: &anyhow::Error) -> String {
    let causes = error
        .chain()
        .skip(1)
        .map(|cause| format!("  caused by: {cause}\n"));
    format!("error: {error}\n{}", causes.collect::<String>())
}

/// The root of the repository.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

//! What goes to standard output.

use std::io::{self, ErrorKind, Write};

use anstream::ColorChoice;
use anyhow::{Context, Result};
use serde::Serialize;

pub(crate) const BOLD_RED: &str = "\x1b[1;31m";
pub(crate) const BOLD_GREEN: &str = "\x1b[1;32m";
pub(crate) const BOLD_YELLOW: &str = "\x1b[1;33m";
pub(crate) const CYAN: &str = "\x1b[36m";
pub(crate) const RESET: &str = "\x1b[0m";

/// Text for people or JSON for programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints an answer in the form that was asked for.
    pub(crate) fn print(self, text: &str, json: &impl Serialize) -> Result<()> {
        if self.json {
            let object = Versioned {
                schema_version: 1,
                body: json,
            };
            let mut line = serde_json::to_string_pretty(&object)?;
            line.push('\n');
            write_stdout(line.as_bytes())
        } else {
            written(anstream::stdout().write_all(text.as_bytes()))
        }
    }
}

/// Writes bytes as they are. A reader that has gone away has read enough.
pub(crate) fn write_stdout(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// A text with everything escaped that a terminal might act upon.
pub(crate) fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => visible.push(character),
            _ => visible.extend(character.escape_debug()),
        }
    }
    visible
}

fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("could not write to standard output"),
    }
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    schema_version: u32,
    #[serde(flatten)]
    body: &'a T,
}

/// When to use colour; `auto` heeds the terminal, `NO_COLOR` and `CLICOLOR_FORCE`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// Sets it for all that is printed from now on.
    pub(crate) fn apply(self) {
        match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        }
        .write_global();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(visible("it's \"né\""), "it's \"né\"");
        assert_eq!(
            visible("a\x1b[2Jb\r\u{202e}\u{7f}"),
            r"a\u{1b}[2Jb\r\u{202e}\u{7f}"
        );
    }
}

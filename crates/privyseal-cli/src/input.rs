//! Tokens and values that are given as an argument or on standard input.

use std::io::{self, Read};

use anyhow::{Context, Result};

use crate::failure::Failure;

/// The longest text that is read: 1 MiB.
const MAX_INPUT_BYTES: usize = 1024 * 1024;

/// The argument itself or, for `-`, standard input without the line break at its end.
pub(crate) fn argument_or_stdin(argument: String, key_on_stdin: bool) -> Result<String> {
    if argument != "-" {
        return Ok(argument);
    }
    if key_on_stdin {
        return Err(Failure::new(
            "standard input cannot hold both the key and the text",
            "give the key with --key-file PATH or --key-fd N",
        )
        .into());
    }
    bounded(io::stdin().lock())
}

fn bounded(input: impl Read) -> Result<String> {
    let mut text = String::new();
    input
        .take(MAX_INPUT_BYTES as u64 + 1)
        .read_to_string(&mut text)
        .context("could not read standard input as text")?;
    if text.len() > MAX_INPUT_BYTES {
        return Err(Failure::new(
            "standard input holds more than 1 MiB",
            "no token is that long",
        )
        .into());
    }
    let end = text
        .strip_suffix('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    let end = end.unwrap_or(&text).len();
    text.truncate(end);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mebibyte_is_read_and_one_byte_more_is_not() {
        let longest = "t".repeat(MAX_INPUT_BYTES);
        assert_eq!(bounded(longest.as_bytes()).unwrap(), longest);
        assert!(bounded((longest + "t").as_bytes()).is_err());
    }

    #[test]
    fn one_line_break_is_dropped() {
        for (input, text) in [
            ("t", "t"),
            ("t\n", "t"),
            ("t\r\n", "t"),
            ("t\n\n", "t\n"),
            ("", ""),
        ] {
            assert_eq!(bounded(input.as_bytes()).unwrap(), text);
        }
    }
}

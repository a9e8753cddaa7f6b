//! `privyseal key generate`

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use privyseal::SecretKey;
use privyseal_keys::{Overwrite, write_key_file};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::Answer;
use crate::failure::Failure;
use crate::output::{Output, write_stdout};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal key generate -o secret.key
  privyseal key generate --format dotenv >> .env")]
pub(crate) struct Arguments {
    /// How to write the key
    #[arg(long, value_name = "FORMAT", default_value = "hex")]
    format: Format,
    /// Name of the variable in a dotenv line [default: SECRET_KEY]
    #[arg(long, value_name = "NAME", value_parser = variable_name)]
    name: Option<String>,
    /// File to write to, readable by its owner only; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the file if there is one: its key is lost
    #[arg(long)]
    force: bool,
}

/// How a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// 64 hex digits
    Hex,
    /// Base64 with `+`, `/` and padding
    Base64,
    /// Base64 with `-` and `_`, without padding
    Urlsafe,
    /// A line for a .env file
    Dotenv,
    /// 32 bytes as they are
    Raw,
}

#[derive(Serialize)]
struct Generated<'a> {
    format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a Path>,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        if self.name.is_some() && self.format != Format::Dotenv {
            return Err(Failure::new(
                "--name is for dotenv lines only",
                "add `--format dotenv` or leave --name away",
            )
            .into());
        }
        let to_stdout = self.output == Path::new("-");
        if to_stdout
            && self.format == Format::Raw
            && (io::stdout().is_terminal() || output.is_json())
        {
            return Err(Failure::new(
                "a raw key is not text",
                "give `-o FILE`, or send standard output to a file or a program",
            )
            .into());
        }
        let content = self.content()?;
        if to_stdout {
            self.print(output, &content)?;
        } else {
            let overwrite = if self.force {
                Overwrite::Replace
            } else {
                Overwrite::Never
            };
            write_key_file(&self.output, &content, overwrite)?;
            let generated = Generated {
                format: self.format,
                key: None,
                path: Some(&self.output),
            };
            output.print("", &generated)?;
        }
        Ok(Answer::Yes)
    }

    fn print(&self, output: Output, content: &[u8]) -> Result<()> {
        let Ok(text) = str::from_utf8(content) else {
            return write_stdout(content);
        };
        if self.format == Format::Raw {
            return write_stdout(content);
        }
        let generated = Generated {
            format: self.format,
            key: Some(text.trim_end()),
            path: None,
        };
        output.print(text, &generated)
    }

    fn content(&self) -> Result<Zeroizing<Vec<u8>>> {
        let key = SecretKey::generate()?;
        let text = match self.format {
            Format::Hex => key.expose_hex(),
            Format::Base64 => key.expose_base64(),
            Format::Urlsafe => key.expose_base64url(),
            Format::Dotenv => {
                let name = self.name.as_deref().unwrap_or("SECRET_KEY");
                Zeroizing::new(format!("{name}={}", *key.expose_hex()))
            }
            Format::Raw => return raw(key),
        };
        // All the room at once: a buffer that grows leaves copies of the key behind.
        let mut content = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        content.extend_from_slice(text.as_bytes());
        content.push(b'\n');
        Ok(content)
    }
}

/// The bytes of a key that does not end in a line break, for readers of key files drop that one.
fn raw(mut key: SecretKey) -> Result<Zeroizing<Vec<u8>>> {
    while key.expose_bytes().ends_with(b"\n") {
        key = SecretKey::generate()?;
    }
    Ok(Zeroizing::new(key.expose_bytes().to_vec()))
}

/// A name that every shell takes.
fn variable_name(name: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.starts_with(|c: char| c.is_ascii_digit())
        || name.is_empty()
        || !name.chars().all(allowed)
    {
        return Err("a name has letters, digits and `_`, and starts with no digit");
    }
    Ok(name.to_owned())
}

//! `privyseal ring export`

mod formats;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use privyseal_keys::{Overwrite, write_key_file};
use serde::Serialize;

use crate::Answer;
use crate::clock;
use crate::failure::{self, Failure};
use crate::output::Output;
use crate::ring::{RingFlags, block_on};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal ring export --format flask -o flask.env
  privyseal ring export --format kubernetes --name shop-keys -o secret.yaml")]
pub(crate) struct Arguments {
    /// Who is to read it
    #[arg(long, value_name = "FORMAT")]
    format: Format,
    /// File to write to, readable by its owner only; never a terminal
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Name of the Kubernetes Secret [default: privyseal-keys]
    #[arg(long, value_name = "NAME", value_parser = secret_name)]
    name: Option<String>,
    /// Replace the file if there is one
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    ring: RingFlags,
}

/// Who is to read the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// Lines of an environment file: SECRET_KEY and SECRET_KEY_FALLBACKS
    Flask,
    /// Lines of settings.py
    Django,
    /// An initializer
    Rails,
    /// The manifest of a Secret
    Kubernetes,
}

#[derive(Serialize)]
struct Exported<'a> {
    format: Format,
    path: &'a Path,
    generation: u64,
    /// The one that signs first, the others from new to old.
    keys: Vec<String>,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        if self.name.is_some() && self.format != Format::Kubernetes {
            return Err(Failure::new(
                "--name is for Kubernetes Secrets only",
                "add `--format kubernetes` or leave --name away",
            )
            .into());
        }
        if self.output == Path::new("-") {
            return Err(Failure::new(
                "keys are not exported to standard output",
                "give `-o FILE`, which only its owner can read",
            )
            .into());
        }
        let access = self.ring.access()?;
        let (_, opened) = block_on(access.read())?;
        let mut ids = Vec::new();
        let mut keys = Vec::new();
        for key in opened.ring().verifiers_at(clock::now()) {
            keys.push(opened.expose(key)?);
            ids.push(key.id().to_string());
        }
        let name = self.name.as_deref().unwrap_or("privyseal-keys");
        let content = match self.format {
            Format::Flask => formats::flask(&keys),
            Format::Django => formats::django(&keys),
            Format::Rails => formats::rails(&keys),
            Format::Kubernetes => formats::kubernetes(&keys, name),
        };
        let overwrite = if self.force {
            Overwrite::Replace
        } else {
            Overwrite::Never
        };
        write_key_file(&self.output, content.as_bytes(), overwrite)?;
        failure::warn(
            "exported keys do not rotate by themselves, and no revocation reaches them",
            "export them anew after every rotation, and at once after a revocation",
        );
        let exported = Exported {
            format: self.format,
            path: &self.output,
            generation: opened.ring().generation(),
            keys: ids,
        };
        let path = self.output.display();
        let text = format!("wrote {} keys to {path}\n", exported.keys.len());
        output.print(&text, &exported)?;
        Ok(Answer::Yes)
    }
}

/// A name as Kubernetes takes it (RFC 1123).
fn secret_name(name: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.len() <= 253
        && name.chars().all(allowed)
        && name.starts_with(edge)
        && name.ends_with(edge)
    {
        return Ok(name.to_owned());
    }
    Err("a name has lower-case letters, digits, `-` and `.`, and begins and ends with neither")
}

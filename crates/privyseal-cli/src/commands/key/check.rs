//! `privyseal key check`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use privyseal::secret::{Assessment, KeyEncoding, KeyError, Weakness};
use privyseal_keys::{KeyText, SourceError};
use serde::Serialize;

use super::dotenv;
use crate::Answer;
use crate::keys::{Encoding, read_file_or_stdin};
use crate::output::{BOLD_GREEN, BOLD_RED, Output, RESET};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal key check secret.key
  privyseal key check --env SECRET_KEY
  privyseal key check --dotenv .env --name SESSION_SECRET")]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The variable in the --dotenv file [default: SECRET_KEY]
    #[arg(long, value_name = "NAME", requires = "dotenv")]
    name: Option<String>,
    /// How the text stands for the bytes of the key
    #[arg(long, value_name = "ENCODING", default_value = "text")]
    encoding: Encoding,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Source {
    /// File that holds the key, `-` for standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Name of an environment variable that holds the key
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// File of `NAME=value` lines
    #[arg(long, value_name = "FILE")]
    dotenv: Option<PathBuf>,
}

/// The answer, without the key.
#[derive(Serialize)]
struct Verdict {
    source: String,
    accepted: bool,
    reasons: Vec<Reason>,
    length_bytes: Option<usize>,
    strength_bits: Option<u32>,
    warnings: Vec<String>,
    fix: Option<String>,
}

#[derive(Serialize)]
struct Reason {
    code: &'static str,
    text: String,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let text = self.read()?;
        let verdict = Verdict::of(&text, self.encoding.into())?;
        output.print(&verdict.to_text(), &verdict)?;
        Ok(if verdict.accepted {
            Answer::Yes
        } else {
            Answer::No
        })
    }

    fn read(&self) -> Result<KeyText, anyhow::Error> {
        if let Some(name) = &self.source.env {
            return Ok(KeyText::from_env(name)?);
        }
        if let Some(path) = &self.source.dotenv {
            return dotenv::read(path, self.name.as_deref().unwrap_or("SECRET_KEY"));
        }
        let file = self.source.file.clone().unwrap_or_else(|| "-".into());
        Ok(read_file_or_stdin(&file)?)
    }
}

impl Verdict {
    fn of(text: &KeyText, encoding: KeyEncoding) -> Result<Self, SourceError> {
        let mut verdict = Self {
            source: text.origin().to_string(),
            accepted: false,
            reasons: Vec::new(),
            length_bytes: None,
            strength_bits: None,
            warnings: text.warning().iter().map(ToString::to_string).collect(),
            fix: None,
        };
        match text.secret_key(encoding) {
            Ok(key) => verdict.add(&key.assessment()),
            // As text there is more to say than the first reason.
            Err(_) if encoding == KeyEncoding::Text => verdict.add(&text.assess()),
            Err(SourceError::Key { source, .. }) => verdict.refuse(source),
            Err(error) => return Err(error),
        }
        if verdict.fix.is_none() {
            verdict.fix = text.warning().map(privyseal_keys::Warning::hint);
        }
        Ok(verdict)
    }

    fn add(&mut self, assessment: &Assessment) {
        self.accepted = assessment.is_accepted();
        self.length_bytes = Some(assessment.length());
        self.strength_bits = Some(assessment.bits());
        for &weakness in assessment.weaknesses() {
            self.refuse(weakness.into());
        }
        let warnings = assessment.warnings().iter().map(ToString::to_string);
        self.warnings.extend(warnings);
    }

    fn refuse(&mut self, error: KeyError) {
        self.reasons.push(Reason {
            code: error.weakness().map_or("malformed", code),
            text: error.to_string(),
        });
        self.fix.get_or_insert_with(|| error.hint().to_owned());
    }

    fn to_text(&self) -> String {
        let verdict = if self.accepted {
            format!("{BOLD_GREEN}accepted{RESET}")
        } else {
            format!("{BOLD_RED}refused{RESET}")
        };
        let mut lines = vec![
            format!("verdict    {verdict}"),
            format!("source     {}", self.source),
        ];
        lines.extend(
            self.reasons
                .iter()
                .map(|why| format!("reason     {}", why.text)),
        );
        if let (Some(bits), Some(bytes)) = (self.strength_bits, self.length_bytes) {
            lines.push(format!("strength   about {bits} bits in {bytes} bytes"));
        }
        lines.extend(
            self.warnings
                .iter()
                .map(|text| format!("warning    {text}")),
        );
        lines.extend(self.fix.iter().map(|text| format!("fix        {text}")));
        lines.push(String::new());
        lines.join("\n")
    }
}

/// The name of a reason for programs.
fn code(weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::Missing => "missing",
        Weakness::Placeholder => "placeholder",
        Weakness::PubliclyKnown => "publicly_known",
        Weakness::TooShort { .. } => "too_short",
        Weakness::Repeated => "repeated",
        Weakness::Sequential => "sequential",
        Weakness::Passphrase => "passphrase",
        Weakness::LowEntropy { .. } => "low_entropy",
        _ => "weak",
    }
}

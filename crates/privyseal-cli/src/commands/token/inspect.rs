//! `privyseal token inspect`

use anyhow::Result;
use clap::Args;
use privyseal::inspect::{self, Finding, Report};
use privyseal::{MaxAge, Timestamp};
use serde::Serialize;

use crate::input::argument_or_stdin;
use crate::keys::VerifyFlags;
use crate::output::Output;
use crate::{Answer, clock};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal token inspect eyJhIjoxfQ.ZVPxAA.D3QX...
  privyseal token inspect --key-file old.key - < token.txt")]
pub(crate) struct Arguments {
    /// The token, `-` for standard input
    #[arg(value_name = "TOKEN")]
    token: String,
    /// Oldest age in seconds that is accepted [default: any]
    #[arg(long, value_name = "SECONDS")]
    max_age: Option<u64>,
    /// Salt of an itsdangerous token [default: the well-known ones are tried]
    #[arg(long, value_name = "TEXT")]
    salt: Option<String>,
    /// Name of the cookie that carries a sealed token or a reference to a stored session
    #[arg(long, value_name = "NAME", default_value = "")]
    cookie_name: String,
    /// Application of a sealed token or a reference
    #[arg(long, value_name = "NAME", default_value = "")]
    application: String,
    /// Purpose of a sealed token
    #[arg(long, value_name = "NAME", default_value = "session")]
    purpose: String,
    /// The present time in seconds since 1970, in place of the clock's
    #[arg(long, value_name = "SECONDS")]
    now: Option<u64>,
    #[command(flatten)]
    keys: VerifyFlags,
}

/// A report for programs.
#[derive(Serialize)]
pub(crate) struct Explained {
    verified: bool,
    format: &'static str,
    issued_at: Option<String>,
    key_id: Option<String>,
    key_position: Option<usize>,
    unverified_key_id: Option<String>,
    content: Option<String>,
    parts: Vec<Part>,
    findings: Vec<String>,
    /// What each finding is, in a word that stays as it is.
    finding_codes: Vec<&'static str>,
}

#[derive(Serialize)]
struct Part {
    name: &'static str,
    length: usize,
    meaning: String,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        let ring = self.keys.optional_ring()?;
        let token = argument_or_stdin(self.token, self.keys.use_stdin())?;
        let now = self
            .now
            .map_or_else(clock::now, Timestamp::from_unix_seconds);
        let report = inspect::token(
            &token,
            &inspect::Context {
                ring: ring.as_ref(),
                max_age: self.max_age.map(MaxAge::from_seconds),
                salt: self.salt.as_deref().map(str::as_bytes),
                purpose: &self.purpose,
                cookie_name: &self.cookie_name,
                application: &self.application,
                ..inspect::Context::new(now)
            },
        );
        output.print(&format!("{report}\n"), &Explained::from(&report))?;
        Ok(Answer::Yes)
    }
}

impl From<&Report> for Explained {
    fn from(report: &Report) -> Self {
        let part = |part: &inspect::Part| Part {
            name: part.name,
            length: part.length,
            meaning: part.meaning.clone(),
        };
        Self {
            verified: report.is_verified(),
            format: report.format().code(),
            issued_at: report.issued_at_utc(),
            key_id: report.key().map(|key| key.id.to_string()),
            key_position: report.key().map(|key| key.position),
            unverified_key_id: report.unverified_key_id().map(|id| id.to_string()),
            content: report.content().map(ToString::to_string),
            parts: report.parts().iter().map(part).collect(),
            findings: report.findings().iter().map(ToString::to_string).collect(),
            finding_codes: report.findings().iter().map(Finding::code).collect(),
        }
    }
}

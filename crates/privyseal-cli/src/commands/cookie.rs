//! `privyseal cookie`

use anyhow::Result;
use clap::{Args, Subcommand};
use privyseal::inspect::{self, CookieEntry, CookieReport, HeaderKind};
use privyseal::{MaxAge, Timestamp};
use serde::Serialize;

use super::token::Explained;
use crate::input::argument_or_stdin;
use crate::keys::VerifyFlags;
use crate::output::Output;
use crate::{Answer, clock};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Explain a Cookie or Set-Cookie header: formats, content, weak attributes
    Inspect(Inspect),
}

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal cookie inspect 'session=eyJhIjoxfQ.ZVPxAA.D3QX...' --key-file old.key
  curl -sI https://example.org | grep -i ^set-cookie: | privyseal cookie inspect -")]
pub(crate) struct Inspect {
    /// The header, with or without its name; `-` for standard input
    #[arg(value_name = "HEADER")]
    header: String,
    /// Oldest age in seconds that is accepted [default: any]
    #[arg(long, value_name = "SECONDS")]
    max_age: Option<u64>,
    /// Application of sealed tokens and references to stored sessions
    #[arg(long, value_name = "NAME", default_value = "")]
    application: String,
    /// The present time in seconds since 1970, in place of the clock's
    #[arg(long, value_name = "SECONDS")]
    now: Option<u64>,
    #[command(flatten)]
    keys: VerifyFlags,
}

#[derive(Serialize)]
struct Header {
    #[serde(rename = "header")]
    kind: &'static str,
    cut: bool,
    cookies: Vec<Cookie>,
}

#[derive(Serialize)]
struct Cookie {
    name: String,
    token: Explained,
    attributes: Vec<Attribute>,
    weaknesses: Vec<Weakness>,
}

#[derive(Serialize)]
struct Attribute {
    name: String,
    value: Option<String>,
}

#[derive(Serialize)]
struct Weakness {
    text: String,
    fix: String,
}

impl Command {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        match self {
            Self::Inspect(arguments) => arguments.run(output),
        }
    }
}

impl Inspect {
    fn run(self, output: Output) -> Result<Answer> {
        let ring = self.keys.optional_ring()?;
        let header = argument_or_stdin(self.header, self.keys.use_stdin())?;
        let now = self
            .now
            .map_or_else(clock::now, Timestamp::from_unix_seconds);
        let report = inspect::cookie_header(
            &header,
            &inspect::Context {
                ring: ring.as_ref(),
                max_age: self.max_age.map(MaxAge::from_seconds),
                application: &self.application,
                ..inspect::Context::new(now)
            },
        );
        output.print(&format!("{report}\n"), &Header::from(&report))?;
        Ok(Answer::Yes)
    }
}

impl From<&CookieReport> for Header {
    fn from(report: &CookieReport) -> Self {
        Self {
            kind: match report.kind() {
                HeaderKind::Cookie => "cookie",
                HeaderKind::SetCookie => "set_cookie",
            },
            cut: report.is_cut(),
            cookies: report.cookies().iter().map(Cookie::from).collect(),
        }
    }
}

impl From<&CookieEntry> for Cookie {
    fn from(entry: &CookieEntry) -> Self {
        let attribute = |(name, value): &(String, Option<String>)| Attribute {
            name: name.clone(),
            value: value.clone(),
        };
        let weakness = |weakness: &inspect::Weakness| Weakness {
            text: weakness.to_string(),
            fix: weakness.fix().to_string(),
        };
        Self {
            name: entry.name().to_owned(),
            token: Explained::from(entry.token()),
            attributes: entry.attributes().iter().map(attribute).collect(),
            weaknesses: entry.weaknesses().iter().map(weakness).collect(),
        }
    }
}

//! `privyseal token verify`

use anyhow::Result;
use clap::Args;
use privyseal::formats::flask::{FlaskSession, tagged};
use privyseal::formats::itsdangerous::{
    Loaded, OptionsError, Serializer as JsonSerializer, Signer, TimedSerializer, TimestampSigner,
    UrlSafeSerializer, UrlSafeTimedSerializer,
};
use privyseal::json::{self, Style};
use privyseal::sealed::Sealer;
use privyseal::value::Value;
use privyseal::{Error, KeyId, KeyRing, MaxAge, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::input::argument_or_stdin;
use crate::keys::VerifyFlags;
use crate::output::{BOLD_GREEN, BOLD_RED, Output, RESET, visible};
use crate::settings::{Format, FormatFlags, Serializer};
use crate::{Answer, clock};

#[derive(Args, Debug)]
#[command(before_long_help = "\
Examples:
  privyseal token verify --key-file secret.key eyJhIjoxfQ.ZVPxAA.D3QX...
  privyseal token verify --key-file new.key --key-file old.key --max-age 3600 - < token.txt")]
pub(crate) struct Arguments {
    /// The token, `-` for standard input
    #[arg(value_name = "TOKEN")]
    token: String,
    /// Oldest age in seconds that is accepted [default: 31 days for Flask, otherwise any]
    #[arg(long, value_name = "SECONDS")]
    max_age: Option<u64>,
    /// Show what a sealed token holds
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    keys: VerifyFlags,
    #[command(flatten)]
    format: FormatFlags,
}

/// A token that is valid.
struct Verified {
    signed_at: Option<Timestamp>,
    key: Option<KeyId>,
    content: Content,
}

enum Content {
    Json(String),
    Bytes(Vec<u8>),
    Hidden(usize),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Verdict {
    Valid(Shown),
    Invalid {
        valid: bool,
        format: Format,
        reason: String,
    },
}

#[derive(Serialize)]
struct Shown {
    valid: bool,
    format: Format,
    signed_at: Option<String>,
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_bytes: Option<usize>,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        self.check()?;
        let ring = self.keys.ring()?;
        let token = argument_or_stdin(self.token.clone(), self.keys.use_stdin())?;
        let format = self.format.format;
        match self.verify(&ring, &token)? {
            Ok(verified) => {
                let text = format!("{BOLD_GREEN}valid{RESET}\n{}", verified.lines(&ring));
                output.print(&text, &Verdict::Valid(verified.into_json(format)))?;
                Ok(Answer::Yes)
            }
            Err(error) => {
                let reason = reason(&error);
                let text = format!("{BOLD_RED}not valid{RESET}: {reason}\n");
                let verdict = Verdict::Invalid {
                    valid: false,
                    format,
                    reason,
                };
                output.print(&text, &verdict)?;
                Ok(Answer::No)
            }
        }
    }

    fn check(&self) -> Result<()> {
        self.format.check()?;
        let untimed =
            self.format.format == Format::Itsdangerous && !self.format.serializer().is_timed();
        if untimed && self.max_age.is_some() {
            return Err(Failure::new(
                "--max-age has no meaning for this serializer",
                "its tokens carry no time; leave the flag away",
            )
            .into());
        }
        Ok(())
    }

    fn verify(&self, ring: &KeyRing, token: &str) -> Result<Result<Verified, Error>> {
        let now = self.format.now();
        let max_age = self.max_age.map(MaxAge::from_seconds);
        Ok(match self.format.format {
            Format::Flask | Format::FlaskSha256 => {
                let mut options = self.format.flask();
                options.max_age = max_age.unwrap_or(options.max_age);
                let format = FlaskSession::with_options(ring, &options);
                format.loads(token, now).map(|loaded| {
                    let json = tagged::dumps(&loaded.value, true).unwrap_or_default();
                    Verified::timed(&loaded, json)
                })
            }
            Format::Itsdangerous => itsdangerous(&self.format, ring, token, max_age)?,
            Format::Sealed => {
                let sealer = Sealer::new(ring, self.format.context());
                let max_age = max_age.unwrap_or(MaxAge::from_seconds(u64::MAX));
                sealer.open(token, max_age, now).map(|opened| Verified {
                    signed_at: Some(opened.issued_at),
                    key: Some(opened.key),
                    content: if self.reveal {
                        Content::Bytes(opened.data().to_vec())
                    } else {
                        Content::Hidden(opened.data().len())
                    },
                })
            }
        })
    }
}

fn itsdangerous(
    flags: &FormatFlags,
    ring: &KeyRing,
    token: &str,
    max_age: Option<MaxAge>,
) -> Result<Result<Verified, Error>, OptionsError> {
    let (options, now) = (flags.itsdangerous(), flags.now());
    let timed = |loaded: Loaded<Value>| Verified::timed(&loaded, to_json(&loaded.value));
    let verified = match flags.serializer() {
        Serializer::Signer => {
            let signer = Signer::new(ring, &options)?;
            signer.unsign(token.as_bytes()).map(|unsigned| Verified {
                signed_at: None,
                key: Some(unsigned.key),
                content: Content::Bytes(unsigned.value.to_vec()),
            })
        }
        Serializer::Timestamp => {
            let signer = TimestampSigner::new(ring, &options)?;
            let unsigned = signer.unsign(token.as_bytes(), max_age, now);
            unsigned.map(|unsigned| Verified {
                signed_at: Some(unsigned.signed_at),
                key: Some(unsigned.key),
                content: Content::Bytes(unsigned.value.to_vec()),
            })
        }
        Serializer::Json => JsonSerializer::new(ring, &options)?
            .loads(token)
            .map(|value| Verified::untimed(&value)),
        Serializer::UrlSafe => UrlSafeSerializer::new(ring, &options)?
            .loads(token)
            .map(|value| Verified::untimed(&value)),
        Serializer::Timed => TimedSerializer::new(ring, &options)?
            .loads(token, max_age, now)
            .map(timed),
        Serializer::UrlSafeTimed => UrlSafeTimedSerializer::new(ring, &options)?
            .loads(token, max_age, now)
            .map(timed),
    };
    Ok(verified.map_err(Error::from))
}

impl Verified {
    fn timed(loaded: &Loaded<Value>, json: Vec<u8>) -> Self {
        Self {
            signed_at: Some(loaded.signed_at),
            key: Some(loaded.key),
            content: Content::Json(String::from_utf8(json).unwrap_or_default()),
        }
    }

    fn untimed(value: &Value) -> Self {
        Self {
            signed_at: None,
            key: None,
            content: Content::Json(String::from_utf8(to_json(value)).unwrap_or_default()),
        }
    }

    fn lines(&self, ring: &KeyRing) -> String {
        let mut lines = Vec::new();
        if let Some(at) = self.signed_at {
            lines.push(format!("signed     {}", clock::rfc3339(at)));
        }
        if let Some(id) = self.key {
            let newest = ring.keys().next().is_some_and(|key| key.id() == id);
            let older = if newest { "" } else { ", an older key" };
            lines.push(format!("key        {id}{older}"));
        }
        lines.push(match &self.content {
            Content::Json(json) => format!("content    {json}"),
            Content::Bytes(bytes) => {
                format!("content    {}", visible(&String::from_utf8_lossy(bytes)))
            }
            Content::Hidden(length) => {
                format!("content    {length} bytes, which --reveal shows")
            }
        });
        lines.push(String::new());
        lines.join("\n")
    }

    fn into_json(self, format: Format) -> Shown {
        let mut valid = Shown {
            valid: true,
            format,
            signed_at: self.signed_at.map(clock::rfc3339),
            key_id: self.key.map(|id| id.to_string()),
            value: None,
            text: None,
            hidden_bytes: None,
        };
        match self.content {
            // What Python writes and JSON does not know, such as NaN, goes as text.
            Content::Json(json) => match RawValue::from_string(json.clone()) {
                Ok(value) => valid.value = Some(value),
                Err(_) => valid.text = Some(json),
            },
            Content::Bytes(bytes) => {
                valid.text = Some(String::from_utf8_lossy(&bytes).into_owned());
            }
            Content::Hidden(length) => valid.hidden_bytes = Some(length),
        }
        valid
    }
}

fn reason(error: &Error) -> String {
    if error.is_bad_signature() {
        "altered, of another format, or made under another key or salt".to_owned()
    } else {
        error.to_string()
    }
}

/// What was read as JSON can be written as JSON.
fn to_json(value: &Value) -> Vec<u8> {
    json::write(value, Style::Compact { ascii: true }).unwrap_or_default()
}

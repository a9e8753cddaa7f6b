//! `privyseal token sign`

use anyhow::{Context, Result};
use clap::Args;
use privyseal::formats::flask::{FlaskSession, tagged};
use privyseal::formats::itsdangerous::{
    Serializer as JsonSerializer, Signer, TimedSerializer, TimestampSigner, UrlSafeSerializer,
    UrlSafeTimedSerializer,
};
use privyseal::sealed::{Sealer, SessionId};
use privyseal::value::Value;
use privyseal::{KeyRing, json};
use serde::Serialize;

use crate::Answer;
use crate::input::argument_or_stdin;
use crate::keys::KeyFlags;
use crate::output::Output;
use crate::settings::{Format, FormatFlags, Serializer};

#[derive(Args, Debug)]
#[command(before_long_help = r#"Examples:
  privyseal token sign --key-file secret.key '{"user": 42}'
  privyseal token sign --key-file secret.key --format itsdangerous --salt unsubscribe '"user@example.org"'"#)]
pub(crate) struct Arguments {
    /// What the token shall hold, `-` for standard input
    ///
    /// JSON for Flask and for serializers of itsdangerous, any text for signers and sealed tokens.
    /// Flask's tagged JSON is taken as such: `{" t":[1]}` is a tuple.
    #[arg(value_name = "VALUE")]
    value: String,
    #[command(flatten)]
    keys: KeyFlags,
    #[command(flatten)]
    format: FormatFlags,
}

#[derive(Serialize)]
struct Signed {
    format: Format,
    token: String,
}

impl Arguments {
    pub(super) fn run(self, output: Output) -> Result<Answer> {
        self.format.check()?;
        let ring = self.keys.signing_ring()?;
        let value = argument_or_stdin(self.value, self.keys.use_stdin())?;
        let signed = Signed {
            format: self.format.format,
            token: sign(&self.format, &ring, &value)?,
        };
        output.print(&format!("{}\n", signed.token), &signed)?;
        Ok(Answer::Yes)
    }
}

fn sign(flags: &FormatFlags, ring: &KeyRing, value: &str) -> Result<String> {
    match flags.format {
        Format::Flask | Format::FlaskSha256 => {
            let session = tagged::loads(value.as_bytes()).context("the value is not a session")?;
            let format = FlaskSession::with_options(ring, &flags.flask());
            Ok(format.dumps(&session, flags.now())?)
        }
        Format::Itsdangerous => itsdangerous(flags, ring, value),
        Format::Sealed => {
            let mut random = rand::rng();
            let id = SessionId::random(&mut random)?;
            let sealer = Sealer::new(ring, flags.context());
            Ok(sealer.seal(value.as_bytes(), id, flags.now(), &mut random)?)
        }
    }
}

fn itsdangerous(flags: &FormatFlags, ring: &KeyRing, text: &str) -> Result<String> {
    let (options, now) = (flags.itsdangerous(), flags.now());
    let value =
        || -> Result<Value> { json::parse(text.as_bytes()).context("the value is not JSON") };
    Ok(match flags.serializer() {
        Serializer::Signer => {
            String::from_utf8(Signer::new(ring, &options)?.sign(text.as_bytes())?)?
        }
        Serializer::Timestamp => {
            let signer = TimestampSigner::new(ring, &options)?;
            String::from_utf8(signer.sign(text.as_bytes(), now)?)?
        }
        Serializer::Json => JsonSerializer::new(ring, &options)?.dumps(&value()?)?,
        Serializer::Timed => TimedSerializer::new(ring, &options)?.dumps(&value()?, now)?,
        Serializer::UrlSafe => UrlSafeSerializer::new(ring, &options)?.dumps(&value()?)?,
        Serializer::UrlSafeTimed => {
            UrlSafeTimedSerializer::new(ring, &options)?.dumps(&value()?, now)?
        }
    })
}

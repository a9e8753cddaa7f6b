//! The classes of itsdangerous.

use anyhow::{Context as _, Result, bail, ensure};
use privyseal::formats::itsdangerous::{
    Algorithm, BadData, BadDataKind, KeyDerivation, Options, PayloadError, Serializer, Signer,
    TimedSerializer, TimestampSigner, UrlSafeSerializer, UrlSafeTimedSerializer,
};
use privyseal::value::Value;
use privyseal::{KeyRing, Timestamp};
use serde_json::Value as Json;

use super::line::{Line, digest, unhex};
use super::tree;

/// Checks one token against what the library did with it, and what it would write itself.
pub(super) fn check(line: &Line) -> Result<()> {
    let token = line.token()?;
    let options = options(line)?;
    if line.get("policy").is_some() {
        check_limit(line, &options, &token)?;
    }
    let generous = Options {
        inflate_limit: 16 * 1024 * 1024,
        ..options.clone()
    };
    let opened = open(line, &line.ring()?, &generous, &token)?;
    expect(line, opened)?;
    check_strict(line, &options, &token)?;
    if line.flag("canonical") {
        check_writing(line, &options, &token)
    } else {
        Ok(())
    }
}

/// A compressed bomb is refused under the default limit, and a forged one before it inflates.
fn check_limit(line: &Line, options: &Options, token: &[u8]) -> Result<()> {
    let Err(error) = open(line, &line.ring()?, options, token)? else {
        bail!("the bomb was not refused");
    };
    let refused = error.kind() == BadDataKind::BadTimeSignature
        || matches!(error.payload_error(), Some(PayloadError::TooLarge { .. }));
    ensure!(refused, "refused for another reason: {error}");
    Ok(())
}

/// A spelling that only Python's lenient base64 takes is refused by the strict reader.
fn check_strict(line: &Line, options: &Options, token: &[u8]) -> Result<()> {
    if !line.flag("malleable") {
        return Ok(());
    }
    let strict = Options {
        base64: privyseal::encoding::Base64::Strict,
        ..options.clone()
    };
    ensure!(
        open(line, &line.ring()?, &strict, token)?.is_err(),
        "strict base64 took it"
    );
    Ok(())
}

/// What a token holds: the value, and when it was signed where the class says.
pub(super) struct Opened {
    pub(super) value: Value,
    pub(super) signed_at: Option<u64>,
}

/// Compares with the outcome in the vector.
pub(super) fn expect(line: &Line, opened: Result<Opened, BadData>) -> Result<()> {
    match (line.text("expect")?, opened) {
        ("ok", Ok(opened)) => {
            if let Some(expected) = line.get("value") {
                let expected = tree::value(expected)?;
                ensure!(
                    tree::same(&opened.value, &expected),
                    "value is {:?}, not {expected:?}",
                    opened.value
                );
            }
            if let (Some(expected), Some(at)) = (line.number("signed_at"), opened.signed_at) {
                ensure!(at == expected, "signed at {at}, not {expected}");
            }
            Ok(())
        }
        ("ok", Err(error)) => bail!("refused: {error}"),
        (expected, Ok(_)) => bail!("accepted, not {expected}"),
        (expected, Err(error)) => {
            let class = match error.kind() {
                BadDataKind::BadSignature | BadDataKind::BadTimeSignature => "bad_signature",
                BadDataKind::SignatureExpired => "expired",
                BadDataKind::BadPayload => "bad_payload",
                BadDataKind::TimestampOutOfRange => "error",
            };
            ensure!(class == expected, "{class} ({error}), not {expected}");
            expect_error(line, &error)
        }
    }
}

fn expect_error(line: &Line, error: &BadData) -> Result<()> {
    let Some(expected) = line.get("error") else {
        return Ok(());
    };
    let text = |field: &str| expected.get(field).and_then(Json::as_str);
    if let Some(class) = text("cls") {
        ensure!(
            error.kind().class() == class,
            "{} instead of {class}",
            error.kind().class()
        );
    }
    if let Some(message) = text("msg") {
        let ours = error.to_string();
        // The texts about the huge tokens are cut short in the vectors.
        let same = match line.get("token_rle") {
            Some(_) => ours.starts_with(message),
            None => ours == message,
        };
        ensure!(same, "`{ours}` instead of `{message}`");
    }
    if let Some(hex) = text("payload_hex") {
        let payload = error.unverified_payload().unwrap_or_default();
        ensure!(
            payload == unhex(hex)?,
            "payload {payload:?} instead of {hex}"
        );
    }
    if let Some(date) = expected.get("date_signed") {
        let signed = error.unverified_date_signed().map(Timestamp::unix_seconds);
        ensure!(signed == date.as_u64(), "date {signed:?} instead of {date}");
    }
    Ok(())
}

fn open(
    line: &Line,
    ring: &KeyRing,
    options: &Options,
    token: &[u8],
) -> Result<Result<Opened, BadData>> {
    let fallbacks = fallbacks(line)?;
    let (max_age, now) = (line.max_age("max_age"), line.now());
    let bytes = |value: &[u8]| Value::Bytes(value.to_vec());
    let untimed = |value| Opened {
        value,
        signed_at: None,
    };
    Ok(match line.text("cls")? {
        "Signer" => Signer::new(ring, options)?
            .unsign(token)
            .map(|unsigned| untimed(bytes(unsigned.value))),
        "TimestampSigner" => TimestampSigner::new(ring, options)?
            .unsign(token, max_age, now)
            .map(|unsigned| {
                let signed_at = Some(unsigned.signed_at.unix_seconds());
                Opened {
                    value: bytes(unsigned.value),
                    signed_at,
                }
            }),
        "Serializer" => Serializer::with_fallbacks(ring, options, &fallbacks)?
            .loads(token)
            .map(untimed),
        "URLSafeSerializer" => UrlSafeSerializer::with_fallbacks(ring, options, &fallbacks)?
            .loads(token)
            .map(untimed),
        class @ ("TimedSerializer" | "URLSafeTimedSerializer") => {
            let loaded = if class == "TimedSerializer" {
                TimedSerializer::with_fallbacks(ring, options, &fallbacks)?
                    .loads(token, max_age, now)
            } else {
                UrlSafeTimedSerializer::with_fallbacks(ring, options, &fallbacks)?
                    .loads(token, max_age, now)
            };
            loaded.map(|loaded| Opened {
                value: loaded.value,
                signed_at: Some(loaded.signed_at.unix_seconds()),
            })
        }
        other => bail!("unknown class `{other}`"),
    })
}

/// Signing the value again gives the very same token.
fn check_writing(line: &Line, options: &Options, token: &[u8]) -> Result<()> {
    let ring = line.ring_of_signer()?;
    let signed_at = line.number("signed_at").or(line.number("timestamp"));
    let at = Timestamp::from_unix_seconds(signed_at.unwrap_or_default());
    let Some(value) = line.get("value").map(tree::value).transpose()? else {
        return Ok(());
    };
    let bytes = || match &value {
        Value::Bytes(bytes) => Ok(bytes.as_slice()),
        _ => bail!("a signer signs bytes"),
    };
    let written = match line.text("cls")? {
        "Signer" => Signer::new(&ring, options)?.sign(bytes()?)?,
        "TimestampSigner" => TimestampSigner::new(&ring, options)?.sign(bytes()?, at)?,
        "Serializer" => Serializer::new(&ring, options)?.dumps(&value)?.into_bytes(),
        "TimedSerializer" => TimedSerializer::new(&ring, options)?
            .dumps(&value, at)?
            .into_bytes(),
        "URLSafeSerializer" => UrlSafeSerializer::new(&ring, options)?
            .dumps(&value)?
            .into_bytes(),
        _ => UrlSafeTimedSerializer::new(&ring, options)?
            .dumps(&value, at)?
            .into_bytes(),
    };
    if line.flag("compressed") && !cfg!(feature = "c-zlib") {
        // Another zlib compresses to other bytes; what matters then is that they read back.
        let options = Options {
            inflate_limit: 16 * 1024 * 1024,
            ..options.clone()
        };
        return match open(line, &line.ring()?, &options, &written)? {
            Ok(read) if tree::same(&read.value, &value) => Ok(()),
            _ => bail!("our own compressed token does not read back"),
        };
    }
    ensure!(
        written == token,
        "written as {}",
        String::from_utf8_lossy(&written)
    );
    Ok(())
}

fn options(line: &Line) -> Result<Options> {
    let mut options = Options::default();
    if let Some(hex) = line.get("salt_hex").and_then(Json::as_str) {
        options.salt = Some(unhex(hex)?);
    }
    // `Serializer(salt=None)` passes None through, and the signer's own default applies.
    if line.option("salt_none").is_some() {
        options.salt = Some(b"itsdangerous.Signer".to_vec());
    }
    if let Some(separator) = line.option("sep").and_then(Json::as_str) {
        separator.clone_into(&mut options.separator);
    }
    match line.option("algorithm").and_then(Json::as_str) {
        None => {}
        Some("none") => options.algorithm = Algorithm::DangerNone,
        Some(other) => bail!("unknown algorithm `{other}`"),
    }
    set_signer(
        &mut options,
        line.option("key_derivation"),
        line.option("digest"),
    )?;
    Ok(options)
}

/// Each fallback starts from the defaults: it does not inherit the settings of the main signer.
fn fallbacks(line: &Line) -> Result<Vec<Options>> {
    let list = line.option("fallback_signers").and_then(Json::as_array);
    list.into_iter()
        .flatten()
        .map(|fallback| {
            let mut options = Options::default();
            set_signer(
                &mut options,
                fallback.get("key_derivation"),
                fallback.get("digest"),
            )?;
            Ok(options)
        })
        .collect()
}

fn set_signer(
    options: &mut Options,
    derivation: Option<&Json>,
    digest_name: Option<&Json>,
) -> Result<()> {
    if let Some(derivation) = derivation {
        options.key_derivation = match derivation.as_str().context("a derivation is a text")? {
            "concat" => KeyDerivation::Concat,
            "django-concat" => KeyDerivation::DjangoConcat,
            "hmac" => KeyDerivation::Hmac,
            "none" => KeyDerivation::None,
            other => bail!("unknown derivation `{other}`"),
        };
    }
    if let Some(name) = digest_name.and_then(Json::as_str) {
        options.digest = digest(name)?;
    }
    Ok(())
}

//! Flask's session cookie, as a token and as Flask opens it in a request.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use http::{HeaderMap, HeaderValue, header};
use privyseal::Timestamp;
use privyseal::formats::flask::{FlaskOptions, FlaskSession};
use privyseal::formats::itsdangerous::{BadDataKind, PayloadError};
use privyseal::value::Dict;
use privyseal_session::{Clock, Engine, FlaskRules};
use serde_json::Value as Json;

use super::itsdangerous::{Opened, expect};
use super::line::{Line, digest};
use super::tree;
use crate::ready;

/// Checks one cookie against what Flask did with it, and what Flask would write.
pub(super) fn check(line: &Line) -> Result<()> {
    let cookie = line.token()?;
    let options = options(line)?;
    if line.get("policy").is_some() {
        let flask = FlaskSession::with_options(&line.ring()?, &options);
        let Err(error) = flask.loads_like_python(&cookie, line.now()) else {
            bail!("the bomb was not refused");
        };
        let refused = error.kind() == BadDataKind::BadTimeSignature
            || matches!(error.payload_error(), Some(PayloadError::TooLarge { .. }));
        ensure!(refused, "refused for another reason: {error}");
    }
    let generous = FlaskOptions {
        inflate_limit: 16 * 1024 * 1024,
        ..options.clone()
    };
    let flask = FlaskSession::with_options(&line.ring()?, &generous);
    let loaded = flask
        .loads_like_python(&cookie, line.now())
        .map(|loaded| Opened {
            value: loaded.value,
            signed_at: Some(loaded.signed_at.unix_seconds()),
        });
    expect(line, loaded)?;
    if line.flag("malleable") {
        let strict = FlaskOptions {
            base64: privyseal::encoding::Base64::Strict,
            ..options
        };
        let strict = FlaskSession::with_options(&line.ring()?, &strict);
        let taken = strict.loads_like_python(&cookie, line.now()).is_ok();
        ensure!(!taken, "strict base64 took it");
    }
    check_open_session(line, &generous, &cookie)?;
    let unsorted = line.flag("canonical_only_unsorted");
    if line.flag("canonical") || unsorted {
        check_writing(
            line,
            &FlaskOptions {
                sort_keys: !unsorted,
                ..generous
            },
            &cookie,
        )?;
    }
    Ok(())
}

/// The engine does with the cookie what Flask's `open_session` did.
fn check_open_session(line: &Line, options: &FlaskOptions, cookie: &[u8]) -> Result<()> {
    let expected = line.text("open_session")?;
    // Werkzeug takes spaces, quotes and semicolons inside quotes only, with escapes.
    let cookie = if cookie.iter().any(|byte| b" \t\";".contains(byte)) {
        let escaped = cookie.iter().flat_map(|byte| match byte {
            b'"' | b'\\' => vec![b'\\', *byte],
            byte => vec![*byte],
        });
        let quoted: Vec<u8> = escaped.collect();
        [b"session=\"", quoted.as_slice(), b"\""].concat()
    } else {
        [b"session=", cookie].concat()
    };
    let Ok(cookie) = HeaderValue::from_bytes(&cookie) else {
        ensure!(expected == "empty", "no such cookie can stand in a header");
        return Ok(());
    };
    let mut request = HeaderMap::new();
    request.insert(header::COOKIE, cookie);
    let handle = engine(line, options)?.begin(&request);
    match (expected, ready(handle.open::<Dict>(&request))) {
        ("loaded", Ok(session)) => {
            ensure!(!session.is_new(), "the session is new, not loaded");
            if let Some(permanent) = line.get("open_session_permanent").and_then(Json::as_bool) {
                ensure!(
                    session.is_permanent() == permanent,
                    "permanent is {}",
                    !permanent
                );
            }
            Ok(())
        }
        ("empty", Ok(session)) if session.is_empty() => Ok(()),
        (expected, Err(_)) if expected.starts_with("raises:") => Ok(()),
        (_, outcome) => bail!("open_session gives {outcome:?}, not {expected}"),
    }
}

fn check_writing(line: &Line, options: &FlaskOptions, cookie: &[u8]) -> Result<()> {
    let Some(value) = line.get("value").map(tree::value).transpose()? else {
        return Ok(());
    };
    let at = Timestamp::from_unix_seconds(line.number("signed_at").unwrap_or_default());
    let flask = FlaskSession::with_options(&line.ring_of_signer()?, options);
    let written = flask.dumps(&value, at)?;
    if line.flag("compressed") && !cfg!(feature = "c-zlib") {
        let read = flask.loads(&written, at)?;
        ensure!(
            tree::same(&read.value, &value),
            "our own compressed cookie reads otherwise"
        );
        return Ok(());
    }
    ensure!(written.as_bytes() == cookie, "written as {written}");
    Ok(())
}

/// The settings of Flask's format in a vector.
pub(super) fn options(line: &Line) -> Result<FlaskOptions> {
    let mut options = FlaskOptions::default();
    if let Some(name) = line.option("digest").and_then(Json::as_str) {
        options.digest = digest(name)?;
    }
    if let Some(salt) = line.option("salt").and_then(Json::as_str) {
        options.salt = salt.as_bytes().to_vec();
    }
    if let Some(lifetime) = line.max_age("permanent_session_lifetime") {
        options.max_age = lifetime;
    }
    Ok(options)
}

/// An engine under Flask's rules at the time of the vector.
pub(super) fn engine(line: &Line, options: &FlaskOptions) -> Result<Engine> {
    let lifetime = Duration::from_secs(options.max_age.seconds());
    Ok(Engine::flask(line.ring()?)
        .with_flask_options(options.clone())
        .with_flask_rules(FlaskRules {
            lifetime,
            ..FlaskRules::default()
        })
        .with_clock(Standing(line.now())))
}

/// A clock that stands still.
#[derive(Debug)]
struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

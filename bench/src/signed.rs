//! Signing and verifying bytes: Flask's format, cookie-rs, and bare HMAC over the signed bytes.

use std::rc::Rc;

use anyhow::{Context as _, Result};
use cookie::{Cookie, CookieJar, Key};
use hmac::{Hmac, KeyInit, Mac};
use privyseal::formats::flask::{FlaskOptions, FlaskSession};
use sha1::Sha1;
use sha2::Sha256;

use crate::harness::Contender;
use crate::payloads::{DEFLATED, KILOBYTE, PLAIN, Payload};
use crate::{Fixture, JAR_KEY, KEY};

pub(crate) fn contenders(fixture: &Fixture) -> Result<Vec<Contender>> {
    let mut contenders = Vec::new();
    for payload in [PLAIN, DEFLATED, KILOBYTE] {
        let sha1 = FlaskSession::new(&fixture.ring);
        let sha256 = FlaskSession::sha256(&fixture.ring);
        let hmac = |digest: &str| format!("{} hmac-{digest}", payload.name);
        contenders.push(mac::<Hmac<Sha1>>(hmac("sha1"), &sha1, payload, fixture)?);
        contenders.extend(flask("flask", &hmac("sha1"), sha1, payload, fixture)?);
        contenders.push(mac::<Hmac<Sha256>>(
            hmac("sha256"),
            &sha256,
            payload,
            fixture,
        )?);
        contenders.extend(flask(
            "flask-sha256",
            &hmac("sha256"),
            sha256,
            payload,
            fixture,
        )?);
        contenders.push(uncompressed(&hmac("sha256"), payload, fixture)?);
        contenders.extend(cookie_rs(&hmac("sha256"), payload)?);
    }
    Ok(contenders)
}

/// What no signature over these bytes can be cheaper than.
fn mac<M: Mac + KeyInit + Clone + 'static>(
    name: String,
    flask: &FlaskSession,
    payload: Payload,
    fixture: &Fixture,
) -> Result<Contender> {
    let token = flask.sign(payload.json.as_bytes(), fixture.now)?;
    let (signed, _) = token.rsplit_once('.').context("a token has dots")?;
    let signed = signed.to_owned();
    let prepared = <M as KeyInit>::new_from_slice(KEY.as_bytes())?;
    Contender::new(name, None, move || {
        let mut mac = prepared.clone();
        mac.update(signed.as_bytes());
        Ok(mac.finalize())
    })
}

fn flask(
    mode: &str,
    reference: &str,
    flask: FlaskSession,
    payload: Payload,
    fixture: &Fixture,
) -> Result<[Contender; 2]> {
    let now = fixture.now;
    let token = flask.sign(payload.json.as_bytes(), now)?;
    let flask = Rc::new(flask);
    let signer = flask.clone();
    let sign = Contender::new(
        format!("{} sign {mode}", payload.name),
        Some(reference),
        move || Ok(signer.sign(payload.json.as_bytes(), now)?),
    )?;
    let verify = Contender::new(
        format!("{} verify {mode}", payload.name),
        Some(reference),
        move || Ok(flask.verify(&token, now)?.key),
    )?;
    Ok([sign, verify])
}

/// The engine's own signed sessions, which do not try to compress what is shorter than 1 KiB.
fn uncompressed(reference: &str, payload: Payload, fixture: &Fixture) -> Result<Contender> {
    let options = FlaskOptions {
        compress_from: usize::MAX,
        ..FlaskOptions::sha256()
    };
    let flask = FlaskSession::with_options(&fixture.ring, &options);
    let now = fixture.now;
    Contender::new(
        format!("{} sign flask-sha256, uncompressed", payload.name),
        Some(reference),
        move || Ok(flask.sign(payload.json.as_bytes(), now)?),
    )
}

/// cookie-rs carries the JSON as it is and has no time in its signature.
fn cookie_rs(reference: &str, payload: Payload) -> Result<[Contender; 2]> {
    let key = Key::from(&JAR_KEY);
    let mut jar = CookieJar::new();
    jar.signed_mut(&key)
        .add(Cookie::new("session", payload.json));
    let value = jar.get("session").context("it was just added")?;
    let value = value.value().to_owned();
    let name = |operation| format!("{} {operation} cookie-rs signed", payload.name);
    let signing = key.clone();
    let sign = Contender::new(name("sign"), Some(reference), move || {
        let mut jar = CookieJar::new();
        jar.signed_mut(&signing)
            .add(Cookie::new("session", payload.json));
        Ok(jar)
    })?;
    let verify = Contender::new(name("verify"), Some(reference), move || {
        let cookie = Cookie::new("session", value.clone());
        let verified = CookieJar::new().signed(&key).verify(cookie);
        verified.context("the signature does not hold")
    })?;
    Ok([sign, verify])
}

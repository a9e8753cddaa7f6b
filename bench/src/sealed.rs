//! Sealing and opening: our tokens, cookie-rs, and the bare cipher over the same plaintext.

use std::rc::Rc;

use anyhow::{Context as _, Result};
use cookie::{Cookie, CookieJar, Key};
use privyseal::MaxAge;
use privyseal::sealed::{Context, Sealer, SessionId};
use xaes_256_gcm::aead::{AeadInOut, KeyInit};
use xaes_256_gcm::{Nonce, Xaes256Gcm};

use crate::harness::Contender;
use crate::payloads::{KILOBYTE, PLAIN, Payload};
use crate::{Fixture, JAR_KEY};

pub(crate) fn contenders(fixture: &Fixture) -> Result<Vec<Contender>> {
    let mut contenders = Vec::new();
    for payload in [PLAIN, KILOBYTE] {
        contenders.extend(cipher(payload)?);
        contenders.extend(sealer(payload, fixture)?);
        contenders.extend(cookie_rs(payload)?);
    }
    Ok(contenders)
}

/// What no sealed token of this payload can be cheaper than.
fn cipher(payload: Payload) -> Result<[Contender; 2]> {
    let failed = |_| anyhow::anyhow!("the cipher refuses");
    let cipher = Xaes256Gcm::new(&[7; 32].into());
    let nonce = Nonce::from([9; 24]);
    let plaintext = [&[0; HEADER], payload.json.as_bytes()].concat();
    let mut ciphertext = plaintext.clone();
    let tag = cipher
        .encrypt_inout_detached(&nonce, ASSOCIATED, ciphertext.as_mut_slice().into())
        .map_err(failed)?;

    let sealing = cipher.clone();
    let mut buffer = plaintext.clone();
    let seal = Contender::new(reference(payload, "seal"), None, move || {
        buffer.copy_from_slice(&plaintext);
        sealing
            .encrypt_inout_detached(&nonce, ASSOCIATED, buffer.as_mut_slice().into())
            .map_err(failed)
    })?;
    let mut buffer = ciphertext.clone();
    let open = Contender::new(reference(payload, "open"), None, move || {
        buffer.copy_from_slice(&ciphertext);
        cipher
            .decrypt_inout_detached(&nonce, ASSOCIATED, buffer.as_mut_slice().into(), &tag)
            .map_err(failed)
    })?;
    Ok([seal, open])
}

fn sealer(payload: Payload, fixture: &Fixture) -> Result<[Contender; 2]> {
    let context = Context {
        purpose: "session",
        cookie_name: "__Host-session",
        application: "bench",
    };
    let sealer = Rc::new(Sealer::new(&fixture.ring, context));
    let id = SessionId::random(&mut rand::rng())?;
    let now = fixture.now;
    let token = sealer.seal(payload.json.as_bytes(), id, now, &mut rand::rng())?;
    let name = |operation| format!("{} {operation} sealed", payload.name);
    let sealing = sealer.clone();
    let seal = Contender::new(name("seal"), Some(&reference(payload, "seal")), move || {
        Ok(sealing.seal(payload.json.as_bytes(), id, now, &mut rand::rng())?)
    })?;
    let open = Contender::new(name("open"), Some(&reference(payload, "open")), move || {
        Ok(sealer.open(&token, MaxAge::from_seconds(60), now)?)
    })?;
    Ok([seal, open])
}

fn cookie_rs(payload: Payload) -> Result<[Contender; 2]> {
    let key = Key::from(&JAR_KEY);
    let mut jar = CookieJar::new();
    jar.private_mut(&key)
        .add(Cookie::new("session", payload.json));
    let value = jar.get("session").context("it was just added")?;
    let value = value.value().to_owned();
    let name = |operation| format!("{} {operation} cookie-rs private", payload.name);
    let sealing = key.clone();
    let seal = Contender::new(name("seal"), Some(&reference(payload, "seal")), move || {
        let mut jar = CookieJar::new();
        jar.private_mut(&sealing)
            .add(Cookie::new("session", payload.json));
        Ok(jar)
    })?;
    let open = Contender::new(name("open"), Some(&reference(payload, "open")), move || {
        let cookie = Cookie::new("session", value.clone());
        let opened = CookieJar::new().private(&key).decrypt(cookie);
        opened.context("the cookie does not open")
    })?;
    Ok([seal, open])
}

fn reference(payload: Payload, operation: &str) -> String {
    format!("{} {operation} xaes-256-gcm", payload.name)
}

/// Time and session id stand before the data in a sealed token.
const HEADER: usize = 24;
/// As long as the version and the key id of a sealed token.
const ASSOCIATED: &[u8] = &[0; 9];

//! One line of a file of vectors.

use anyhow::{Context as _, Result, anyhow, bail};
use privyseal::digest::Digest;
use privyseal::{KeyRing, MaxAge, SecretKey, Timestamp, VerifyKey};
use serde_json::Value as Json;

/// A vector: a token, and what the real library did with it.
#[derive(Debug)]
pub(super) struct Line(Json);

impl Line {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let json: Json = serde_json::from_str(text).context("not JSON")?;
        Ok(Self(json))
    }

    pub(super) fn get(&self, field: &str) -> Option<&Json> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, field: &str) -> Result<&str> {
        let value = self.get(field).and_then(Json::as_str);
        value.with_context(|| format!("no text `{field}`"))
    }

    pub(super) fn number(&self, field: &str) -> Option<u64> {
        self.get(field)?.as_u64()
    }

    pub(super) fn flag(&self, field: &str) -> bool {
        self.get(field).and_then(Json::as_bool).unwrap_or(false)
    }

    pub(super) fn option(&self, name: &str) -> Option<&Json> {
        self.0
            .pointer("/options")?
            .get(name)
            .filter(|value| !value.is_null())
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.number("now").unwrap_or(0))
    }

    pub(super) fn max_age(&self, option: &str) -> Option<MaxAge> {
        self.option(option)?.as_u64().map(MaxAge::from_seconds)
    }

    /// The token, which may be given in three ways.
    pub(super) fn token(&self) -> Result<Vec<u8>> {
        if let Some(hex) = self.get("token_hex").and_then(Json::as_str) {
            return unhex(hex);
        }
        let Some(runs) = self.get("token_rle").and_then(Json::as_array) else {
            return Ok(self.text("token")?.as_bytes().to_vec());
        };
        let mut token = Vec::new();
        for run in runs {
            let (Some(hex), Some(times)) = (
                run.get(0).and_then(Json::as_str),
                run.get(1).and_then(Json::as_u64),
            ) else {
                bail!("`token_rle` is a list of pairs");
            };
            token.extend(unhex(hex)?.repeat(usize::try_from(times)?));
        }
        Ok(token)
    }

    /// The secret keys, oldest first.
    pub(super) fn secrets(&self) -> Result<Vec<Vec<u8>>> {
        let list = self.get("secrets_hex").and_then(Json::as_array);
        list.context("no `secrets_hex`")?
            .iter()
            .map(|secret| unhex(secret.as_str().context("a secret is a text")?))
            .collect()
    }

    /// All keys as a ring, the newest of which signs.
    pub(super) fn ring(&self) -> Result<KeyRing> {
        Ok(ring(&self.secrets()?))
    }

    /// A ring in which the key that made the token signs.
    pub(super) fn ring_of_signer(&self) -> Result<KeyRing> {
        let secrets = self.secrets()?;
        let signer = match self.number("signed_with") {
            Some(index) => usize::try_from(index)?,
            None => secrets.len().checked_sub(1).context("no secret")?,
        };
        let signer = secrets
            .get(signer)
            .ok_or_else(|| anyhow!("no secret {signer}"))?;
        Ok(ring(std::slice::from_ref(signer)))
    }
}

/// A ring of secrets, oldest first; the checks of strength are not what the vectors are about.
fn ring(secrets: &[Vec<u8>]) -> KeyRing {
    let mut newest_first = secrets
        .iter()
        .rev()
        .map(|secret| SecretKey::danger_unchecked(secret.clone()));
    match newest_first.next() {
        Some(newest) => KeyRing::new(newest).with_verify_only(newest_first.map(VerifyKey::from)),
        None => KeyRing::verify_only([]),
    }
}

pub(super) fn digest(name: &str) -> Result<Digest> {
    let all = [
        Digest::Sha1,
        Digest::Sha224,
        Digest::Sha256,
        Digest::Sha384,
        Digest::Sha512,
    ];
    all.into_iter()
        .find(|digest| digest.name() == name)
        .with_context(|| format!("unknown digest `{name}`"))
}

pub(super) fn unhex(text: &str) -> Result<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?))
        .collect::<Result<_>>()
        .with_context(|| "not hexadecimal".to_owned())
}

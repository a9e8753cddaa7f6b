//! What the pages show of a session, its cookie and the keys.

use axum::http::HeaderMap;
use privyseal::formats::flask::tagged;
use privyseal::keyring::RingKey;
use privyseal::value::{DateTime, Dict, Text, Value};
use privyseal::{KeyId, KeyRing, Timestamp};
use privyseal_axum::Session;

use super::App;
use super::cookie::Cookie;
use super::forms::Visitor;

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) name: String,
    pub(super) note: Option<String>,
    pub(super) created_at: String,
    /// The session as the server has it, whatever its type.
    pub(super) values: Vec<ValueRow>,
    pub(super) cookie: Cookie,
    pub(super) keys: Vec<KeyRow>,
    /// The key that verified the cookie does not sign any more.
    pub(super) is_old: bool,
}

impl SignedIn {
    /// `None` when nobody is.
    pub(super) fn new(
        app: &App,
        headers: &HeaderMap,
        visitor: &Session<Visitor>,
        values: &Session,
    ) -> Option<Self> {
        let cookie = Cookie::received(app.mode, headers)?;
        let ring = app.keys.ring();
        let key = cookie.with_keys(&ring).key().map(|key| key.id);
        let signing = ring.primary().map(RingKey::id);
        Some(Self {
            name: visitor.name.clone()?,
            note: visitor.note.clone(),
            created_at: date(visitor.created_at()),
            values: rows(values),
            keys: KeyRow::all(&ring, key),
            is_old: key != signing,
            cookie,
        })
    }
}

/// A value in a session.
#[derive(Debug)]
pub(super) struct ValueRow {
    pub(super) key: String,
    pub(super) kind: &'static str,
    pub(super) json: String,
}

fn rows(values: &Dict) -> Vec<ValueRow> {
    let row = |(key, value): (&Text, &Value)| ValueRow {
        key: key.to_string_lossy().into_owned(),
        kind: value.type_name(),
        json: tagged::dumps(value, true)
            .ok()
            .and_then(|json| String::from_utf8(json).ok())
            .unwrap_or_default(),
    };
    values.iter().map(row).collect()
}

/// A key of the ring.
#[derive(Debug)]
pub(super) struct KeyRow {
    pub(super) id: KeyId,
    pub(super) signs: bool,
    pub(super) verifications: u64,
    /// It made the cookie at hand.
    pub(super) made_cookie: bool,
}

impl KeyRow {
    fn all(ring: &KeyRing, maker: Option<KeyId>) -> Vec<Self> {
        let signing = ring.primary().map(RingKey::id);
        let row = |key: &RingKey| Self {
            id: key.id(),
            signs: Some(key.id()) == signing,
            verifications: key.verifications(),
            made_cookie: Some(key.id()) == maker,
        };
        ring.keys().map(row).collect()
    }
}

/// A time for people.
pub(super) fn date(time: Timestamp) -> String {
    i64::try_from(time.unix_seconds())
        .ok()
        .and_then(DateTime::from_unix_seconds)
        .map_or_else(|| time.to_string(), |date| date.to_string())
}

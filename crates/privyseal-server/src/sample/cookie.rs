//! The session cookie as the browser sent it: its text, its parts, and what it gives away.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use privyseal::inspect::{self, Context, Report};
use privyseal::{KeyId, KeyRing, Timestamp};
use privyseal_session::{Clock, SystemClock};

use super::mode::Mode;
use super::view::date;

/// A cookie of a mode. It need not be authentic.
#[derive(Debug)]
pub(super) struct Cookie {
    mode: Mode,
    value: String,
    /// The character that was changed, counted from 0.
    changed: Option<usize>,
}

impl Cookie {
    /// The cookie in the headers of a request, for showing it; the engine decides by itself which
    /// one it trusts.
    pub(super) fn received(mode: Mode, headers: &HeaderMap) -> Option<Self> {
        let pairs = headers.get_all(COOKIE).iter();
        let pairs = pairs.filter_map(|header| header.to_str().ok());
        let value = pairs
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| (name == mode.cookie_name()).then_some(value))?;
        Some(Self {
            mode,
            value: value.to_owned(),
            changed: None,
        })
    }

    /// A cookie that somebody kept; `None` if its text could not stand in a header.
    pub(super) fn kept(mode: Mode, value: String) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_cookie = !value.is_empty() && value.bytes().all(is_plain);
        is_cookie.then_some(Self {
            mode,
            value,
            changed: None,
        })
    }

    /// The text of the cookie, all of it ASCII.
    pub(super) fn value(&self) -> &str {
        &self.value
    }

    pub(super) fn len(&self) -> usize {
        self.value.len()
    }

    /// The same cookie with one character changed, counted from 1; `None` when it has no such one.
    ///
    /// The change is always one of substance. Base64 leaves a few low bits of a last character
    /// unused, and Python does not look at them, so the highest bit is the one to flip.
    pub(super) fn changed(&self, at: usize) -> Option<Self> {
        let index = at.checked_sub(1)?;
        let mut value = self.value.clone().into_bytes();
        let byte = value.get_mut(index)?;
        let digit = BASE64URL.iter().position(|digit| digit == byte);
        let other = digit.and_then(|digit| BASE64URL.get(digit ^ 0b10_0000));
        *byte = *other.unwrap_or(&b'_');
        Some(Self {
            mode: self.mode,
            value: String::from_utf8(value).ok()?,
            changed: Some(index),
        })
    }

    /// The parts of the cookie; put together they are the cookie again.
    pub(super) fn parts(&self) -> Vec<Part> {
        let parts = match self.mode {
            Mode::Stored => self.stored_parts(),
            Mode::Sealed => self.sealed_parts(),
            Mode::Signed | Mode::Flask => self.signed_parts(),
        };
        let mut parts = parts.unwrap_or_else(|| vec![Part::new("part-foreign", "", &self.value)]);
        if let Some(mut index) = self.changed {
            for part in &mut parts {
                if index < part.before.len() {
                    part.mark(index);
                    break;
                }
                index -= part.before.len();
            }
        }
        parts
    }

    /// `payload.time.signature`, where a compressed payload has a dot in front.
    fn signed_parts(&self) -> Option<Vec<Part>> {
        let (signed, signature) = self.value.rsplit_once('.')?;
        let (payload, time) = signed.rsplit_once('.')?;
        Some(vec![
            Part::new("part-payload", "session", payload),
            Part::new("part-dot", "", "."),
            Part::new("part-time", "time", time),
            Part::new("part-dot", "", "."),
            Part::new("part-signature", "signature", signature),
        ])
    }

    /// One base64 text; its first 9 bytes and the 24 behind them fill whole characters.
    fn sealed_parts(&self) -> Option<Vec<Part>> {
        let (key, rest) = self.value.split_at_checked(12)?;
        let (nonce, sealed) = rest.split_at_checked(32)?;
        Some(vec![
            Part::new("part-key", "version and key id", key),
            Part::new("part-time", "nonce", nonce),
            Part::new("part-payload", "sealed session and tag", sealed),
        ])
    }

    /// One base64 text of 9, 16, 32 and 32 bytes. The id ends within a character, which is shown
    /// with the secret.
    fn stored_parts(&self) -> Option<Vec<Part>> {
        let (key, rest) = self.value.split_at_checked(12)?;
        let (id, rest) = rest.split_at_checked(21)?;
        let (secret, signature) = rest.split_at_checked(43)?;
        Some(vec![
            Part::new("part-key", "version and key id", key),
            Part::new("part-time", "session id", id),
            Part::new("part-payload", "secret", secret),
            Part::new("part-signature", "signature", signature),
        ])
    }

    /// What anyone learns who holds the cookie and no key.
    pub(super) fn without_key(&self) -> Thief {
        let report = self.inspect(None);
        Thief {
            content: report.content().map(ToString::to_string),
            issued_at: report.issued_at().map(date),
            key_id: report.unverified_key_id().map(|id| id.to_string()),
        }
    }

    /// The key that made the cookie, which opened a session. This sample shows it to its visitor,
    /// who holds the keys as well; elsewhere it is not for the one who sent the cookie.
    pub(super) fn key(&self, ring: &KeyRing) -> Option<KeyId> {
        self.inspect(Some(ring)).key().map(|key| key.id)
    }

    fn inspect(&self, ring: Option<&KeyRing>) -> Report {
        let context = Context {
            ring,
            cookie_name: self.mode.cookie_name(),
            ..Context::new(now())
        };
        inspect::token(&self.value, &context)
    }
}

/// A stretch of a cookie. One that is marked consists of three pieces.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) class: &'static str,
    /// Empty for what merely separates.
    pub(super) label: &'static str,
    pub(super) before: String,
    pub(super) marked: String,
    pub(super) after: String,
}

impl Part {
    fn new(class: &'static str, label: &'static str, text: &str) -> Self {
        Self {
            class,
            label,
            before: text.to_owned(),
            marked: String::new(),
            after: String::new(),
        }
    }

    fn mark(&mut self, index: usize) {
        self.marked = self.before.split_off(index);
        self.after = self.marked.split_off(1);
    }
}

/// What a thief reads without the key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Thief {
    pub(super) content: Option<String>,
    pub(super) issued_at: Option<String>,
    pub(super) key_id: Option<String>,
}

fn now() -> Timestamp {
    SystemClock.now()
}

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

    fn cookie(mode: Mode, value: &str) -> Cookie {
        let mut headers = HeaderMap::new();
        let header = format!("other=1; {}={value}", mode.cookie_name());
        headers.insert(COOKIE, header.parse().unwrap());
        Cookie::received(mode, &headers).unwrap()
    }

    fn text(parts: &[Part]) -> String {
        let pieces = parts
            .iter()
            .flat_map(|part| [&part.before, &part.marked, &part.after]);
        pieces.map(String::as_str).collect()
    }

    #[test]
    fn the_parts_are_the_cookie_changed_or_not() {
        let sealed = "A".repeat(100);
        for (mode, value, count) in [
            (Mode::Stored, sealed.as_str(), 4),
            (Mode::Stored, "too-short", 1),
            (Mode::Flask, SIGNED, 5),
            (Mode::Signed, ".eJw.x.y", 5),
            (Mode::Sealed, sealed.as_str(), 3),
            (Mode::Sealed, "too-short", 1),
            (Mode::Flask, "no-dots", 1),
            (Mode::Flask, "", 1),
        ] {
            let cookie = cookie(mode, value);
            assert_eq!(cookie.parts().len(), count, "{value}");
            assert_eq!(text(&cookie.parts()), value);
            for at in 1..=value.len() {
                let changed = cookie.changed(at).unwrap();
                let parts = changed.parts();
                assert_eq!(text(&parts), changed.value());
                let differing = value
                    .bytes()
                    .zip(changed.value().bytes())
                    .filter(|(a, b)| a != b);
                assert_eq!(differing.count(), 1, "{value} at {at}");
                let marked: String = parts.iter().map(|part| part.marked.as_str()).collect();
                assert_eq!(marked, changed.value()[at - 1..at]);
            }
        }
    }

    #[test]
    fn only_characters_of_the_cookie_can_be_changed() {
        let cookie = cookie(Mode::Flask, SIGNED);
        assert!(cookie.changed(0).is_none());
        assert!(cookie.changed(1).is_some());
        assert!(cookie.changed(cookie.len()).is_some());
        assert!(cookie.changed(cookie.len() + 1).is_none());
    }

    #[test]
    fn a_thief_reads_a_signed_cookie() {
        let thief = cookie(Mode::Flask, SIGNED).without_key();
        assert_eq!(thief.content.as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(
            thief.issued_at.as_deref(),
            Some("Tue, 14 Nov 2023 22:13:20 UTC")
        );
    }

    #[test]
    fn a_thief_reads_of_a_stored_session_which_key_signed_it() {
        let reference = format!("AgABAgMEBQYH{}A", "_".repeat(106));
        let cookie = cookie(Mode::Stored, &reference);
        let expected = Thief {
            content: None,
            issued_at: None,
            key_id: Some("0001020304050607".to_owned()),
        };
        assert_eq!(cookie.without_key(), expected);
        let ring = KeyRing::new(privyseal::SecretKey::generate().unwrap());
        assert_eq!(cookie.key(&ring), None);
    }
}

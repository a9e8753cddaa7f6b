//! Flask 3.1's session cookie, byte for byte.
//!
//! A session is a dictionary in tagged JSON ([`tagged`]), compressed where that is shorter, with
//! the time and an HMAC under a key derived from `SECRET_KEY`. [`FlaskSession::new`] is what every
//! Flask application reads and writes (SHA-1); [`FlaskSession::sha256`] is what Flask gives when
//! its digest method is set to SHA-256, and the choice for applications that start today.
//!
//! Source: `flask/sessions.py` and `flask/json/tag.py` of Flask 3.1.3.

mod date;
mod python_int;
pub mod tagged;

use crate::digest::Digest;
use crate::encoding::{self, Base64};
use crate::error::{Error, Kind};
use crate::formats::itsdangerous::{
    self, BadData, DEFAULT_INFLATE_LIMIT, Fault, KeyDerivation, Loaded, Options, PayloadError,
    TimestampSigner,
};
use crate::keyring::KeyId;
use crate::value::Value;
use crate::{KeyRing, MaxAge, Timestamp};

/// Reads and writes Flask's session cookie.
///
/// The keys are derived when it is made, so make one per key ring and keep it.
///
/// # Security
/// The signature hides nothing: whoever holds the cookie reads the session. It does not end a
/// session either: a copy of the cookie stays valid until its maximum age.
///
/// # Examples
/// ```
/// use privyseal::formats::flask::FlaskSession;
/// use privyseal::value::{Dict, Value};
/// use privyseal::{KeyRing, SecretKey, Timestamp};
///
/// let flask = FlaskSession::new(&KeyRing::new(SecretKey::generate()?));
/// let now = Timestamp::from_unix_seconds(1_700_000_000);
/// let mut session = Dict::new();
/// session.insert("user_id", 42);
/// let cookie = flask.dumps(&Value::Dict(session.clone()), now)?;
/// assert_eq!(flask.loads(&cookie, now)?.value, Value::Dict(session));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FlaskSession {
    signer: TimestampSigner,
    max_age: MaxAge,
    sort_keys: bool,
    compress_from: usize,
}

/// The settings of a Flask application that change its session cookie.
#[derive(Clone, Debug)]
pub struct FlaskOptions {
    /// The hash of key derivation and signature: `SecureCookieSessionInterface.digest_method`.
    pub digest: Digest,
    /// The salt of the signing key: `SecureCookieSessionInterface.salt`.
    pub salt: Vec<u8>,
    /// `PERMANENT_SESSION_LIFETIME`, which bounds every session, permanent or not.
    pub max_age: MaxAge,
    /// Whether the keys of dictionaries are sorted, as inside an application context.
    pub sort_keys: bool,
    /// JSON of fewer bytes than this is written as it is. Flask tries to compress every session
    /// (0), which costs forty times as much as signing it; it reads either.
    pub compress_from: usize,
    /// How base64 is read.
    pub base64: Base64,
    /// The most bytes that a compressed session may inflate to. Flask has no such limit.
    pub inflate_limit: usize,
}

impl Default for FlaskOptions {
    /// What Flask does without configuration.
    fn default() -> Self {
        Self {
            digest: Digest::Sha1,
            salt: b"cookie-session".to_vec(),
            max_age: MaxAge::from_seconds(31 * 24 * 60 * 60),
            sort_keys: true,
            compress_from: 0,
            base64: Base64::PythonLenient,
            inflate_limit: DEFAULT_INFLATE_LIMIT,
        }
    }
}

impl FlaskOptions {
    /// Flask with its digest method set to SHA-256, read strictly.
    pub fn sha256() -> Self {
        Self {
            digest: Digest::Sha256,
            base64: Base64::Strict,
            ..Self::default()
        }
    }
}

impl FlaskSession {
    /// The session cookie of a Flask application that sets nothing but its keys.
    pub fn new(ring: &KeyRing) -> Self {
        Self::with_options(ring, &FlaskOptions::default())
    }

    /// The same under SHA-256, for applications that start today.
    pub fn sha256(ring: &KeyRing) -> Self {
        Self::with_options(ring, &FlaskOptions::sha256())
    }

    /// The session cookie of an application with these settings.
    pub fn with_options(ring: &KeyRing, options: &FlaskOptions) -> Self {
        // The separator is the default one, a dot, which every signer allows.
        let settings = Options {
            key_derivation: KeyDerivation::Hmac,
            digest: options.digest,
            base64: options.base64,
            inflate_limit: options.inflate_limit,
            ..Options::default()
        };
        let signer = TimestampSigner::prepared(ring, settings, &options.salt);
        Self {
            signer,
            max_age: options.max_age,
            sort_keys: options.sort_keys,
            compress_from: options.compress_from,
        }
    }

    /// The cookie of a session, signed at `now`.
    ///
    /// # Errors
    /// When the session holds what Flask's JSON cannot, or the ring has no key that signs.
    pub fn dumps(&self, session: &Value, now: Timestamp) -> Result<String, Error> {
        let json = tagged::dumps(session, self.sort_keys)
            .map_err(|error| Error::new(Kind::Unwritable(error.to_string())))?;
        self.sign(&json, now)
    }

    /// The cookie of a session that is tagged JSON already, signed at `now`.
    ///
    /// # Errors
    /// When the ring has no key that signs.
    pub fn sign(&self, json: &[u8], now: Timestamp) -> Result<String, Error> {
        let mut token =
            String::with_capacity(json.len().div_ceil(3) * 4 + 1 + self.signer.overhead());
        if json.len() < self.compress_from {
            encoding::encode_to(json, &mut token);
        } else {
            itsdangerous::write_payload(json, &mut token);
        }
        self.signer.sign_in_place(&mut token, now)?;
        Ok(token)
    }

    /// Checks signature and age and parses nothing.
    ///
    /// # Errors
    /// One error for everything that fails before the signature holds; expired after it.
    pub fn verify<'t>(&self, cookie: &'t str, now: Timestamp) -> Result<Verified<'t>, Error> {
        Ok(self.check(cookie.as_bytes(), now)?)
    }

    /// The MAC of a verified cookie, decoded: it names the cookie, whose text can be changed without
    /// making it another one.
    pub fn mac(&self, cookie: &str) -> Option<Vec<u8>> {
        let (_, mac) = cookie.rsplit_once('.')?;
        self.signer.options().base64.decode(mac.as_bytes())
    }

    /// The session in a cookie.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), and a bad payload where the signature holds but Flask would
    /// not read the session either.
    pub fn loads(&self, cookie: &str, now: Timestamp) -> Result<Loaded<Value>, Error> {
        let verified = self.verify(cookie, now)?;
        let value = self.value(&verified)?;
        Ok(verified.loaded(value))
    }

    /// The same with the errors of the Python library, for explaining a cookie to its owner.
    ///
    /// # Errors
    /// What `URLSafeTimedSerializer.loads` raises in Flask.
    pub fn loads_like_python(
        &self,
        cookie: &[u8],
        now: Timestamp,
    ) -> Result<Loaded<Value>, BadData> {
        let verified = self
            .check(cookie, now)
            .map_err(|fault| self.signer.explain(&fault))?;
        let json = self.json(&verified)?;
        let value = tagged::loads(&json).map_err(PayloadError::Tagged)?;
        Ok(verified.loaded(value))
    }

    /// The session behind a verified cookie.
    ///
    /// # Errors
    /// A bad payload.
    pub fn value(&self, verified: &Verified<'_>) -> Result<Value, Error> {
        let json = self
            .json(verified)
            .map_err(|error| Error::new(error.into_kind()))?;
        tagged::loads(&json).map_err(|error| Error::new(PayloadError::Tagged(error).into_kind()))
    }

    /// The tagged JSON behind a verified cookie, inflated within the limit.
    fn json(&self, verified: &Verified<'_>) -> Result<Vec<u8>, PayloadError> {
        let options = self.signer.options();
        itsdangerous::inflate(verified.payload, options.base64, options.inflate_limit)
    }

    fn check<'t>(&self, cookie: &'t [u8], now: Timestamp) -> Result<Verified<'t>, Fault<'t>> {
        let unsigned = self.signer.check(cookie, Some(self.max_age), now)?;
        TimestampSigner::check_date(unsigned.signed_at)?;
        Ok(Verified {
            payload: unsigned.value,
            signed_at: unsigned.signed_at,
            key: unsigned.key,
            needs_reissue: unsigned.needs_reissue,
        })
    }
}

/// A session cookie whose signature and age hold; its payload is not decoded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified<'t> {
    payload: &'t [u8],
    /// When it was signed.
    pub signed_at: Timestamp,
    /// The key that verified it.
    pub key: KeyId,
    /// Whether that key is not the one that signs now, so that the cookie should be made anew.
    pub needs_reissue: bool,
}

impl Verified<'_> {
    fn loaded(self, value: Value) -> Loaded<Value> {
        let Self {
            signed_at,
            key,
            needs_reissue,
            ..
        } = self;
        Loaded {
            value,
            signed_at,
            key,
            needs_reissue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretKey;

    #[test]
    fn json_is_compressed_from_the_stated_length_on() {
        let ring = KeyRing::new(SecretKey::generate().unwrap());
        let options = FlaskOptions {
            compress_from: 100,
            ..FlaskOptions::sha256()
        };
        let flask = FlaskSession::with_options(&ring, &options);
        let now = Timestamp::from_unix_seconds(1_700_000_000);
        let json = |len: usize| format!("{{\"a\":\"{}\"}}", "a".repeat(len - 8));
        for (len, compressed) in [(99, false), (100, true)] {
            let cookie = flask.sign(json(len).as_bytes(), now).unwrap();
            assert_eq!(cookie.starts_with('.'), compressed, "{len}");
            assert!(flask.loads(&cookie, now).is_ok());
        }
    }
}

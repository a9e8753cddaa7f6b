//! `itsdangerous.URLSafeSerializer` and `URLSafeTimedSerializer`: tokens that fit into a URL.

use crate::error::Error;
use crate::formats::itsdangerous::serializer::Form;
use crate::formats::itsdangerous::{
    BadData, Loaded, Options, OptionsError, Serializer, TimedSerializer,
};
use crate::value::Value;
use crate::{KeyRing, MaxAge, Timestamp};

/// A value as signed JSON in base64url (`itsdangerous.URLSafeSerializer`).
#[derive(Clone, Debug)]
pub struct UrlSafeSerializer(Serializer);

impl UrlSafeSerializer {
    /// A serializer with the keys of the ring.
    ///
    /// # Errors
    /// When the separator may be contained in a signature.
    pub fn new(ring: &KeyRing, options: &Options) -> Result<Self, OptionsError> {
        Self::with_fallbacks(ring, options, &[])
    }

    /// The same, which also verifies what was signed with other settings.
    ///
    /// # Errors
    /// When a separator may be contained in a signature.
    pub fn with_fallbacks(
        ring: &KeyRing,
        options: &Options,
        fallbacks: &[Options],
    ) -> Result<Self, OptionsError> {
        Serializer::in_form(Form::UrlSafe, ring, options, fallbacks).map(Self)
    }

    /// The token of a value.
    ///
    /// # Errors
    /// When the value has no JSON form, or the ring has no key that signs.
    pub fn dumps(&self, value: &Value) -> Result<String, Error> {
        self.0.dumps(value)
    }

    /// The value of a token.
    ///
    /// # Errors
    /// The kinds and texts of the Python library; see [`BadData`].
    pub fn loads(&self, token: impl AsRef<[u8]>) -> Result<Value, BadData> {
        self.0.loads(token)
    }
}

/// A value as signed JSON in base64url, with the time of signing
/// (`itsdangerous.URLSafeTimedSerializer`).
#[derive(Clone, Debug)]
pub struct UrlSafeTimedSerializer(TimedSerializer);

impl UrlSafeTimedSerializer {
    /// A serializer with the keys of the ring.
    ///
    /// # Errors
    /// When the separator may be contained in a signature.
    pub fn new(ring: &KeyRing, options: &Options) -> Result<Self, OptionsError> {
        Self::with_fallbacks(ring, options, &[])
    }

    /// The same, which also verifies what was signed with other settings.
    ///
    /// # Errors
    /// When a separator may be contained in a signature.
    pub fn with_fallbacks(
        ring: &KeyRing,
        options: &Options,
        fallbacks: &[Options],
    ) -> Result<Self, OptionsError> {
        TimedSerializer::in_form(Form::UrlSafe, ring, options, fallbacks).map(Self)
    }

    /// The token of a value, signed at `now`.
    ///
    /// # Errors
    /// When the value has no JSON form, or the ring has no key that signs.
    pub fn dumps(&self, value: &Value, now: Timestamp) -> Result<String, Error> {
        self.0.dumps(value, now)
    }

    /// The value of a token that is at most `max_age` old.
    ///
    /// # Errors
    /// The kinds and texts of the Python library; see [`BadData`].
    pub fn loads(
        &self,
        token: impl AsRef<[u8]>,
        max_age: Option<MaxAge>,
        now: Timestamp,
    ) -> Result<Loaded<Value>, BadData> {
        self.0.loads(token, max_age, now)
    }
}

//! `itsdangerous.Serializer` and `TimedSerializer`: a value as signed JSON.

use crate::error::{Error, Kind};
use crate::formats::itsdangerous::payload::{self, PayloadError};
use crate::formats::itsdangerous::{
    BadData, BadDataKind, Loaded, Options, OptionsError, Signer, TimestampSigner,
};
use crate::json::{self, Style};
use crate::value::Value;
use crate::{KeyRing, MaxAge, Timestamp};

/// A value as JSON with a signature (`itsdangerous.Serializer`).
#[derive(Clone, Debug)]
pub struct Serializer {
    /// The signer, and behind it those that only verify.
    signers: Vec<Signer>,
    form: Form,
}

/// A value as JSON with the time and a signature over both (`itsdangerous.TimedSerializer`).
#[derive(Clone, Debug)]
pub struct TimedSerializer {
    /// The signer, and behind it those that only verify.
    signers: Vec<TimestampSigner>,
    form: Form,
}

/// How the JSON stands in the token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// As Python's `json.dumps` writes it.
    Plain,
    /// Compact, compressed where that is shorter, in base64url.
    UrlSafe,
}

/// The salt of the serializers that are given none.
const DEFAULT_SALT: &[u8] = b"itsdangerous";

impl Serializer {
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
        Self::in_form(Form::Plain, ring, options, fallbacks)
    }

    pub(crate) fn in_form(
        form: Form,
        ring: &KeyRing,
        options: &Options,
        fallbacks: &[Options],
    ) -> Result<Self, OptionsError> {
        let signers = settings(options, fallbacks)
            .map(|options| Signer::with_default_salt(ring, &options, DEFAULT_SALT))
            .collect::<Result<_, _>>()?;
        Ok(Self { signers, form })
    }

    /// The token of a value.
    ///
    /// # Errors
    /// When the value has no JSON form, or the ring has no key that signs.
    pub fn dumps(&self, value: &Value) -> Result<String, Error> {
        let mut token = self.form.write(value)?;
        let signer = self
            .signers
            .first()
            .ok_or_else(|| Error::new(Kind::NoSigningKey))?;
        signer.sign_in_place(&mut token)?;
        Ok(token)
    }

    /// The value of a token.
    ///
    /// # Errors
    /// The kinds and texts of the Python library; see [`BadData`].
    pub fn loads(&self, token: impl AsRef<[u8]>) -> Result<Value, BadData> {
        let token = token.as_ref();
        let mut last = BadData::no_separator("");
        for signer in &self.signers {
            match signer.unsign(token) {
                Ok(unsigned) => return Ok(self.form.read(unsigned.value, &signer.options)?),
                Err(error) => last = error.after(last),
            }
        }
        Err(last)
    }
}

impl TimedSerializer {
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
        Self::in_form(Form::Plain, ring, options, fallbacks)
    }

    pub(crate) fn in_form(
        form: Form,
        ring: &KeyRing,
        options: &Options,
        fallbacks: &[Options],
    ) -> Result<Self, OptionsError> {
        let signers = settings(options, fallbacks)
            .map(|options| TimestampSigner::with_default_salt(ring, &options, DEFAULT_SALT))
            .collect::<Result<_, _>>()?;
        Ok(Self { signers, form })
    }

    /// The token of a value, signed at `now`.
    ///
    /// # Errors
    /// When the value has no JSON form, or the ring has no key that signs.
    pub fn dumps(&self, value: &Value, now: Timestamp) -> Result<String, Error> {
        let mut token = self.form.write(value)?;
        let signer = self
            .signers
            .first()
            .ok_or_else(|| Error::new(Kind::NoSigningKey))?;
        signer.sign_in_place(&mut token, now)?;
        Ok(token)
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
        let token = token.as_ref();
        let mut last = BadData::no_separator("");
        for (index, signer) in self.signers.iter().enumerate() {
            let checked = signer.check(token, max_age, now).and_then(|unsigned| {
                TimestampSigner::check_date(unsigned.signed_at).map(|()| unsigned)
            });
            match checked {
                Ok(unsigned) => {
                    return Ok(Loaded {
                        value: self.form.read(unsigned.value, signer.options())?,
                        signed_at: unsigned.signed_at,
                        key: unsigned.key,
                        needs_reissue: unsigned.needs_reissue || index > 0,
                    });
                }
                Err(fault) => last = signer.explain(&fault).after(last),
            }
            // Only a bad signature sends us on to the next signer.
            let goes_on = matches!(
                last.kind(),
                BadDataKind::BadSignature | BadDataKind::BadTimeSignature
            );
            if !goes_on {
                break;
            }
        }
        Err(last)
    }
}

/// The settings of the signer and of the fallbacks, which share its salt.
fn settings(options: &Options, fallbacks: &[Options]) -> impl Iterator<Item = Options> {
    let fallbacks = fallbacks.iter().map(|fallback| Options {
        salt: options.salt.clone(),
        ..fallback.clone()
    });
    std::iter::once(options.clone()).chain(fallbacks)
}

impl Form {
    fn write(self, value: &Value) -> Result<String, Error> {
        let unwritable = |error: json::JsonError| Error::new(Kind::Unwritable(error.to_string()));
        match self {
            Self::Plain => {
                let json = json::write(value, Style::Python).map_err(unwritable)?;
                String::from_utf8(json)
                    .map_err(|error| Error::new(Kind::Unwritable(error.to_string())))
            }
            Self::UrlSafe => {
                let json =
                    json::write(value, Style::Compact { ascii: false }).map_err(unwritable)?;
                let mut token = String::with_capacity(json.len() * 4 / 3 + 128);
                payload::write_payload(&json, &mut token);
                Ok(token)
            }
        }
    }

    fn read(self, payload: &[u8], options: &Options) -> Result<Value, PayloadError> {
        match self {
            Self::Plain => json::parse(payload).map_err(PayloadError::Json),
            Self::UrlSafe => {
                let json = payload::inflate(payload, options.base64, options.inflate_limit)?;
                json::parse(&json).map_err(PayloadError::Json)
            }
        }
    }
}

//! `itsdangerous.TimestampSigner`: a signature over the value and the time it was signed.

use crate::digest::Digest;
use crate::encoding::{self, Base64};
use crate::error::{Error, Kind};
use crate::formats::itsdangerous::signer::{Match, Mismatch};
use crate::formats::itsdangerous::{BadData, Options, OptionsError, Signer};
use crate::keyring::KeyId;
use crate::{KeyRing, MaxAge, Timestamp};

/// Signs bytes together with the time (`itsdangerous.TimestampSigner`).
///
/// # Examples
/// ```
/// use privyseal::formats::itsdangerous::{Options, TimestampSigner};
/// use privyseal::{KeyRing, MaxAge, SecretKey, Timestamp};
///
/// let signer = TimestampSigner::new(&KeyRing::new(SecretKey::generate()?), &Options::default())?;
/// let now = Timestamp::from_unix_seconds(1_700_000_000);
/// let token = signer.sign(b"value", now)?;
/// let a_minute = Some(MaxAge::from_seconds(60));
/// assert_eq!(signer.unsign(&token, a_minute, now.plus_seconds(60))?.value, b"value");
/// assert!(signer.unsign(&token, a_minute, now.plus_seconds(61)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TimestampSigner {
    signer: Signer,
}

/// A value whose signature and time hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedUnsigned<'t> {
    /// What was signed.
    pub value: &'t [u8],
    /// When it was signed.
    pub signed_at: Timestamp,
    /// The key that verified it.
    pub key: KeyId,
    /// Whether that key is not the one that signs now, so that the token should be made anew.
    pub needs_reissue: bool,
}

/// What a timed serializer loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded<T> {
    /// The value.
    pub value: T,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// The key that verified it.
    pub key: KeyId,
    /// Whether that key is not the one that signs now, so that the token should be made anew.
    pub needs_reissue: bool,
}

impl TimestampSigner {
    /// The last second of the year 9999: Python cannot hold a later date.
    pub(crate) const MAX_DATE: u64 = 253_402_300_799;

    /// A signer with the keys of the ring.
    ///
    /// # Errors
    /// When the separator may be contained in a signature.
    pub fn new(ring: &KeyRing, options: &Options) -> Result<Self, OptionsError> {
        Ok(Self {
            signer: Signer::new(ring, options)?,
        })
    }

    pub(crate) fn with_default_salt(
        ring: &KeyRing,
        options: &Options,
        default_salt: &[u8],
    ) -> Result<Self, OptionsError> {
        Ok(Self {
            signer: Signer::with_default_salt(ring, options, default_salt)?,
        })
    }

    /// A signer whose separator is known to be allowed.
    pub(crate) fn prepared(ring: &KeyRing, options: Options, salt: &[u8]) -> Self {
        Self {
            signer: Signer::prepared(ring, options, salt),
        }
    }

    /// The value with the time and a signature over both.
    ///
    /// # Errors
    /// When the ring has no key that signs.
    pub fn sign(&self, value: &[u8], now: Timestamp) -> Result<Vec<u8>, Error> {
        let mut stamped = value.to_vec();
        stamped.extend_from_slice(self.signer.options.separator.as_bytes());
        let mut stamp = String::new();
        Stamp::new(now).push_to(&mut stamp);
        stamped.extend_from_slice(stamp.as_bytes());
        self.signer.sign(&stamped)
    }

    /// Appends the time and the signature to a text that is signed as a whole.
    pub(crate) fn sign_in_place(&self, token: &mut String, now: Timestamp) -> Result<(), Error> {
        token.push_str(&self.signer.options.separator);
        Stamp::new(now).push_to(token);
        self.signer.sign_in_place(token)
    }

    pub(crate) fn options(&self) -> &Options {
        &self.signer.options
    }

    /// The longest text that `sign_in_place` appends.
    pub(crate) fn overhead(&self) -> usize {
        2 * self.signer.options.separator.len() + 11 + Digest::Sha512.output_len().div_ceil(3) * 4
    }

    /// The value, if the signature is that of any key and the time is not too far from `now`.
    ///
    /// Without a maximum age any time is accepted, the future included; with one, a token of
    /// exactly that age is valid and one second into the future is not.
    ///
    /// # Errors
    /// The kinds and texts of the Python library; see [`BadData`].
    pub fn unsign<'t>(
        &self,
        token: &'t [u8],
        max_age: Option<MaxAge>,
        now: Timestamp,
    ) -> Result<TimedUnsigned<'t>, BadData> {
        self.check(token, max_age, now)
            .map_err(|fault| self.explain(&fault))
    }

    /// The same, with a fault that costs no allocation.
    pub(crate) fn check<'t>(
        &self,
        token: &'t [u8],
        max_age: Option<MaxAge>,
        now: Timestamp,
    ) -> Result<TimedUnsigned<'t>, Fault<'t>> {
        let (stamped, signature) = self.signer.split(token).ok_or(Fault::NoSeparator)?;
        let matched = self.signer.matching_key(stamped, signature);
        let Match { key, needs_reissue } = matched.map_err(|mismatch| Fault::NoMatch {
            mismatch,
            stamped,
            signature,
        })?;
        let (value, stamp) = self
            .signer
            .split(stamped)
            .ok_or(Fault::TimestampMissing { stamped })?;
        let signed_at = self
            .decode_stamp(stamp)
            .ok_or(Fault::MalformedTimestamp { value })?;
        if let Some(max_age) = max_age {
            match now.seconds_since(signed_at) {
                Some(age) if age > max_age.seconds() => {
                    return Err(Fault::TooOld {
                        age,
                        max_age,
                        value,
                        signed_at,
                    });
                }
                Some(_) => {}
                None => {
                    let seconds = signed_at.unix_seconds() - now.unix_seconds();
                    return Err(Fault::FromTheFuture {
                        seconds,
                        value,
                        signed_at,
                    });
                }
            }
        }
        Ok(TimedUnsigned {
            value,
            signed_at,
            key,
            needs_reissue,
        })
    }

    /// Refuses a date that Python cannot hold, as every timed serializer does.
    pub(crate) fn check_date<'t>(signed_at: Timestamp) -> Result<(), Fault<'t>> {
        if signed_at.unix_seconds() > Self::MAX_DATE {
            Err(Fault::DateOutOfRange)
        } else {
            Ok(())
        }
    }

    fn decode_stamp(&self, stamp: &[u8]) -> Option<Timestamp> {
        Stamp::decode(stamp, self.signer.options.base64)
    }

    /// The exception that Python raises.
    pub(crate) fn explain(&self, fault: &Fault<'_>) -> BadData {
        match *fault {
            Fault::NoSeparator => BadData::no_separator(&self.signer.options.separator),
            Fault::NoMatch {
                mismatch,
                stamped,
                signature,
            } => {
                let error = BadData::no_match(mismatch, signature, stamped);
                let Some((value, stamp)) = self.signer.split(stamped) else {
                    return error;
                };
                match self.decode_stamp(stamp) {
                    Some(date) if date.unix_seconds() > Self::MAX_DATE => {
                        BadData::malformed_timestamp(value)
                    }
                    date => error.timed(value, date),
                }
            }
            Fault::TimestampMissing { stamped } => BadData::timestamp_missing(stamped),
            Fault::MalformedTimestamp { value } => BadData::malformed_timestamp(value),
            Fault::TooOld { signed_at, .. } | Fault::FromTheFuture { signed_at, .. }
                if signed_at.unix_seconds() > Self::MAX_DATE =>
            {
                BadData::timestamp_out_of_range()
            }
            Fault::TooOld {
                age,
                max_age,
                value,
                signed_at,
            } => BadData::too_old(age, max_age.seconds(), value, signed_at),
            Fault::FromTheFuture {
                seconds,
                value,
                signed_at,
            } => BadData::from_the_future(seconds, value, signed_at),
            Fault::DateOutOfRange => BadData::timestamp_out_of_range(),
        }
    }
}

/// Why a timed token was refused, pointing into the token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault<'t> {
    NoSeparator,
    NoMatch {
        mismatch: Mismatch,
        stamped: &'t [u8],
        signature: &'t [u8],
    },
    TimestampMissing {
        stamped: &'t [u8],
    },
    MalformedTimestamp {
        value: &'t [u8],
    },
    TooOld {
        age: u64,
        max_age: MaxAge,
        value: &'t [u8],
        signed_at: Timestamp,
    },
    FromTheFuture {
        seconds: u64,
        value: &'t [u8],
        signed_at: Timestamp,
    },
    DateOutOfRange,
}

impl From<Fault<'_>> for Error {
    fn from(fault: Fault<'_>) -> Self {
        Self::new(match fault {
            Fault::TooOld { .. } => Kind::Expired,
            Fault::FromTheFuture { .. } | Fault::DateOutOfRange => Kind::NotYetValid,
            Fault::NoMatch {
                mismatch: Mismatch::Unavailable,
                ..
            } => Kind::Unavailable,
            Fault::NoSeparator
            | Fault::NoMatch { .. }
            | Fault::TimestampMissing { .. }
            | Fault::MalformedTimestamp { .. } => Kind::BadSignature,
        })
    }
}

/// A time as a token carries it: big-endian seconds without leading zero bytes.
pub(crate) struct Stamp {
    bytes: [u8; 8],
    skipped: usize,
}

impl Stamp {
    pub(crate) fn new(time: Timestamp) -> Self {
        let seconds = time.unix_seconds();
        Self {
            bytes: seconds.to_be_bytes(),
            skipped: (seconds.leading_zeros() / 8) as usize,
        }
    }

    pub(crate) fn push_to(&self, token: &mut String) {
        encoding::encode_to(self.bytes.get(self.skipped..).unwrap_or_default(), token);
    }

    /// The time behind the text; `None` when it is malformed or beyond eight bytes.
    pub(crate) fn decode(stamp: &[u8], base64: Base64) -> Option<Timestamp> {
        let bytes = base64.decode_short::<8>(stamp)?;
        let seconds = bytes
            .as_bytes()
            .iter()
            .fold(0, |sum: u64, &byte| sum << 8 | u64::from(byte));
        Some(Timestamp::from_unix_seconds(seconds))
    }
}

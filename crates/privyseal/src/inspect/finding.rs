//! What there is to say about a token.

use std::fmt;

use crate::KeyId;
use crate::inspect::MAX_TOKEN_LEN;
use crate::inspect::content::Shown;

/// One observation about a token, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The text is too long to be looked into.
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// White space around the token was ignored.
    SurroundingSpace,
    /// The shape tells the format, but this version cannot check it.
    NotSupported,
    /// The text is of no known format.
    NotRecognised,
    /// An identifier carries neither a signature nor content.
    NothingToCheck,
    /// No key was given, so no signature could be checked.
    NoKeys,
    /// No key of the ring made the signature.
    BadSignature {
        /// How many keys were tried.
        keys: usize,
        /// With which salts and derivations each was tried.
        settings: Vec<String>,
    },
    /// A part is not base64.
    NotBase64 {
        /// The name of the part.
        part: &'static str,
    },
    /// No hash function gives a signature of this length.
    SignatureLength {
        /// Its length.
        bytes: usize,
    },
    /// A part is not spelled the one way in which it is written.
    NonCanonical {
        /// The name of the part.
        part: &'static str,
    },
    /// The token has no timestamp where it needs one.
    NoTimestamp,
    /// The timestamp is after the year 9999.
    TimestampOutOfRange,
    /// The token is older than it may be.
    Expired {
        /// Seconds since it ended.
        seconds: u64,
    },
    /// The token is dated after the present.
    FromTheFuture {
        /// Seconds until its date.
        seconds: u64,
        /// Whether a maximum age was given, so that the date counts.
        refused: bool,
    },
    /// No maximum age was given.
    AgeNotChecked,
    /// The compressed payload is not zlib data, or is cut short.
    NotZlib,
    /// The payload inflates beyond the bound.
    InflatesTooLarge {
        /// The bound in bytes.
        limit: usize,
    },
    /// Bytes follow the compressed data.
    TrailingBytes,
    /// The payload is not JSON, or not what Flask writes as JSON.
    BadJson {
        /// What is wrong, without a part of the content.
        why: String,
    },
    /// A Flask session that is not a dict.
    NotADict,
    /// Anyone who holds the token can read it.
    Readable,
    /// A key made the token that no longer signs.
    OldKey,
    /// The key that the token names is not in the ring.
    UnknownKey {
        /// The name in the token.
        id: KeyId,
    },
    /// The key that the token names, or that made it, is in quarantine.
    SuspendedKey {
        /// The name of the key.
        id: KeyId,
    },
    /// The key that the token names cannot be unwrapped here.
    LockedKey {
        /// The name in the token.
        id: KeyId,
    },
    /// The key that the token names was revoked.
    RevokedKey {
        /// The name in the token.
        id: KeyId,
    },
    /// The key that the token names is past its end.
    ExpiredKey {
        /// The name in the token.
        id: KeyId,
    },
    /// It may be of a key that is not here: one cannot be unwrapped, or the ring was not heard of for
    /// too long.
    KeysOutOfReach,
    /// The named key is there, but the seal does not hold.
    SealBroken {
        /// The purpose, cookie name and application that were tried.
        context: String,
    },
    /// The token holds nothing of the session.
    InStore,
    /// The token stood in several cookies.
    PutTogether {
        /// How many.
        cookies: usize,
    },
    /// The cookie carries a later part of a token.
    PartOf {
        /// The cookie that carries the first.
        first: String,
    },
    /// A part of the token is not there, or there more than once.
    ChunkMissing {
        /// The cookie that ought to carry it.
        name: String,
    },
}

impl Finding {
    /// Whether this alone is reason to refuse the token.
    pub const fn refuses(&self) -> bool {
        !matches!(
            self,
            Self::SurroundingSpace
                | Self::NonCanonical { .. }
                | Self::FromTheFuture { refused: false, .. }
                | Self::AgeNotChecked
                | Self::TrailingBytes
                | Self::Readable
                | Self::OldKey
                | Self::InStore
                | Self::PutTogether { .. }
                | Self::PartOf { .. }
        )
    }

    /// The name in `snake_case`, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::SurroundingSpace => "surrounding_space",
            Self::NotSupported => "not_supported",
            Self::NotRecognised => "not_recognised",
            Self::NothingToCheck => "nothing_to_check",
            Self::NoKeys => "no_keys",
            Self::BadSignature { .. } => "bad_signature",
            Self::NotBase64 { .. } => "not_base64",
            Self::SignatureLength { .. } => "signature_length",
            Self::NonCanonical { .. } => "non_canonical",
            Self::NoTimestamp => "no_timestamp",
            Self::TimestampOutOfRange => "timestamp_out_of_range",
            Self::Expired { .. } => "expired",
            Self::FromTheFuture { .. } => "from_the_future",
            Self::AgeNotChecked => "age_not_checked",
            Self::NotZlib => "not_zlib",
            Self::InflatesTooLarge { .. } => "inflates_too_large",
            Self::TrailingBytes => "trailing_bytes",
            Self::BadJson { .. } => "bad_json",
            Self::NotADict => "not_a_dict",
            Self::Readable => "readable",
            Self::OldKey => "old_key",
            Self::UnknownKey { .. } => "unknown_key",
            Self::SuspendedKey { .. } => "suspended_key",
            Self::LockedKey { .. } => "locked_key",
            Self::RevokedKey { .. } => "revoked_key",
            Self::ExpiredKey { .. } => "expired_key",
            Self::KeysOutOfReach => "keys_out_of_reach",
            Self::SealBroken { .. } => "seal_broken",
            Self::InStore => "in_store",
            Self::PutTogether { .. } => "put_together",
            Self::PartOf { .. } => "part_of",
            Self::ChunkMissing { .. } => "chunk_missing",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => {
                write!(f, "the text has {bytes} bytes; at most {MAX_TOKEN_LEN} are looked into")
            }
            Self::SurroundingSpace => f.write_str("white space around the token was ignored"),
            Self::NotSupported => f.write_str("not supported yet, recognised by shape"),
            Self::NotRecognised => f.write_str("the text is not of any format known here"),
            Self::NothingToCheck => f.write_str(
                "an identifier has no signature and no content: only the store that gave it out knows it",
            ),
            Self::NoKeys => f.write_str("no key was given, so nothing could be checked"),
            Self::BadSignature { keys, settings } => write!(
                f,
                "bad signature: tried {keys} {} with {}",
                if *keys == 1 { "key" } else { "keys" },
                settings.join(", ")
            ),
            Self::NotBase64 { part } => write!(f, "the {part} is not base64"),
            Self::SignatureLength { bytes } => {
                write!(f, "no supported hash function gives a signature of {bytes} bytes")
            }
            Self::NonCanonical { part } => write!(
                f,
                "the {part} is not spelled as it is written: Python accepts this spelling, strict \
                 readers refuse it"
            ),
            Self::NoTimestamp => f.write_str("the timestamp is missing or malformed"),
            Self::TimestampOutOfRange => {
                f.write_str("the timestamp is after the year 9999, which Python cannot hold")
            }
            Self::Expired { seconds } => write!(f, "expired {seconds} s ago"),
            Self::FromTheFuture { seconds, .. } => {
                write!(f, "dated {seconds} s in the future: forged, or the clocks differ")
            }
            Self::AgeNotChecked => {
                f.write_str("no maximum age was given, so the age was not checked")
            }
            Self::NotZlib => f.write_str("the compressed payload is not zlib data or is cut short"),
            Self::InflatesTooLarge { limit } => {
                write!(f, "the compressed payload inflates to more than {limit} bytes")
            }
            Self::TrailingBytes => {
                f.write_str("bytes follow the compressed data; Python ignores them")
            }
            Self::BadJson { why } => write!(f, "the payload cannot be read: {why}"),
            Self::NotADict => f.write_str("the session is not a dict, so Flask answers with an error"),
            Self::Readable => {
                f.write_str("signed, not encrypted: whoever holds the token reads its content")
            }
            Self::OldKey => {
                f.write_str("made by a key that no longer signs; make the token anew when it is next used")
            }
            Self::UnknownKey { id } => write!(f, "names key {id}, which is not in the ring"),
            Self::SuspendedKey { id } => write!(
                f,
                "of key {id}, which is in quarantine: neither accepted nor refused until it is \
                 resumed or revoked"
            ),
            Self::LockedKey { id } => write!(
                f,
                "names key {id}, which cannot be unwrapped here: neither accepted nor refused"
            ),
            Self::RevokedKey { id } => write!(f, "names key {id}, which was revoked"),
            Self::ExpiredKey { id } => write!(f, "names key {id}, which is past its end"),
            Self::KeysOutOfReach => f.write_str(
                "it may be of a key that is out of reach here, so it is neither accepted nor refused",
            ),
            Self::SealBroken { context } => write!(
                f,
                "the seal does not hold: changed, or not sealed for {context}"
            ),
            Self::InStore => f.write_str(
                "what the session holds, how old it is and whether it still lives is in the store",
            ),
            Self::PutTogether { cookies } => {
                write!(f, "put together from {cookies} cookies, of which this is the first")
            }
            Self::PartOf { first } => {
                write!(f, "nothing alone: the token begins in cookie {} and is explained there", Shown(first))
            }
            Self::ChunkMissing { name } => write!(
                f,
                "the token cannot be put together: cookie {} is missing, or there more than once",
                Shown(name)
            ),
        }
    }
}

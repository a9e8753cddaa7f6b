//! Sealed tokens, version 1: encrypted and authenticated, so that the browser that carries one
//! can neither read nor change it.
//!
//! ```text
//! base64url, no padding:  version 0x01 (1) | key id (8) | nonce (24) | ciphertext | tag (16)
//! plaintext:              issued at, seconds, big-endian (8) | session id (16) | data
//! cipher:                 XAES-256-GCM (C2SP), random nonce, version and key id as associated data
//! key:                    HKDF-SHA256 of the ring key over purpose, cookie name, application, key id
//! ```
//!
//! There is no algorithm field to lie in, the named key and no other opens the token, and a token
//! for one purpose, cookie or application is noise to every other. `docs/decisions` gives the
//! reasons.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use base64_simd::URL_SAFE_NO_PAD;
use rand_core::TryCryptoRng;
use xaes_256_gcm::aead::{AeadInOut, KeyInit};
use xaes_256_gcm::{Nonce, Tag, Xaes256Gcm};
use zeroize::Zeroizing;

use crate::error::{Error, Kind};
use crate::keyring::{KeyId, Named, Prepared, RingKey};
use crate::{KeyRing, MaxAge, Timestamp};

/// What a sealed token is for; a token opens only where all three are the same.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The purpose, such as `session`.
    pub purpose: &'a str,
    /// The name of the cookie that carries the token, or empty.
    pub cookie_name: &'a str,
    /// The application, so that two of them with one key do not take each other's tokens.
    pub application: &'a str,
}

impl Context<'_> {
    /// The key for this context and no other.
    pub(crate) fn sub_key(self, key: &RingKey) -> Zeroizing<[u8; 32]> {
        key.derive(&[
            self.purpose.as_bytes(),
            self.cookie_name.as_bytes(),
            self.application.as_bytes(),
            key.id().as_bytes(),
        ])
    }
}

/// The id of a session: 16 random bytes that name it to the server and to its user, but open
/// nothing. As text it is 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; Self::LEN]);

impl SessionId {
    /// The length of a session id in bytes.
    pub const LEN: usize = 16;

    /// The id of these bytes.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// A new id.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn random(rng: &mut impl TryCryptoRng) -> Result<Self, Error> {
        random(rng).map(Self)
    }

    /// The bytes of the id.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for SessionId {
    /// 32 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl FromStr for SessionId {
    type Err = SessionIdError;

    /// Reads what [`Display`](fmt::Display) wrote, and nothing else.
    fn from_str(text: &str) -> Result<Self, SessionIdError> {
        let mut id = [0; Self::LEN];
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(SessionIdError);
        };
        if pairs.len() != Self::LEN {
            return Err(SessionIdError);
        }
        for (byte, [high, low]) in id.iter_mut().zip(pairs) {
            *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
        }
        Ok(Self(id))
    }
}

/// The text is not 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionIdError;

impl fmt::Display for SessionIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of a session has 32 lower-case hexadecimal digits")
    }
}

impl std::error::Error for SessionIdError {}

fn hex_digit(digit: u8) -> Result<u8, SessionIdError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(SessionIdError),
    }
}

/// Seals data into tokens and opens them.
///
/// The keys are derived when it is made, so make one per key ring and keep it.
///
/// # Examples
/// ```
/// use privyseal::sealed::{Context, Sealer, SessionId};
/// use privyseal::{KeyRing, MaxAge, SecretKey, Timestamp};
/// # let mut rng = rand::rng();
///
/// let context = Context { purpose: "session", cookie_name: "__Host-session", application: "shop" };
/// let sealer = Sealer::new(&KeyRing::new(SecretKey::generate()?), context);
/// let now = Timestamp::from_unix_seconds(1_700_000_000);
/// let token = sealer.seal(b"the cart", SessionId::random(&mut rng)?, now, &mut rng)?;
///
/// let opened = sealer.open(&token, MaxAge::from_seconds(3600), now.plus_seconds(5))?;
/// assert_eq!(opened.data(), b"the cart");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Sealer(Prepared<Xaes256Gcm>);

impl Sealer {
    /// The longest token in characters that is looked at: a cookie holds 4096, so this is ample
    /// for a token in a header or form as well.
    pub const MAX_TOKEN_LEN: usize = 64 * 1024;

    /// The most bytes of data that a token of this length holds.
    pub const MAX_DATA_LEN: usize = Self::MAX_TOKEN_LEN / 4 * 3 - OVERHEAD;

    /// A sealer with the keys of the ring.
    pub fn new(ring: &KeyRing, context: Context<'_>) -> Self {
        Self(Prepared::new(ring, |key| {
            Xaes256Gcm::new((&*context.sub_key(key)).into())
        }))
    }

    /// The token that holds the data, under a new random nonce.
    ///
    /// # Security
    /// Two tokens under one nonce betray each other's content and the key of the seal. A generator
    /// in user space, such as `rand::rng()`, repeats itself in a process that was forked and in a
    /// virtual machine that was restored twice from one snapshot; there, give the generator of the
    /// operating system or reseed before the first token.
    ///
    /// # Errors
    /// When the ring has no key that signs, or not now; when the data is longer than
    /// [`MAX_DATA_LEN`](Self::MAX_DATA_LEN), or the source of randomness fails.
    pub fn seal(
        &self,
        data: &[u8],
        session_id: SessionId,
        issued_at: Timestamp,
        rng: &mut impl TryCryptoRng,
    ) -> Result<String, Error> {
        let (key, cipher) = self.0.signer()?;
        // Nobody could open it.
        if data.len() > Self::MAX_DATA_LEN {
            return Err(Error::new(Kind::Unwritable(TOO_LONG.to_owned())));
        }
        let nonce: [u8; NONCE.end - NONCE.start] = random(rng)?;

        let mut token = Vec::with_capacity(OVERHEAD + data.len());
        token.push(VERSION);
        token.extend_from_slice(key.id().as_bytes());
        token.extend_from_slice(&nonce);
        token.extend_from_slice(&issued_at.unix_seconds().to_be_bytes());
        token.extend_from_slice(session_id.as_bytes());
        token.extend_from_slice(data);
        let (header, plaintext) = token.split_at_mut(NONCE.end);
        let associated = header.get(..NONCE.start).unwrap_or_default();
        let tag = cipher
            .encrypt_inout_detached(&Nonce::from(nonce), associated, plaintext.into())
            .map_err(|_| Error::new(Kind::Unwritable(TOO_LONG.to_owned())))?;
        token.extend_from_slice(&tag);
        Ok(URL_SAFE_NO_PAD.encode_to_string(&token))
    }

    /// What a token holds, if it was sealed for this context by the key that it names at most
    /// `max_age` ago.
    ///
    /// # Errors
    /// One message for everything that fails before the seal holds, but that the key is
    /// unavailable; expired after it.
    pub fn open(&self, token: &str, max_age: MaxAge, now: Timestamp) -> Result<Opened, Error> {
        let opened = self.open_sealed(token)?;
        match now.seconds_since(opened.issued_at) {
            None => Err(Error::new(Kind::NotYetValid)),
            Some(age) if age > max_age.seconds() => Err(Error::new(Kind::Expired)),
            Some(_) => Ok(opened),
        }
    }

    /// The same without a look at the age.
    pub(crate) fn open_sealed(&self, token: &str) -> Result<Opened, Error> {
        let refused = || Error::new(Kind::BadSignature);
        let (buffer, id) = decode(token).ok_or_else(refused)?;
        let named = self.0.named(id)?;
        let opened = open(buffer, &named).ok_or_else(refused)?;
        named.key.count_verification();
        Ok(opened)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a sealed token held.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The id of the session.
    pub session_id: SessionId,
    /// When the token was sealed.
    pub issued_at: Timestamp,
    /// The key that opened it.
    pub key: KeyId,
    /// Whether that key is not the one that seals now, so that the token should be made anew.
    pub needs_reissue: bool,
    /// The whole token with its plaintext in place, so that opening copies nothing.
    buffer: Vec<u8>,
}

impl Opened {
    /// The data.
    pub fn data(&self) -> &[u8] {
        self.buffer.get(SESSION_ID.end..).unwrap_or_default()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("session_id", &self.session_id)
            .field("issued_at", &self.issued_at)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// The bytes of a token, and the key that it names.
fn decode(token: &str) -> Option<(Vec<u8>, KeyId)> {
    if token.len() > Sealer::MAX_TOKEN_LEN {
        return None;
    }
    let buffer = URL_SAFE_NO_PAD.decode_to_vec(token.as_bytes()).ok()?;
    let id = named_key(&buffer)?;
    Some((buffer, id))
}

/// What a decoded token holds under its key.
fn open(mut buffer: Vec<u8>, named: &Named<'_, Xaes256Gcm>) -> Option<Opened> {
    let tag_at = buffer.len().checked_sub(TAG_LEN)?;
    let tag = Tag::try_from(buffer.get(tag_at..)?).ok()?;
    buffer.truncate(tag_at);
    let (header, ciphertext) = buffer.split_at_mut_checked(NONCE.end)?;
    let nonce = Nonce::try_from(header.get(NONCE)?).ok()?;
    let associated = header.get(..NONCE.start)?;
    named
        .prepared
        .decrypt_inout_detached(&nonce, associated, ciphertext.into(), &tag)
        .ok()?;

    let issued_at = u64::from_be_bytes(buffer.get(ISSUED_AT)?.try_into().ok()?);
    let session_id = SessionId(buffer.get(SESSION_ID)?.try_into().ok()?);
    Some(Opened {
        session_id,
        issued_at: Timestamp::from_unix_seconds(issued_at),
        key: named.key.id(),
        needs_reissue: named.needs_reissue,
        buffer,
    })
}

/// The key that a decoded token names; `None` when it is no token of this version.
pub(crate) fn named_key(token: &[u8]) -> Option<KeyId> {
    if *token.first()? != VERSION || token.len() < OVERHEAD {
        return None;
    }
    token.get(KEY_ID)?.try_into().ok().map(KeyId::from_bytes)
}

fn random<const N: usize>(rng: &mut impl TryCryptoRng) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    rng.try_fill_bytes(&mut bytes)
        .map_err(|_| Error::new(Kind::NoRandomness))?;
    Ok(bytes)
}

const TOO_LONG: &str = "the data is too long";
const VERSION: u8 = 1;
const KEY_ID: Range<usize> = 1..9;
const NONCE: Range<usize> = 9..33;
const ISSUED_AT: Range<usize> = 33..41;
const SESSION_ID: Range<usize> = 41..57;
const TAG_LEN: usize = 16;
/// A token that holds no data at all.
pub(crate) const OVERHEAD: usize = SESSION_ID.end + TAG_LEN;

#[cfg(test)]
mod tests;

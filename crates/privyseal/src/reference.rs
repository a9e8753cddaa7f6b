//! Reference tokens: the cookie of a session whose data lives on the server.
//!
//! ```text
//! base64url, no padding:  version 0x02 (1) | key id (8) | session id (16) | secret (32) | tag (32)
//! tag:                    HMAC-SHA256 over everything before it
//! key:                    HKDF-SHA256 of the ring key over purpose, cookie name, application, key id
//! ```
//!
//! The session id finds the session and opens nothing; the secret opens it, and the server keeps
//! only its hash. Whoever reads the database holds no cookie. The tag keeps made-up ids away from
//! the database: a token that no key of the ring signed costs no look-up.

use std::fmt;
use std::ops::Range;

use base64_simd::{AsOut, URL_SAFE_NO_PAD};
use rand_core::TryCryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::KeyRing;
use crate::digest::{Digest, PreparedMac};
use crate::error::{Error, Kind};
use crate::keyring::{KeyId, Prepared};
use crate::sealed::{Context, SessionId};

/// Signs and verifies reference tokens.
///
/// The keys are derived when it is made, so make one per key ring and keep it.
///
/// # Examples
/// ```
/// use privyseal::reference::{ReferenceSigner, Secret};
/// use privyseal::sealed::{Context, SessionId};
/// use privyseal::{KeyRing, SecretKey};
/// # let mut rng = rand::rng();
///
/// let context = Context { purpose: "stored session", cookie_name: "id", application: "shop" };
/// let signer = ReferenceSigner::new(&KeyRing::new(SecretKey::generate()?), context);
/// let (id, secret) = (SessionId::random(&mut rng)?, Secret::random(&mut rng)?);
/// let verified = signer.verify(&signer.sign(id, &secret)?)?;
/// assert_eq!(verified.session_id, id);
/// assert!(verified.secret.hash() == secret.hash());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ReferenceSigner(Prepared<PreparedMac>);

impl ReferenceSigner {
    /// The length of every token in characters.
    pub const TOKEN_LEN: usize = LEN.div_ceil(3) * 4 - 1;

    /// A signer with the keys of the ring.
    pub fn new(ring: &KeyRing, context: Context<'_>) -> Self {
        Self(Prepared::new(ring, |key| {
            PreparedMac::new(Digest::Sha256, &*context.sub_key(key))
        }))
    }

    /// The token of a session.
    ///
    /// # Errors
    /// When the ring has no key that signs, or not now.
    pub fn sign(&self, session_id: SessionId, secret: &Secret) -> Result<String, Error> {
        let (key, mac) = self.0.signer()?;
        let mut token = Vec::with_capacity(LEN);
        token.push(VERSION);
        token.extend_from_slice(key.id().as_bytes());
        token.extend_from_slice(session_id.as_bytes());
        token.extend_from_slice(&secret.0);
        let tag = mac.tag(&token);
        token.extend_from_slice(tag.as_bytes());
        Ok(URL_SAFE_NO_PAD.encode_to_string(&token))
    }

    /// The session that a token names, if the key that it names signed it for this context.
    ///
    /// # Errors
    /// One message for everything that is wrong with it, but that the key is unavailable.
    pub fn verify(&self, token: &str) -> Result<Reference, Error> {
        let refused = || Error::new(Kind::BadSignature);
        let buffer = decode(token).ok_or_else(refused)?;
        let (id, session_id) = named(&buffer).ok_or_else(refused)?;
        let named = self.0.named(id)?;
        let secret = buffer.get(SECRET).and_then(|secret| secret.try_into().ok());
        let (Some((signed, tag)), Some(secret)) = (buffer.split_at_checked(TAG_AT), secret) else {
            return Err(refused());
        };
        if !named.prepared.verify(signed, tag) {
            return Err(refused());
        }
        named.key.count_verification();
        Ok(Reference {
            session_id,
            secret: Secret(secret),
            key: id,
            needs_reissue: named.needs_reissue,
        })
    }
}

impl fmt::Debug for ReferenceSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a reference token held.
#[derive(Debug)]
pub struct Reference {
    /// The id under which the session is kept.
    pub session_id: SessionId,
    /// What proves that the browser may have it.
    pub secret: Secret,
    /// The key that verified the token.
    pub key: KeyId,
    /// Whether that key is not the one that signs now, so that the token should be made anew.
    pub needs_reissue: bool,
}

/// The 256 random bits in a cookie that open a session.
pub struct Secret([u8; Self::LEN]);

impl Secret {
    /// The length of a secret, and of its hash, in bytes.
    pub const LEN: usize = 32;

    /// A new secret.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn random(rng: &mut impl TryCryptoRng) -> Result<Self, Error> {
        let mut bytes = [0; Self::LEN];
        rng.try_fill_bytes(&mut bytes)
            .map_err(|_| Error::new(Kind::NoRandomness))?;
        Ok(Self(bytes))
    }

    /// What the server keeps: SHA-256 of the secret. It needs no salt and no stretching, for the
    /// secret is random.
    pub fn hash(&self) -> SecretHash {
        let hash = Digest::Sha256.hash(&[&self.0]);
        SecretHash::from_slice(&hash)
    }

    /// The secret that follows this one, in a form that only the holder of this one can read: a
    /// one-time pad from this secret, which has exactly one successor.
    pub fn conceal(&self, successor: &Self) -> [u8; Self::LEN] {
        let mut concealed = successor.0;
        let pad = PreparedMac::new(Digest::Sha256, &self.0).tag(b"privyseal/v1/successor");
        for (byte, pad) in concealed.iter_mut().zip(pad.as_bytes()) {
            *byte ^= pad;
        }
        concealed
    }

    /// The successor that [`conceal`](Self::conceal) concealed; noise for every other secret.
    #[must_use]
    pub fn reveal(&self, concealed: &[u8; Self::LEN]) -> Self {
        Self(self.conceal(&Self(*concealed)))
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The hash of a secret; compared in constant time.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; Secret::LEN]);

impl SecretHash {
    /// A hash that was kept.
    pub const fn from_bytes(bytes: [u8; Secret::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    pub const fn as_bytes(&self) -> &[u8; Secret::LEN] {
        &self.0
    }

    fn from_slice(hash: &[u8]) -> Self {
        let mut bytes = [0; Secret::LEN];
        for (to, from) in bytes.iter_mut().zip(hash) {
            *to = *from;
        }
        Self(bytes)
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

fn decode(token: &str) -> Option<[u8; LEN]> {
    if token.len() != ReferenceSigner::TOKEN_LEN {
        return None;
    }
    let mut buffer = [0; LEN];
    let decoded = URL_SAFE_NO_PAD.decode(token.as_bytes(), buffer.as_mut_slice().as_out());
    decoded.ok()?;
    Some(buffer)
}

/// The key and the session that a decoded token names; `None` when it is no token of this version.
pub(crate) fn named(token: &[u8]) -> Option<(KeyId, SessionId)> {
    if *token.first()? != VERSION || token.len() != LEN {
        return None;
    }
    let key = token.get(KEY_ID)?.try_into().ok()?;
    let session = token.get(SESSION_ID)?.try_into().ok()?;
    Some((KeyId::from_bytes(key), SessionId::from_bytes(session)))
}

const VERSION: u8 = 2;
const KEY_ID: Range<usize> = 1..9;
const SESSION_ID: Range<usize> = 9..25;
const SECRET: Range<usize> = 25..57;
const TAG_AT: usize = SECRET.end;
const LEN: usize = TAG_AT + 32;

#[cfg(test)]
mod tests;

//! The keys of an application: one signs, the others still verify.

mod document;
mod key;
mod list;
mod live;
mod prepared;
mod refresh;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Kind};
use crate::secret::{SecretKey, VerifyKey};

pub use key::{KeyId, RingKey};
pub use list::{KeyListError, parse_key_list};
pub use live::LiveKeyRing;
pub(crate) use prepared::{Named, Prepared};
pub use refresh::RefreshKeys;

/// An immutable snapshot of an application's keys; a clone is one reference count.
///
/// The primary signs. Verification tries the primary and then the verify-only keys in their order,
/// newest first; a token that names its key is answered by how that key stands, and no other key is
/// tried.
///
/// A snapshot [of a ring document](Self::from_ring) also knows the keys of it that do not verify,
/// and why. What may be a token of a key that is only out of reach, as one in quarantine is, is
/// neither accepted nor refused: the error says [unavailable](Error::is_unavailable).
///
/// # Examples
/// ```
/// use privyseal::{KeyRing, SecretKey};
///
/// let ring = KeyRing::new(SecretKey::generate()?);
/// let rotated = ring.rotated(SecretKey::generate()?);
/// assert_eq!(rotated.keys().count(), 2);
/// assert_ne!(rotated.primary().map(|key| key.id()), ring.primary().map(|key| key.id()));
/// # Ok::<(), privyseal::secret::KeyError>(())
/// ```
#[derive(Clone)]
pub struct KeyRing(Arc<Snapshot>);

#[derive(Clone)]
struct Snapshot {
    /// Those that verify, in the order of trial. If the ring signs, the first is the primary.
    keys: Vec<Arc<RingKey>>,
    signing: Signing,
    /// Those in quarantine, to recognise what they made.
    suspended: Vec<Arc<RingKey>>,
    /// Why others do not verify, those in quarantine included.
    off_duty: BTreeMap<KeyId, OffDuty>,
    /// The ring may have been changed since, so that a key it does not know may be a new one.
    stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signing {
    /// With the first key.
    Now,
    /// There is a key that signs, but not here and now.
    NotNow,
    /// The ring is for verification only.
    Never,
}

/// Why a key does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OffDuty {
    /// In quarantine.
    Suspended,
    /// It would verify, or is in quarantine, and cannot be unwrapped.
    Locked,
    Revoked,
    Expired,
}

impl KeyRing {
    /// A ring with one key, which signs and verifies.
    pub fn new(primary: SecretKey) -> Self {
        Self::of_keys(vec![Arc::new(primary.into_ring_key())], Signing::Now)
    }

    /// A ring that can only verify, newest key first; every attempt to sign with it is an error.
    pub fn verify_only(keys: impl IntoIterator<Item = VerifyKey>) -> Self {
        Self::of_keys(Vec::new(), Signing::Never).with_verify_only(keys)
    }

    fn of_keys(keys: Vec<Arc<RingKey>>, signing: Signing) -> Self {
        Self(Arc::new(Snapshot {
            keys,
            signing,
            suspended: Vec::new(),
            off_duty: BTreeMap::new(),
            stale: false,
        }))
    }

    /// The same ring with further keys that only verify, tried after those it has.
    ///
    /// A key that the ring already holds is not added again.
    #[must_use]
    pub fn with_verify_only(&self, keys: impl IntoIterator<Item = VerifyKey>) -> Self {
        self.changed(|ring| {
            for key in keys {
                let key = key.into_ring_key();
                if ring.keys.iter().all(|known| known.id() != key.id()) {
                    ring.keys.push(Arc::new(key));
                }
            }
        })
    }

    /// A ring that signs with a new key and still verifies with all the keys of this one.
    ///
    /// The counters of the old keys go on counting.
    #[must_use]
    pub fn rotated(&self, primary: SecretKey) -> Self {
        let primary = Arc::new(primary.into_ring_key());
        self.changed(|ring| {
            ring.keys.retain(|key| key.id() != primary.id());
            ring.keys.insert(0, primary);
            ring.signing = Signing::Now;
        })
    }

    /// The ring of a Flask application: `SECRET_KEY` signs, `SECRET_KEY_FALLBACKS` verify.
    ///
    /// The fallbacks are given in Flask's order, oldest first, and tried as Flask 3.1.1 tries
    /// them: the last one first.
    ///
    /// # Examples
    /// ```
    /// use privyseal::{KeyRing, SecretKey, VerifyKey, keyring::parse_key_list};
    ///
    /// let fallbacks = parse_key_list(r#"["6f1e4f6cbb0f4e35a9d2c07b", "Zk3vQ8xW1bN7mR5tY2uLp9"]"#)?
    ///     .iter()
    ///     .map(|key| SecretKey::from_text(key).map(VerifyKey::from))
    ///     .collect::<Result<Vec<_>, _>>()?;
    /// let ring = KeyRing::from_flask(SecretKey::generate()?, fallbacks);
    /// assert_eq!(ring.keys().count(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_flask<I>(secret_key: SecretKey, fallbacks: I) -> Self
    where
        I: IntoIterator<Item = VerifyKey>,
        I::IntoIter: DoubleEndedIterator,
    {
        Self::new(secret_key).with_verify_only(fallbacks.into_iter().rev())
    }

    /// The key that signs; `None` in a ring that does not sign, be it for now.
    pub fn primary(&self) -> Option<&RingKey> {
        let signs = self.0.signing == Signing::Now;
        self.0.keys.first().filter(|_| signs).map(Arc::as_ref)
    }

    /// The key that signs.
    ///
    /// # Errors
    /// [Unwritable](Error::is_unwritable) in a ring that can only verify;
    /// [unavailable](Error::is_unavailable) when it has a key that signs, but not here and now.
    pub fn signer(&self) -> Result<&RingKey, Error> {
        self.primary()
            .ok_or_else(|| Error::new(self.0.why_not_signing()))
    }

    /// All keys that verify, in the order in which they are tried.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &RingKey> {
        self.0.keys.iter().map(Arc::as_ref)
    }

    /// The key of this id, if it verifies.
    pub fn key(&self, id: KeyId) -> Option<&RingKey> {
        self.keys().find(|key| key.id() == id)
    }

    /// The same keys, whose counters go on from those that they had in another ring.
    ///
    /// For a ring that was read anew from its source, so that reading it does not make an old key
    /// look unused.
    #[must_use]
    pub fn with_counters_of(self, former: &Self) -> Self {
        self.with_each_key(|key| {
            let mut known = former.0.keys.iter().chain(&former.0.suspended);
            known.find(|known| known.is(key)).unwrap_or(key).clone()
        })
    }

    /// The same keys with counters of their own: looking at a token is no use of its key.
    pub(crate) fn uncounted(&self) -> Self {
        self.with_each_key(|key| Arc::new(key.uncounted()))
    }

    /// Whether both are the very same snapshot, so that what was prepared for one serves the other.
    pub fn is_same_snapshot(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn with_each_key(&self, replace: impl Fn(&Arc<RingKey>) -> Arc<RingKey>) -> Self {
        self.changed(|ring| {
            for key in ring.keys.iter_mut().chain(&mut ring.suspended) {
                *key = replace(key);
            }
        })
    }

    fn changed(&self, change: impl FnOnce(&mut Snapshot)) -> Self {
        let mut snapshot = Snapshot::clone(&self.0);
        change(&mut snapshot);
        Self(Arc::new(snapshot))
    }

    /// The answer to a token that names a key which does not verify.
    fn refusal_of(&self, id: KeyId) -> Error {
        Error::new(match self.off_duty(id) {
            Some(OffDuty::Suspended | OffDuty::Locked) => Kind::Unavailable,
            Some(OffDuty::Revoked) => Kind::RevokedKey,
            Some(OffDuty::Expired) => Kind::ExpiredKey,
            None if self.0.stale => Kind::Unavailable,
            None => Kind::UnknownKey,
        })
    }

    /// Why the key of this id does not verify, if it is one of the ring.
    pub(crate) fn off_duty(&self, id: KeyId) -> Option<OffDuty> {
        self.0.off_duty.get(&id).copied()
    }

    /// The keys in quarantine that are here.
    pub(crate) fn suspended(&self) -> impl Iterator<Item = &RingKey> {
        self.0.suspended.iter().map(Arc::as_ref)
    }

    /// Whether a key that is not in the ring may be one of it all the same.
    pub(crate) fn is_stale(&self) -> bool {
        self.0.stale
    }

    /// Whether a token that names no key, and that none of the keys here made, may be of a key that
    /// is not here.
    pub(crate) fn may_lack_keys(&self) -> bool {
        let mut off_duty = self.0.off_duty.values();
        self.0.stale || off_duty.any(|why| *why == OffDuty::Locked)
    }
}

impl Snapshot {
    fn why_not_signing(&self) -> Kind {
        match self.signing {
            Signing::Now | Signing::Never => Kind::NoSigningKey,
            Signing::NotNow => Kind::Unavailable,
        }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("signing", &self.0.signing)
            .field("keys", &self.0.keys)
            .field("off_duty", &self.0.off_duty)
            .field("stale", &self.0.stale)
            .finish()
    }
}

impl SecretKey {
    /// The name that the key has in every ring.
    pub fn id(&self) -> KeyId {
        KeyId::of(self.expose_bytes())
    }

    fn into_ring_key(self) -> RingKey {
        RingKey::new(self.into_bytes())
    }
}

impl VerifyKey {
    fn into_ring_key(self) -> RingKey {
        RingKey::new(self.into_bytes())
    }
}

#[cfg(test)]
mod tests;

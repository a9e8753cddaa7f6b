//! From the ring document to the snapshot that signs and verifies.

use std::collections::BTreeMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{KeyId, KeyRing, OffDuty, RingKey, Signing, Snapshot};
use crate::Timestamp;
use crate::ring::{Ending, KeyRecord, Ring, Standing, Tombstone};

impl KeyRing {
    /// What a ring document means at this time.
    ///
    /// `unwrap` gives the key of a record, or nothing while that cannot be had; what it gives is
    /// not taken for the key unless the record's id follows from it. It is asked for the keys that
    /// verify and for those in quarantine, and never for one that has ended.
    ///
    /// The snapshot changes by time as well: make another at
    /// [`next_event_after`](Ring::next_event_after).
    ///
    /// # Examples
    /// ```
    /// use privyseal::ring::{Material, NewKey, NewRing, Note, Operation, Ring, RingId, RingPolicy};
    /// use privyseal::{KeyRing, SecretKey, Timestamp};
    ///
    /// // Unwrapped, as in a private file.
    /// let new_key = |secret: &SecretKey| {
    ///     Ok::<_, Box<dyn std::error::Error>>(NewKey {
    ///         id: secret.id(),
    ///         material: Material::new(secret.expose_bytes().to_vec())?,
    ///         note: Note::default(),
    ///     })
    /// };
    /// let (primary, standby) = (SecretKey::generate()?, SecretKey::generate()?);
    /// let now = Timestamp::from_unix_seconds(1_700_000_000);
    /// let new = NewRing {
    ///     id: RingId::from_bytes([7; 16]),
    ///     policy: RingPolicy::default(),
    ///     primary: new_key(&primary)?,
    ///     standby: new_key(&standby)?,
    /// };
    /// let ring = Ring::init(new, now)?;
    ///
    /// let keys = KeyRing::from_ring(&ring, now, |key| {
    ///     Some(key.material().as_bytes().to_vec().into())
    /// });
    /// assert_eq!(keys.signer()?.id(), primary.id());
    /// assert_eq!(keys.keys().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_ring(
        ring: &Ring,
        now: Timestamp,
        mut unwrap: impl FnMut(&KeyRecord) -> Option<Zeroizing<Vec<u8>>>,
    ) -> Self {
        let mut unwrap = |record: &KeyRecord| {
            let key = RingKey::new(unwrap(record)?);
            (key.id() == record.id()).then(|| Arc::new(key))
        };
        let mut off_duty = BTreeMap::new();
        let mut keep = |record: &KeyRecord, keys: &mut Vec<_>, why: Option<OffDuty>| {
            let key = unwrap(record);
            if let Some(why) = key.as_ref().map_or(Some(OffDuty::Locked), |_| why) {
                off_duty.insert(record.id(), why);
            }
            keys.extend(key);
        };

        let (mut keys, mut suspended) = (Vec::new(), Vec::new());
        for record in ring.verifiers_at(now) {
            keep(record, &mut keys, None);
        }
        for record in ring.keys() {
            if ring.standing(record.id(), now) == Standing::Suspended {
                keep(record, &mut suspended, Some(OffDuty::Suspended));
            }
        }
        off_duty.extend(ended(ring, now));
        let signer = ring.signer_at(now).id();
        let is_here = keys.first().is_some_and(|key: &Arc<_>| key.id() == signer);
        Self(Arc::new(Snapshot {
            keys,
            signing: if is_here {
                Signing::Now
            } else {
                Signing::NotNow
            },
            suspended,
            off_duty,
            stale: false,
        }))
    }

    /// The same keys on a node that has not heard of its ring for longer than the lease of the
    /// [policy](crate::ring::RingPolicy).
    ///
    /// It does not sign, for another key may sign by now, and what it signed might not be accepted
    /// anywhere. It verifies with the keys it knows; what may be a token of another key is
    /// [unavailable](crate::Error::is_unavailable).
    #[must_use]
    pub fn stale(&self) -> Self {
        self.changed(|ring| {
            ring.stale = true;
            if ring.signing == Signing::Now {
                ring.signing = Signing::NotNow;
            }
        })
    }

    /// The ring of a node that has read none yet: it has no key, signs nothing and refuses nothing,
    /// but says of every token that it is [unavailable](crate::Error::is_unavailable).
    pub fn unavailable() -> Self {
        Self::of_keys(Vec::new(), Signing::NotNow).stale()
    }
}

/// The keys that have ended, and how.
fn ended(ring: &Ring, now: Timestamp) -> impl Iterator<Item = (KeyId, OffDuty)> {
    let kept = ring.keys().iter().map(KeyRecord::id);
    let destroyed = ring.tombstones().iter().map(Tombstone::id);
    kept.chain(destroyed).filter_map(move |id| {
        let why = match ring.standing(id, now) {
            Standing::Revoked | Standing::Destroyed(Ending::Revoked) => OffDuty::Revoked,
            Standing::Expired | Standing::Destroyed(Ending::Expired) => OffDuty::Expired,
            _ => return None,
        };
        Some((id, why))
    })
}

#[cfg(test)]
mod tests;

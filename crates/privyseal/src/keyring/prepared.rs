//! The keys of a ring, each with what was made of it for one use.

use std::fmt;

use super::{KeyId, KeyRing, RingKey};
use crate::error::{Error, Kind};

/// The verifying keys of a ring, prepared for one use.
#[derive(Clone)]
pub(crate) struct Prepared<P> {
    ring: KeyRing,
    /// In the order of the ring.
    keys: Vec<P>,
}

/// A key that was asked for, and its preparation.
pub(crate) struct Named<'p, P> {
    pub(crate) key: &'p RingKey,
    pub(crate) prepared: &'p P,
    /// Whether it is not the one that signs now.
    pub(crate) needs_reissue: bool,
}

impl<P> Prepared<P> {
    pub(crate) fn new(ring: &KeyRing, prepare: impl Fn(&RingKey) -> P) -> Self {
        Self {
            keys: ring.keys().map(prepare).collect(),
            ring: ring.clone(),
        }
    }

    /// The key that signs.
    pub(crate) fn signer(&self) -> Result<(&RingKey, &P), Error> {
        let key = self.ring.signer()?;
        let prepared = self.keys.first();
        prepared
            .map(|prepared| (key, prepared))
            .ok_or_else(|| Error::new(Kind::NoSigningKey))
    }

    /// The key that a token names. No other one may answer for it: whoever changes the name would
    /// choose the key.
    pub(crate) fn named(&self, id: KeyId) -> Result<Named<'_, P>, Error> {
        self.find(|key, _| key.id() == id)
            .ok_or_else(|| self.ring.refusal_of(id))
    }

    /// The first key in the order of trial for which this holds.
    pub(crate) fn find(&self, holds: impl Fn(&RingKey, &P) -> bool) -> Option<Named<'_, P>> {
        let mut keys = self.ring.keys().zip(&self.keys).enumerate();
        let (place, (key, prepared)) = keys.find(|(_, (key, prepared))| holds(key, prepared))?;
        Some(Named {
            key,
            prepared,
            needs_reissue: place > 0 || self.ring.primary().is_none(),
        })
    }
}

impl<P> fmt::Debug for Prepared<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ring.keys()).finish()
    }
}

//! A ring that was read, and what opens its keys.

use privyseal::ring::{KeyRecord, NewKey, Ring};
use privyseal::{KeyRing, SecretKey, Timestamp};
use zeroize::Zeroizing;

use super::KeeperError;
use crate::kek::{Envelope, KekError};

/// A ring as it was read, authenticated, with the envelope that its keys are in.
///
/// # Security
/// Who has it has the keys. Its `Debug` shows none.
#[derive(Clone, Debug)]
pub struct Opened {
    ring: Ring,
    envelope: Envelope,
}

impl Opened {
    pub(super) fn new(ring: Ring, envelope: Envelope) -> Self {
        Self { ring, envelope }
    }

    /// The ring.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// What wraps and unwraps its keys.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// What signs and verifies at this time. Keys that do not unwrap are known as locked.
    pub fn snapshot(&self, now: Timestamp) -> KeyRing {
        KeyRing::from_ring(&self.ring, now, |record| self.envelope.unwrap(record).ok())
    }

    /// A new key from the randomness of the operating system, wrapped for this ring.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new_key(&self) -> Result<NewKey, KeeperError> {
        generate(&self.envelope)
    }

    /// The bytes of a key of the ring, in the clear.
    ///
    /// # Errors
    /// When it was not wrapped for this ring and this name.
    pub fn expose(&self, key: &KeyRecord) -> Result<Zeroizing<Vec<u8>>, KekError> {
        self.envelope.unwrap(key)
    }
}

impl AsRef<Ring> for Opened {
    fn as_ref(&self) -> &Ring {
        &self.ring
    }
}

pub(super) fn generate(envelope: &Envelope) -> Result<NewKey, KeeperError> {
    let key = SecretKey::generate()?;
    Ok(envelope.wrap(key.expose_bytes())?)
}

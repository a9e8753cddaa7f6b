//! The data key of a ring, and what is derived from it.

use std::fmt;

use privyseal::KeyId;
use privyseal::ring::{IntegrityKey, KeyRecord, Material, NewKey, Note, Operation, Ring, RingId};
use zeroize::Zeroizing;

use super::seal::{self, KEY_LEN, Key};
use super::slot::{self, Slot};
use super::{Kek, KekError, KekId, MAX_WRAPPED};

/// Wraps and unwraps the keys of one ring, and has the key of its MAC.
///
/// It is made with the ring, anew with every [rewrap](Self::rewrap), and otherwise opened from the
/// slot of the document. As long as that slot stays the same, a process needs no second envelope,
/// and nobody to unwrap it.
///
/// # Security
/// Whoever gets hold of it, from the memory of a node say, can read and write this ring until it is
/// rewrapped. After such a leak rewrap the ring first and revoke its keys then.
///
/// # Examples
/// ```
/// use privyseal::ring::{NewRing, Ring, RingId, RingPolicy, SealedRing};
/// use privyseal::{SecretKey, Timestamp};
/// use privyseal_keys::kek::{Envelope, FileKek};
///
/// # let place = tempfile::tempdir()?;
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let kek = FileKek::create(place.path().join("kek"))?;
/// let id = RingId::from_bytes([7; 16]); // random ones
/// let envelope = Envelope::create(&kek, id).await?;
/// let [primary, standby] = [SecretKey::generate()?, SecretKey::generate()?];
/// let ring = Ring::init(
///     NewRing {
///         id,
///         policy: RingPolicy::default(),
///         primary: envelope.wrap(primary.expose_bytes())?,
///         standby: envelope.wrap(standby.expose_bytes())?,
///     },
///     Timestamp::from_unix_seconds(1_700_000_000),
/// )?;
/// let document = ring.seal(envelope.integrity_key(), envelope.slot())?;
///
/// // On another node.
/// let sealed = SealedRing::parse(&document)?;
/// let envelope = Envelope::open(&kek, sealed.key_slot()).await?;
/// let ring = sealed.open(envelope.integrity_key())?;
/// assert_eq!(*envelope.unwrap(ring.primary())?, primary.expose_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Envelope {
    ring: RingId,
    kek: KekId,
    is_plain: bool,
    slot: Zeroizing<Vec<u8>>,
    integrity_key: IntegrityKey,
    material_key: Key,
}

impl Envelope {
    /// The most bytes of a key that a ring keeps.
    pub const MAX_KEY: usize = Material::MAX_LEN - seal::OVERHEAD;

    /// A new data key for a ring, wrapped.
    ///
    /// # Errors
    /// When the provider does not wrap it, or there is no randomness.
    pub async fn create(kek: &dyn Kek, ring: RingId) -> Result<Self, KekError> {
        let data_key = seal::random::<KEY_LEN>()?;
        let head = slot::head(ring, kek.id());
        let associated = slot::associated(&head);
        let wrapped = Zeroizing::new(kek.wrap(&*data_key, &associated).await?);
        if wrapped.is_empty() || wrapped.len() > MAX_WRAPPED {
            return Err(KekError::unfit(kek.id(), "what it wraps is too long"));
        }
        // Of the right size from the start: a buffer that grows leaves copies of keys behind.
        let mut slot = Zeroizing::new(Vec::with_capacity(head.len() + wrapped.len()));
        slot.extend_from_slice(&head);
        slot.extend_from_slice(&wrapped);
        Ok(Self::new(&data_key, ring, kek, slot))
    }

    /// The envelope of the ring with this slot.
    ///
    /// # Errors
    /// When the provider is away, another key has wrapped it, or the slot is not what it was.
    pub async fn open(kek: &dyn Kek, slot: &[u8]) -> Result<Self, KekError> {
        let parts = Slot::parse(slot).ok_or(KekError::BadSlot)?;
        let data_key = match kek.unwrap(parts.wrapped, &parts.associated).await {
            // The name in the slot proves nothing, but now it says what has happened.
            Err(KekError::Corrupt) if parts.kek != *kek.id() => {
                return Err(KekError::WrongKek {
                    named: parts.kek,
                    given: kek.id().clone(),
                });
            }
            answer => answer?,
        };
        let data_key = data_key.first_chunk().filter(|_| data_key.len() == KEY_LEN);
        let data_key = Zeroizing::new(*data_key.ok_or(KekError::Corrupt)?);
        let slot = Zeroizing::new(slot.to_vec());
        Ok(Self::new(&data_key, parts.ring, kek, slot))
    }

    fn new(data_key: &Key, ring: RingId, kek: &dyn Kek, slot: Zeroizing<Vec<u8>>) -> Self {
        let derive = |purpose: &[u8]| seal::derive(&**data_key, &[purpose, ring.as_bytes()]);
        Self {
            ring,
            kek: kek.id().clone(),
            is_plain: kek.is_plain(),
            slot,
            integrity_key: IntegrityKey::from_bytes(*derive(b"privyseal/v1/ring-integrity")),
            material_key: derive(b"privyseal/v1/ring-material"),
        }
    }

    /// The ring that it belongs to.
    pub fn ring(&self) -> RingId {
        self.ring
    }

    /// The key that has wrapped or unwrapped the data key.
    pub fn kek(&self) -> &KekId {
        &self.kek
    }

    /// Whether nothing is wrapped: who reads the ring has its keys.
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// What goes into the first line of the document; in a plain ring it is the data key itself.
    pub fn slot(&self) -> &[u8] {
        &self.slot
    }

    /// The key of the MAC of the document.
    pub fn integrity_key(&self) -> &IntegrityKey {
        &self.integrity_key
    }

    /// A key as it comes into the ring, under its name and without a note.
    ///
    /// # Errors
    /// When it is empty, longer than [`Envelope::MAX_KEY`], or there is no randomness.
    pub fn wrap(&self, key: &[u8]) -> Result<NewKey, KekError> {
        let id = KeyId::of(key);
        Ok(NewKey {
            id,
            material: self.material(id, key)?,
            note: Note::default(),
        })
    }

    /// The bytes of a key of the ring.
    ///
    /// # Errors
    /// When they were not wrapped by this envelope for this ring and this name, or are those of
    /// another key.
    pub fn unwrap(&self, record: &KeyRecord) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let id = record.id();
        let context = self.ring.wrapping_context(id);
        seal::open(&self.material_key, record.material().as_bytes(), &context)
            .filter(|key| KeyId::of(key) == id)
            .ok_or(KekError::CorruptKey(id))
    }

    /// A new envelope under this key, and what puts the keys of the ring into it: to be applied to
    /// the ring, which is then sealed with the new envelope.
    ///
    /// # Errors
    /// When a key does not unwrap, the provider does not wrap, or there is no randomness.
    pub async fn rewrap(&self, ring: &Ring, kek: &dyn Kek) -> Result<(Self, Operation), KekError> {
        let renewed = Self::create(kek, self.ring).await?;
        let materials = ring.keys().iter().map(|record| {
            let key = self.unwrap(record)?;
            Ok((record.id(), renewed.material(record.id(), &key)?))
        });
        let materials = materials.collect::<Result<_, KekError>>()?;
        Ok((renewed, Operation::Rewrap { materials }))
    }

    fn material(&self, id: KeyId, key: &[u8]) -> Result<Material, KekError> {
        let length = key.len();
        if !(1..=Self::MAX_KEY).contains(&length) {
            return Err(KekError::BadLength { length });
        }
        let context = self.ring.wrapping_context(id);
        let sealed = seal::seal(&self.material_key, key, &context)?;
        Material::new(sealed).map_err(|_| KekError::BadLength { length })
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("ring", &self.ring)
            .field("kek", &self.kek)
            .field("is_plain", &self.is_plain)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kek::PlainKek;

    #[tokio::test]
    async fn a_key_under_the_name_of_another_one_is_refused() {
        let kek = PlainKek::for_file("nowhere");
        let id = RingId::from_bytes([1; 16]);
        let envelope = Envelope::create(&kek, id).await.unwrap();
        let [mut primary, standby] = [[2; 32], [3; 32]].map(|key| envelope.wrap(&key).unwrap());
        // As a writer would do it that mixes up its keys: wrapped for the name, and another key.
        primary.material = envelope.material(primary.id, &[4; 32]).unwrap();
        let new = privyseal::ring::NewRing {
            id,
            policy: privyseal::ring::RingPolicy::default(),
            primary,
            standby,
        };
        let now = privyseal::Timestamp::from_unix_seconds(1_700_000_000);
        let ring = Ring::init(new, now).unwrap();
        let refused = envelope.unwrap(ring.primary()).unwrap_err();
        assert!(matches!(refused, KekError::CorruptKey(name) if name == ring.primary().id()));
        assert!(envelope.unwrap(ring.standby().unwrap()).is_ok());
        assert!(envelope.rewrap(&ring, &kek).await.is_err());
    }

    #[tokio::test]
    async fn keys_have_1_to_984_bytes() {
        let kek = PlainKek::for_file("nowhere");
        let envelope = Envelope::create(&kek, RingId::from_bytes([1; 16]))
            .await
            .unwrap();
        for (length, fits) in [(0, false), (1, true), (984, true), (985, false)] {
            assert_eq!(envelope.wrap(&vec![7; length]).is_ok(), fits, "{length}");
        }
    }
}

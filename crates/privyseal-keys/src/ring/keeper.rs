//! Reads a ring and changes it, whoever else does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use privyseal::ring::{NewRing, Operation, Ring, RingError, RingId, RingPolicy, SealedRing};
use privyseal::{Clock, SecretKey};
use tokio::time::timeout;

use super::opened::generate;
use super::{KeeperError, Opened};
use crate::kek::{Envelope, Kek, KekError};
use crate::repository::{DynRepository, Repository, Stored, Swap};

/// A repository, and who unwraps the ring in it.
///
/// # Examples
/// ```
/// # #[cfg(feature = "files")] {
/// use std::sync::Arc;
///
/// use privyseal::ring::{Operation, RingPolicy};
/// use privyseal::SystemClock;
/// use privyseal_keys::kek::FileKek;
/// use privyseal_keys::repository::{DynRepository, FileRepository};
/// use privyseal_keys::ring::{Keeper, NewKeys};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let place = tempfile::tempdir()?;
/// let kek = FileKek::create(place.path().join("kek"))?;
/// let repository = DynRepository::new(FileRepository::new(place.path().join("ring")));
/// let keeper = Keeper::new(repository, Arc::new(kek));
/// keeper.init(RingPolicy::default(), NewKeys::default(), &SystemClock).await?;
///
/// // Somebody has seen the standby. It is replaced before it ever signs.
/// let opened = keeper
///     .apply(&SystemClock, |opened| {
///         let standby = opened.ring().standby().map(|key| key.id());
///         let Some(key) = standby else { return Ok(None) };
///         let standby = Some(opened.new_key()?);
///         Ok(Some(Operation::Revoke { key, standby, note: None }))
///     })
///     .await?;
/// assert_eq!(opened.ring().generation(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Keeper {
    repository: DynRepository,
    /// Wraps what is new.
    kek: Arc<dyn Kek>,
    /// Unwrap what was there before.
    further: Vec<Arc<dyn Kek>>,
    expected: Option<RingId>,
    /// That of the last slot: it is unwrapped once, and then serves all generations.
    envelope: Mutex<Option<Envelope>>,
}

/// The first keys of a ring; those that are not given are made.
#[derive(Debug, Default)]
pub struct NewKeys {
    /// The key that signs at once.
    pub primary: Option<SecretKey>,
    /// The key that takes over from it.
    pub standby: Option<SecretKey>,
}

impl Keeper {
    /// For the ring in this repository, wrapped by this key.
    pub fn new(repository: DynRepository, kek: Arc<dyn Kek>) -> Self {
        Self {
            repository,
            kek,
            further: Vec::new(),
            expected: None,
            envelope: Mutex::default(),
        }
    }

    /// Also opens rings that this key has wrapped: where a ring is about to be rewrapped, every
    /// node needs both.
    #[must_use]
    pub fn with_further_kek(mut self, kek: Arc<dyn Kek>) -> Self {
        self.further.push(kek);
        self
    }

    /// Takes no other ring than this one, not even when it starts.
    ///
    /// A node has no memory: without this it takes whatever it finds first, were it the restored
    /// backup of another installation.
    #[must_use]
    pub fn with_ring(mut self, id: RingId) -> Self {
        self.expected = Some(id);
        self
    }

    /// Where the ring is.
    pub fn repository(&self) -> &DynRepository {
        &self.repository
    }

    /// The ring, authenticated; `None` only if it is certain that none was ever made.
    ///
    /// # Errors
    /// When it cannot be read, unwrapped or believed, and when it is another one.
    pub async fn read(&self) -> Result<Option<Opened>, KeeperError> {
        match self.repository.read().await? {
            None => Ok(None),
            Some(stored) => self.open(&stored).await.map(Some),
        }
    }

    /// Makes a ring where there is none.
    ///
    /// # Errors
    /// When there is one, when the policy does not hold, and when it cannot be wrapped or written.
    pub async fn init(
        &self,
        policy: RingPolicy,
        keys: NewKeys,
        clock: &dyn Clock,
    ) -> Result<Opened, KeeperError> {
        policy.check().map_err(RingError::from)?;
        if self.repository.read().await?.is_some() {
            return Err(KeeperError::Exists);
        }
        let id = match self.expected {
            Some(id) => id,
            None => random_id()?,
        };
        let envelope = Envelope::create(self.kek.as_ref(), id).await?;
        let wrap = |key: Option<SecretKey>| match key {
            Some(key) => Ok(envelope.wrap(key.expose_bytes())?),
            None => generate(&envelope),
        };
        let (primary, standby) = (wrap(keys.primary)?, wrap(keys.standby)?);
        let new = NewRing {
            id,
            policy,
            primary,
            standby,
        };
        let made = Opened::new(Ring::init(new, clock.now())?, envelope);
        match self.swap(None, &made).await? {
            Swap::Done => Ok(made),
            Swap::Conflict => Err(KeeperError::Exists),
        }
    }

    /// Changes the ring as `choose` says when it sees the present one; with `None` it stays as it
    /// is. Returns the ring as it then is.
    ///
    /// If others are faster, `choose` is asked again with what they have written.
    ///
    /// # Errors
    /// When the ring cannot be read, refuses the operation or cannot be written. With
    /// [`OutcomeUnknown`](KeeperError::OutcomeUnknown) alone it may have been changed.
    pub async fn apply(
        &self,
        clock: &dyn Clock,
        mut choose: impl FnMut(&Opened) -> Result<Option<Operation>, KeeperError>,
    ) -> Result<Opened, KeeperError> {
        for _ in 0..MAX_CONFLICTS {
            let opened = self.read().await?.ok_or(KeeperError::Absent)?;
            let Some(operation) = choose(&opened)? else {
                return Ok(opened);
            };
            let next = opened.ring().apply(operation, clock.now())?;
            let next = Opened::new(next, opened.envelope().clone());
            if self.replace(&opened, &next).await? == Swap::Done {
                return Ok(next);
            }
        }
        Err(KeeperError::Contended(MAX_CONFLICTS))
    }

    /// Wraps the same keys anew, under the key that this keeper was made with.
    ///
    /// Nodes that do not know that key cannot read the ring afterwards: see
    /// [`with_further_kek`](Self::with_further_kek).
    ///
    /// # Errors
    /// When the ring cannot be read, unwrapped, wrapped or written.
    pub async fn rewrap(&self, clock: &dyn Clock) -> Result<Opened, KeeperError> {
        for _ in 0..MAX_CONFLICTS {
            let opened = self.read().await?.ok_or(KeeperError::Absent)?;
            let kek = self.kek.as_ref();
            let (envelope, operation) = opened.envelope().rewrap(opened.ring(), kek).await?;
            let next = opened.ring().apply(operation, clock.now())?;
            let next = Opened::new(next, envelope);
            if self.replace(&opened, &next).await? == Swap::Done {
                return Ok(next);
            }
        }
        Err(KeeperError::Contended(MAX_CONFLICTS))
    }

    /// The last generations, this one first, as far as the repository keeps them.
    ///
    /// # Errors
    /// When the repository cannot be read. A single generation that cannot be opened is an error
    /// in its place, with the number that the repository gives it.
    pub async fn history(
        &self,
        limit: usize,
    ) -> Result<Vec<(u64, Result<Opened, KeeperError>)>, KeeperError> {
        let mut generations = Vec::new();
        for stored in self.repository.history(limit).await? {
            generations.push((stored.generation, self.open(&stored).await));
        }
        Ok(generations)
    }

    async fn open(&self, stored: &Stored) -> Result<Opened, KeeperError> {
        let sealed = SealedRing::parse(&stored.bytes)?;
        let envelope = self.envelope_of(sealed.key_slot()).await?;
        let ring = sealed.open(envelope.integrity_key())?;
        if ring.generation() != stored.generation {
            return Err(KeeperError::Misfiled {
                document: ring.generation(),
                repository: stored.generation,
            });
        }
        if let Some(expected) = self.expected.filter(|expected| *expected != ring.id()) {
            return Err(KeeperError::Foreign {
                expected,
                found: ring.id(),
            });
        }
        // Only now: a slot that nothing has vouched for must not push out the one that works.
        *self.lock() = Some(envelope.clone());
        Ok(Opened::new(ring, envelope))
    }

    async fn envelope_of(&self, slot: &[u8]) -> Result<Envelope, KeeperError> {
        if let Some(known) = self.lock().as_ref().filter(|known| known.slot() == slot) {
            return Ok(known.clone());
        }
        let mut refusal = match Envelope::open(self.kek.as_ref(), slot).await {
            Ok(envelope) => return Ok(envelope),
            Err(refusal) => refusal,
        };
        for kek in &self.further {
            match Envelope::open(kek.as_ref(), slot).await {
                Ok(envelope) => return Ok(envelope),
                // What the first one says is told, but that one of them is away says more.
                Err(error) if error.is_unavailable() => refusal = error,
                Err(_) => {}
            }
        }
        Err(refusal.into())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Envelope>> {
        self.envelope.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn replace(&self, known: &Opened, next: &Opened) -> Result<Swap, KeeperError> {
        self.swap(Some(known.ring().generation()), next).await
    }

    /// Writes a generation. If the repository leaves open whether it did, it is asked.
    async fn swap(&self, expected: Option<u64>, next: &Opened) -> Result<Swap, KeeperError> {
        let bytes = next
            .ring()
            .seal(next.envelope().integrity_key(), next.envelope().slot())?;
        let stored = Stored {
            generation: next.ring().generation(),
            bytes: bytes.to_vec(),
        };
        let deadline = swap_deadline(next.ring().policy());
        let swapping = self.repository.compare_and_swap(expected, &stored);
        let failure = match timeout(deadline, swapping).await {
            Ok(Ok(swap)) => return Ok(swap),
            Ok(Err(error)) if !error.is_unavailable() => return Err(error.into()),
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        match timeout(READ_DEADLINE, self.repository.read()).await {
            Ok(Ok(Some(found))) if found == stored => Ok(Swap::Done),
            // It is as it was, and the connection that was to change it is gone.
            Ok(Ok(found)) if found.as_ref().map(|found| found.generation) == expected => {
                Err(failure.map_or(KeeperError::OutcomeUnknown, Into::into))
            }
            _ => Err(KeeperError::OutcomeUnknown),
        }
    }
}

/// How long a write may take. That a new key is known to every node before it signs counts from
/// the time in the document, so a write that takes longer must not be believed in.
fn swap_deadline(policy: &RingPolicy) -> Duration {
    let reach = policy.lease.saturating_add(policy.skew);
    let slack = policy.activation.saturating_sub(reach);
    Duration::from_secs(slack.clamp(1, 10))
}

fn random_id() -> Result<RingId, KeeperError> {
    let mut id = [0; RingId::LEN];
    getrandom::fill(&mut id).map_err(|_| KekError::NoRandomness)?;
    Ok(RingId::from_bytes(id))
}

/// How often a change is tried when others are faster.
const MAX_CONFLICTS: u32 = 64;

const READ_DEADLINE: Duration = Duration::from_secs(5);

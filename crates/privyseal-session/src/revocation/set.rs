//! The revocations that a node holds in memory.
//!
//! A set is 4096 sorted arrays, chosen by the first bits of the name. Names are uniformly random
//! already, so they are not hashed again. An attacker does not choose them either: only names from
//! authentic cookies are looked up, ids are drawn by us, MACs need the key. Whoever does bend the
//! distribution, with subjects of his own or by ending only chosen sessions, makes one array longer
//! than the others, and a search in it some steps longer: it halves, whatever the names.
//!
//! Who reads takes no lock: each array is replaced as a whole. Writing copies one array of a few
//! kilobytes, and is rare beside reading. Nearly every session that is asked about was not revoked,
//! and a filter of a megabyte says so before any array is looked at.

mod entry;
mod filter;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use privyseal::Timestamp;

use self::entry::Entry;
use self::filter::Filter;
use super::{Revocation, RevocationName};

/// A set of revocations, shared by reference.
pub(super) struct Set {
    shards: Box<[Shard]>,
    filter: Filter,
    /// Held by whoever writes; the number of the shard that is swept next.
    writer: Mutex<usize>,
    len: AtomicUsize,
    /// In seconds since 1970.
    last_floor: AtomicU64,
}

/// Sorted by name. The box has no spare room; the arc around it is what arc-swap takes.
type Shard = ArcSwap<Box<[Entry]>>;

impl Set {
    pub(super) fn new() -> Self {
        // All empty shards are one allocation.
        let empty = Arc::new(Box::default());
        let shards = (0..SHARDS).map(|_| Shard::new(Arc::clone(&empty)));
        Self {
            shards: shards.collect(),
            filter: Filter::new(),
            writer: Mutex::new(0),
            len: AtomicUsize::new(0),
            last_floor: AtomicU64::new(0),
        }
    }

    /// How many names are revoked, with those that could be forgotten and are not yet.
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Up to when sessions of this name must have begun to be refused.
    #[inline]
    pub(super) fn began_until(&self, name: &RevocationName) -> Option<Timestamp> {
        if !self.filter.may_contain(name) {
            return None;
        }
        let entries = self.shard(name)?.load();
        let at = entry::search(&entries, name).ok()?;
        entries.get(at).map(Entry::began_until)
    }

    /// The latest time up to which any sessions must have begun to be refused, apart from those
    /// that are refused whenever they began.
    pub(super) fn last_floor(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.last_floor.load(Ordering::Acquire))
    }

    /// Takes a statement in, and makes an earlier one about the same name as long as this one.
    pub(super) fn insert(&self, revocation: &Revocation) {
        let Some(shard) = self.shard(&revocation.name) else {
            return;
        };
        let _writer = self.lock();
        if revocation.began_until < revocation.forget_at {
            let floor = revocation.began_until.unix_seconds();
            self.last_floor.fetch_max(floor, Ordering::AcqRel);
        }
        let entries = shard.load();
        let new = Entry::new(revocation);
        match entry::search(&entries, &revocation.name) {
            Ok(at) => {
                let extended = entries.get(at).map(|old| old.extended_by(&new));
                if extended.as_ref() != entries.get(at) {
                    shard.store(spliced(&entries, at, at + 1, extended));
                }
            }
            Err(at) => {
                shard.store(spliced(&entries, at, at, Some(new)));
                self.len.fetch_add(1, Ordering::Relaxed);
                // Last, so that whoever is let through finds the entry.
                self.filter.insert(&revocation.name);
            }
        }
    }

    /// Looks through the next `shards` shards for entries that may be forgotten, gives their
    /// memory back, and returns how many there were.
    ///
    /// Nobody needs to be told the time to ask the set: an entry that outstays refuses only what
    /// has expired.
    pub(super) fn forget(&self, now: Timestamp, shards: usize) -> usize {
        let mut forgotten = 0;
        if self.len() == 0 {
            return forgotten;
        }
        for _ in 0..shards.min(SHARDS) {
            // The lock is taken for one shard at a time, so that nobody waits for all of them.
            let mut next = self.lock();
            forgotten += self.sweep(*next, now);
            *next = (*next + 1) % SHARDS;
        }
        forgotten
    }

    /// Only for whoever holds the lock.
    fn sweep(&self, number: usize, now: Timestamp) -> usize {
        let Some(shard) = self.shards.get(number) else {
            return 0;
        };
        let entries = shard.load();
        let in_force = |entry: &&Entry| !entry.may_be_forgotten(now);
        let kept = entries.iter().filter(in_force).count();
        let forgotten = entries.len() - kept;
        if forgotten > 0 {
            let mut rest = Vec::with_capacity(kept);
            rest.extend(entries.iter().filter(in_force));
            self.filter.replace(number, rest.iter().map(Entry::tail));
            shard.store(Arc::new(rest.into_boxed_slice()));
            self.len.fetch_sub(forgotten, Ordering::Relaxed);
        }
        forgotten
    }

    #[inline]
    fn shard(&self, name: &RevocationName) -> Option<&Shard> {
        self.shards.get(leading_bits(name.as_bytes(), SHARD_BITS))
    }

    /// A writer that panicked left each shard as it was or as it was to be.
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the set occupies, by the sizes of its parts.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let arrays = self.shards.iter().map(|shard| {
            // Two counts and a fat pointer, and the array.
            4 * size_of::<usize>() + size_of_val(&**shard.load_full())
        });
        self.filter.bytes() + size_of_val(&*self.shards) + arrays.sum::<usize>()
    }
}

/// So many of the first bits, at most 32.
#[inline]
fn leading_bits(name: &[u8; RevocationName::LEN], bits: u32) -> usize {
    let [a, b, c, d, ..] = *name;
    let leading = u32::from_be_bytes([a, b, c, d]) >> (u32::BITS - bits);
    usize::try_from(leading).unwrap_or(0)
}

/// The entries with those from `from` to `to` replaced.
fn spliced(entries: &[Entry], from: usize, to: usize, new: Option<Entry>) -> Arc<Box<[Entry]>> {
    let (before, after) = (entries.get(..from), entries.get(to..));
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let mut all = Vec::with_capacity(before.len() + usize::from(new.is_some()) + after.len());
    all.extend_from_slice(before);
    all.extend(new);
    all.extend_from_slice(after);
    Arc::new(all.into_boxed_slice())
}

/// Names of one shard agree in so many bits, more than the first byte of them.
const SHARD_BITS: u32 = 12;
pub(super) const SHARDS: usize = 1 << SHARD_BITS;

#[cfg(test)]
mod tests;

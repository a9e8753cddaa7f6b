//! One revocation in 22 bytes.

use privyseal::Timestamp;

use super::SHARD_BITS;
use crate::revocation::{Revocation, RevocationName};

/// A revocation; the first byte of its name is implied by its shard. It has no alignment, so that
/// an array of them has no gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    tail: Tail,
    /// Seconds since 1970; the last number, in 2106, is all that is later.
    began_until: [u8; 4],
    /// Units of 256 seconds since 1970, rounded up; the last number is all that is later, which
    /// is never forgotten.
    forget_at: [u8; 3],
}

/// A name without its first byte.
pub(super) type Tail = [u8; RevocationName::LEN - 1];

impl Entry {
    pub(super) fn new(revocation: &Revocation) -> Self {
        let [_, tail @ ..] = *revocation.name.as_bytes();
        let seconds = revocation.began_until.unix_seconds();
        let units = revocation.forget_at.unix_seconds().div_ceil(UNIT);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        let units = u32::try_from(units).map_or(NEVER, |units| units.min(NEVER));
        let [_, forget_at @ ..] = units.to_be_bytes();
        Self {
            tail,
            began_until: seconds.to_be_bytes(),
            forget_at,
        }
    }

    pub(super) fn began_until(&self) -> Timestamp {
        match u32::from_be_bytes(self.began_until) {
            u32::MAX => Timestamp::from_unix_seconds(u64::MAX),
            seconds => Timestamp::from_unix_seconds(seconds.into()),
        }
    }

    pub(super) fn may_be_forgotten(&self, now: Timestamp) -> bool {
        let [high, middle, low] = self.forget_at;
        let units = u32::from_be_bytes([0, high, middle, low]);
        units != NEVER && u64::from(units) * UNIT <= now.unix_seconds()
    }

    pub(super) fn tail(&self) -> &Tail {
        &self.tail
    }

    /// The same name, refused for as long as either says.
    pub(super) fn extended_by(&self, other: &Self) -> Self {
        // Big-endian numbers compare as their bytes do.
        Self {
            tail: self.tail,
            began_until: self.began_until.max(other.began_until),
            forget_at: self.forget_at.max(other.forget_at),
        }
    }
}

/// Where the name is among the sorted entries of its shard, or where it belongs.
///
/// Most of a search is waiting for memory. Names are spread evenly, so the search starts where the
/// name is to be expected, and is done within a cache line or two; the distance it goes from there
/// doubles, so that names which are not spread evenly cost a logarithm.
#[inline]
pub(super) fn search(entries: &[Entry], name: &RevocationName) -> Result<usize, usize> {
    let [_, tail @ ..] = *name.as_bytes();
    let wanted = number(&tail);
    let is_before = |at: usize| {
        let entry = entries.get(at);
        entry.is_some_and(|entry| number(&entry.tail) < wanted)
    };
    let guess = expected(entries.len(), name);
    let mut step = FIRST_STEP;
    let (mut low, mut high) = (guess + 1, entries.len());
    if is_before(guess) {
        while is_before(low.saturating_add(step)) {
            low += step + 1;
            step *= 2;
        }
        high = high.min(low.saturating_add(step));
    } else {
        high = high.min(guess);
        while high > step && !is_before(high - step) {
            high -= step;
            step *= 2;
        }
        low = high.saturating_sub(step);
    }
    let near = entries.get(low..high.saturating_add(1).min(entries.len()));
    let found = near.unwrap_or_default();
    let found = found.binary_search_by(|entry| number(&entry.tail).cmp(&wanted));
    found.map(|at| low + at).map_err(|at| low + at)
}

/// Where a name would be among so many if they were spread exactly evenly over the shard.
#[inline]
fn expected(len: usize, name: &RevocationName) -> usize {
    let share = u128::from_be_bytes(*name.as_bytes()) << SHARD_BITS >> 64;
    usize::try_from((share * len as u128) >> 64).unwrap_or(0)
}

/// The tail as a number, which compares at once.
#[inline]
fn number(tail: &Tail) -> u128 {
    let mut bytes = [0; 16];
    let [_, rest @ ..] = &mut bytes;
    *rest = *tail;
    u128::from_be_bytes(bytes)
}

/// Entries: about a cache line.
const FIRST_STEP: usize = 3;

/// Seconds in a unit of `forget_at`: three bytes of them reach as far as four bytes of seconds.
const UNIT: u64 = 256;

const NEVER: u32 = (1 << 24) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(began_until: u64, forget_at: u64) -> Entry {
        Entry::new(&Revocation {
            name: RevocationName::from_bytes([1; 16]),
            began_until: Timestamp::from_unix_seconds(began_until),
            forget_at: Timestamp::from_unix_seconds(forget_at),
        })
    }

    fn forgotten(entry: &Entry, now: u64) -> bool {
        entry.may_be_forgotten(Timestamp::from_unix_seconds(now))
    }

    #[test]
    fn an_entry_has_22_bytes() {
        assert_eq!((size_of::<Entry>(), align_of::<Entry>()), (22, 1));
    }

    #[test]
    fn the_time_of_forgetting_is_never_rounded_down() {
        for forget_at in [0, 1, 255, 256, 257, 1_795_000_000, 4_294_966_784] {
            let entry = entry(0, forget_at);
            assert!(forget_at == 0 || !forgotten(&entry, forget_at - 1));
            assert!(forgotten(&entry, forget_at + 255), "{forget_at}");
        }
    }

    #[test]
    fn what_is_too_far_away_for_an_entry_is_for_ever() {
        let last = u64::from(u32::MAX);
        for far in [last, last + 1, 1 << 40, u64::MAX] {
            let entry = entry(far, far);
            assert_eq!(entry.began_until().unix_seconds(), u64::MAX);
            assert!(!forgotten(&entry, u64::MAX));
        }
        assert_eq!(entry(last - 1, 0).began_until().unix_seconds(), last - 1);
    }
}

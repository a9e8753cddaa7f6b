//! Says of most names that they are not in the set, at the price of one word of memory.

use std::sync::atomic::{AtomicU64, Ordering};

use super::entry::Tail;
use super::{SHARD_BITS, SHARDS, leading_bits};
use crate::revocation::RevocationName;

/// A Bloom filter in words: the first bits of a name choose one, and its last bytes three bits
/// there. With a million names it lets one in twenty of all others through; who is let through is
/// looked up.
///
/// Each shard has words of its own, which are made anew when it has forgotten something.
pub(super) struct Filter(Box<[AtomicU64]>);

impl Filter {
    pub(super) fn new() -> Self {
        Self((0..SHARDS * WORDS).map(|_| AtomicU64::new(0)).collect())
    }

    #[inline]
    pub(super) fn may_contain(&self, name: &RevocationName) -> bool {
        let [_, tail @ ..] = name.as_bytes();
        let mask = mask(tail);
        let word = self.word(name);
        word.is_none_or(|word| word.load(Ordering::Acquire) & mask == mask)
    }

    pub(super) fn insert(&self, name: &RevocationName) {
        let [_, tail @ ..] = name.as_bytes();
        if let Some(word) = self.word(name) {
            word.fetch_or(mask(tail), Ordering::AcqRel);
        }
    }

    /// Makes the words of a shard anew from the names that stay. Their bits are set all the time.
    pub(super) fn replace<'a>(&self, shard: usize, tails: impl Iterator<Item = &'a Tail>) {
        let mut words = [0; WORDS];
        for tail in tails {
            // The shard is the first byte and a half, which leaves this much of the word's bits.
            let [second, third, ..] = *tail;
            let to_byte_3 = u16::from_be_bytes([second, third]);
            let number = usize::from(to_byte_3 >> (24 - WORD_BITS)) % WORDS;
            if let Some(word) = words.get_mut(number) {
                *word |= mask(tail);
            }
        }
        let own = self.0.iter().skip(shard * WORDS);
        for (word, new) in own.zip(words) {
            word.store(new, Ordering::Release);
        }
    }

    #[inline]
    fn word(&self, name: &RevocationName) -> Option<&AtomicU64> {
        self.0.get(leading_bits(name.as_bytes(), WORD_BITS))
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }
}

/// Three bits, or fewer if some are the same.
#[inline]
fn mask(tail: &Tail) -> u64 {
    let [.., a, b, c] = *tail;
    let bit = |byte: u8| 1 << (u32::from(byte) % u64::BITS);
    bit(a) | bit(b) | bit(c)
}

/// A megabyte of them, which a processor has in its cache.
const WORD_BITS: u32 = 17;

/// In a shard.
const WORDS: usize = 1 << (WORD_BITS - SHARD_BITS);

#[cfg(test)]
mod tests {
    use super::*;

    /// The words and the shards have to be made of the same bits.
    #[test]
    fn a_name_that_stays_is_found_after_its_shard_was_made_anew() {
        for bit in 0..128 {
            let name = RevocationName::from_bytes((1_u128 << (127 - bit)).to_be_bytes());
            let [_, tail @ ..] = name.as_bytes();
            let (inserted, replaced) = (Filter::new(), Filter::new());
            inserted.insert(&name);
            let shard = leading_bits(name.as_bytes(), SHARD_BITS);
            replaced.replace(shard, [tail].into_iter());
            for filter in [&inserted, &replaced] {
                assert!(filter.may_contain(&name), "{bit}");
                let words = filter
                    .0
                    .iter()
                    .filter(|word| word.load(Ordering::SeqCst) != 0);
                assert_eq!(words.count(), 1);
            }
            replaced.replace(shard, std::iter::empty());
            assert!(!replaced.may_contain(&name));
        }
    }

    #[test]
    fn of_names_that_are_not_there_it_lets_few_through() {
        let filter = Filter::new();
        (0..1_000_000).for_each(|number| filter.insert(&mixed(number)));
        let others = (1_000_000..1_010_000).filter(|number| filter.may_contain(&mixed(*number)));
        let through = others.count();
        assert!(through < 600, "{through}");
    }

    /// As good as random, and faster in a debug build.
    fn mixed(number: u128) -> RevocationName {
        const ODD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
        let mixed = number.wrapping_mul(ODD);
        let mixed = (mixed ^ (mixed >> 64)).wrapping_mul(ODD);
        RevocationName::from_bytes((mixed ^ (mixed >> 64)).to_be_bytes())
    }
}

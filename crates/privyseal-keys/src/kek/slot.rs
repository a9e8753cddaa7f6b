//! The key slot of a document: for whom the data key is wrapped, and that key, wrapped.
//!
//! ```text
//! version 0x01 (1) | ring id (16) | length of the name (1) | name of the KEK | wrapped data key
//! ```
//!
//! What comes before the wrapped data key is bound to it as associated data.

use privyseal::ring::RingId;

use super::{KekId, MAX_WRAPPED};

/// What stands in a slot. Nothing of it is authenticated until the data key is unwrapped.
pub(super) struct Slot<'a> {
    pub(super) ring: RingId,
    pub(super) kek: KekId,
    pub(super) associated: Vec<u8>,
    pub(super) wrapped: &'a [u8],
}

impl<'a> Slot<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (ring, rest) = rest.split_first_chunk::<{ RingId::LEN }>()?;
        let (length, rest) = rest.split_first()?;
        let (name, wrapped) = rest.split_at_checked((*length).into())?;
        if *version != VERSION || !(1..=MAX_WRAPPED).contains(&wrapped.len()) {
            return None;
        }
        let head = bytes.len().checked_sub(wrapped.len())?;
        Some(Self {
            ring: RingId::from_bytes(*ring),
            kek: KekId::new(str::from_utf8(name).ok()?)?,
            associated: associated(bytes.get(..head)?),
            wrapped,
        })
    }
}

/// The part of a slot before the wrapped data key.
pub(super) fn head(ring: RingId, kek: &KekId) -> Vec<u8> {
    let name = kek.as_str().as_bytes();
    // A name has at most 255 bytes.
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    [&[VERSION], ring.as_bytes().as_slice(), &[length], name].concat()
}

/// What the wrapped data key is bound to.
pub(super) fn associated(head: &[u8]) -> Vec<u8> {
    [b"privyseal/v1/ring-data-key".as_slice(), head].concat()
}

const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slot_is_read_as_it_was_written() {
        let ring = RingId::from_bytes([3; 16]);
        for name in ["p".to_owned(), "x".repeat(KekId::MAX_LEN)] {
            let kek = KekId::new(name).unwrap();
            let head = head(ring, &kek);
            for (length, fits) in [
                (0, false),
                (1, true),
                (MAX_WRAPPED, true),
                (MAX_WRAPPED + 1, false),
            ] {
                let bytes = [&head[..], &vec![9; length]].concat();
                let slot = Slot::parse(&bytes);
                assert_eq!(slot.is_some(), fits, "{length}");
                let Some(slot) = slot else { continue };
                assert_eq!((slot.ring, &slot.kek), (ring, &kek));
                assert_eq!(slot.associated, associated(&head));
                assert_eq!(slot.wrapped, &bytes[head.len()..]);
            }
        }
    }

    #[test]
    fn the_longest_slot_fits_into_a_document() {
        let kek = KekId::new("x".repeat(KekId::MAX_LEN)).unwrap();
        let head = head(RingId::from_bytes([3; 16]), &kek);
        assert!(head.len() + MAX_WRAPPED <= privyseal::ring::MAX_KEY_SLOT);
    }

    #[test]
    fn a_slot_of_another_version_is_not_read() {
        let kek = KekId::new("plain").unwrap();
        let mut bytes = head(RingId::from_bytes([3; 16]), &kek);
        bytes.push(9);
        assert!(Slot::parse(&bytes).is_some());
        bytes[0] = 2;
        assert!(Slot::parse(&bytes).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Slot::parse(&bytes);
        }
    }
}

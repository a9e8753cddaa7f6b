//! A store in memory: compare-and-swap, reads that may be late, and days on which it is not itself.

use std::cell::OnceCell;
use std::rc::Rc;

use privyseal::ring::{IntegrityKey, ReadError, Ring, SealedRing};

use super::dice::Dice;

/// The repository of the ring.
#[derive(Debug)]
pub(super) struct Store {
    kept: Vec<Kept>,
    foreign: Rc<Document>,
    fault: Option<Fault>,
}

#[derive(Debug)]
struct Kept {
    generation: u64,
    document: Rc<Document>,
    /// From when on every read gives it, or a later one.
    everywhere_at: u64,
}

/// The bytes of a ring, which are opened once however many nodes read them.
#[derive(Debug)]
pub(super) struct Document {
    bytes: Vec<u8>,
    opened: OnceCell<Result<Rc<Ring>, ReadError>>,
}

/// What is wrong with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not answer.
    Unreachable,
    /// A bit of what it gives is wrong.
    Corrupt,
    /// It has nothing.
    Empty,
    /// It gives the ring of somebody else.
    Foreign,
    /// It gives what was at this place of its history, which everybody knew to be over.
    RolledBack(usize),
}

/// What a read gives.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Document(Rc<Document>),
    Absent,
    Unavailable,
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swap {
    Done,
    Conflict,
    Unavailable,
}

impl Store {
    pub(super) fn new(first: &Ring, foreign: &Ring) -> Self {
        Self {
            kept: vec![Kept {
                generation: first.generation(),
                document: Document::of(first),
                everywhere_at: 0,
            }],
            foreign: Document::of(foreign),
            fault: None,
        }
    }

    /// One of the generations that are not replaced everywhere; while there is a fault, that.
    pub(super) fn read(&self, now: u64, dice: &mut Dice) -> Answer {
        match self.fault {
            None => {
                let from = self.kept.iter().rposition(|kept| kept.everywhere_at <= now);
                let from = from.unwrap_or(0);
                let place = from + dice.index(self.kept.len() - from);
                Answer::Document(self.kept[place].document.clone())
            }
            Some(Fault::Unreachable) => Answer::Unavailable,
            Some(Fault::Empty) => Answer::Absent,
            Some(Fault::Foreign) => Answer::Document(self.foreign.clone()),
            Some(Fault::RolledBack(place)) => Answer::Document(self.kept[place].document.clone()),
            Some(Fault::Corrupt) => {
                let mut bytes = self.last().bytes.clone();
                let place = dice.index(bytes.len());
                bytes[place] ^= 1 << dice.below(8);
                Answer::Document(Document::from_bytes(bytes))
            }
        }
    }

    /// Keeps this generation if the last one is `expected`.
    pub(super) fn compare_and_swap(
        &mut self,
        expected: u64,
        ring: &Ring,
        everywhere_at: u64,
    ) -> Swap {
        if self.fault.is_some() {
            return Swap::Unavailable;
        }
        if self.last_generation() != expected {
            return Swap::Conflict;
        }
        self.kept.push(Kept {
            generation: ring.generation(),
            document: Document::of(ring),
            everywhere_at,
        });
        Swap::Done
    }

    pub(super) fn set_fault(&mut self, fault: Option<Fault>) {
        self.fault = fault;
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// How many generations there are from before this one.
    pub(super) fn generations_before(&self, generation: u64) -> usize {
        self.kept
            .partition_point(|kept| kept.generation < generation)
    }

    /// Whether this is one of the rings that were written.
    pub(super) fn has_kept(&self, ring: &Rc<Ring>) -> bool {
        let mut opened = self
            .kept
            .iter()
            .filter_map(|kept| kept.document.ring().ok());
        opened.any(|kept| Rc::ptr_eq(&kept, ring))
    }

    pub(super) fn last_generation(&self) -> u64 {
        self.kept.last().map_or(0, |kept| kept.generation)
    }

    fn last(&self) -> &Document {
        &self.kept.last().expect("a ring is never gone").document
    }
}

impl Document {
    fn of(ring: &Ring) -> Rc<Self> {
        let sealed = ring.seal(&INTEGRITY_KEY, b"");
        Self::from_bytes(sealed.expect("there is no slot").to_vec())
    }

    fn from_bytes(bytes: Vec<u8>) -> Rc<Self> {
        Rc::new(Self {
            bytes,
            opened: OnceCell::new(),
        })
    }

    /// The ring, if that is what it is; the same one for all who ask.
    pub(super) fn ring(&self) -> Result<Rc<Ring>, ReadError> {
        let open = || {
            SealedRing::parse(&self.bytes)?
                .open(&INTEGRITY_KEY)
                .map(Rc::new)
        };
        self.opened.get_or_init(open).clone()
    }
}

const INTEGRITY_KEY: IntegrityKey = IntegrityKey::from_bytes([9; IntegrityKey::LEN]);

//! Runs the shipped ring, and gives every ring that it makes a number.
//!
//! What comes of a change depends on the ring, the change and the clock alone, so each is made once
//! and remembered: the checker asks for the same one from many states.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use privyseal::ring::{
    KeyRecord, Material, NewKey, NewRing, Note, Operation, Ring, RingId, RingPolicy,
};
use privyseal::{KeyId, Timestamp};

use super::Act;

/// Names a ring.
pub(super) type RingNo = u16;

#[derive(Debug)]
pub(super) struct Rings {
    last_clock: u64,
    first: Ring,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    rings: Vec<(Ring, Arc<View>)>,
    numbers: HashMap<[u8; 32], RingNo>,
    steps: HashMap<(RingNo, Act, u8), Option<RingNo>>,
}

/// What the model asks of a ring. Keys go by their numbers, and sets of them are bits.
#[derive(Debug)]
pub(super) struct View {
    /// The last number that was given.
    pub(super) keys: u8,
    pub(super) known: u16,
    /// Those that verify; nothing expires here.
    pub(super) verifying: u16,
    pub(super) revoked: u16,
    pub(super) standby: Option<u8>,
    /// Who signs when a clock says this many seconds.
    pub(super) signers: Vec<u8>,
    /// Whether the ring then takes its standby for known to all.
    pub(super) is_propagated: Vec<bool>,
    /// Who signed at the time of the write.
    pub(super) first_signer: u8,
}

impl Rings {
    pub(super) fn new(policy: RingPolicy, last_clock: u64) -> Self {
        let new = NewRing {
            id: RingId::from_bytes([7; 16]),
            policy,
            primary: key(1),
            standby: key(2),
        };
        let first = Ring::init(new, Timestamp::from_unix_seconds(FOUNDED));
        Self {
            last_clock,
            first: first.expect("the policy passes"),
            memory: Mutex::default(),
        }
    }

    /// A ring as it is most of the time.
    pub(super) fn with_standby(&self) -> RingNo {
        self.number(&mut self.memory(), self.first.clone())
    }

    /// A ring whose standby has taken over long ago, with nobody there to stage the next one.
    pub(super) fn without_standby(&self) -> RingNo {
        let promote = Operation::Promote { standby: None };
        let ring = self.first.apply(
            promote,
            Timestamp::from_unix_seconds(u64::midpoint(FOUNDED, START)),
        );
        self.number(&mut self.memory(), ring.expect("the standby is old enough"))
    }

    /// The ring after this act by a clock of this many seconds, if it allows it.
    pub(super) fn apply(&self, ring: RingNo, act: Act, clock: u8) -> Option<RingNo> {
        let mut memory = self.memory();
        if let Some(known) = memory.steps.get(&(ring, act, clock)) {
            return *known;
        }
        let before = &memory.rings[usize::from(ring)].0;
        let after = before.apply(operation(before, act), at(clock.into())).ok();
        let after = after.map(|after| self.number(&mut memory, after));
        memory.steps.insert((ring, act, clock), after);
        after
    }

    pub(super) fn view(&self, ring: RingNo) -> Arc<View> {
        self.memory().rings[usize::from(ring)].1.clone()
    }

    pub(super) fn met(&self) -> (usize, usize) {
        let memory = self.memory();
        (memory.rings.len(), memory.steps.len())
    }

    fn number(&self, memory: &mut Memory, ring: Ring) -> RingNo {
        let next = RingNo::try_from(memory.rings.len()).expect("rings are not that many");
        let number = *memory.numbers.entry(ring.digest()).or_insert(next);
        if number == next {
            let view = View::of(&ring, self.last_clock);
            memory.rings.push((ring, Arc::new(view)));
        }
        number
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    fn of(ring: &Ring, last_clock: u64) -> Self {
        let clocks = || (0..=last_clock).map(at);
        let bits = |keys: &mut dyn Iterator<Item = &KeyRecord>| {
            keys.fold(0, |bits, key| bits | 1 << number(key))
        };
        let standing = |key: &KeyRecord| ring.standing(key.id(), at(last_clock));
        Self {
            keys: ring.keys().last().map_or(0, number),
            known: bits(&mut ring.keys().iter()),
            verifying: bits(&mut ring.keys().iter().filter(|key| standing(key).verifies())),
            revoked: bits(
                &mut ring
                    .keys()
                    .iter()
                    .filter(|key| standing(key) == privyseal::ring::Standing::Revoked),
            ),
            standby: ring.standby().map(number),
            signers: clocks()
                .map(|clock| number(ring.signer_at(clock)))
                .collect(),
            is_propagated: clocks()
                .map(|clock| ring.is_standby_propagated(clock))
                .collect(),
            first_signer: number(ring.signer_at(ring.written_at())),
        }
    }
}

fn operation(ring: &Ring, act: Act) -> Operation {
    let last = ring.keys().last().map_or(0, number);
    let is = |key: Option<&KeyRecord>, wanted| key.is_some_and(|key| number(key) == wanted);
    // The ring is left with a standby if that is how it was.
    let next = |key| {
        let had = ring.standby().is_some();
        let takes = is(Some(ring.primary()), key) || is(ring.standby(), key);
        (had && takes).then(|| self::key(last + 1))
    };
    match act {
        Act::Stage => Operation::Stage { key: key(last + 1) },
        Act::Rotate => Operation::Rotate {
            standby: key(last + 1),
            sign_from: None,
        },
        Act::Promote => Operation::Promote {
            standby: Some(key(last + 1)),
        },
        Act::PromoteLast => Operation::Promote { standby: None },
        Act::Revoke(key) => Operation::Revoke {
            key: id(key),
            standby: next(key),
            note: None,
        },
        Act::Suspend(key) => Operation::Suspend {
            key: id(key),
            standby: next(key),
            note: None,
        },
        Act::Resume(key) => Operation::Resume { key: id(key) },
        Act::RevokeAll => Operation::RevokeAll {
            primary: key(last + 1),
            standby: key(last + 2),
            note: None,
        },
    }
}

fn number(key: &KeyRecord) -> u8 {
    u8::try_from(key.sequence()).expect("keys are few")
}

fn id(number: u8) -> KeyId {
    KeyId::from_bytes([number; 8])
}

fn key(number: u8) -> NewKey {
    NewKey {
        id: id(number),
        material: Material::new(vec![number; 8]).expect("it is neither empty nor long"),
        note: Note::default(),
    }
}

fn at(clock: u64) -> Timestamp {
    Timestamp::from_unix_seconds(START + clock)
}

/// Long before the start, so that both keys of the first ring are known to all.
const FOUNDED: u64 = 1_000;
const START: u64 = 2_000;

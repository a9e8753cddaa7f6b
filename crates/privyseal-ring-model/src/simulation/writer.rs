//! Who writes: rotators by the calendar, an operator by whim.

use std::rc::Rc;

use privyseal::ring::{
    Chore, KeyRecord, KeyState, Material, NewKey, Note, Operation, Ring, RingError, RingPolicy,
};
use privyseal::{KeyId, Timestamp};

use super::dice::Dice;

/// A write on its way to the store.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) writer: usize,
    /// The generation that it follows.
    pub(super) base: u64,
    pub(super) ring: Rc<Ring>,
    pub(super) kind: Kind,
    /// When the clock was read for it.
    pub(super) read_at: u64,
    pub(super) lands_at: u64,
    /// The writer stops before it is sent.
    pub(super) is_lost: bool,
}

/// What is written, without the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Stage,
    Rotate,
    Promote,
    Import,
    Destroy,
    Rewrap,
    SetPolicy,
    Suspend,
    Resume,
    Revoke,
    RevokeAll,
}

impl Attempt {
    /// Whether a key may sign after it before its activation.
    pub(super) fn is_emergency(&self) -> bool {
        matches!(self.kind, Kind::Suspend | Kind::Revoke | Kind::RevokeAll)
    }

    pub(super) fn is_rotation(&self) -> bool {
        self.kind == Kind::Rotate
    }
}

/// Where keys come from.
#[derive(Debug)]
pub(super) struct Mint(u64);

impl Mint {
    pub(super) fn new() -> Self {
        Self(0)
    }

    pub(super) fn key(&mut self) -> NewKey {
        self.0 += 1;
        named(KeyId::from_bytes(self.0.to_be_bytes()))
    }

    /// A key that was there before, or is.
    fn key_again(&self, dice: &mut Dice) -> NewKey {
        named(KeyId::from_bytes(dice.between(1, self.0).to_be_bytes()))
    }
}

/// What a rotator finds to be due.
pub(super) fn due(ring: &Ring, clock: Timestamp, mint: &mut Mint) -> Option<(Kind, Operation)> {
    let chore = ring.chores_at(clock).next()?;
    Some(match chore {
        Chore::Stage => (Kind::Stage, Operation::Stage { key: mint.key() }),
        Chore::Rotate => {
            let rotate = Operation::Rotate {
                standby: mint.key(),
                sign_from: None,
            };
            (Kind::Rotate, rotate)
        }
        Chore::Destroy(key) => (Kind::Destroy, Operation::Destroy { key }),
    })
}

/// What an operator comes up with.
pub(super) fn whim(
    ring: &Ring,
    clock: Timestamp,
    policies: &[RingPolicy],
    has_emergencies: bool,
    mint: &mut Mint,
    dice: &mut Dice,
) -> (Kind, Operation) {
    let kinds = if has_emergencies { ANY } else { CALM };
    let kind = dice.pick(kinds);
    let new = match kind {
        Kind::Stage | Kind::Import | Kind::Rotate if dice.one_in(10) => mint.key_again(dice),
        _ => mint.key(),
    };
    let some = (!dice.one_in(3)).then(|| new.clone());
    let keys: Vec<_> = ring.keys().iter().map(KeyRecord::id).collect();
    let key = keys[dice.index(keys.len())];
    let operation = match kind {
        Kind::Stage => Operation::Stage { key: new },
        Kind::Rotate => Operation::Rotate {
            standby: new,
            sign_from: dice.one_in(3).then(|| clock.plus_seconds(dice.below(20))),
        },
        Kind::Promote => Operation::Promote { standby: some },
        Kind::Import => Operation::Import {
            key: new,
            verify_until: clock.plus_seconds(dice.below(60)),
        },
        Kind::Destroy => Operation::Destroy { key },
        Kind::Rewrap => Operation::Rewrap {
            materials: keys.iter().map(|id| (*id, named(*id).material)).collect(),
        },
        Kind::SetPolicy => Operation::SetPolicy {
            policy: dice.pick(policies),
        },
        Kind::Suspend => Operation::Suspend {
            key,
            standby: some,
            note: None,
        },
        Kind::Resume => Operation::Resume {
            key: suspended(ring).unwrap_or(key),
        },
        Kind::Revoke => Operation::Revoke {
            key,
            standby: some,
            note: None,
        },
        Kind::RevokeAll => Operation::RevokeAll {
            primary: new,
            standby: mint.key(),
            note: None,
        },
    };
    (kind, operation)
}

/// Whether this is how the ring says that it had a key before.
pub(super) fn is_reuse(error: &RingError) -> bool {
    matches!(error, RingError::KeyAlreadyUsed(_))
}

fn suspended(ring: &Ring) -> Option<KeyId> {
    let is_suspended = |key: &&KeyRecord| matches!(key.state(), KeyState::Suspended(_));
    ring.keys().iter().find(is_suspended).map(KeyRecord::id)
}

fn named(id: KeyId) -> NewKey {
    NewKey {
        id,
        material: Material::new(id.as_bytes().to_vec()).expect("it is neither empty nor long"),
        note: Note::default(),
    }
}

const CALM: &[Kind] = &[
    Kind::Stage,
    Kind::Rotate,
    Kind::Rotate,
    Kind::Rotate,
    Kind::Rotate,
    Kind::Promote,
    Kind::Promote,
    Kind::Import,
    Kind::Destroy,
    Kind::Rewrap,
    Kind::SetPolicy,
];

const ANY: &[Kind] = &[
    Kind::Stage,
    Kind::Stage,
    Kind::Rotate,
    Kind::Rotate,
    Kind::Rotate,
    Kind::Promote,
    Kind::Promote,
    Kind::Import,
    Kind::Destroy,
    Kind::SetPolicy,
    Kind::Suspend,
    Kind::Suspend,
    Kind::Resume,
    Kind::Resume,
    Kind::Resume,
    Kind::Revoke,
    Kind::Revoke,
    Kind::RevokeAll,
];

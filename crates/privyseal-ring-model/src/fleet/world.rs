//! One state of everything.

use std::sync::Arc;

use super::rings::{RingNo, View};
use super::{Bounds, Setting};

/// A state of the model. Times are seconds of true time, from the start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// What time it is.
    pub now: u8,
    /// The generations that reads can give, the oldest one first.
    pub written: Vec<Written>,
    /// The nodes, in no order of importance.
    pub nodes: Vec<Node>,
    /// How often the ring will still be written.
    pub writes: u8,
    pub(super) landed_at: u8,
    pub(super) is_calm: bool,
    /// By number, from 1.
    keys: Vec<Key>,
    pub(super) flaws: u8,
    pub(super) sights: u8,
}

/// A generation in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Written {
    pub(super) ring: RingNo,
    /// From when on every read gives it, or a later one.
    pub(super) everywhere_at: u8,
}

/// What a node goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// Nothing: it has not read for too long, or has just been started.
    Stale,
    /// A ring that it has read.
    Fresh {
        /// Which one.
        ring: u16,
        /// The last moment.
        until: u8,
    },
}

/// What is true of a key, whoever knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    /// From when on it may take over in an emergency; 0 when that is past.
    settled_at: u8,
    /// From when on no fresh node may accept it.
    dead_from: Option<u8>,
    has_signed: bool,
}

/// What may not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Flaw {
    Unknown = 1,
    Undead = 1 << 1,
    ThirdSigner = 1 << 2,
    NotPropagated = 1 << 3,
}

/// What has to be seen for that to mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Sight {
    /// A fresh node that does not know the standby.
    Uninformed = 1,
    /// A key that was staged within the run signs.
    NewKeySigns = 1 << 1,
    /// A node changed over by its clock.
    FlipByClock = 1 << 2,
    /// Fresh nodes sign with different keys.
    Changeover = 1 << 3,
    /// A fresh node signs with a key that is revoked, and does not know that.
    Unwarned = 1 << 4,
    /// A standby from within the run is taken for known to all.
    Propagated = 1 << 5,
}

impl World {
    pub(super) fn new(ring: RingNo, keys: u8, bounds: &Bounds) -> Self {
        let key = Key {
            settled_at: 0,
            dead_from: None,
            has_signed: false,
        };
        let written = Written {
            ring,
            everywhere_at: 0,
        };
        Self {
            now: 0,
            written: vec![written],
            nodes: vec![Node::Stale; bounds.nodes],
            writes: bounds.writes,
            landed_at: 0,
            is_calm: true,
            keys: vec![key; keys.into()],
            flaws: 0,
            sights: 0,
        }
    }

    /// The new keys and the newly revoked ones of a write.
    pub(super) fn learn(&mut self, view: &View, read_at: u8, setting: Setting) {
        self.keys.resize_with(view.keys.into(), || Key {
            settled_at: read_at + setting.standby_age,
            dead_from: None,
            has_signed: false,
        });
        for (number, key) in (1..).zip(&mut self.keys) {
            if view.revoked >> number & 1 == 1 && key.dead_from.is_none() {
                key.dead_from = Some(read_at + setting.revocation_reach);
            }
        }
    }

    /// Whether who signs by this ring from now on has been known for long enough.
    pub(super) fn may_take_over(&self, view: &View, setting: Setting) -> bool {
        self.clocks(setting)
            .map(|clock| view.signers[clock])
            .all(|key| self.keys[usize::from(key) - 1].settled_at <= self.now)
    }

    /// Lets go of what is over.
    pub(super) fn let_go(&mut self, setting: Setting) {
        let now = self.now;
        let everywhere = self
            .written
            .iter()
            .rposition(|written| written.everywhere_at <= now);
        self.written.drain(..everywhere.unwrap_or(0));
        self.written[0].everywhere_at = 0;
        self.landed_at = self.landed_at.max(now.saturating_sub(setting.longest_lag));
        for node in &mut self.nodes {
            if matches!(node, Node::Fresh { until, .. } if *until < now) {
                *node = Node::Stale;
            }
        }
        self.nodes.sort_unstable();
        for key in &mut self.keys {
            key.settled_at = if key.settled_at <= now {
                0
            } else {
                key.settled_at
            };
            key.dead_from = key.dead_from.map(|from| if from <= now { 0 } else { from });
        }
    }

    /// Notes who has signed, and what is to be seen.
    ///
    /// The clock of a node may say anything within the skew, at any time.
    pub(super) fn note(&mut self, views: &[Arc<View>], last: &View, setting: Setting) {
        let mut signers = 0_u16;
        for view in views {
            for clock in self.clocks(setting) {
                signers |= 1 << view.signers[clock];
            }
        }
        for (number, key) in (1..).zip(&mut self.keys) {
            key.has_signed |= signers >> number & 1 == 1;
        }
        (self.flaws, self.sights) = (0, 0);
        self.judge(views, last, signers, setting);
        self.look_around(views, last, signers, setting);
    }

    fn judge(&mut self, views: &[Arc<View>], last: &View, signers: u16, setting: Setting) {
        let has_signed = self.bits(|key| key.has_signed);
        let dead = self.bits(|key| key.dead_from == Some(0));
        let is_propagated = self.clocks(setting).any(|clock| last.is_propagated[clock]);
        for view in views {
            self.add(Flaw::Unknown, has_signed & !view.known != 0);
            self.add(Flaw::Undead, view.verifying & dead != 0);
            let knows = last.standby.is_none_or(|key| view.known >> key & 1 == 1);
            self.add(Flaw::NotPropagated, is_propagated && !knows);
        }
        self.add(Flaw::Undead, signers & dead != 0);
        self.add(Flaw::ThirdSigner, self.is_calm && signers.count_ones() > 2);
    }

    fn look_around(&mut self, views: &[Arc<View>], last: &View, signers: u16, setting: Setting) {
        let revoked = self.bits(|key| key.dead_from.is_some());
        let is_new = |key: u8| key > FIRST_KEYS;
        for view in views {
            let knows = last.standby.is_none_or(|key| view.known >> key & 1 == 1);
            self.see(Sight::Uninformed, !knows);
            let flips = self.clocks(setting).any(|clock| {
                let signer = view.signers[clock];
                signer != view.first_signer && is_new(signer)
            });
            self.see(Sight::FlipByClock, flips);
        }
        self.see(Sight::NewKeySigns, signers >> (FIRST_KEYS + 1) != 0);
        self.see(Sight::Changeover, signers.count_ones() > 1);
        self.see(Sight::Unwarned, signers & revoked != 0);
        let is_propagated = self.clocks(setting).any(|clock| last.is_propagated[clock]);
        let standby_is_new = last.standby.is_some_and(is_new);
        self.see(Sight::Propagated, is_propagated && standby_is_new);
    }

    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.flaws & flaw as u8 != 0
    }

    pub(super) fn shows(&self, sight: Sight) -> bool {
        self.sights & sight as u8 != 0
    }

    fn add(&mut self, flaw: Flaw, is_there: bool) {
        self.flaws |= if is_there { flaw as u8 } else { 0 };
    }

    fn see(&mut self, sight: Sight, is_there: bool) {
        self.sights |= if is_there { sight as u8 } else { 0 };
    }

    fn clocks(&self, setting: Setting) -> impl Iterator<Item = usize> + use<> {
        usize::from(self.now)..=usize::from(self.now + setting.skew)
    }

    fn bits(&self, wanted: impl Fn(&Key) -> bool) -> u16 {
        let keys = (1..).zip(&self.keys);
        keys.filter(|(_, key)| wanted(key))
            .fold(0, |bits, (number, _)| bits | 1 << number)
    }
}

/// The keys of the ring at the start.
const FIRST_KEYS: u8 = 2;

//! A node: what it knows, how old that is, and what its clock says.

use std::rc::Rc;
use std::time::Duration;

use privyseal::Timestamp;
use privyseal::ring::{Follower, Heard, Ring, Succession};

use super::dice::Dice;
use super::store::{Answer, Store};

/// A process that reads the ring, signs and verifies.
#[derive(Debug)]
pub(super) struct Node {
    /// What it knows since it was started: the very code that nodes run.
    follower: Follower<Rc<Ring>>,
    /// How far its clock is ahead.
    ahead: u64,
    next_poll: u64,
    reading: Option<Reading>,
    pub(super) cut_off_until: u64,
    pub(super) down_until: u64,
    pub(super) is_rotator: bool,
}

/// A read on its way.
#[derive(Debug)]
struct Reading {
    asked_at: u64,
    reaches_store_at: u64,
    comes_back_at: u64,
    answer: Option<Answer>,
}

/// What an answer was to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// None came.
    Nothing,
    /// No ring, where there must be one.
    Nonsense,
    /// A ring, be it taken or not.
    Ring(Heard),
}

impl Told {
    /// Whether something is wrong with the store.
    pub(super) fn is_alarm(self) -> bool {
        matches!(self, Self::Nonsense | Self::Ring(Heard::Held(_)))
    }
}

impl Node {
    pub(super) fn new(ahead: u64, is_rotator: bool) -> Self {
        Self {
            follower: Follower::default(),
            ahead,
            next_poll: 0,
            reading: None,
            cut_off_until: 0,
            down_until: 0,
            is_rotator,
        }
    }

    pub(super) fn clock(&self, now: u64) -> Timestamp {
        Timestamp::from_unix_seconds(now + self.ahead)
    }

    /// The ring that it goes by; none since it was started.
    pub(super) fn known(&self) -> Option<&Rc<Ring>> {
        self.follower.ring()
    }

    /// The ring, if it is known to be recent enough to sign by.
    pub(super) fn fresh(&self, now: u64) -> Option<&Rc<Ring>> {
        let is_fresh = self.follower.is_fresh(Duration::from_secs(now));
        self.known().filter(|_| is_fresh)
    }

    pub(super) fn is_up(&self, now: u64) -> bool {
        now >= self.down_until
    }

    pub(super) fn reaches_store(&self, now: u64) -> bool {
        self.is_up(now) && now >= self.cut_off_until
    }

    pub(super) fn crash(&mut self, until: u64) {
        self.follower = Follower::default();
        self.reading = None;
        self.next_poll = until;
        self.down_until = until;
    }

    /// The clock runs a little fast or slow, but neither backwards nor out of the skew.
    pub(super) fn drift(&mut self, skew: u64, dice: &mut Dice) {
        if dice.one_in(2) {
            self.ahead = skew.min(self.ahead + 1);
        } else {
            self.ahead = self.ahead.saturating_sub(1);
        }
    }

    /// Told that there is something new.
    pub(super) fn wake(&mut self, now: u64) {
        self.next_poll = self.next_poll.min(now);
    }

    /// Sends what is to be sent, and takes in what has come.
    pub(super) fn poll(&mut self, now: u64, poll: u64, store: &Store, dice: &mut Dice) -> Told {
        if self.reading.is_none() && now >= self.next_poll {
            let reaches_store_at = now + dice.below(2);
            self.reading = Some(Reading {
                asked_at: now,
                reaches_store_at,
                comes_back_at: reaches_store_at + dice.below(2),
                answer: None,
            });
            self.next_poll = now + dice.between(1, poll);
        }
        let connected = self.reaches_store(now);
        let Some(reading) = &mut self.reading else {
            return Told::Nothing;
        };
        if !connected {
            self.reading = None;
            return Told::Nothing;
        }
        if now == reading.reaches_store_at {
            reading.answer = Some(store.read(now, dice));
        }
        if now < reading.comes_back_at {
            return Told::Nothing;
        }
        match self.reading.take() {
            Some(Reading {
                answer: Some(answer),
                asked_at,
                ..
            }) => self.hear(answer, asked_at),
            _ => Told::Nothing,
        }
    }

    fn hear(&mut self, answer: Answer, asked_at: u64) -> Told {
        let ring = match answer {
            Answer::Unavailable => return Told::Nothing,
            Answer::Absent => return Told::Nonsense,
            Answer::Document(document) => document.ring(),
        };
        let Ok(ring) = ring else {
            return Told::Nonsense;
        };
        Told::Ring(self.follower.hear(ring, Duration::from_secs(asked_at)))
    }

    /// What a ring is to this node.
    pub(super) fn judge(&self, ring: &Ring) -> Succession {
        let known = self.known();
        known.map_or(Succession::Newer, |known| ring.follows(known))
    }
}

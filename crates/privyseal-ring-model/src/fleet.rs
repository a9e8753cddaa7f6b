//! A few nodes and their ring, in every order of what can happen.

mod properties;
mod rings;
mod world;

use stateright::{Model, Property};

use crate::limits::{Limits, Slip};
use rings::{Rings, View};

pub use properties::{KNOWN, PROPAGATED, REVOKED, TWO_SIGNERS};
pub use world::{Node, World, Written};

/// How much is explored.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The limits of the world.
    pub limits: Limits,
    /// How many nodes there are. Two are enough to meet an unknown key, a third one to sign with a
    /// third key.
    pub nodes: usize,
    /// How long it goes on.
    pub seconds: u8,
    /// How often the ring is written.
    pub writes: u8,
    /// What writers do.
    pub acts: &'static [Act],
}

/// What a writer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Stages a standby.
    Stage,
    /// Rotates, as soon as it can be.
    Rotate,
    /// Promotes the standby, and stages a new one.
    Promote,
    /// Promotes the standby, and leaves the ring without one.
    PromoteLast,
    /// Revokes the key of this number.
    Revoke(u8),
    /// Suspends the key of this number.
    Suspend(u8),
    /// Resumes the key of this number.
    Resume(u8),
    /// Revokes every key.
    RevokeAll,
}

impl Act {
    /// Whether keys may sign after it before their activation.
    fn is_emergency(self) -> bool {
        matches!(self, Self::Revoke(_) | Self::Suspend(_) | Self::RevokeAll)
    }
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A node reads this generation, counted from the oldest one that reads can give.
    Poll {
        /// The node.
        node: usize,
        /// The generation.
        generation: usize,
    },
    /// Somebody writes.
    Write {
        /// What.
        act: Act,
        /// How long ago the ring and the clock were read for it.
        lag: u8,
        /// How far that clock is ahead.
        ahead: u8,
    },
    /// A second passes.
    Tick,
}

/// The fleet under its ring.
#[derive(Debug)]
pub struct Fleet {
    bounds: Bounds,
    slip: Option<Slip>,
    rings: Rings,
}

/// Figures of the bounds, as the states have them.
#[derive(Clone, Copy)]
struct Setting {
    propagation: u8,
    lease: u8,
    skew: u8,
    standby_age: u8,
    revocation_reach: u8,
    longest_lag: u8,
}

impl Fleet {
    /// The fleet with everything as it should be, or with one thing a second off.
    pub fn new(bounds: Bounds, slip: Option<Slip>) -> Self {
        let limits = bounds.limits;
        let last_clock = u64::from(bounds.seconds) + limits.skew;
        Self {
            bounds,
            slip,
            rings: Rings::new(limits.policy(slip), last_clock),
        }
    }

    /// How many different rings were met, and how many changes of them were tried.
    pub fn met(&self) -> (usize, usize) {
        self.rings.met()
    }

    fn setting(&self) -> Setting {
        let small = |seconds: u64| u8::try_from(seconds).expect("limits are a few seconds");
        let limits = self.bounds.limits;
        let reach = small(limits.reach());
        let off = |slip| u8::from(self.slip == Some(slip));
        Setting {
            propagation: small(limits.propagation),
            lease: small(limits.lease),
            skew: small(limits.skew),
            standby_age: reach - off(Slip::YoungStandby),
            revocation_reach: reach - off(Slip::ShortRevocation),
            longest_lag: small(limits.propagation) - 1 + off(Slip::LateWrite),
        }
    }

    fn poll(&self, last: &World, node: usize, generation: usize) -> World {
        let mut world = last.clone();
        world.nodes[node] = Node::Fresh {
            ring: last.written[generation].ring,
            until: last.now + self.setting().lease,
        };
        self.look(world)
    }

    fn write(&self, last: &World, act: Act, lag: u8, ahead: u8) -> Option<World> {
        let setting = self.setting();
        let read_at = last.now.checked_sub(lag)?;
        if read_at < last.landed_at {
            // Another generation came in between: the compare-and-swap fails.
            return None;
        }
        let before = last.written.last()?.ring;
        let ring = self.rings.apply(before, act, read_at + ahead)?;
        let view = self.rings.view(ring);
        let mut world = last.clone();
        world.writes -= 1;
        world.landed_at = world.now;
        world.is_calm &= !act.is_emergency();
        world.written.push(Written {
            ring,
            everywhere_at: read_at + setting.propagation,
        });
        world.learn(&view, read_at, setting);
        let waits = act.is_emergency() && act != Act::RevokeAll;
        if waits && !world.may_take_over(&view, setting) {
            return None;
        }
        Some(self.look(world))
    }

    /// Brings everything up to date that follows from the rest.
    fn look(&self, mut world: World) -> World {
        world.let_go(self.setting());
        let views = world.nodes.iter().filter_map(|node| match node {
            Node::Fresh { ring, .. } => Some(self.rings.view(*ring)),
            Node::Stale => None,
        });
        let views: Vec<_> = views.collect();
        let last = world.written.last().map(|written| written.ring);
        let last = self.rings.view(last.expect("a ring is never gone"));
        world.note(&views, &last, self.setting());
        world
    }

    /// What can be tried with this ring.
    fn acts(&self, view: &View) -> impl Iterator<Item = Act> {
        let keys = 1..=view.keys;
        self.bounds.acts.iter().flat_map(move |act| {
            let keys = keys.clone();
            let all: Box<dyn Iterator<Item = Act>> = match act {
                Act::Revoke(_) => Box::new(keys.map(Act::Revoke)),
                Act::Suspend(_) => Box::new(keys.map(Act::Suspend)),
                Act::Resume(_) => Box::new(keys.map(Act::Resume)),
                act => Box::new(std::iter::once(*act)),
            };
            all
        })
    }
}

impl Model for Fleet {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        let rings = [self.rings.with_standby(), self.rings.without_standby()];
        let worlds = rings.into_iter().map(|ring| {
            let keys = self.rings.view(ring).keys;
            World::new(ring, keys, &self.bounds)
        });
        worlds.collect()
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        for node in 0..world.nodes.len() {
            // Nodes that are alike do alike.
            if node == 0 || world.nodes[node] != world.nodes[node - 1] {
                let generations = 0..world.written.len();
                events.extend(generations.map(|generation| Event::Poll { node, generation }));
            }
        }
        if world.writes > 0 {
            let setting = self.setting();
            let last = world.written.last().expect("a ring is never gone");
            for act in self.acts(&self.rings.view(last.ring)) {
                for lag in 0..=setting.longest_lag {
                    let by = (0..=setting.skew).map(|ahead| Event::Write { act, lag, ahead });
                    events.extend(by);
                }
            }
        }
        if world.now < self.bounds.seconds {
            events.push(Event::Tick);
        }
    }

    fn next_state(&self, last: &World, event: Event) -> Option<World> {
        match event {
            Event::Poll { node, generation } => Some(self.poll(last, node, generation)),
            Event::Write { act, lag, ahead } => self.write(last, act, lag, ahead),
            Event::Tick => {
                let mut world = last.clone();
                world.now += 1;
                Some(self.look(world))
            }
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(&self.bounds)
    }
}

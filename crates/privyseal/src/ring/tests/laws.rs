//! Laws of all sequences of operations, held to by a fleet of nodes that read late and whose
//! clocks differ; each named by the number of its invariant.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// A policy at the bound of its inequalities.
const TIGHT: RingPolicy = RingPolicy {
    propagation: 10,
    poll: 10,
    lease: 20,
    skew: 5,
    activation: 35,
    period: 70,
    token_life: 120,
    hold: 50,
};

/// Others, for the same store and the same clocks.
const POLICIES: [RingPolicy; 4] = [
    TIGHT,
    RingPolicy {
        lease: 40,
        activation: 55,
        period: 110,
        ..TIGHT
    },
    RingPolicy {
        poll: 5,
        lease: 10,
        activation: 25,
        period: 50,
        ..TIGHT
    },
    RingPolicy {
        token_life: 300,
        ..TIGHT
    },
];

const PROPAGATION: u64 = TIGHT.propagation;
const SKEW: u64 = TIGHT.skew;
const LONGEST_REACH: u64 = POLICIES[1].lease + PROPAGATION + SKEW;

/// What somebody tries, and how long after the attempt before.
#[derive(Clone, Debug)]
struct Attempt {
    wait: u64,
    /// How far the clock of the writer is ahead.
    ahead: u64,
    what: What,
    /// Which key it is done to, or that is brought in again.
    key: Index,
    /// Whether a key comes with it that the ring has or had already.
    again: bool,
    /// Whether a new standby comes along.
    standby: bool,
    /// How much later than now something is to happen.
    later: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
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

impl What {
    fn is_emergency(self) -> bool {
        matches!(self, Self::Suspend | Self::Revoke | Self::RevokeAll)
    }
}

fn attempt(emergencies: bool) -> impl Strategy<Value = Attempt> {
    let calm = prop::sample::select(vec![
        What::Stage,
        What::Rotate,
        What::Rotate,
        What::Rotate,
        What::Promote,
        What::Promote,
        What::Import,
        What::Destroy,
        What::Rewrap,
        What::SetPolicy,
    ]);
    let emergency = prop::sample::select(vec![
        What::Suspend,
        What::Suspend,
        What::Resume,
        What::Resume,
        What::Revoke,
        What::RevokeAll,
    ]);
    let what = prop_oneof![2 => calm, u32::from(emergencies) => emergency];
    let wait = prop_oneof![
        prop::sample::select(vec![
            0, 1, 9, 10, 24, 29, 30, 31, 34, 35, 36, 54, 55, 120, 155
        ]),
        0..200_u64,
    ];
    (
        wait,
        prop_oneof![2 => prop::sample::select(vec![0, SKEW]), 1 => 0..=SKEW],
        what,
        any::<Index>(),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.7),
        prop::option::of(0..80_u64),
    )
        .prop_map(|(wait, ahead, what, key, again, standby, later)| Attempt {
            wait,
            ahead,
            what,
            key,
            again,
            standby,
            later,
        })
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    any::<bool>().prop_flat_map(|emergencies| prop::collection::vec(attempt(emergencies), 1..40))
}

/// The true time, everything that was written, and what nodes made of it.
struct World {
    now: u64,
    /// When each generation was written.
    history: Vec<(u64, Ring)>,
    /// Every key that was ever brought in, by its number in the ring.
    known: BTreeMap<u64, KeyId>,
    given: u64,
    /// Until when, by any clock, tokens live that a key has signed.
    tokens: BTreeMap<KeyId, u64>,
    revoked: BTreeSet<KeyId>,
    last_emergency: Option<u64>,
}

impl World {
    fn new() -> Self {
        let new = NewRing {
            id: RingId::from_bytes([7; 16]),
            policy: TIGHT,
            primary: key(1),
            standby: key(2),
        };
        let mut world = Self {
            now: 0,
            history: vec![(0, Ring::init(new, at(0)).unwrap())],
            known: BTreeMap::new(),
            given: 2,
            tokens: BTreeMap::new(),
            revoked: BTreeSet::new(),
            last_emergency: None,
        };
        world.learn();
        world
    }

    fn last(&self) -> &Ring {
        &self.history.last().unwrap().1
    }

    /// A key that the ring never had, or one that it has or had.
    fn new_key(&mut self, attempt: &Attempt) -> NewKey {
        if attempt.again {
            let known: Vec<_> = self.known.values().collect();
            let mut again = key(1);
            again.id = **attempt.key.get(&known);
            return again;
        }
        self.given += 1;
        key(self.given)
    }

    fn operation(&mut self, attempt: &Attempt) -> Operation {
        let keys: Vec<_> = self.last().keys().iter().map(KeyRecord::id).collect();
        let key = *attempt.key.get(&keys);
        let standby = self.new_key(attempt);
        let optional = Some(standby.clone()).filter(|_| attempt.standby);
        let later = |seconds| at(self.now + attempt.ahead + seconds);
        match attempt.what {
            What::Stage => Operation::Stage { key: standby },
            What::Rotate => Operation::Rotate {
                standby,
                sign_from: attempt.later.map(later),
            },
            What::Promote => Operation::Promote { standby: optional },
            What::Import => Operation::Import {
                key: standby,
                verify_until: later(attempt.later.unwrap_or(500)),
            },
            What::Destroy => Operation::Destroy { key },
            What::Rewrap => Operation::Rewrap {
                materials: keys
                    .iter()
                    .map(|id| (*id, Material::new(vec![1; 8]).unwrap()))
                    .collect(),
            },
            What::SetPolicy => Operation::SetPolicy {
                policy: *attempt.key.get(&POLICIES),
            },
            What::Suspend => Operation::Suspend {
                key,
                standby: optional,
                note: None,
            },
            What::Resume => Operation::Resume { key },
            What::Revoke => Operation::Revoke {
                key,
                standby: optional,
                note: None,
            },
            What::RevokeAll => Operation::RevokeAll {
                primary: standby,
                standby: self.new_key(attempt),
                note: None,
            },
        }
    }

    /// Lets time pass, with a look at every last moment, and then writes.
    fn make(&mut self, attempt: &Attempt) {
        let end = self.now + attempt.wait;
        for moment in self.last_moments() {
            if (self.now..end).contains(&moment) {
                self.now = moment;
                self.look();
            }
        }
        self.now = end;
        self.look();
        let operation = self.operation(attempt);
        let before = self.last().clone();
        let Ok(ring) = before.apply(operation, at(self.now + attempt.ahead)) else {
            assert_eq!(&before, self.last());
            return;
        };
        assert_eq!(ring.check(), Ok(()));
        assert_eq!(ring.follows(&before), Succession::Newer);
        let sealed = ring
            .seal(&IntegrityKey::from_bytes([9; 32]), b"slot")
            .unwrap();
        let opened = SealedRing::parse(&sealed).unwrap();
        let opened = opened.open(&IntegrityKey::from_bytes([9; 32]));
        assert_eq!(opened.as_ref(), Ok(&ring));
        if attempt.what.is_emergency() {
            self.last_emergency = Some(self.now);
        }
        if attempt.what == What::Rotate {
            // I7: a standby, and older than A a period later.
            let standby = ring.standby().unwrap();
            let known = standby.state_since().plus_seconds(ring.policy.activation);
            assert!(known < ring.written_at().plus_seconds(ring.policy.period));
        }
        self.history.push((self.now, ring));
        self.learn();
        self.look();
    }

    /// When nodes that have not heard of a write go by what was before for the last time.
    fn last_moments(&self) -> Vec<u64> {
        let writes = self.history.windows(2).map(|pair| match pair {
            [(_, before), (time, _)] => time + PROPAGATION + before.policy.lease - 1,
            _ => unreachable!("windows of two"),
        });
        let mut moments: Vec<_> = writes.collect();
        moments.sort_unstable();
        moments
    }

    /// I5: numbers and names are given once, and a revocation stays.
    fn learn(&mut self) {
        let ring = self.last().clone();
        for record in ring.keys() {
            if let Some(known) = self.known.get(&record.sequence) {
                assert_eq!(*known, record.id, "a number was given twice");
                continue;
            }
            let names: BTreeSet<_> = self.known.values().copied().collect();
            assert!(!names.contains(&record.id), "a name was taken twice");
            let last = self.known.last_key_value().map_or(0, |(number, _)| *number);
            assert!(record.sequence > last, "a number is not a new one");
            self.known.insert(record.sequence, record.id);
        }
        for id in self.known.values() {
            let standing = ring.standing(*id, at(self.now));
            let revoked = matches!(
                standing,
                Standing::Revoked | Standing::Destroyed(Ending::Revoked)
            );
            if revoked {
                self.revoked.insert(*id);
            }
            assert_eq!(
                revoked,
                self.revoked.contains(id),
                "a revocation was undone"
            );
            assert_ne!(standing, Standing::Unknown);
        }
    }

    /// What a node may go by at this time: the last generation, and each before that it need not
    /// have been replaced in its lease; by its clock, which may be ahead.
    fn nodes(&self) -> Vec<(&Ring, Timestamp)> {
        let mut nodes = Vec::new();
        for (place, (_, ring)) in self.history.iter().enumerate() {
            let replaced = self.history.get(place + 1).map(|(time, _)| *time);
            let until = replaced.map(|time| time + PROPAGATION + ring.policy.lease);
            if until.is_none_or(|until| self.now < until) {
                nodes.push((ring, at(self.now)));
                nodes.push((ring, at(self.now + SKEW)));
            }
        }
        nodes
    }

    /// Whether what an emergency did has reached everyone: before, unknown keys may be met.
    fn is_calm(&self) -> bool {
        self.last_emergency
            .is_none_or(|time| self.now >= time + LONGEST_REACH)
    }

    fn look(&mut self) {
        let mut tokens = std::mem::take(&mut self.tokens);
        let nodes = self.nodes();
        let mut signers = BTreeSet::new();
        for (ring, clock) in &nodes {
            let signer = ring.signer_at(*clock);
            signers.insert(signer.id);
            // I3: one signer on a node.
            let signing = |key: &&KeyRecord| ring.standing(key.id, *clock) == Standing::Signs;
            let signing: Vec<_> = ring.keys.iter().filter(signing).collect();
            assert_eq!(signing, [signer]);
            assert_eq!(ring.verifiers_at(*clock).next(), Some(signer));
            let end = clock.unix_seconds() + ring.policy.token_life;
            let known = tokens.entry(signer.id).or_default();
            *known = end.max(*known);
        }
        // I3: two keys in the fleet, but for emergencies.
        assert!(signers.len() <= 2 || !self.is_calm(), "{signers:?}");
        for (ring, clock) in &nodes {
            for (id, end) in &tokens {
                if clock.unix_seconds() <= *end {
                    self.check_token(ring.standing(*id, *clock));
                }
            }
        }
        self.tokens = tokens;
    }

    /// I1 and I6: whoever is asked knows the key of a token, and accepts it as long as it lives.
    fn check_token(&self, standing: Standing) {
        match standing {
            Standing::Suspended | Standing::Revoked | Standing::Destroyed(Ending::Revoked) => {}
            Standing::Unknown if !self.is_calm() => {}
            other => assert!(other.verifies(), "a token is not accepted: {other}"),
        }
    }

    /// I6, to the last second of every token.
    fn see_all_tokens_out(&self) {
        for (id, end) in &self.tokens {
            let clock = Timestamp::from_unix_seconds(*end);
            if clock >= at(self.now) {
                self.check_token(self.last().standing(*id, clock));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_sequence_of_operations_keeps_the_fleet_together_i1_i3_i5_i6_i7(
        attempts in attempts(),
    ) {
        let mut world = World::new();
        for attempt in &attempts {
            world.make(attempt);
        }
        world.see_all_tokens_out();
    }

    #[test]
    fn between_two_events_nothing_changes_and_at_an_event_something_does(
        attempts in attempts(), after in 0..400_u64, between in any::<Index>(),
    ) {
        let mut world = World::new();
        for attempt in &attempts {
            world.make(attempt);
        }
        let ring = world.last();
        let view = |now: Timestamp| {
            let verifiers: Vec<_> = ring.verifiers_at(now).map(KeyRecord::id).collect();
            (ring.signer_at(now).id(), verifiers)
        };
        let now = at(world.now + after);
        if let Some(event) = ring.next_event_after(now) {
            let steps = event.at.seconds_since(now).unwrap();
            prop_assert!(steps > 0);
            let steps = usize::try_from(steps).unwrap();
            let between = now.plus_seconds(between.index(steps) as u64);
            prop_assert_eq!(view(between), view(now));
            prop_assert_ne!(view(event.at), view(now));
            prop_assert_ne!(ring.standing(event.key, now), event.standing);
            prop_assert_eq!(ring.standing(event.key, event.at), event.standing);
        } else { prop_assert_eq!(view(now.plus_seconds(1 << 50)), view(now)) }
    }

    /// Whatever the clock says, an operation gives a ring that keeps its rules, or an error.
    #[test]
    fn no_time_breaks_a_ring(
        attempts in prop::collection::vec((attempt(true), any::<u64>(), 0..64_u32), 1..20),
    ) {
        let mut world = World::new();
        for (attempt, time, bits) in &attempts {
            let mut operation = world.operation(attempt);
            let time = Timestamp::from_unix_seconds(time >> bits);
            if let Operation::Rotate { sign_from: Some(from), .. } = &mut operation {
                *from = time;
            }
            let now = time.max(world.last().written_at());
            if let Ok(ring) = world.last().apply(operation, now) {
                prop_assert_eq!(ring.check(), Ok(()));
                world.history.push((0, ring));
            }
        }
    }
}

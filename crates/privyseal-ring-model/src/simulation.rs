//! The life of a fleet, drawn from a seed.

mod coverage;
mod dice;
mod ledger;
mod node;
mod plan;
mod store;
mod writer;

use std::fmt;
use std::rc::Rc;

use privyseal::KeyId;
use privyseal::ring::{Heard, NewRing, Ring, RingId, Standing, Succession};

use crate::limits::Slip;
use dice::Dice;
use ledger::Ledger;
use node::{Node, Told};
use plan::Plan;
use store::{Answer, Fault, Store, Swap};
use writer::{Attempt, Kind, Mint, due, is_reuse, whim};

pub use coverage::Coverage;

/// Lives through what the seed holds, and says what was met.
///
/// Of the slips, only [`Slip::ShortActivation`] is one here.
///
/// # Errors
/// With the first invariant that is violated.
pub fn run(seed: u64, slip: Option<Slip>) -> Result<Coverage, Violation> {
    replay(seed, slip, &mut |_| {})
}

/// The same, telling every event.
///
/// # Errors
/// With the first invariant that is violated.
pub fn replay(
    seed: u64,
    slip: Option<Slip>,
    tell: &mut dyn FnMut(fmt::Arguments<'_>),
) -> Result<Coverage, Violation> {
    let mut life = Life::new(seed, slip, tell);
    match life.live() {
        Ok(()) => Ok(life.coverage),
        Err(Breach(invariant, what)) => Err(Violation {
            seed,
            slip,
            invariant,
            second: life.now - START,
            what,
        }),
    }
}

/// An invariant that was violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What to replay.
    pub seed: u64,
    /// What was off on purpose.
    pub slip: Option<Slip>,
    /// Which one.
    pub invariant: Invariant,
    /// When, from the start.
    pub second: u64,
    what: String,
}

/// The invariants that the simulation looks at; the README says what each of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their numbers are what they are known by")]
pub enum Invariant {
    I1,
    I2,
    I3,
    I4,
    I5,
    I6,
    I7,
    I8,
    I10,
    I14,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            slip,
            invariant,
            second,
            what,
        } = self;
        writeln!(f, "{invariant:?} in second {second}: {what}")?;
        write!(f, "replay: cargo run -p privyseal-ring-model -- {seed}")?;
        slip.map_or(Ok(()), |slip| write!(f, " {}", slip.name()))
    }
}

/// What went wrong, before it is known when and where.
#[derive(Debug)]
struct Breach(Invariant, String);

struct Life<'a> {
    plan: Plan,
    dice: Dice,
    mint: Mint,
    now: u64,
    store: Store,
    nodes: Vec<Node>,
    under_way: Vec<Attempt>,
    ledger: Ledger,
    fault_until: u64,
    coverage: Coverage,
    tell: &'a mut dyn FnMut(fmt::Arguments<'_>),
}

impl<'a> Life<'a> {
    fn new(seed: u64, slip: Option<Slip>, tell: &'a mut dyn FnMut(fmt::Arguments<'_>)) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::draw(slip, &mut dice);
        let mut mint = Mint::new();
        let mut nodes = Vec::new();
        for _ in 0..plan.nodes {
            nodes.push(Node::new(
                dice.between(0, plan.limits.skew),
                !dice.one_in(3),
            ));
        }
        let mut found = |id| {
            let new = NewRing {
                id: RingId::from_bytes([id; 16]),
                policy: plan.policies[0],
                primary: mint.key(),
                standby: mint.key(),
            };
            Ring::init(new, nodes[0].clock(START)).expect("the policy passes")
        };
        let (ring, foreign) = (found(1), found(2));
        tell(format_args!("{plan:#?}"));
        Self {
            dice,
            mint,
            now: START,
            store: Store::new(&ring, &foreign),
            nodes,
            under_way: Vec::new(),
            ledger: Ledger::new(plan.limits, &ring),
            fault_until: 0,
            coverage: Coverage::default(),
            plan,
            tell,
        }
    }

    fn live(&mut self) -> Result<(), Breach> {
        for _ in 0..self.plan.seconds {
            self.now += 1;
            self.befall();
            self.write();
            self.land()?;
            for node in 0..self.nodes.len() {
                self.poll(node)?;
            }
            self.serve()?;
        }
        Ok(())
    }

    /// What happens to machines and clocks.
    fn befall(&mut self) {
        self.befall_store();
        let may_crash = !matches!(
            self.store.fault(),
            Some(Fault::Foreign | Fault::RolledBack(_))
        );
        for (number, node) in self.nodes.iter_mut().enumerate() {
            if self.dice.one_in(8) {
                node.drift(self.plan.limits.skew, &mut self.dice);
            }
            if self.dice.one_in(40) {
                node.cut_off_until = self.now + self.dice.between(1, self.plan.longest_cut);
                (self.tell)(format_args!(
                    "{}: node {number} is cut off",
                    self.now - START
                ));
            }
            // Who knows nothing cannot know that a ring is the wrong one.
            if may_crash && node.is_up(self.now) && self.dice.one_in(100) {
                node.crash(self.now + self.dice.between(1, 6));
                self.coverage.restarts += 1;
                (self.tell)(format_args!("{}: node {number} restarts", self.now - START));
            }
        }
    }

    fn befall_store(&mut self) {
        if self.store.fault().is_some() {
            if self.now >= self.fault_until {
                self.store.set_fault(None);
            }
            return;
        }
        if !self.dice.one_in(60) {
            return;
        }
        let all_know = self.nodes.iter().all(|node| node.known().is_some());
        let generations = self.nodes.iter().filter_map(Node::known);
        let oldest = generations.map(|ring| ring.generation()).min().unwrap_or(0);
        let before = self.store.generations_before(oldest);
        let fault = match self.dice.below(5) {
            0 => Fault::Unreachable,
            1 => Fault::Corrupt,
            2 => Fault::Empty,
            3 if all_know => Fault::Foreign,
            4 if all_know && before > 0 => Fault::RolledBack(self.dice.index(before)),
            _ => return,
        };
        self.fault_until = self.now + self.dice.between(1, self.plan.longest_cut);
        self.store.set_fault(Some(fault));
        (self.tell)(format_args!("{}: the store is {fault:?}", self.now - START));
    }

    /// Rotators and the operator look at the ring and their clocks, and may send something.
    fn write(&mut self) {
        for writer in 0..self.nodes.len() {
            if self.nodes[writer].is_rotator && self.dice.one_in(3) {
                self.attempt(writer, false);
            }
        }
        if self.dice.one_in(self.plan.whim_rarity) {
            let writer = self.dice.index(self.nodes.len());
            self.attempt(writer, true);
        }
    }

    fn attempt(&mut self, writer: usize, is_whim: bool) {
        let node = &self.nodes[writer];
        if !node.reaches_store(self.now) || node.known().is_none() {
            return;
        }
        let Answer::Document(document) = self.store.read(self.now, &mut self.dice) else {
            return;
        };
        let Ok(base) = document.ring() else { return };
        if !matches!(node.judge(&base), Succession::Same | Succession::Newer) {
            return;
        }
        let clock = node.clock(self.now);
        let (mint, dice) = (&mut self.mint, &mut self.dice);
        let (kind, operation) = if is_whim {
            let (policies, emergencies) = (&self.plan.policies, self.plan.has_emergencies);
            whim(&base, clock, policies, emergencies, mint, dice)
        } else if let Some(due) = due(&base, clock, mint) {
            due
        } else {
            return;
        };
        match base.apply(operation, clock) {
            Ok(ring) => {
                let lag = self.dice.below(self.plan.limits.propagation);
                self.under_way.push(Attempt {
                    writer,
                    base: base.generation(),
                    ring: Rc::new(ring),
                    kind,
                    read_at: self.now,
                    lands_at: self.now + lag,
                    is_lost: self.dice.one_in(20),
                });
            }
            Err(error) => {
                self.coverage.refusals += 1;
                self.coverage.reuses_refused += u64::from(is_reuse(&error));
            }
        }
    }

    /// Writes reach the store.
    fn land(&mut self) -> Result<(), Breach> {
        let now = self.now;
        let landing: Vec<_> = self
            .under_way
            .extract_if(.., |attempt| attempt.lands_at <= now)
            .collect();
        for attempt in landing {
            if attempt.is_lost || !self.nodes[attempt.writer].reaches_store(now) {
                self.coverage.lost_writes += 1;
                continue;
            }
            self.swap(&attempt)?;
        }
        Ok(())
    }

    fn swap(&mut self, attempt: &Attempt) -> Result<(), Breach> {
        let before = self.store.last_generation();
        let swap = self.store.compare_and_swap(
            attempt.base,
            &attempt.ring,
            attempt.read_at + self.plan.limits.propagation,
        );
        match swap {
            Swap::Unavailable => self.coverage.lost_writes += 1,
            Swap::Conflict => self.coverage.conflicts += 1,
            Swap::Done => {
                let generation = attempt.ring.generation();
                let (at, kind) = (self.now - START, attempt.kind);
                (self.tell)(format_args!(
                    "{at}: node {} writes generation {generation}: {kind:?}",
                    attempt.writer
                ));
                if before != attempt.base || generation != before + 1 {
                    let what = format!("generation {generation} follows {before}");
                    return Err(Breach(Invariant::I10, what));
                }
                self.count(kind);
                self.ledger.learn(attempt, self.now)?;
                if self.dice.one_in(2) {
                    let now = self.now;
                    self.nodes.iter_mut().for_each(|node| node.wake(now));
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, kind: Kind) {
        match kind {
            Kind::Rotate => self.coverage.rotations += 1,
            Kind::Destroy => self.coverage.destructions += 1,
            Kind::Suspend | Kind::Revoke | Kind::RevokeAll => self.coverage.emergencies += 1,
            _ => {}
        }
    }

    /// I4 and I8: a node only ever goes by a later generation of the ring that was written.
    fn poll(&mut self, number: usize) -> Result<(), Breach> {
        let node = &mut self.nodes[number];
        if !node.is_up(self.now) {
            return Ok(());
        }
        let before = node.known().cloned();
        let told = node.poll(self.now, self.plan.poll, &self.store, &mut self.dice);
        let fails = |invariant, what: &str| Err(Breach(invariant, format!("node {number} {what}")));
        match (told, &before, node.known()) {
            (Told::Ring(Heard::Taken), _, Some(ring)) => {
                let generation = ring.generation();
                (self.tell)(format_args!(
                    "{}: node {number} goes by generation {generation}, its clock {} ahead",
                    self.now - START,
                    node.clock(self.now).unix_seconds() - self.now
                ));
                if before.is_some_and(|before| before.generation() >= generation) {
                    return fails(Invariant::I4, "goes back");
                }
                if !self.store.has_kept(ring) {
                    return fails(Invariant::I8, "goes by what nobody wrote");
                }
            }
            (Told::Ring(Heard::Taken), _, None) => return fails(Invariant::I8, "loses its ring"),
            (_, None, None) => {}
            (_, Some(before), Some(after)) if Rc::ptr_eq(before, after) => {}
            _ => return fails(Invariant::I8, "changes its ring for nothing"),
        }
        self.coverage.held += u64::from(told.is_alarm());
        Ok(())
    }

    /// Fresh nodes sign, and are shown what others have signed.
    fn serve(&mut self) -> Result<(), Breach> {
        let mut signers: Vec<KeyId> = Vec::new();
        for node in &self.nodes {
            let Some(ring) = node.fresh(self.now) else {
                self.coverage.stale += u64::from(node.known().is_some());
                continue;
            };
            let clock = node.clock(self.now);
            let signer = self.ledger.sign(ring, clock, self.now)?;
            if !signers.contains(&signer) {
                signers.push(signer);
            }
        }
        self.coverage.changeovers += u64::from(signers.len() > 1);
        self.ledger.check_signers(&signers, self.now)?;
        let all = self.ledger.signers();
        for (number, node) in self.nodes.iter().enumerate() {
            let Some(ring) = node.fresh(self.now) else {
                continue;
            };
            let clock = node.clock(self.now);
            let one = self.dice.index(all.len());
            for key in signers.iter().chain(all.get(one)) {
                let (ledger, coverage) = (&self.ledger, &mut self.coverage);
                let shown = ledger.present(*key, ring, clock, self.now, coverage);
                shown.map_err(|Breach(invariant, what)| {
                    Breach(invariant, format!("{what} on node {number}"))
                })?;
            }
            let signing = ring.keys().iter();
            let signing = signing.filter(|key| ring.standing(key.id(), clock) == Standing::Signs);
            if signing.count() != 1 {
                let what = format!("node {number} has not one key that signs");
                return Err(Breach(Invariant::I3, what));
            }
        }
        Ok(())
    }
}

const START: u64 = 1_000_000;

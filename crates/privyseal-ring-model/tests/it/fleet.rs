//! Exhaustive: the tightest policies hold, and a second less does not.

use std::time::Instant;

use privyseal_ring_model::{Act, Bounds, Fleet, KNOWN, Limits, PROPAGATED, REVOKED, Slip};
use stateright::{Checker, HasDiscoveries, Model as _};

fn explore(name: &str, bounds: Bounds) {
    let started = Instant::now();
    let checker = Fleet::new(bounds, None)
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let (rings, changes) = checker.model().met();
    println!(
        "{name}: {} states, {} transitions, depth {}; {rings} rings, {changes} changes tried; {:.1} s",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        started.elapsed().as_secs_f64(),
    );
    checker.assert_properties();
}

#[test]
fn rotations_at_the_bound_i1_i3() {
    explore("calm, D 1", CALM);
    explore("calm, D 2", slower(CALM));
}

#[test]
fn emergencies_at_the_bound_i1_i2() {
    explore("emergency, D 1", EMERGENCY);
    explore("emergency, D 2", slower(twice(EMERGENCY)));
    explore("quarantine, D 1", QUARANTINE);
    explore("quarantine, D 2", slower(twice(QUARANTINE)));
}

#[test]
fn one_second_less_is_found() {
    for (slip, bounds, property) in [
        (Slip::ShortActivation, SCHEDULED, KNOWN),
        (Slip::ShortActivation, COMMITTED, KNOWN),
        (Slip::ShortActivation, CALM, PROPAGATED),
        (Slip::LateWrite, SCHEDULED, KNOWN),
        (Slip::LateWrite, EMERGENCY, REVOKED),
        (Slip::YoungStandby, EMERGENCY, KNOWN),
        (Slip::ShortRevocation, EMERGENCY, REVOKED),
    ] {
        for bounds in [bounds, slower(bounds)] {
            let started = Instant::now();
            let checker = Fleet::new(bounds, Some(slip))
                .checker()
                .finish_when(HasDiscoveries::AnyOf([property].into()))
                .spawn_bfs()
                .join();
            let seconds = started.elapsed().as_secs_f64();
            let states = checker.unique_state_count();
            let limits = bounds.limits;
            let Some(path) = checker.discovery(property) else {
                panic!("{slip:?} keeps, under {limits:?}: {property} ({states} states)");
            };
            let events = path.into_actions();
            println!("{slip:?}: not \"{property}\"; {states} states, {seconds:.1} s; {events:?}");
        }
    }
}

#[test]
fn a_ring_that_is_revoked_as_a_whole_signs_with_unknown_keys() {
    // What is said of it, and the reason for a standby.
    let bounds = Bounds {
        acts: &[Act::RevokeAll],
        ..EMERGENCY
    };
    let checker = Fleet::new(bounds, None)
        .checker()
        .finish_when(HasDiscoveries::AnyOf([KNOWN].into()))
        .spawn_bfs()
        .join();
    assert!(checker.discovery(KNOWN).is_some());
}

fn twice(bounds: Bounds) -> Bounds {
    Bounds {
        writes: 2,
        ..bounds
    }
}

fn slower(bounds: Bounds) -> Bounds {
    let limits = Limits {
        propagation: 2,
        ..bounds.limits
    };
    Bounds {
        limits,
        seconds: bounds.seconds + 1,
        ..bounds
    }
}

const CALM: Bounds = Bounds {
    limits: Limits {
        propagation: 1,
        lease: 2,
        skew: 1,
    },
    nodes: 3,
    seconds: 8,
    writes: 3,
    acts: &[Act::Stage, Act::Rotate, Act::Promote, Act::PromoteLast],
};

const SCHEDULED: Bounds = Bounds {
    acts: &[Act::Stage, Act::Rotate],
    ..CALM
};

const COMMITTED: Bounds = Bounds {
    acts: &[Act::Stage, Act::Promote, Act::PromoteLast],
    ..CALM
};

const EMERGENCY: Bounds = Bounds {
    nodes: 2,
    seconds: 7,
    acts: &[Act::Rotate, Act::Revoke(0)],
    ..CALM
};

const QUARANTINE: Bounds = Bounds {
    acts: &[Act::Rotate, Act::Suspend(0), Act::Resume(0)],
    ..EMERGENCY
};

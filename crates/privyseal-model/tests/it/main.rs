//! Every order of events within the bounds, and every bug found.

#![expect(
    clippy::print_stdout,
    reason = "how much was explored is for whoever runs the tests"
)]

use std::time::Instant;

use privyseal_model::{
    AVAILABLE, Bounds, Bug, ENDED_IS_ENDED, ERRORS_SAVE_NOTHING, NO_FIXATION, NOTHING_IS_LOST,
    ONE_SUCCESSOR, Protocol, THEFT_IS_NOTICED,
};
use stateright::{Checker, HasDiscoveries, Model as _};

fn explore(name: &str, bounds: Bounds) {
    let started = Instant::now();
    let checker = Protocol::new(bounds, None)
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let (rows, steps) = checker.model().met();
    println!(
        "{name}: {} states, {} transitions, depth {}; {rows} rows, {steps} steps of the engine; {:.1} s",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        started.elapsed().as_secs_f64(),
    );
    checker.assert_properties();
}

#[test]
fn small() {
    explore(
        "small",
        Bounds {
            requests: 2,
            thefts: 0,
            ticks: 0,
            silences: 0,
        },
    );
}

#[test]
fn theft() {
    explore(
        "theft",
        Bounds {
            requests: 2,
            thefts: 1,
            ticks: 2,
            silences: 0,
        },
    );
}

#[test]
fn silences() {
    explore(
        "silences",
        Bounds {
            requests: 2,
            thefts: 0,
            ticks: 0,
            silences: 1,
        },
    );
}

#[test]
fn three() {
    explore(
        "three",
        Bounds {
            requests: 3,
            thefts: 0,
            ticks: 0,
            silences: 0,
        },
    );
}

#[test]
fn each_bug_is_found() {
    let bounds = Bounds {
        requests: 2,
        thefts: 1,
        ticks: 2,
        silences: 0,
    };
    for (bug, property) in [
        (Bug::WritesRevive, ENDED_IS_ENDED),
        (Bug::EndsAreForgotten, ENDED_IS_ENDED),
        (Bug::WritesIgnoreTheVersion, NOTHING_IS_LOST),
        (Bug::ConflictsAreNotMerged, NOTHING_IS_LOST),
        (Bug::WritesIgnoreTheVersion, ONE_SUCCESSOR),
        (Bug::SignInLeadsOn, NO_FIXATION),
        (Bug::NoGrace, AVAILABLE),
        (Bug::ErrorsAreSaved, AVAILABLE),
        (Bug::ErrorsAreSaved, ERRORS_SAVE_NOTHING),
        (Bug::EndlessGrace, THEFT_IS_NOTICED),
        (Bug::ReuseIsIgnored, THEFT_IS_NOTICED),
    ] {
        let started = Instant::now();
        let finds = HasDiscoveries::AnyOf([property].into());
        let checker = Protocol::new(bounds, Some(bug))
            .checker()
            .finish_when(finds)
            .spawn_bfs()
            .join();
        println!(
            "{bug:?}: {} states, {:.1} s",
            checker.unique_state_count(),
            started.elapsed().as_secs_f64()
        );
        assert!(checker.discovery(property).is_some(), "{bug:?}: {property}");
    }
}

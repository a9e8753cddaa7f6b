//! Every order of events within the bounds, and every bug found.

#![expect(
    clippy::print_stdout,
    reason = "how much was explored is for whoever runs the tests"
)]

use std::time::Instant;

use privyseal_model::{
    AVAILABLE, Bounds, Bug, ENDED_IS_ENDED, ENDS_ARE_MADE, ERRORS_SAVE_NOTHING, NO_FIXATION,
    NOTHING_IS_LOST, ONE_SUCCESSOR, Protocol, THEFT_IS_NOTICED,
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
fn two_requests_at_once() {
    explore("two", TWO);
}

#[test]
fn three_requests_at_once_and_a_store_that_is_silent_once() {
    let bounds = Bounds {
        requests: 3,
        silences: 1,
        ..TWO
    };
    explore("three", bounds);
}

#[test]
fn slow_requests_and_a_store_that_is_silent_once() {
    let bounds = Bounds {
        ticks: 2,
        silences: 1,
        ..TWO
    };
    explore("slow", bounds);
}

#[test]
fn a_copied_cookie_at_any_time() {
    explore("theft", THEFT);
}

#[test]
fn each_bug_is_found() {
    for (bug, bounds, property) in [
        (Bug::WritesRevive, TWO, ENDED_IS_ENDED),
        (Bug::EndsAreForgotten, TWO, ENDED_IS_ENDED),
        (Bug::EndsAreForgotten, TWO, ENDS_ARE_MADE),
        (Bug::WritesAreForgotten, TWO, NOTHING_IS_LOST),
        (Bug::WritesIgnoreTheVersion, TWO, NOTHING_IS_LOST),
        (Bug::ConflictsAreNotMerged, TWO, NOTHING_IS_LOST),
        (Bug::WritesIgnoreTheVersion, TWO, ONE_SUCCESSOR),
        (Bug::SignInLeadsOn, TWO, NO_FIXATION),
        (Bug::SignInLooksLikeAnEnd, TWO, AVAILABLE),
        (Bug::NoGrace, TWO, AVAILABLE),
        (Bug::ErrorsAreSaved, TWO, AVAILABLE),
        (Bug::ErrorsAreSaved, TWO, ERRORS_SAVE_NOTHING),
        (Bug::EndlessGrace, THEFT, THEFT_IS_NOTICED),
        (Bug::ReuseIsIgnored, THEFT, THEFT_IS_NOTICED),
    ] {
        let started = Instant::now();
        let finds = HasDiscoveries::AnyOf([property].into());
        let checker = Protocol::new(bounds, Some(bug))
            .checker()
            .finish_when(finds)
            .spawn_bfs()
            .join();
        let seconds = started.elapsed().as_secs_f64();
        let states = checker.unique_state_count();
        let Some(path) = checker.discovery(property) else {
            panic!("{bug:?} keeps: {property} ({states} states)");
        };
        let len = path.into_actions().len();
        println!("{bug:?}: not \"{property}\" after {len} steps; {states} states, {seconds:.1} s");
    }
}

const TWO: Bounds = Bounds {
    requests: 2,
    thefts: 0,
    ticks: 0,
    silences: 0,
};

const THEFT: Bounds = Bounds {
    thefts: 1,
    ticks: 2,
    ..TWO
};

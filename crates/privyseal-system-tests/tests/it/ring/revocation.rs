//! A key that has leaked, revoked under load.

use std::time::{Duration, Instant};

use privyseal_system_tests::fleet::{CALM, Fleet, FleetNode, Load, RingKind, Seen, Visitor};

use super::{addresses, generation, promote, revoke, three_nodes};

/// D + F of the policy, and what a busy machine adds to it.
fn bound() -> Duration {
    Duration::from_secs(CALM.propagation + CALM.lease) + Duration::from_secs(1)
}

/// Sessions in the modes whose cookies carry them, as copies that stay under their key.
fn copies(node: &FleetNode, name: &str) -> Vec<Visitor> {
    ["sealed", "signed", "stored"]
        .map(|mode| {
            let visitor = Visitor::signed_in(node.address(), mode, name).unwrap();
            visitor.copy()
        })
        .into()
}

fn are_in(visitors: &mut [Visitor], nodes: &[FleetNode]) {
    for visitor in visitors {
        for node in nodes {
            let seen = visitor.look(node.address()).unwrap();
            assert_eq!(seen, Seen::SignedIn(None), "{}", visitor.mode());
        }
    }
}

/// Waits until the first of them are refused by every node; how long that took after the key was
/// revoked.
fn times_until_refused(
    copies: &mut [Visitor],
    nodes: &[FleetNode],
    since: Instant,
) -> Vec<Duration> {
    let mut times = Vec::new();
    for node in nodes {
        for copy in &mut *copies {
            while copy.look(node.address()).unwrap() != Seen::Stranger {
                assert!(
                    since.elapsed() < bound(),
                    "the revoked key is alive on {}",
                    node.address()
                );
            }
        }
        times.push(since.elapsed());
    }
    times
}

fn a_revoked_key_is_dead_and_the_others_live(kind: RingKind) {
    let fleet = Fleet::new(kind).unwrap();
    fleet.init(CALM).unwrap();
    // Keys change here when we say so, and by nobody else.
    let nodes = [(); 3].map(|()| super::start(&fleet.settings().reader()));
    let mut old = copies(&nodes[0], "ada");
    // Flask's cookies do not move to another key when they are merely used.
    let mut old_flask = Visitor::signed_in(nodes[0].address(), "flask", "ada").unwrap();

    let promoted = loop {
        if let Ok(promoted) = promote(&fleet) {
            break promoted;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    for node in &nodes {
        node.wait_until("of the new key", |health| {
            generation(health) == promoted.ring().generation()
        })
        .unwrap();
    }
    let leaked = promoted.ring().primary().id();
    let mut stolen = copies(&nodes[0], "eve");
    are_in(&mut stolen, &nodes);
    are_in(&mut old, &nodes);
    let load = Load::start(&addresses(&nodes), 4).unwrap();
    load.goes_on(40).unwrap();

    let revoked = revoke(&fleet, leaked).unwrap();
    let since = Instant::now();
    let times = times_until_refused(&mut stolen, &nodes, since);
    println!("{kind:?}: dead on the nodes after {times:?}");

    // They signed in under the leaked key as well, and are told to sign in again, no more.
    load.goes_on(40).unwrap();
    let report = load.stop().unwrap();
    assert!(report.refused > 0, "{report:?}");
    assert_eq!((report.deletions, report.unavailable), (0, 0), "{report:?}");
    assert!(report.other.is_empty(), "{report:?}");

    for node in &nodes {
        let (status, health) = node.health().unwrap();
        assert_eq!(status, 200);
        assert_eq!(generation(&health), revoked.ring().generation());
        // Who was signed in before under another key, still is; and new people can come.
        Visitor::signed_in(node.address(), "sealed", "bob").unwrap();
    }
    are_in(&mut old, &nodes);
    are_in(std::slice::from_mut(&mut old_flask), &nodes);
    for visitor in old.iter().chain(&stolen).chain([&old_flask]) {
        assert_eq!(visitor.deletions(), 0, "{}", visitor.mode());
    }
}

#[test]
fn a_key_revoked_in_postgresql_is_dead_on_every_node_and_the_others_live() {
    a_revoked_key_is_dead_and_the_others_live(RingKind::Postgres);
}

#[test]
fn a_key_revoked_in_redis_is_dead_on_every_node_and_the_others_live() {
    a_revoked_key_is_dead_and_the_others_live(RingKind::Redis);
}

#[test]
fn a_key_revoked_in_mysql_is_dead_on_every_node_and_the_others_live() {
    a_revoked_key_is_dead_and_the_others_live(RingKind::MySql);
}

#[test]
fn a_key_revoked_in_sqlite_is_dead_on_every_node_and_the_others_live() {
    a_revoked_key_is_dead_and_the_others_live(RingKind::Sqlite);
}

#[test]
fn a_key_revoked_in_a_file_is_dead_on_every_node_and_the_others_live() {
    a_revoked_key_is_dead_and_the_others_live(RingKind::File);
}

#[test]
fn the_whole_ring_is_given_up_and_begins_anew_on_every_node() {
    let fleet = Fleet::new(RingKind::Postgres).unwrap();
    fleet.init(CALM).unwrap();
    let nodes = three_nodes(&fleet);
    let mut stolen = copies(&nodes[0], "eve");
    fleet
        .apply(|opened| {
            let (primary, standby) = (opened.new_key()?, opened.new_key()?);
            Ok(Some(privyseal::ring::Operation::RevokeAll {
                primary,
                standby,
                note: None,
            }))
        })
        .unwrap();
    times_until_refused(&mut stolen, &nodes, Instant::now());
    let mut bob = Visitor::signed_in(nodes[0].address(), "sealed", "bob").unwrap();
    for node in &nodes {
        let seen = bob.look(node.address()).unwrap();
        assert_eq!(seen, Seen::SignedIn(None));
    }
}

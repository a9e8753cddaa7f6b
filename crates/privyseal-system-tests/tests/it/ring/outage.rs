//! A repository that is killed, is not there yet, or gives what it must not.

use std::path::Path;
use std::time::Duration;

use privyseal::ring::RingPolicy;
use privyseal_system_tests::fleet::{Fleet, FleetNode, HASTY, Load, RingKind, Seen, Visitor};
use privyseal_testkit::servers::Restart;
use privyseal_testkit::servers::postgres::PostgresServer;
use privyseal_testkit::servers::redis::RedisServer;

use super::{addresses, generation, promote, start, three_nodes};

/// The key that signs stays the same for the time of a test.
const CALM: RingPolicy = RingPolicy {
    period: 3600,
    ..HASTY
};

/// In every mode, somebody who is signed in.
fn visitors(node: &FleetNode) -> Vec<Visitor> {
    ["sealed", "signed", "flask", "stored"]
        .map(|mode| Visitor::signed_in(node.address(), mode, "ada").unwrap())
        .into()
}

fn all_see(visitors: &mut [Visitor], node: &FleetNode, expected: &Seen) {
    for visitor in visitors {
        let seen = visitor.look(node.address()).unwrap();
        assert_eq!(seen, *expected, "{}", visitor.mode());
        assert_eq!(visitor.deletions(), 0, "{}", visitor.mode());
    }
}

fn sign_in(node: &FleetNode) -> u16 {
    let mut visitor = Visitor::new("sealed");
    visitor.sign_in(node.address(), "bob").unwrap()
}

fn sessions_outlive_their_repository(url: &str, server: &mut impl Restart) {
    let fleet = Fleet::at(url).unwrap();
    fleet.init(CALM).unwrap();
    let nodes = three_nodes(&fleet);
    let strict = start(&fleet.settings().refusing_when_stale());
    strict.wait_until_state("fresh").unwrap();
    let mut visitors = visitors(&nodes[0]);
    let load = Load::start(&addresses(&nodes), 4).unwrap();
    load.goes_on(20).unwrap();

    server.kill();
    for node in &nodes {
        let health = node
            .wait_until("stale", |health| {
                health["state"] == "stale" && health["signs"] == false
            })
            .unwrap();
        assert_eq!(health["ready"], true);
        assert_ne!(health["trouble"]["hint"], "");
        // What is known is read, and nothing new is signed.
        all_see(&mut visitors, node, &Seen::SignedIn(None));
        assert_eq!(sign_in(node), 503);
    }
    let health = strict.wait_until("refusing", |health| health["ready"] == false);
    assert_eq!(health.unwrap()["state"], "stale");
    assert_eq!(strict.health().unwrap().0, 503);
    all_see(&mut visitors, &strict, &Seen::Unavailable);

    server.restart().unwrap();
    for node in nodes.iter().chain([&strict]) {
        node.wait_until_state("fresh").unwrap();
        all_see(&mut visitors, node, &Seen::SignedIn(None));
        assert_eq!(sign_in(node), 303);
    }
    let report = load.stop().unwrap();
    let lost = (report.refused, report.deletions, report.lost_notes);
    assert_eq!(lost, (0, 0, 0), "{report:?}");
    assert!(report.other.is_empty(), "{report:?}");
}

#[test]
fn sessions_outlive_a_postgresql_that_is_killed() {
    let mut server = PostgresServer::start().unwrap();
    let url = server.database().unwrap();
    sessions_outlive_their_repository(&url, &mut server);
}

#[test]
fn sessions_outlive_a_redis_that_is_killed() {
    let mut server = RedisServer::start().unwrap();
    let url = server.url();
    sessions_outlive_their_repository(&url, &mut server);
}

#[test]
fn nodes_that_start_without_a_ring_make_none_and_take_the_one_that_comes() {
    let mut server = PostgresServer::start().unwrap();
    let fleet = Fleet::at(&server.database().unwrap()).unwrap();
    server.kill();
    let nodes = [(); 3].map(|()| start(&fleet.settings()));
    let are_empty = || {
        for node in &nodes {
            let health = node.wait_until_state("empty").unwrap();
            assert_eq!(node.health().unwrap().0, 503);
            assert_eq!(
                (&health["signs"], &health["ready"]),
                (&false.into(), &false.into())
            );
            assert_eq!(sign_in(node), 503);
        }
    };
    are_empty();

    // It can be reached, and there never was a ring: what nobody made is not made by a node.
    server.restart().unwrap();
    for node in &nodes {
        node.wait_until("told that there is none", |health| {
            health["trouble"]["message"] == "there is no key ring here"
        })
        .unwrap();
    }
    are_empty();
    assert!(fleet.read().unwrap().is_none());

    fleet.init(CALM).unwrap();
    for node in &nodes {
        node.wait_until_state("fresh").unwrap();
        assert_eq!(sign_in(node), 303);
    }
}

/// Sessions of both keys of a ring whose last generation somebody takes back, and restores.
fn an_older_backup_is_not_taken(
    fleet: &Fleet,
    back_up: impl FnOnce(),
    take_back: impl FnOnce(),
    restore: impl FnOnce(),
) {
    let first = fleet.init(CALM).unwrap();
    let nodes = three_nodes(fleet);
    let mut before = visitors(&nodes[0]);
    back_up();
    let promoted = loop {
        if let Ok(promoted) = promote(fleet) {
            break promoted.ring().generation();
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    for node in &nodes {
        node.wait_until("of the new key", |health| generation(health) == promoted)
            .unwrap();
    }
    let mut after = visitors(&nodes[0]);

    take_back();
    for node in &nodes {
        let expected = format!("(generation {})", first.ring().generation());
        let health = node
            .wait_until("held", |health| {
                let said = health["trouble"]["message"].as_str();
                health["state"] == "held" && said.is_some_and(|said| said.contains(&expected))
            })
            .unwrap();
        assert_eq!(generation(&health), promoted);
        // Beyond the lease as well.
        node.wait_until("past its lease", |health| health["signs"] == false)
            .unwrap();
        assert_eq!(node.health().unwrap().1["state"], "held");
        all_see(&mut before, node, &Seen::SignedIn(None));
        all_see(&mut after, node, &Seen::SignedIn(None));
        assert_eq!(sign_in(node), 503);
    }
    restore();
    for node in &nodes {
        let health = node.wait_until_state("fresh").unwrap();
        assert!(generation(&health) >= promoted);
        all_see(&mut before, node, &Seen::SignedIn(None));
        all_see(&mut after, node, &Seen::SignedIn(None));
        assert_eq!(sign_in(node), 303);
    }
}

#[test]
fn an_older_backup_in_postgresql_is_not_taken() {
    let server = PostgresServer::shared();
    let url = server.database().unwrap();
    let fleet = Fleet::at(&url).unwrap();
    let database = url.rsplit('/').next().unwrap();
    let put = |which: &str| {
        let statement = format!(
            "UPDATE privyseal_rings r SET generation = p.generation, document = p.document \
             FROM (SELECT * FROM privyseal_past_rings ORDER BY generation {which} LIMIT 1) p"
        );
        server.execute(database, &statement).unwrap();
    };
    an_older_backup_is_not_taken(&fleet, || {}, || put("ASC"), || put("DESC"));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // As a whole, as a restore should.
            let part = to.join("restoring");
            std::fs::copy(entry.path(), &part).unwrap();
            std::fs::rename(part, target).unwrap();
        }
    }
}

#[test]
fn an_older_backup_in_a_file_is_not_taken() {
    let fleet = Fleet::new(RingKind::File).unwrap();
    let [ring, old, new] = ["ring", "old", "new"].map(|name| fleet.directory().join(name));
    an_older_backup_is_not_taken(
        &fleet,
        || copy(&ring, &old),
        || {
            copy(&ring, &new);
            copy(&old, &ring);
        },
        || copy(&new, &ring),
    );
}

//! Keys that are rotated as often as their policy allows, under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use privyseal_system_tests::fleet::{Fleet, FleetNode, HASTY, Load, RingKind};

use super::{addresses, promote, rotate, three_nodes};

/// Rotates for this long, by every way that there is, beside the rotators of the nodes; how often
/// it was done here.
fn rotate_for(fleet: &Fleet, time: Duration) -> u32 {
    let (start, mut done) = (Instant::now(), 0);
    while start.elapsed() < time {
        let rotated = if done % 2 == 0 {
            promote(fleet)
        } else {
            rotate(fleet)
        };
        match rotated {
            Ok(_) => done += 1,
            // It is too early, which the ring knows better than we.
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
    done
}

/// Whether every node was up to date all the time: one that was not, on a machine too busy to run
/// it, says for a while that it does not know, which it must.
fn are_fresh_until(nodes: &[FleetNode], stop: &AtomicBool) -> bool {
    let mut are_fresh = true;
    while !stop.load(Ordering::Relaxed) {
        for node in nodes {
            are_fresh &= node.health().unwrap().1["state"] == "fresh";
        }
        thread::sleep(Duration::from_millis(50));
    }
    are_fresh
}

fn nobody_is_signed_out_by_rotations(kind: RingKind) {
    let fleet = Fleet::new(kind).unwrap();
    fleet.init(HASTY).unwrap();
    let nodes = three_nodes(&fleet);
    let load = Load::start(&addresses(&nodes), VISITORS).unwrap();
    let stop = AtomicBool::new(false);
    let (done, are_fresh) = thread::scope(|scope| {
        let watch = scope.spawn(|| are_fresh_until(&nodes, &stop));
        let done = rotate_for(&fleet, ROTATING);
        load.goes_on(200).unwrap();
        stop.store(true, Ordering::Relaxed);
        (done, watch.join().unwrap())
    });
    let report = load.stop().unwrap();
    let ring = fleet.read().unwrap().unwrap();
    println!(
        "{kind:?}: {done} rotations here, generation {}, always fresh: {are_fresh}; {report:?}",
        ring.ring().generation()
    );
    assert!(done >= 3, "{done} rotations prove little");
    assert!(report.requests >= 500, "{report:?}");
    let lost = (report.refused, report.deletions, report.lost_notes);
    assert_eq!(lost, (0, 0, 0), "{report:?}");
    assert!(report.other.is_empty(), "{report:?}");
    assert!(!are_fresh || report.unavailable == 0, "{report:?}");
}

const VISITORS: usize = 8;
const ROTATING: Duration = Duration::from_secs(20);

#[test]
fn rotations_in_postgresql_sign_nobody_out() {
    nobody_is_signed_out_by_rotations(RingKind::Postgres);
}

#[test]
fn rotations_in_redis_sign_nobody_out() {
    nobody_is_signed_out_by_rotations(RingKind::Redis);
}

#[test]
fn rotations_in_sqlite_sign_nobody_out() {
    nobody_is_signed_out_by_rotations(RingKind::Sqlite);
}

//! How long a revoked key lives on each server.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use privyseal::KeyId;
use privyseal::ring::{KeyRecord, KeyState, Operation};
use privyseal_keys::ring::Opened;
use privyseal_system_tests::fleet::{CALM, Fleet, FleetNode, RingKind, Seen, Visitor};

use crate::{Arguments, milliseconds, name};

pub(crate) fn run(kind: RingKind, arguments: &Arguments) -> Result<()> {
    let fleet = Fleet::new(kind)?;
    fleet.init(CALM)?;
    let nodes = arguments.servers(&fleet, true)?;
    let (mut times, mut longest) = (Vec::new(), Duration::ZERO);
    for round in 0..arguments.rounds {
        for (time, since_written) in one_round(&fleet, &nodes)? {
            times.push(time);
            longest = longest.max(since_written);
        }
        // So many, and no more, fit into a ring.
        if round % 50 == 49 {
            destroy_revoked(&fleet, &nodes)?;
        }
    }
    times.sort_unstable();
    let at = |percent: usize| {
        let time = times.get((times.len() - 1) * percent / 100).copied();
        milliseconds(time.unwrap_or_default())
    };
    let is_pushed = matches!(kind, RingKind::Postgres | RingKind::Redis | RingKind::File);
    println!(
        "| {} | {} | {} | {} | {} | {} | {} |",
        name(kind),
        if is_pushed { "push" } else { "poll" },
        arguments.rounds,
        at(50),
        at(99),
        milliseconds(longest),
        milliseconds(Duration::from_secs(CALM.propagation + CALM.lease)),
    );
    Ok(())
}

/// Somebody signs in, and the key that did it is revoked; for how long each node accepts them,
/// since the write began and since it was acknowledged.
fn one_round(fleet: &Fleet, nodes: &[FleetNode]) -> Result<Vec<(Duration, Duration)>> {
    let first = nodes.first().context("there are nodes")?;
    let visitor = Visitor::signed_in(first.address(), "sealed", "eve")?;
    let mut copies = Vec::new();
    for node in nodes {
        let mut copy = visitor.copy();
        let seen = copy.look(node.address())?;
        ensure!(
            seen == Seen::SignedIn(None),
            "{seen:?} before the key is revoked"
        );
        copies.push((copy, node.address()));
    }
    thread::scope(|scope| {
        let waiting: Vec<_> = copies
            .into_iter()
            .map(|(mut copy, node)| {
                scope.spawn(move || -> Result<Instant> {
                    let start = Instant::now();
                    while copy.look(node)? != Seen::Stranger {
                        ensure!(start.elapsed() < PATIENCE, "{node} accepts a revoked key");
                    }
                    Ok(Instant::now())
                })
            })
            .collect();
        let began = Instant::now();
        fleet.apply(|opened| {
            let standby = Some(opened.new_key()?);
            Ok(Some(Operation::Revoke {
                key: opened.ring().primary().id(),
                standby,
                note: None,
            }))
        })?;
        let written = Instant::now();
        let refused = waiting.into_iter().map(|thread| {
            let at = thread.join().ok().context("a visitor panicked")??;
            let since = |start| at.saturating_duration_since(start);
            Ok((since(began), since(written)))
        });
        refused.collect()
    })
}

fn destroy_revoked(fleet: &Fleet, nodes: &[FleetNode]) -> Result<()> {
    let mut generation = 0;
    loop {
        let mut is_done = true;
        let opened = fleet.apply(|opened| {
            let revoked = revoked(opened);
            is_done = revoked.is_none();
            Ok(revoked.map(|key| Operation::Destroy { key }))
        })?;
        if is_done {
            break;
        }
        generation = opened.ring().generation();
    }
    for node in nodes {
        let start = Instant::now();
        while node.generation()? < generation {
            ensure!(start.elapsed() < PATIENCE, "a server reads nothing new");
            thread::sleep(Duration::from_millis(10));
        }
    }
    Ok(())
}

fn revoked(opened: &Opened) -> Option<KeyId> {
    let keys = opened.ring().keys();
    let revoked = keys.iter().find(|key| key.state() == KeyState::Revoked);
    revoked.map(KeyRecord::id)
}

/// For machines that have much else to do.
const PATIENCE: Duration = Duration::from_mins(1);

//! Rows that expired leave, and no others.
//!
//! The times are of 1970, so that a sweep meets no rows but those of this check.

use std::time::{Duration, Instant};

use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, Store};

use super::Expiry;
use super::kit::{Kit, NOW, Sample};

pub(super) async fn check<S: Store>(kit: &Kit<S>, expiry: Expiry) {
    match expiry {
        Expiry::Swept => {
            while kit.delete_expired(EARLY, 1000).await == 1000 {}
            a_sweep_removes_what_expired_before_it(kit).await;
            a_sweep_goes_by_the_last_write(kit).await;
            a_sweep_keeps_to_its_limit(kit).await;
        }
        Expiry::ByItself => {
            let live = kit.created(&Sample::new("data")).await;
            kit.delete_expired(EARLY, 1000).await;
            is_live(kit, live, "that has not expired, after delete_expired").await;
            rows_leave_when_their_time_has_run(kit).await;
        }
    }
}

async fn a_sweep_removes_what_expired_before_it<S: Store>(kit: &Kit<S>) {
    let live = |expires| Sample::new("data").times(1, expires, EARLY + 9000);
    let gone = kit.created(&live(EARLY - 1)).await;
    let edge = kit.created(&live(EARLY)).await;
    let stays = kit.created(&live(EARLY + 1)).await;
    let ended_gone = tombstone(kit, EARLY - 1).await;
    let ended_edge = tombstone(kit, EARLY).await;
    let ended_stays = tombstone(kit, EARLY + 1).await;
    let removed = kit.delete_expired(EARLY, 1000).await;
    rule!(
        removed == 2,
        "delete_expired removes the 2 rows that expired before now, not {removed}"
    );
    is_unknown(kit, gone, "a session with an expires_at before now").await;
    is_unknown(kit, ended_gone, "a tombstone with an ends_at before now").await;
    is_live(kit, edge, "with now for its expires_at").await;
    is_live(kit, stays, "with an expires_at after now").await;
    is_ended(kit, ended_edge, "with now for its ends_at").await;
    is_ended(kit, ended_stays, "with an ends_at after now").await;
    let removed = kit.delete_expired(EARLY + 1, 1000).await;
    rule!(
        removed == 2,
        "a second later the 2 rows at the edge go, not {removed}"
    );
    is_ended(kit, ended_stays, "at the edge now").await;
    let taken = !kit.create(ended_stays, &live(EARLY)).await;
    rule!(taken, "the id of a tombstone stays taken until its ends_at");
    let again = kit.delete_expired(EARLY + 9001, 1000).await;
    rule!(
        again == 2,
        "a late sweep takes the 2 rows left, not {again}"
    );
    let free = kit.create(gone, &live(EARLY)).await;
    rule!(free, "create takes an id whose row was removed");
    kit.delete_expired(EARLY + 9001, 1000).await;
}

async fn a_sweep_goes_by_the_last_write<S: Store>(kit: &Kit<S>) {
    let short = Sample::new("data").times(1, EARLY - 10, EARLY + 9000);
    let touched = kit.created(&short).await;
    kit.touch(touched, 1, 2, EARLY + 10).await;
    let updated = kit.created(&short).await;
    let longer = Sample::new("data").times(2, EARLY + 10, EARLY + 9000);
    kit.update(updated, 1, &longer).await;
    let shortened = kit.created(&longer).await;
    kit.update(shortened, 1, &short).await;
    let removed = kit.delete_expired(EARLY, 1000).await;
    rule!(
        removed == 1,
        "delete_expired removes the 1 row whose time an update shortened, not {removed}"
    );
    is_live(kit, touched, "whose time a touch prolonged").await;
    is_live(kit, updated, "whose time an update prolonged").await;
    is_unknown(kit, shortened, "a session shortened by an update").await;
    kit.delete_expired(EARLY + 9001, 1000).await;
}

async fn a_sweep_keeps_to_its_limit<S: Store>(kit: &Kit<S>) {
    let mut ids = Vec::new();
    for n in 0..7 {
        if n % 2 == 0 {
            ids.push(tombstone(kit, EARLY - 1).await);
        } else {
            let row = Sample::new("data").times(1, EARLY - 1, EARLY - 1);
            ids.push(kit.created(&row).await);
        }
    }
    for expected in [3, 3, 1, 0] {
        let removed = kit.delete_expired(EARLY, 3).await;
        rule!(
            removed == expected,
            "delete_expired removes 3 rows a time of 7, sessions and tombstones taken together: \
             {expected} here, not {removed}"
        );
    }
    for id in ids {
        is_unknown(kit, id, "a row of a bounded sweep").await;
    }
}

async fn tombstone<S: Store>(kit: &Kit<S>, ends_at: u64) -> SessionId {
    let expired = Sample::new("data").times(1, 2, ends_at);
    let id = kit.created(&expired).await;
    kit.end(id).await;
    id
}

/// The times are differences to `last_seen`, as the database's clock is another one than ours.
async fn rows_leave_when_their_time_has_run<S: Store>(kit: &Kit<S>) {
    let mut seconds = 1;
    let rows = loop {
        let began = Instant::now();
        let rows = short_lives(kit, seconds).await;
        // A machine that has much else to do may take longer than the rows live.
        if began.elapsed() < Duration::from_secs(seconds) {
            break rows;
        }
        seconds *= 2;
    };
    leaves(kit, rows.left, "a session").await;
    leaves(kit, rows.ended_soon, "a tombstone").await;
    is_live(kit, rows.touched, "whose time a touch prolonged").await;
    is_live(kit, rows.updated, "whose time an update prolonged").await;
    is_ended(kit, rows.ended, "before its ends_at").await;
}

/// Rows that were all written with little time, and what became of them then.
struct ShortLives {
    touched: SessionId,
    updated: SessionId,
    ended: SessionId,
    ended_soon: SessionId,
    left: SessionId,
}

async fn short_lives<S: Store>(kit: &Kit<S>, seconds: u64) -> ShortLives {
    let short = Sample::new("data").times(NOW, NOW + seconds, NOW + 3600);
    let touched = kit.created(&short).await;
    kit.touch(touched, 1, NOW, NOW + 3600).await;
    let updated = kit.created(&short).await;
    kit.update(updated, 1, &Sample::new("data")).await;
    let ended = kit.created(&short).await;
    kit.end(ended).await;
    let soon = Sample::new("data").times(NOW, NOW + seconds, NOW + 2 * seconds);
    let ended_soon = kit.created(&soon).await;
    kit.end(ended_soon).await;
    ShortLives {
        touched,
        updated,
        ended,
        ended_soon,
        left: kit.created(&short).await,
    }
}

async fn leaves<S: Store>(kit: &Kit<S>, id: SessionId, what: &str) {
    let deadline = Instant::now() + Duration::from_mins(2);
    while kit.load(id).await != Found::Unknown {
        rule!(
            Instant::now() < deadline,
            "{what} whose last second has run leaves by itself"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn is_live<S: Store>(kit: &Kit<S>, id: SessionId, which: &str) {
    let found = kit.load(id).await;
    rule!(
        matches!(found, Found::Live(_)),
        "a session {which} stays, but is {found:?}"
    );
}

async fn is_ended<S: Store>(kit: &Kit<S>, id: SessionId, which: &str) {
    let found = kit.load(id).await;
    rule!(
        found == Found::Ended,
        "a tombstone {which} stays, but is {found:?}"
    );
}

async fn is_unknown<S: Store>(kit: &Kit<S>, id: SessionId, what: &str) {
    let found = kit.load(id).await;
    rule!(
        found == Found::Unknown,
        "{what} is removed, but is {found:?}"
    );
}

/// A time before those of all other rows.
const EARLY: u64 = 100_000;

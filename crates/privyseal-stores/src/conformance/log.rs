//! The log of revocations: nothing is passed over, and everybody learns of it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use privyseal_session::revocation::{Page, Revocation, RevocationLog, RevocationName};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Waking;
use super::kit::{NOW, answered, time};

pub(super) async fn check<L: RevocationLog>(log: &Arc<L>, waking: Waking) {
    while prune(log, EARLY, 1000).await == 1000 {}
    entries_come_back_in_their_order(log).await;
    a_page_has_its_limit_and_the_position_of_its_last_entry(log).await;
    entries_are_forgotten_when_they_may_be(log).await;
    the_position_outlives_the_entries(log).await;
    a_reader_ahead_of_the_log_is_told(log).await;
    a_reader_misses_nothing_of_two_writers(log).await;
    if waking == Waking::Pushes {
        an_append_before_the_call_wakes(log).await;
        an_append_wakes_all_who_wait(log).await;
    }
}

async fn entries_come_back_in_their_order<L: RevocationLog>(log: &Arc<L>) {
    let head = head(log).await;
    let entries = [
        entry(NOW, NOW + 3600),
        entry(0, i64::MAX as u64),
        entry(i64::MAX as u64, i64::MAX as u64),
    ];
    for entry in &entries {
        append(log, entry).await;
    }
    let page = since(log, head, 100).await;
    rule!(
        page.entries == entries,
        "since has the entries as they were appended, oldest first, not {page:?}"
    );
    rule!(
        page.position > head,
        "an entry has a position after those before it, {head}, not {}",
        page.position
    );
    let again = since(log, page.position, 100).await;
    rule!(
        again.entries.is_empty() && again.position == page.position,
        "after the last entry there is none, and its position stands, not {again:?}"
    );
    // The same statement twice is two entries: the log makes nothing of what they say.
    let [first, ..] = &entries;
    append(log, first).await;
    let page = since(log, page.position, 100).await;
    rule!(
        page.entries == [*first],
        "an entry that is appended again is there again, not {page:?}"
    );
}

async fn a_page_has_its_limit_and_the_position_of_its_last_entry<L: RevocationLog>(log: &Arc<L>) {
    let start = head(log).await;
    let entries: Vec<Revocation> = (0..7).map(|n| entry(NOW + n, NOW + 3600)).collect();
    for entry in &entries {
        append(log, entry).await;
    }
    for limit in [1, 2, 3, 7, 8, usize::MAX] {
        let (mut position, mut read) = (start, Vec::new());
        while read.len() < entries.len() {
            let page = since(log, position, limit).await;
            let expected = limit.min(entries.len() - read.len());
            rule!(
                page.entries.len() == expected && page.position > position,
                "a page of at most {limit} after {position} has {expected} entries, not {page:?}"
            );
            position = page.position;
            read.extend(page.entries);
        }
        rule!(
            read == entries,
            "pages of {limit} have each entry once and in order, not {read:?}"
        );
        let end = head(log).await;
        rule!(
            position == end,
            "the position of the last page is that of the log, {end}, not {position}"
        );
    }
}

async fn entries_are_forgotten_when_they_may_be<L: RevocationLog>(log: &Arc<L>) {
    let start = head(log).await;
    let forget_at = [NOW, EARLY, EARLY + 1, EARLY - 1, EARLY - 2, NOW];
    let entries = forget_at.map(|at| entry(0, at));
    for entry in &entries {
        append(log, entry).await;
    }
    let page = since(log, start, 100).await;
    rule!(
        page.entries == entries,
        "entries are there until they are pruned, whatever their times, not {page:?}"
    );
    for expected in [2, 1, 0] {
        let pruned = prune(log, EARLY, 2).await;
        rule!(
            pruned == expected,
            "prune removes 3 entries, 2 a time: {expected} here, not {pruned}"
        );
    }
    let left = since(log, start, 100).await;
    rule!(
        left.entries == [entries[0], entries[2], entries[5]] && left.position == page.position,
        "prune removes what may be forgotten at its time, and leaves the rest, not {left:?}"
    );
    prune(log, EARLY + 1, 100).await;
}

async fn the_position_outlives_the_entries<L: RevocationLog>(log: &Arc<L>) {
    append(log, &entry(0, EARLY)).await;
    let last = head(log).await;
    prune(log, EARLY, 100).await;
    for asked in [last, last - 1] {
        let page = since(log, asked, 100).await;
        rule!(
            page.entries.is_empty() && page.position == last,
            "the position of the log, {last}, outlives the entry, unlike {page:?}"
        );
    }
    let next = entry(NOW, NOW + 3600);
    append(log, &next).await;
    let page = since(log, last, 100).await;
    rule!(
        page.entries == [next] && page.position > last,
        "an entry after a pruned one has a later position than {last}: {page:?}"
    );
}

async fn a_reader_ahead_of_the_log_is_told<L: RevocationLog>(log: &Arc<L>) {
    append(log, &entry(NOW, NOW + 3600)).await;
    let page = since(log, FAR, 100).await;
    rule!(
        page.entries.is_empty() && page.position < FAR && page.position > 0,
        "a log whose past is lost says so with a lower position than asked for: {page:?}"
    );
}

async fn a_reader_misses_nothing_of_two_writers<L: RevocationLog>(log: &Arc<L>) {
    let start = head(log).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS as u64 {
        let log = Arc::clone(log);
        writers.spawn(async move {
            for n in 0..ENTRIES {
                append(&log, &numbered(writer, n)).await;
            }
        });
    }
    let (mut position, mut next) = (start, [0; WRITERS]);
    loop {
        // Looked at before the page is read: what was appended by then has to be in it.
        let all_written = writers.is_empty();
        let page = since(log, position, 7).await;
        rule!(
            page.position >= position,
            "a position does not go back, from {position} to {}",
            page.position
        );
        for read in &page.entries {
            let writer = read.began_until.unix_seconds();
            let index = usize::try_from(writer).unwrap_or(usize::MAX);
            let Some(expected) = next.get_mut(index) else {
                panic!("the contract is broken: an entry came back that nobody wrote: {read:?}");
            };
            rule!(
                *read == numbered(writer, *expected),
                "a reader sees each entry of a writer once and in order; {read:?} is not entry \
                 {expected} of writer {writer}"
            );
            *expected += 1;
        }
        position = page.position;
        if all_written && page.entries.is_empty() {
            break;
        }
        while let Some(written) = writers.try_join_next() {
            if let Err(error) = written {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        tokio::task::yield_now().await;
    }
    rule!(
        next == [ENTRIES; WRITERS],
        "a reader misses no entry of writers at the same time; it has {next:?} of {ENTRIES} each"
    );
}

fn numbered(writer: u64, n: u64) -> Revocation {
    let mut name = [0; RevocationName::LEN];
    let (left, right) = name.split_at_mut(RevocationName::LEN / 2);
    left.copy_from_slice(&writer.to_be_bytes());
    right.copy_from_slice(&n.to_be_bytes());
    Revocation {
        name: RevocationName::from_bytes(name),
        began_until: time(writer),
        forget_at: time(NOW + 3600),
    }
}

async fn an_append_before_the_call_wakes<L: RevocationLog>(log: &Arc<L>) {
    quiet(log).await;
    append(log, &entry(NOW, NOW + 3600)).await;
    let woken = timeout(PATIENCE, log.changed()).await;
    rule!(
        woken.is_ok(),
        "changed returns when something was appended since the last call"
    );
}

async fn an_append_wakes_all_who_wait<L: RevocationLog>(log: &Arc<L>) {
    quiet(log).await;
    let (mut first, mut second) = (pin!(log.changed()), pin!(log.changed()));
    // Both wait now, unless they return once too often, which they may.
    let early = (
        is_ready(first.as_mut()).await,
        is_ready(second.as_mut()).await,
    );
    append(log, &entry(NOW, NOW + 3600)).await;
    if !early.0 {
        rule!(
            timeout(PATIENCE, first).await.is_ok(),
            "changed returns to one who waits"
        );
    }
    if !early.1 {
        rule!(
            timeout(PATIENCE, second).await.is_ok(),
            "changed returns to another who waits"
        );
    }
}

/// Takes the wake-ups that are still due, so that the next one is that of a new entry.
async fn quiet<L: RevocationLog>(log: &Arc<L>) {
    while timeout(Duration::from_millis(200), log.changed())
        .await
        .is_ok()
    {}
}

async fn is_ready(mut future: std::pin::Pin<&mut impl Future<Output = ()>>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await
}

async fn append<L: RevocationLog>(log: &Arc<L>, entry: &Revocation) {
    answered("append", log.append(entry).await);
}

async fn since<L: RevocationLog>(log: &Arc<L>, position: u64, limit: usize) -> Page {
    answered("since", log.since(position, limit).await)
}

async fn prune<L: RevocationLog>(log: &Arc<L>, now: u64, limit: usize) -> u64 {
    answered("prune", log.prune(time(now), limit).await)
}

/// The position of the last entry that the log ever had.
async fn head<L: RevocationLog>(log: &Arc<L>) -> u64 {
    since(log, FAR, 1).await.position
}

fn entry(began_until: u64, forget_at: u64) -> Revocation {
    Revocation {
        name: RevocationName::from_bytes(rand::random()),
        began_until: time(began_until),
        forget_at: time(forget_at),
    }
}

/// After all positions that a database can count.
const FAR: u64 = i64::MAX as u64;

/// A time before those of all other entries.
const EARLY: u64 = 100_000;

/// How many append at once, and how many entries each.
const WRITERS: usize = 2;
const ENTRIES: u64 = 100;

/// How long a wake-up may take.
const PATIENCE: Duration = Duration::from_mins(1);

//! Calls at the same time: of two, one happens before the other, whole.

use std::sync::Arc;

use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, Store, Subject, Updated};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::kit::{Kit, NOW, Sample, number, random_id, random_subject, read_number, sorted};

pub(super) async fn check<S: Store>(kit: &Kit<S>) {
    of_many_creates_one_wins(kit).await;
    writers_of_one_counter_lose_nothing(kit).await;
    touches_undo_no_update(kit).await;
    an_end_is_not_undone_by_updates(kit).await;
    of_many_ends_one_was_first(kit).await;
    end_all_is_not_undone_by_updates(kit).await;
    end_all_and_a_change_of_subject_come_one_after_the_other(kit).await;
    list_never_misses_a_session_that_is_written(kit).await;
}

async fn of_many_creates_one_wins<S: Store>(kit: &Kit<S>) {
    let id = random_id();
    let start = Arc::new(Barrier::new(CALLERS));
    let mut tasks = JoinSet::new();
    for n in 0..CALLERS as u64 {
        let (kit, start) = (kit.clone(), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            kit.create(id, &Sample::new(number(n))).await.then_some(n)
        });
    }
    let winners: Vec<u64> = tasks.join_all().await.into_iter().flatten().collect();
    rule!(
        winners.len() == 1,
        "of {CALLERS} creates of one id exactly one wins, not {}",
        winners.len()
    );
    for n in winners {
        let row = Sample::new(number(n));
        kit.finds(id, 1, &row, "of the create that won").await;
    }
}

async fn writers_of_one_counter_lose_nothing<S: Store>(kit: &Kit<S>) {
    let id = kit.created(&Sample::new(number(0))).await;
    let start = Arc::new(Barrier::new(WRITERS));
    let mut tasks = JoinSet::new();
    for _ in 0..WRITERS {
        let (kit, start) = (kit.clone(), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            for _ in 0..ADDITIONS {
                add_one(&kit, id).await;
            }
        });
    }
    tasks.join_all().await;
    let total = WRITERS as u64 * ADDITIONS;
    let row = Sample::new(number(total));
    kit.finds(
        id,
        total + 1,
        &row,
        "with all additions of 64 writers at once",
    )
    .await;
}

/// Adds one to a counter, starting from the row that a conflict returns.
async fn add_one<S: Store>(kit: &Kit<S>, id: SessionId) {
    let Found::Live(mut row) = kit.load(id).await else {
        panic!("the contract is broken: a session that nobody ended is not live");
    };
    loop {
        let next = Sample::new(number(read_number(&row.data) + 1));
        match kit.update(id, row.version, &next).await {
            Updated::Done => return,
            Updated::Conflict(current) => {
                rule!(
                    current.version > row.version,
                    "a conflict shows a later version than {}, not {}",
                    row.version,
                    current.version
                );
                row = current;
            }
            Updated::Gone => panic!("the contract is broken: nobody ended it, but it is Gone"),
        }
    }
}

async fn touches_undo_no_update<S: Store>(kit: &Kit<S>) {
    let id = kit.created(&Sample::new(number(0))).await;
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let kit = kit.clone();
        tasks.spawn(async move {
            loop {
                let Found::Live(row) = kit.load(id).await else {
                    panic!("the contract is broken: a touched session is not live");
                };
                if row.version > ROUNDS {
                    return;
                }
                kit.touch(id, row.version, NOW + 1, NOW + 3601).await;
            }
        });
    }
    for version in 1..=ROUNDS {
        let updated = kit.update(id, version, &Sample::new(number(version))).await;
        rule!(
            updated == Updated::Done,
            "an update at the time of touches is done, not {updated:?}"
        );
    }
    tasks.join_all().await;
    let Found::Live(row) = kit.load(id).await else {
        panic!("the contract is broken: a touched session is not live");
    };
    rule!(
        row.version == ROUNDS + 1 && read_number(&row.data) == ROUNDS,
        "touches at the time of updates leave the data of the last update, not of {row:?}"
    );
}

async fn an_end_is_not_undone_by_updates<S: Store>(kit: &Kit<S>) {
    for _ in 0..ROUNDS {
        let id = kit.created(&Sample::new(number(0))).await;
        let (start, mut tasks) = updaters(kit, &[id], &Sample::new(""), 4);
        start.wait().await;
        rule!(
            kit.end(id).await,
            "end at the time of updates says that the session was live"
        );
        let found = kit.load(id).await;
        rule!(
            found == Found::Ended,
            "end at the time of updates is final, but there is {found:?}"
        );
        while tasks.join_next().await.is_some_and(finished) {}
        let found = kit.load(id).await;
        rule!(
            found == Found::Ended,
            "no update brings back a session that ended, but there is {found:?}"
        );
    }
}

/// Tasks that update sessions until they are gone, and a barrier that lets them and one more begin.
fn updaters<S: Store>(
    kit: &Kit<S>,
    ids: &[SessionId],
    sample: &Sample,
    each: usize,
) -> (Arc<Barrier>, JoinSet<()>) {
    let start = Arc::new(Barrier::new(ids.len() * each + 1));
    let mut tasks = JoinSet::new();
    for id in ids.iter().copied().flat_map(|id| vec![id; each]) {
        let (kit, sample, start) = (kit.clone(), sample.clone(), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            let mut version = 1;
            loop {
                match kit.update(id, version, &sample).await {
                    Updated::Done => version += 1,
                    Updated::Conflict(row) => version = row.version,
                    Updated::Gone => return,
                }
            }
        });
    }
    (start, tasks)
}

/// Whether a task came to its end; a rule that it found broken is broken for us, too.
fn finished(task: Result<(), tokio::task::JoinError>) -> bool {
    if let Err(error) = task {
        std::panic::resume_unwind(error.into_panic());
    }
    true
}

async fn of_many_ends_one_was_first<S: Store>(kit: &Kit<S>) {
    let id = kit.created(&Sample::new("data")).await;
    let start = Arc::new(Barrier::new(CALLERS));
    let mut tasks = JoinSet::new();
    for _ in 0..CALLERS {
        let (kit, start) = (kit.clone(), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            kit.end(id).await
        });
    }
    let live = tasks.join_all().await.into_iter().filter(|&live| live);
    let live = live.count();
    rule!(
        live == 1,
        "of {CALLERS} ends at once exactly one finds the session live, not {live}"
    );
}

async fn end_all_is_not_undone_by_updates<S: Store>(kit: &Kit<S>) {
    for _ in 0..ROUNDS / 4 {
        let subject = random_subject("");
        let sample = Sample::new("data").of(&subject);
        let mut ids = Vec::new();
        for _ in 0..8 {
            ids.push(kit.created(&sample).await);
        }
        let (start, mut tasks) = updaters(kit, &ids, &sample, 1);
        start.wait().await;
        let ended = kit.end_all(&subject, None).await;
        rule!(
            ended == 8,
            "end_all at the time of updates ends all 8 sessions, not {ended}"
        );
        while tasks.join_next().await.is_some_and(finished) {}
        for id in ids {
            let found = kit.load(id).await;
            rule!(
                found == Found::Ended,
                "no update brings back a session that end_all ended, but there is {found:?}"
            );
        }
    }
}

async fn end_all_and_a_change_of_subject_come_one_after_the_other<S: Store>(kit: &Kit<S>) {
    for _ in 0..ROUNDS {
        let (ada, bob) = (random_subject(""), random_subject(""));
        let id = kit.created(&Sample::new("data").of(&ada)).await;
        let change = Sample::new("moved").of(&bob);
        let (start, mover) = (Arc::new(Barrier::new(2)), kit.clone());
        let (gate, row) = (Arc::clone(&start), change.clone());
        let task = tokio::spawn(async move {
            gate.wait().await;
            mover.update(id, 1, &row).await
        });
        start.wait().await;
        let ended = kit.end_all(&ada, None).await;
        let updated = match task.await {
            Ok(updated) => updated,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        after_the_change(kit, id, (ended, &updated), &change, &bob).await;
    }
}

async fn after_the_change<S: Store>(
    kit: &Kit<S>,
    id: SessionId,
    outcome: (u64, &Updated),
    moved: &Sample,
    bob: &Subject,
) {
    match outcome {
        (1, Updated::Gone) => {
            let found = kit.load(id).await;
            rule!(
                found == Found::Ended,
                "end_all came first, but there is {found:?}"
            );
        }
        (0, Updated::Done) => {
            kit.finds(id, 2, moved, "under its new subject, which came first")
                .await;
            let listed = kit.ids(bob).await;
            rule!(
                listed == sorted([id]),
                "list of the new subject has the session, not {listed:?}"
            );
        }
        other => panic!(
            "the contract is broken: end_all and a change of subject come one after the other, \
             not {other:?}"
        ),
    }
}

async fn list_never_misses_a_session_that_is_written<S: Store>(kit: &Kit<S>) {
    let subject = random_subject("");
    let sample = Sample::new("data").of(&subject);
    let id = kit.created(&sample).await;
    let (start, mut tasks) = updaters(kit, &[id], &sample, 2);
    start.wait().await;
    for _ in 0..ROUNDS {
        let listed = kit.ids(&subject).await;
        rule!(
            listed == sorted([id]),
            "list has a session that is being written once, not {} times",
            listed.len()
        );
    }
    kit.end(id).await;
    while tasks.join_next().await.is_some_and(finished) {}
}

/// How many make the same call at once.
const CALLERS: usize = 16;

/// How many write one counter at once, and how often each adds one to it.
const WRITERS: usize = 64;
const ADDITIONS: u64 = 4;

/// How often a race is run that may go either way.
const ROUNDS: u64 = 20;

mod metered;
mod script;
mod stale_reads;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, advance};

use super::GuardedStore;
use super::attempt::{DeadlinePassed, NotTried};
use crate::outage::breaker::THRESHOLD;
use crate::store::{Found, Store, StoreError, Updated};
use script::{ID, Reply, Script, Scripted, ada, at, new_row, row};

fn guarded(reply: Reply) -> (Arc<Script>, GuardedStore) {
    let script = Script::new(reply);
    let store = GuardedStore::new(Scripted(Arc::clone(&script)));
    (script, store)
}

/// A store whose breaker has just opened.
async fn dead() -> (Arc<Script>, GuardedStore) {
    let (script, store) = guarded(Reply::Unavailable);
    for _ in 0..THRESHOLD {
        store.load(ID).await.unwrap_err();
    }
    assert_eq!(script.calls(), u64::from(THRESHOLD));
    (script, store)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn cause(error: &StoreError) -> String {
    assert!(error.is_unavailable());
    std::error::Error::source(error).unwrap().to_string()
}

#[tokio::test(start_paused = true)]
async fn an_answer_within_the_deadline_is_given_and_a_later_one_is_not_waited_for() {
    let (_, store) = guarded(Reply::AnswerAfter(millis(499)));
    assert_eq!(store.load(ID).await.unwrap(), Found::Unknown);

    let (_, store) = guarded(Reply::AnswerAfter(millis(501)));
    let start = Instant::now();
    let error = store.load(ID).await.unwrap_err();
    assert_eq!(start.elapsed(), millis(500));
    assert_eq!(cause(&error), DeadlinePassed.to_string());
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_the_applications_choice() {
    let (_, store) = guarded(Reply::Hang);
    let store = store.with_deadline(millis(20));
    let start = Instant::now();
    store.end(ID).await.unwrap_err();
    assert_eq!(start.elapsed(), millis(20));
}

#[tokio::test(start_paused = true)]
async fn after_five_failures_calls_fail_at_once_without_the_store() {
    let (script, store) = guarded(Reply::Unavailable);
    for _ in 0..4 {
        store.load(ID).await.unwrap_err();
    }
    assert_eq!(
        cause(&store.load(ID).await.unwrap_err()),
        "connection refused"
    );
    let start = Instant::now();
    let error = store.load(ID).await.unwrap_err();
    assert_eq!(cause(&error), NotTried.to_string());
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(script.calls(), 5);
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_cut_off_open_the_breaker_as_well() {
    let (script, store) = guarded(Reply::Hang);
    for _ in 0..THRESHOLD {
        store.load(ID).await.unwrap_err();
    }
    let error = store.load(ID).await.unwrap_err();
    assert_eq!(cause(&error), NotTried.to_string());
    assert_eq!(script.calls(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_says_no_is_not_down() {
    for reply in [Reply::Full, Reply::Unreadable] {
        let (script, store) = guarded(reply);
        for _ in 0..20 {
            assert!(!store.load(ID).await.unwrap_err().is_unavailable());
        }
        assert_eq!(script.calls(), 20);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_says_no_to_a_probe_is_back() {
    for reply in [Reply::Full, Reply::Unreadable] {
        let (script, store) = dead().await;
        script.reply(reply);
        advance(millis(250)).await;
        for _ in 0..2 {
            assert!(!store.load(ID).await.unwrap_err().is_unavailable());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_breaker_is_probed_after_250_ms_and_closes_when_the_store_is_back() {
    let (script, store) = dead().await;
    script.reply(Reply::Answer);
    advance(millis(249)).await;
    store.load(ID).await.unwrap_err();
    assert_eq!(script.calls(), 5);

    advance(millis(1)).await;
    for _ in 0..3 {
        store.load(ID).await.unwrap();
    }
    assert_eq!(script.calls(), 8);
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_callers_one_probes_and_the_others_do_not_wait_for_it() {
    let (script, store) = dead().await;
    script.reply(Reply::AnswerWhenReleased);
    advance(millis(250)).await;

    let start = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..1000 {
        let store = store.clone();
        callers.spawn(async move { store.load(ID).await });
    }
    for _ in 0..999 {
        let refused = callers.join_next().await.unwrap().unwrap();
        assert_eq!(cause(&refused.unwrap_err()), NotTried.to_string());
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(script.calls(), 6);

    script.release_one();
    let probe = callers.join_next().await.unwrap().unwrap();
    assert_eq!(probe.unwrap(), Found::Unknown);
}

/// A thousand callers that come back every 10 ms for two seconds; returns how many calls reached
/// the store.
async fn load_of_two_seconds(reply: Reply) -> u64 {
    let (script, store) = guarded(reply);
    let end = Instant::now() + millis(2000);
    let mut callers = JoinSet::new();
    for _ in 0..1000 {
        let store = store.clone();
        callers.spawn(async move {
            while Instant::now() < end {
                store.load(ID).await.unwrap_err();
                tokio::time::sleep(millis(10)).await;
            }
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
    script.calls()
}

#[tokio::test(start_paused = true)]
async fn a_dead_store_gets_four_calls_in_a_second_whatever_the_load() {
    let calls = load_of_two_seconds(Reply::Unavailable).await;
    assert!((9..=5 + 2 * 4).contains(&calls), "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_gets_no_more_than_the_first_callers_and_the_probes() {
    let calls = load_of_two_seconds(Reply::Hang).await;
    assert!((1002..=1000 + 2 * 4).contains(&calls), "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hung_is_used_again_within_a_second_of_its_return() {
    let (script, store) = dead().await;
    script.reply(Reply::Hang);
    advance(millis(250)).await;
    let probe = tokio::spawn({
        let store = store.clone();
        async move { store.load(ID).await }
    });
    script.reached(6).await;
    // The worst moment to come back: the probe is lost.
    script.reply(Reply::Answer);
    let back = Instant::now();
    while store.load(ID).await.is_err() {
        advance(millis(1)).await;
    }
    assert!(back.elapsed() <= millis(501), "{:?}", back.elapsed());
    probe.await.unwrap().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_during_its_probe_leaves_the_next_one_free() {
    let (script, store) = dead().await;
    script.reply(Reply::Hang);
    advance(millis(250)).await;
    let probe = tokio::spawn({
        let store = store.clone();
        async move { store.load(ID).await }
    });
    script.reached(6).await;
    probe.abort();
    assert!(probe.await.unwrap_err().is_cancelled());

    script.reply(Reply::Answer);
    advance(millis(249)).await;
    store.load(ID).await.unwrap_err();
    advance(millis(1)).await;
    store.load(ID).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_panics_leaves_the_next_one_free() {
    let (script, store) = dead().await;
    script.reply(Reply::Panic);
    advance(millis(250)).await;
    let probe = tokio::spawn({
        let store = store.clone();
        async move { store.load(ID).await }
    });
    assert!(probe.await.unwrap_err().is_panic());

    script.reply(Reply::Answer);
    advance(millis(250)).await;
    store.load(ID).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn callers_that_go_away_do_not_open_the_breaker() {
    let (script, store) = guarded(Reply::Hang);
    for call in 1..=20 {
        tokio::select! {
            biased;
            _ = store.load(ID) => unreachable!("it hangs"),
            () = script.reached(call) => {}
        }
    }
    script.reply(Reply::Answer);
    store.load(ID).await.unwrap();
    assert_eq!(script.calls(), 21);
}

#[tokio::test]
async fn every_method_is_the_stores_own() {
    let (script, store) = guarded(Reply::Answer);
    let ada = ada();
    let new_row = new_row(&ada);
    script.found(Found::Live(row(7)));
    assert!(store.create(ID, &new_row).await.unwrap());
    assert_eq!(store.load(ID).await.unwrap(), Found::Live(row(7)));
    let updated = store.update(ID, 7, &new_row).await.unwrap();
    assert_eq!(updated, Updated::Done);
    store.touch(ID, 7, at(1), at(2)).await.unwrap();
    assert!(store.end(ID).await.unwrap());
    assert_eq!(store.list(&ada, 9).await.unwrap(), [(ID, row(7))]);
    assert_eq!(store.end_all(&ada, Some(ID)).await.unwrap(), 3);
    assert_eq!(store.end_all(&ada, None).await.unwrap(), 4);
    assert_eq!(store.delete_expired(at(1), 9).await.unwrap(), 5);
    assert_eq!(script.calls(), 9);
}

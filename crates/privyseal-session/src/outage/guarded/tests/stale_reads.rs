//! Rows that are kept for reads during an outage, and those that must not be.

use super::*;
use crate::OutagePolicy;

/// A store with stale reads that has given version 7 to this node.
async fn seen() -> (Arc<Script>, GuardedStore) {
    let (script, store) = guarded(Reply::Answer);
    let max_age = Duration::from_mins(1);
    let store = store.with_policy(OutagePolicy::StaleReads { max_age });
    script.found(Found::Live(row(7)));
    store.load(ID).await.unwrap();
    (script, store)
}

async fn open_the_breaker(script: &Script, store: &GuardedStore) {
    script.reply(Reply::Unavailable);
    for _ in 0..THRESHOLD {
        store.load(ID).await.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_is_there_for_as_long_as_the_policy_says() {
    let (script, store) = seen().await;
    open_the_breaker(&script, &store).await;
    assert_eq!(store.stale_row(ID), Some(row(7)));
    advance(Duration::from_mins(1)).await;
    assert_eq!(store.stale_row(ID), Some(row(7)));
    advance(millis(1)).await;
    assert_eq!(store.stale_row(ID), None);
}

#[tokio::test(start_paused = true)]
async fn a_row_is_as_old_as_the_question() {
    let (script, store) = guarded(Reply::AnswerAfter(millis(400)));
    let store = store.with_policy(OutagePolicy::StaleReads {
        max_age: millis(1000),
    });
    script.found(Found::Live(row(7)));
    store.load(ID).await.unwrap();
    advance(millis(600)).await;
    assert!(store.stale_row(ID).is_some());
    advance(millis(1)).await;
    assert!(store.stale_row(ID).is_none());
}

#[tokio::test]
async fn nothing_is_kept_under_the_other_policies() {
    for policy in [OutagePolicy::default(), OutagePolicy::Anonymous] {
        let (script, store) = guarded(Reply::Answer);
        let store = store.with_policy(policy);
        script.found(Found::Live(row(7)));
        store.load(ID).await.unwrap();
        assert!(store.stale_row(ID).is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn an_ended_session_is_not_answered_whatever_came_of_the_call() {
    for reply in [Reply::Answer, Reply::Unavailable, Reply::Hang, Reply::Full] {
        let (script, store) = seen().await;
        script.reply(reply);
        let _ = store.end(ID).await;
        assert!(store.stale_row(ID).is_none(), "{reply:?}");
    }
    let (script, store) = seen().await;
    open_the_breaker(&script, &store).await;
    store.end(ID).await.unwrap_err();
    assert!(store.stale_row(ID).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_while_it_ends_a_session_has_it_forgotten() {
    let (script, store) = seen().await;
    script.reply(Reply::Hang);
    tokio::select! {
        biased;
        _ = store.end(ID) => unreachable!("it hangs"),
        () = script.reached(2) => {}
    }
    assert!(store.stale_row(ID).is_none());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_on_its_way_when_the_session_ended_is_not_kept() {
    let (script, store) = seen().await;
    for end_all in [false, true] {
        script.reply(Reply::AnswerWhenReleased);
        let calls = script.calls();
        let load = tokio::spawn({
            let store = store.clone();
            async move { store.load(ID).await }
        });
        script.reached(calls + 1).await;
        script.reply(Reply::Answer);
        if end_all {
            store.end_all(&ada(), None).await.unwrap();
        } else {
            store.end(ID).await.unwrap();
        }
        script.release_one();
        let loaded = load.await.unwrap().unwrap();
        assert_eq!(loaded, Found::Live(row(7)));
        assert!(store.stale_row(ID).is_none());
    }
}

#[tokio::test]
async fn ending_all_sessions_of_a_subject_forgets_them_but_for_the_excepted() {
    let (_, store) = seen().await;
    store.end_all(&ada(), Some(ID)).await.unwrap();
    assert!(store.stale_row(ID).is_some());
    store.end_all(&ada(), None).await.unwrap();
    assert!(store.stale_row(ID).is_none());
}

#[tokio::test]
async fn a_session_that_the_store_has_no_more_is_forgotten() {
    for found in [Found::Ended, Found::Unknown] {
        let (script, store) = seen().await;
        script.found(found);
        store.load(ID).await.unwrap();
        assert!(store.stale_row(ID).is_none());
    }
    let (script, store) = seen().await;
    script.updated(Updated::Gone);
    store.update(ID, 7, &new_row(&ada())).await.unwrap();
    assert!(store.stale_row(ID).is_none());
}

#[tokio::test]
async fn a_write_leaves_the_row_that_it_made_or_met() {
    let (script, store) = seen().await;
    store.update(ID, 7, &new_row(&ada())).await.unwrap();
    assert_eq!(store.stale_row(ID), Some(row(8)));
    script.updated(Updated::Conflict(row(11)));
    store.update(ID, 7, &new_row(&ada())).await.unwrap();
    assert_eq!(store.stale_row(ID), Some(row(11)));

    store.end(ID).await.unwrap();
    assert!(store.create(ID, &new_row(&ada())).await.unwrap());
    assert_eq!(store.stale_row(ID), Some(row(1)));
}

#[tokio::test(start_paused = true)]
async fn a_row_is_forgotten_when_nobody_knows_what_came_of_a_write() {
    for reply in [Reply::Unavailable, Reply::Hang] {
        let (script, store) = seen().await;
        script.reply(reply);
        store.update(ID, 7, &new_row(&ada())).await.unwrap_err();
        assert!(store.stale_row(ID).is_none(), "{reply:?}");
    }
    // A write that never reached the store has changed nothing.
    let (script, store) = seen().await;
    open_the_breaker(&script, &store).await;
    store.update(ID, 7, &new_row(&ada())).await.unwrap_err();
    assert!(store.stale_row(ID).is_some());
}

#[tokio::test]
async fn debug_shows_neither_rows_nor_ids() {
    let (_, store) = seen().await;
    let text = format!("{store:?}");
    assert!(text.contains("StaleReads"), "{text}");
    for secret in ["ada", "visits", "0101"] {
        assert!(!text.contains(secret), "{text}");
    }
}

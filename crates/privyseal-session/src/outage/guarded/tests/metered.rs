//! What is counted.

use std::sync::Mutex;

use super::*;
use crate::metrics::{CallOutcome, Event, Metrics, StoreCall};

#[derive(Debug, Default)]
struct Recorded {
    events: Mutex<Vec<Event>>,
    calls: Mutex<Vec<(StoreCall, CallOutcome, Duration)>>,
}

impl Metrics for Recorded {
    fn count(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    fn store_call(&self, call: StoreCall, outcome: CallOutcome, took: Duration) {
        self.calls.lock().unwrap().push((call, outcome, took));
    }
}

impl Recorded {
    fn outcome_of_the_last_call(&self) -> (CallOutcome, Duration) {
        let calls = self.calls.lock().unwrap();
        let (_, outcome, took) = *calls.last().unwrap();
        (outcome, took)
    }
}

fn metered(reply: Reply) -> (Arc<Script>, GuardedStore, Arc<Recorded>) {
    let recorded = Arc::new(Recorded::default());
    let (script, store) = guarded(reply);
    let metrics: Arc<dyn Metrics> = recorded.clone();
    (script, store.with_metrics(metrics), recorded)
}

#[tokio::test]
async fn every_method_counts_under_its_own_name() {
    let (_, store, recorded) = metered(Reply::Answer);
    let ada = ada();
    store.create(ID, &new_row(&ada)).await.unwrap();
    store.load(ID).await.unwrap();
    store.update(ID, 7, &new_row(&ada)).await.unwrap();
    store.touch(ID, 7, at(1), at(2)).await.unwrap();
    store.end(ID).await.unwrap();
    store.list(&ada, 9).await.unwrap();
    store.end_all(&ada, None).await.unwrap();
    store.delete_expired(at(1), 9).await.unwrap();

    let calls: Vec<_> = {
        let calls = recorded.calls.lock().unwrap();
        calls.iter().map(|(call, ..)| *call).collect()
    };
    assert_eq!(calls, StoreCall::ALL);
}

#[tokio::test(start_paused = true)]
async fn every_outcome_is_told_from_the_others_with_its_time() {
    let zero = Duration::ZERO;
    for (reply, expected) in [
        (Reply::Answer, (CallOutcome::Answered, zero)),
        (
            Reply::AnswerAfter(millis(30)),
            (CallOutcome::Answered, millis(30)),
        ),
        (Reply::Unavailable, (CallOutcome::Unavailable, zero)),
        (Reply::Full, (CallOutcome::Full, zero)),
        (Reply::Unreadable, (CallOutcome::Unreadable, zero)),
        (Reply::Hang, (CallOutcome::TimedOut, millis(500))),
    ] {
        let (_, store, recorded) = metered(reply);
        let _ = store.load(ID).await;
        assert_eq!(recorded.outcome_of_the_last_call(), expected);
    }

    let (script, store, recorded) = metered(Reply::Hang);
    tokio::select! {
        biased;
        _ = store.load(ID) => unreachable!("it hangs"),
        () = script.reached(1) => {}
    }
    let (outcome, _) = recorded.outcome_of_the_last_call();
    assert_eq!(outcome, CallOutcome::Abandoned);
}

#[tokio::test(start_paused = true)]
async fn the_breaker_counts_once_when_it_opens_and_once_when_it_closes() {
    let (script, store, recorded) = metered(Reply::Unavailable);
    for _ in 0..20 {
        store.load(ID).await.unwrap_err();
    }
    let (outcome, took) = recorded.outcome_of_the_last_call();
    assert_eq!((outcome, took), (CallOutcome::NotTried, Duration::ZERO));
    advance(millis(250)).await;
    store.load(ID).await.unwrap_err();
    script.reply(Reply::Answer);
    advance(millis(250)).await;
    for _ in 0..5 {
        store.load(ID).await.unwrap();
    }
    let events = recorded.events.lock().unwrap();
    assert_eq!(*events, [Event::BreakerOpened, Event::BreakerClosed]);
}

#[tokio::test(start_paused = true)]
async fn metrics_that_panic_do_not_keep_the_breaker_open() {
    #[derive(Debug)]
    struct Panicking;

    impl Metrics for Panicking {
        fn store_call(&self, _: StoreCall, outcome: CallOutcome, _: Duration) {
            assert_ne!(outcome, CallOutcome::Answered, "as the test says");
        }
    }

    let (script, store) = dead().await;
    script.reply(Reply::Answer);
    advance(millis(250)).await;
    let panicking = store.clone().with_metrics(Arc::new(Panicking));
    let probe = tokio::spawn(async move { panicking.load(ID).await });
    assert!(probe.await.unwrap_err().is_panic());
    store.load(ID).await.unwrap();
}

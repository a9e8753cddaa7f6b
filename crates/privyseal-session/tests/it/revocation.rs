//! Revocations on several nodes over one log. Time stands still but for what the tests wait for.

use std::time::Duration;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::revocation::{
    Presented, Revocation, RevocationError, RevocationName, RevocationOptions, Revocations,
};
use privyseal_session::store::Subject;
use privyseal_testkit::clock::FakeClock;
use tokio::time::{Instant, advance, sleep};

use crate::browser::START;
use crate::revocation_log::{Health, Push, TestLog};

const LIFE: Duration = Duration::from_hours(12);
const POLL: Duration = Duration::from_secs(1);

/// Without a skew, so that the edges are where the clock stands.
fn options() -> RevocationOptions {
    RevocationOptions {
        clock_skew: Duration::ZERO,
        ..RevocationOptions::default()
    }
}

fn node(log: &TestLog, clock: &FakeClock) -> Revocations {
    Revocations::with_options(log.node(), options(), clock.clone())
}

async fn ready_node(log: &TestLog, clock: &FakeClock) -> Revocations {
    let node = node(log, clock);
    node.ready().await.unwrap();
    node
}

fn id(number: u128) -> SessionId {
    // Odd multiples spread over all shards, as random ids do.
    SessionId::from_bytes(
        (number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)).to_be_bytes(),
    )
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn ada() -> Subject {
    Subject::new("ada").unwrap()
}

fn session(id: SessionId) -> Presented<'static> {
    Presented {
        id: Some(id),
        mac: None,
        began_at: at(START),
        signed_in: None,
    }
}

fn signed_in(subject: &Subject, since: u64) -> Presented<'_> {
    Presented {
        id: Some(id(1)),
        mac: None,
        began_at: at(since),
        signed_in: Some((subject, at(since))),
    }
}

fn entry(number: u128, forget_at: u64) -> Revocation {
    Revocation {
        name: RevocationName::of_session(id(number)),
        began_until: at(forget_at),
        forget_at: at(forget_at),
    }
}

/// Waits until it holds, and says how long that took; time passes only while nothing else happens.
async fn until(holds: impl FnMut() -> bool) -> Duration {
    until_by(Duration::from_millis(1), holds).await
}

async fn until_by(step: Duration, mut holds: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_hours(3), "it never holds");
        sleep(step).await;
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn an_ended_session_is_refused_here_at_once_and_others_are_not_7_4_1() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let here = ready_node(&log, &clock).await;
    assert!(!here.refuses(&session(id(1))));
    here.revoke_session(id(1), LIFE).await.unwrap();
    assert!(here.refuses(&session(id(1))));
    assert!(!here.refuses(&session(id(2))));
    // Whenever its cookie was made, and whoever is signed in with it.
    let ada = ada();
    assert!(here.refuses(&signed_in(&ada, START + 1000)));
}

#[tokio::test(start_paused = true)]
async fn a_cookie_without_an_id_is_refused_by_its_mac_7_4_1() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let here = ready_node(&log, &clock).await;
    let cookie = |mac| Presented {
        id: None,
        mac: Some(mac),
        began_at: at(START),
        signed_in: None,
    };
    here.revoke_cookie(&[7; 20], LIFE).await.unwrap();
    assert!(here.refuses(&cookie(&[7; 20])));
    assert!(!here.refuses(&cookie(&[7; 19])));
    assert!(!here.for_application("shop").refuses(&cookie(&[7; 20])));
}

#[tokio::test(start_paused = true)]
async fn the_cookies_from_before_a_renewal_are_told_apart_and_when_they_were_replaced() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let here = ready_node(&log, &clock).await.for_application("shop");
    let there = ready_node(&log, &clock).await.for_application("shop");
    clock.advance(7);
    here.revoke_renewal(id(1), 3, LIFE).await.unwrap();
    until(|| there.count() == 1).await;
    clock.advance(1000);
    for node in [&here, &there] {
        let renewed_at = |number, renewals| node.renewed_at(&session(id(number)), renewals, LIFE);
        assert_eq!(renewed_at(1, 3), Some(at(START + 7)));
        for (number, renewals) in [(1, 2), (1, 4), (2, 3)] {
            assert_eq!(renewed_at(number, renewals), None);
        }
        assert!(!node.refuses(&session(id(1))), "the session goes on");
    }
    let forum = here.for_application("forum");
    assert_eq!(forum.renewed_at(&session(id(1)), 3, LIFE), None);
}

#[tokio::test(start_paused = true)]
async fn a_cookie_without_an_id_is_renewed_by_the_id_that_is_made_of_it() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let here = ready_node(&log, &clock).await;
    let cookie = |mac| Presented {
        id: None,
        mac: Some(mac),
        began_at: at(START),
        signed_in: None,
    };
    let made = here.id_of(&[7; 20]);
    here.revoke_renewal(made, 0, LIFE).await.unwrap();
    let renewed_at = here.renewed_at(&cookie(&[7; 20]), 0, LIFE);
    assert_eq!(renewed_at, Some(at(START)));
    assert_eq!(here.renewed_at(&cookie(&[8; 20]), 0, LIFE), None);
    assert!(!here.refuses(&cookie(&[7; 20])));
    // Ending one by its MAC, or the other by its id, ends both.
    here.revoke_cookie(&[7; 20], LIFE).await.unwrap();
    assert!(here.refuses(&session(made)));
    here.revoke_session(here.id_of(&[8; 20]), LIFE)
        .await
        .unwrap();
    assert!(here.refuses(&cookie(&[8; 20])));
}

#[tokio::test(start_paused = true)]
async fn a_user_is_signed_out_everywhere_up_to_this_second_and_others_are_not() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let here = ready_node(&log, &clock).await;
    let (ada, bob) = (ada(), Subject::new("bob").unwrap());
    assert_eq!(here.began_floor(Some(&ada)), None);
    here.revoke_subject(&ada, LIFE).await.unwrap();
    assert_eq!(here.began_floor(Some(&ada)), Some(at(START)));
    assert_eq!(here.began_floor(Some(&bob)), None);
    assert_eq!(here.began_floor(None), None);
    for (since, refused) in [(START - 1, true), (START, true), (START + 1, false)] {
        assert_eq!(here.refuses(&signed_in(&ada, since)), refused, "{since}");
        assert!(!here.refuses(&signed_in(&bob, since)));
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_signed_out_twice_in_one_second_is_signed_out_of_what_came_between() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let here = ready_node(&log, &clock).await;
    let ada = ada();
    for _ in 0..3 {
        here.revoke_subject(&ada, LIFE).await.unwrap();
        let floor = here.began_floor(Some(&ada)).unwrap().unix_seconds();
        assert!(!here.refuses(&signed_in(&ada, floor + 1)));
        here.revoke_subject(&ada, LIFE).await.unwrap();
        assert!(here.refuses(&signed_in(&ada, floor + 1)));
        // And by signing out everybody.
        let floor = here.began_floor(Some(&ada)).unwrap().unix_seconds();
        here.revoke_application(LIFE).await.unwrap();
        assert!(here.refuses(&signed_in(&ada, floor + 1)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_of_a_clock_that_is_ahead_is_signed_out_too() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let options = RevocationOptions {
        clock_skew: Duration::from_mins(1),
        ..options()
    };
    let here = Revocations::with_options(log.node(), options, clock.clone());
    here.ready().await.unwrap();
    here.revoke_subject(&ada(), LIFE).await.unwrap();
    let ada = ada();
    assert!(here.refuses(&signed_in(&ada, START + 60)));
    assert!(!here.refuses(&signed_in(&ada, START + 61)));
}

#[tokio::test(start_paused = true)]
async fn the_whole_application_is_signed_out_and_another_one_on_the_log_is_not() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let both = ready_node(&log, &clock).await;
    let (shop, forum) = (
        both.clone().for_application("shop"),
        both.for_application("forum"),
    );
    let ada = ada();
    shop.revoke_application(LIFE).await.unwrap();
    assert!(shop.refuses(&session(id(1))));
    assert_eq!(shop.began_floor(None), Some(at(START)));
    assert!(!shop.refuses(&signed_in(&ada, START + 1)));
    forum.revoke_subject(&ada, LIFE).await.unwrap();
    assert!(!forum.refuses(&session(id(1))));
    assert!(forum.refuses(&signed_in(&ada, START)));
    assert!(!shop.refuses(&signed_in(&ada, START + 1)));
}

#[tokio::test(start_paused = true)]
async fn one_who_signs_himself_out_a_thousand_times_dates_nobody_else_far_ahead() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let here = ready_node(&log, &clock).await;
    for _ in 0..1000 {
        here.revoke_subject(&ada(), LIFE).await.unwrap();
    }
    here.revoke_application(LIFE).await.unwrap();
    assert_eq!(here.began_floor(None), Some(at(START + 61)));
}

#[tokio::test(start_paused = true)]
async fn another_node_knows_within_a_poll_interval_without_a_push() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let (here, there) = (
        ready_node(&log, &clock).await,
        ready_node(&log, &clock).await,
    );
    for number in 0..20 {
        // At every phase of the interval.
        sleep(Duration::from_millis(173)).await;
        here.revoke_session(id(number), LIFE).await.unwrap();
        let took = until(|| there.refuses(&session(id(number)))).await;
        assert!(took <= POLL + Duration::from_millis(2), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_node_knows_at_once_with_a_push() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    log.state().push = Push::Changes;
    let (here, there) = (
        ready_node(&log, &clock).await,
        ready_node(&log, &clock).await,
    );
    for number in 0..20 {
        sleep(Duration::from_millis(173)).await;
        here.revoke_session(id(number), LIFE).await.unwrap();
        let took = until(|| there.refuses(&session(id(number)))).await;
        assert!(took <= Duration::from_millis(2), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_pushes_are_few_reads() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    log.state().push = Push::Always;
    let node = ready_node(&log, &clock).await;
    sleep(Duration::from_secs(1)).await;
    assert!(log.state().reads.len() <= 102);
    drop(node);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_accepted_before_the_log_was_read() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    log.put(entry(1, START + 1000));
    let node = node(&log, &clock);
    assert!(node.refuses(&session(id(1))) && node.refuses(&session(id(2))));
    assert_eq!((node.age(), node.is_stale()), (None, true));
    node.ready().await.unwrap();
    assert!(node.refuses(&session(id(1))) && !node.refuses(&session(id(2))));
    assert!(!node.is_stale());
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_before_the_first_answer() {
    for count in [999, 1000, 1001, 2000, 2500] {
        let (log, clock) = (TestLog::default(), FakeClock::at(START));
        (0..count).for_each(|number| log.put(entry(number, START + 1000)));
        let node = ready_node(&log, &clock).await;
        assert!(
            (0..count).all(|number| node.refuses(&session(id(number)))),
            "{count}"
        );
        assert_eq!(u128::try_from(node.count()).unwrap(), count);
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_down_at_the_start_is_an_error_and_not_a_wait_and_is_tried_again() {
    for health in [Health::Down, Health::Hanging, Health::Panicking] {
        let (log, clock) = (TestLog::default(), FakeClock::at(START));
        log.set(health);
        let node = node(&log, &clock);
        let start = Instant::now();
        for _ in 0..3 {
            let error = node.ready().await.unwrap_err();
            assert!(matches!(error, RevocationError::Log(_)), "{error}");
        }
        assert!(start.elapsed() <= options().deadline, "{health:?}");
        assert!(node.refuses(&session(id(1))));
        sleep(Duration::from_millis(300)).await;
        log.set(Health::Well);
        let start = Instant::now();
        while node.ready().await.is_err() {
            sleep(Duration::from_millis(1)).await;
        }
        assert!(start.elapsed() <= POLL + options().deadline, "{health:?}");
        assert!(!node.refuses(&session(id(1))));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_log_did_not_take_is_not_claimed() {
    for health in [Health::Down, Health::Hanging] {
        let (log, clock) = (TestLog::default(), FakeClock::at(START));
        let here = ready_node(&log, &clock).await;
        log.set(health);
        let ada = ada();
        assert!(here.revoke_session(id(1), LIFE).await.is_err());
        assert!(here.revoke_subject(&ada, LIFE).await.is_err());
        assert!(here.revoke_application(LIFE).await.is_err());
        assert!(!here.refuses(&signed_in(&ada, START)), "{health:?}");
        assert_eq!(here.count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_survived_with_what_is_known_and_tried_at_the_poll_interval() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    log.state().push = Push::Always;
    let here = ready_node(&log, &clock).await;
    here.revoke_session(id(1), LIFE).await.unwrap();
    log.set(Health::Down);
    until(|| here.age().unwrap() >= POLL).await;
    let before = log.state().reads.len();

    until(|| here.age().unwrap() >= Duration::from_secs(30)).await;
    assert!(!here.is_stale());
    sleep(Duration::from_millis(1)).await;
    assert!(here.is_stale());
    here.ready().await.unwrap();
    assert!(here.refuses(&session(id(1))) && !here.refuses(&session(id(2))));
    {
        let reads = &log.state().reads[before..];
        assert!(reads.len() >= 28, "{}", reads.len());
        assert!(reads.windows(2).all(|pair| pair[1].0 - pair[0].0 >= POLL));
    }

    log.put(entry(2, START + 1000));
    log.set(Health::Well);
    let took = until(|| here.refuses(&session(id(2)))).await;
    assert!(took <= POLL, "{took:?}");
    assert!(!here.is_stale());
}

#[tokio::test(start_paused = true)]
async fn a_log_that_lost_its_past_is_read_from_its_start_and_nothing_known_is_forgotten() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let here = ready_node(&log, &clock).await;
    for number in 0..3 {
        here.revoke_session(id(number), LIFE).await.unwrap();
    }
    until(|| log.state().reads.last().unwrap().1 == 3).await;
    {
        let mut state = log.state();
        (state.entries, state.last) = (Vec::new(), 0);
    }
    log.put(entry(10, START + 1000));
    until(|| here.refuses(&session(id(10)))).await;
    assert!((0..3).all(|number| here.refuses(&session(id(number)))));
    // And it goes on from there.
    log.put(entry(11, START + 1000));
    until(|| here.refuses(&session(id(11)))).await;
    assert_eq!(log.state().reads.last().unwrap().1, 1);
}

#[tokio::test(start_paused = true)]
async fn a_pruned_log_is_not_a_lost_one() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    log.state().last = 7;
    let here = ready_node(&log, &clock).await;
    until(|| log.state().reads.last().unwrap().1 == 7).await;
    let reads = log.state().reads.len();
    until(|| log.state().reads.len() == reads + 3).await;
    assert!(log.state().reads[reads..].iter().all(|read| read.1 == 7));
    drop(here);
}

#[tokio::test(start_paused = true)]
async fn the_follower_ends_with_the_last_clone() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    for health in [Health::Well, Health::Down, Health::Hanging] {
        log.set(health);
        let first = node(&log, &clock);
        drop(first.ready().await);
        let second = first.clone().for_application("shop");
        drop(first);
        sleep(POLL).await;
        assert_eq!(log.nodes(), 1);
        drop(second);
        until(|| log.nodes() == 0).await;
    }
    let reads = log.state().reads.len();
    sleep(10 * POLL).await;
    assert_eq!(log.state().reads.len(), reads);
}

#[test]
fn a_node_outlives_the_runtime_it_was_first_used_on() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let options = RevocationOptions {
        poll_interval: Duration::from_millis(10),
        ..options()
    };
    let node = Revocations::with_options(log.node(), options, clock);
    for number in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(async {
            node.ready().await.unwrap();
            node.revoke_session(id(number), LIFE).await.unwrap();
            log.put(entry(100 + number, START + 1000));
            until(|| node.refuses(&session(id(100 + number)))).await;
        });
    }
}

#[tokio::test(start_paused = true)]
async fn entries_vanish_when_what_they_are_about_has_expired() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let here = ready_node(&log, &clock).await;
    here.revoke_session(id(1), LIFE).await.unwrap();
    here.revoke_subject(&ada(), LIFE).await.unwrap();
    log.put(entry(2, START));
    let pass = async |time: Duration| {
        advance(time).await;
        clock.advance(i64::try_from(time.as_secs()).unwrap());
        // A round through all of the set.
        sleep(64 * POLL).await;
    };
    pass(LIFE).await;
    assert_eq!(
        here.count(),
        2,
        "what has expired already is never taken in"
    );
    assert!(here.refuses(&session(id(1))));
    pass(Duration::from_secs(5 * 60 + 256)).await;
    assert_eq!(here.count(), 0);
    assert!(!here.refuses(&session(id(1))));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_for_a_while_forgets_nothing() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let here = ready_node(&log, &clock).await;
    here.revoke_session(id(1), LIFE).await.unwrap();
    clock.set(START + 365 * 24 * 3600);
    sleep(Duration::from_mins(59)).await;
    assert!(!log.state().prunes.is_empty());
    assert!(log.state().prunes.iter().all(|prune| prune.2 == 0));
    clock.set(START);
    assert!(here.refuses(&session(id(1))));

    // One that was wrong from the start is put right.
    clock.set(START + 365 * 24 * 3600);
    let late = ready_node(&log, &clock).await;
    assert_eq!(late.count(), 0);
    clock.set(START);
    until(|| late.refuses(&session(id(1)))).await;
}

#[tokio::test(start_paused = true)]
async fn the_log_is_pruned_in_batches_long_after_all_nodes_have_forgotten() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    (0..2500).for_each(|number| log.put(entry(number, START - 3600)));
    log.put(entry(2500, START - 3599));
    let here = ready_node(&log, &clock).await;
    until_by(POLL, || log.state().entries.len() == 1).await;
    {
        let prunes = &log.state().prunes;
        let counts: Vec<_> = prunes.iter().map(|prune| (prune.1, prune.2)).collect();
        assert_eq!(counts, [(1000, 1000), (1000, 1000), (1000, 500)]);
        assert_eq!(prunes[0].0, at(START - 3600));
    }
    // A log that fails is pruned another time.
    log.set(Health::Down);
    clock.advance(1);
    sleep(Duration::from_mins(11)).await;
    log.set(Health::Well);
    until_by(POLL, || log.state().entries.is_empty()).await;
    drop(here);
}

#[tokio::test(start_paused = true)]
async fn a_full_memory_forgets_nothing_and_says_so() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let options = RevocationOptions {
        max_entries: 2,
        ..options()
    };
    let here = Revocations::with_options(log.node(), options, clock.clone());
    here.ready().await.unwrap();
    here.revoke_session(id(1), LIFE).await.unwrap();
    here.revoke_session(id(2), Duration::ZERO).await.unwrap();
    let error = here.revoke_session(id(3), LIFE).await.unwrap_err();
    assert!(matches!(error, RevocationError::Full(2)), "{error}");
    assert_eq!(log.state().entries.len(), 2, "nothing is half-claimed");
    // What is known can be extended.
    here.revoke_session(id(1), 2 * LIFE).await.unwrap();

    // If others go on, this node is not up to date, and says that.
    log.put(entry(4, START + 100_000));
    until(|| here.is_stale()).await;
    assert!(!here.refuses(&session(id(4))));
    let late = Revocations::with_options(log.node(), options, clock.clone());
    assert!(matches!(late.ready().await, Err(RevocationError::Full(2))));
    assert!(late.refuses(&session(id(5))));

    // Until some have expired.
    advance(Duration::from_mins(10)).await;
    clock.advance(600);
    until(|| here.refuses(&session(id(4)))).await;
    assert!(!here.is_stale());
    assert!(here.refuses(&session(id(1))) && !here.refuses(&session(id(2))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_revoke_at_once_know_all_of_it() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    log.state().push = Push::Changes;
    let nodes = [
        ready_node(&log, &clock).await,
        ready_node(&log, &clock).await,
    ];
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let revokers = [0, 1].map(|which: u128| {
        let (node, barrier) = (
            nodes[usize::try_from(which).unwrap()].clone(),
            barrier.clone(),
        );
        tokio::spawn(async move {
            barrier.wait().await;
            for number in 0..1000 {
                let id = id(which * 1000 + number);
                node.revoke_session(id, LIFE).await.unwrap();
                assert!(node.refuses(&session(id)));
            }
        })
    });
    for revoker in revokers {
        revoker.await.unwrap();
    }
    for node in &nodes {
        until(|| (0..2000).all(|number| node.refuses(&session(id(number))))).await;
        assert_eq!(node.count(), 2000);
    }
}

#[tokio::test(start_paused = true)]
async fn debug_and_errors_show_no_session_and_no_user() {
    let (log, clock) = (TestLog::default(), FakeClock::at(START));
    let here = ready_node(&log, &clock).await.for_application("shop");
    here.revoke_session(id(1), LIFE).await.unwrap();
    here.revoke_subject(&ada(), LIFE).await.unwrap();
    log.set(Health::Down);
    let error = here.revoke_subject(&ada(), LIFE).await.unwrap_err();
    let ada = ada();
    let cookie = Presented {
        mac: Some(&[217; 20]),
        ..signed_in(&ada, START)
    };
    let shown = format!("{here:?} {cookie:?} {error:?} {error}");
    for secret in ["ada", "217", &id(1).to_string()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

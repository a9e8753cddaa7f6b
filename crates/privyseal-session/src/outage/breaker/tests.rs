use super::*;

/// A breaker that is told the time.
struct Bench {
    breaker: Breaker,
    start: Instant,
}

impl Bench {
    fn new() -> Self {
        Self {
            breaker: Breaker::new(),
            start: Instant::now(),
        }
    }

    fn open() -> Self {
        let bench = Self::new();
        for _ in 1..THRESHOLD {
            assert_eq!(bench.call(0, Verdict::Failed), None);
        }
        let last = bench.call(0, Verdict::Failed);
        assert_eq!(last, Some(Change::Opened));
        bench
    }

    fn at(&self, millis: u64) -> Instant {
        self.start + Duration::from_millis(millis)
    }

    fn admit(&self, millis: u64) -> Option<Permit> {
        self.breaker.admit(self.at(millis))
    }

    fn settle(&self, permit: &Permit, verdict: Verdict, millis: u64) -> Option<Change> {
        self.breaker.settle(permit, verdict, self.at(millis))
    }

    /// A call that is let through and takes no time.
    fn call(&self, millis: u64, verdict: Verdict) -> Option<Change> {
        let permit = self.admit(millis).unwrap();
        self.settle(&permit, verdict, millis)
    }
}

#[test]
fn four_failures_leave_it_closed_and_the_fifth_opens_it() {
    let bench = Bench::new();
    for _ in 0..4 {
        assert_eq!(bench.call(0, Verdict::Failed), None);
    }
    assert_eq!(bench.call(0, Verdict::Failed), Some(Change::Opened));
    assert_eq!(bench.admit(0), None);
}

#[test]
fn an_answer_starts_the_count_again_and_an_abandoned_call_does_not() {
    let bench = Bench::new();
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(bench.call(0, Verdict::Failed), None);
        }
        assert_eq!(bench.call(0, Verdict::Answered), None);
    }
    for _ in 0..4 {
        assert_eq!(bench.call(0, Verdict::Failed), None);
        assert_eq!(bench.call(0, Verdict::Abandoned), None);
    }
    assert_eq!(bench.call(0, Verdict::Failed), Some(Change::Opened));
}

#[test]
fn the_first_probe_passes_after_250_ms_and_no_sooner() {
    let bench = Bench::open();
    assert_eq!(bench.admit(249), None);
    let probe = bench.admit(250).unwrap();
    assert!(probe.probe);
    assert_eq!(bench.admit(250), None);
}

#[test]
fn an_answered_probe_closes_it() {
    let bench = Bench::open();
    assert_eq!(bench.call(250, Verdict::Answered), Some(Change::Closed));
    let permit = bench.admit(250).unwrap();
    assert!(!permit.probe);
    for _ in 0..4 {
        assert_eq!(bench.call(250, Verdict::Failed), None);
    }
    assert_eq!(bench.call(250, Verdict::Failed), Some(Change::Opened));
}

#[test]
fn a_failed_or_abandoned_probe_makes_room_for_one_250_ms_after_its_start() {
    for verdict in [Verdict::Failed, Verdict::Abandoned] {
        let bench = Bench::open();
        let probe = bench.admit(1000).unwrap();
        assert_eq!(bench.settle(&probe, verdict, 1001), None);
        assert_eq!(bench.admit(1249), None);
        assert!(bench.admit(1250).unwrap().probe);
    }
}

#[test]
fn a_slow_probe_stays_the_only_one_and_the_next_follows_at_once() {
    let bench = Bench::open();
    let probe = bench.admit(250).unwrap();
    assert_eq!(bench.admit(749), None);
    assert_eq!(bench.settle(&probe, Verdict::Failed, 750), None);
    assert!(bench.admit(750).unwrap().probe);
}

#[test]
fn calls_from_before_it_opened_neither_close_it_nor_put_the_probe_off() {
    let bench = Bench::new();
    let late: Vec<_> = (0..3).map(|_| bench.admit(0).unwrap()).collect();
    for _ in 0..THRESHOLD {
        bench.call(0, Verdict::Failed);
    }
    for (permit, verdict) in
        late.iter()
            .zip([Verdict::Answered, Verdict::Failed, Verdict::Abandoned])
    {
        assert_eq!(bench.settle(permit, verdict, 200), None);
        assert_eq!(bench.admit(200), None);
    }
    assert!(bench.admit(250).is_some());
}

#[test]
fn failures_of_calls_from_before_it_closed_do_not_open_it_again() {
    let bench = Bench::new();
    let late: Vec<_> = (0..100).map(|_| bench.admit(0).unwrap()).collect();
    for _ in 0..THRESHOLD {
        bench.call(0, Verdict::Failed);
    }
    bench.call(250, Verdict::Answered);
    for permit in &late {
        assert_eq!(bench.settle(permit, Verdict::Failed, 500), None);
    }
    assert_eq!(bench.call(500, Verdict::Answered), None);
}

#[test]
fn an_answer_from_before_it_closed_does_not_excuse_new_failures() {
    let bench = Bench::new();
    let late = bench.admit(0).unwrap();
    for _ in 0..THRESHOLD {
        bench.call(0, Verdict::Failed);
    }
    bench.call(250, Verdict::Answered);
    for _ in 0..4 {
        bench.call(250, Verdict::Failed);
    }
    assert_eq!(bench.settle(&late, Verdict::Answered, 300), None);
    assert_eq!(bench.call(300, Verdict::Failed), Some(Change::Opened));
}

#[test]
fn a_late_verdict_cannot_be_mistaken_for_that_of_the_probe() {
    let bench = Bench::new();
    let late = bench.admit(0).unwrap();
    for _ in 0..THRESHOLD {
        bench.call(0, Verdict::Failed);
    }
    let probe = bench.admit(250).unwrap();
    assert_eq!(bench.settle(&late, Verdict::Answered, 260), None);
    assert_eq!(bench.settle(&late, Verdict::Failed, 260), None);
    assert_eq!(bench.admit(600), None);
    assert_eq!(
        bench.settle(&probe, Verdict::Answered, 600),
        Some(Change::Closed)
    );
}

#[test]
fn of_callers_on_many_threads_one_probes() {
    let bench = Bench::open();
    for round in 1..=50 {
        let millis = round * 250;
        let barrier = std::sync::Barrier::new(8);
        let permits: Vec<_> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        (0..125).find_map(|_| bench.admit(millis))
                    })
                })
                .collect();
            callers
                .into_iter()
                .filter_map(|caller| caller.join().unwrap())
                .collect()
        });
        assert_eq!(permits.len(), 1);
        assert_eq!(bench.settle(&permits[0], Verdict::Failed, millis), None);
    }
}

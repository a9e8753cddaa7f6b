//! The server behind a store goes away, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, Store, StoreError, Updated};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::kit::{Kit, Sample, number, random_id, random_subject, read_number};

/// What [`restart`] asks of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// End the server, best with SIGKILL; return when it is gone.
    Off,
    /// Start it again with its data; return when it can be talked to.
    On,
}

/// Checks a store whose server is ended under load and started again, without rebuilding the
/// store: what was acknowledged is there, what was ended stays ended, a call meanwhile says
/// [`Unavailable`](StoreError::Unavailable) and nothing else within [`OUTAGE_DEADLINE`], and calls
/// succeed again within [`RECOVERY_DEADLINE`]. Returns how long that took.
///
/// The deadlines are for machines that have much else to do. For stores that persist: have the
/// server write before it acknowledges.
///
/// # Examples
/// ```no_run
/// # use std::sync::Arc;
/// # use privyseal_session::store::Store;
/// use privyseal_stores::conformance::{self, Power};
/// # struct Server;
/// # impl Server { async fn kill(&mut self) {} async fn start(&mut self) {} }
///
/// # async fn test<S: Store>(store: Arc<S>, mut server: Server) {
/// conformance::restart(&store, async |power| match power {
///     Power::Off => server.kill().await,
///     Power::On => server.start().await,
/// })
/// .await;
/// # }
/// ```
///
/// # Panics
/// When one of this is not so, with a message that says which.
pub async fn restart<S: Store>(store: &Arc<S>, mut server: impl AsyncFnMut(Power)) -> Duration {
    let kit = Kit::new(store);
    let sample = Sample::new("written before");
    let written = kit.created(&sample).await;
    let ended = kit.created(&sample).await;
    kit.end(ended).await;
    let stop = Arc::new(AtomicBool::new(false));
    let load = Load::start(&kit, store, &stop).await;
    load.is_under_way().await;

    server(Power::Off).await;
    calls_say_unavailable(store, written).await;
    server(Power::On).await;
    let recovery = calls_succeed_again(store, written).await;

    stop.store(true, Ordering::Release);
    load.was_kept(&kit).await;
    kit.finds(written, 1, &sample, "written before the restart")
        .await;
    let found = kit.load(ended).await;
    rule!(
        found == Found::Ended,
        "a session that ended before the restart is ended, not {found:?}"
    );
    let id = kit.created(&sample).await;
    rule!(kit.end(id).await, "end works after the restart");
    recovery
}

/// Every call, with the server gone.
async fn calls_say_unavailable<S: Store>(store: &Arc<S>, id: SessionId) {
    let sample = Sample::new("during the outage");
    let subject = random_subject("");
    let row = sample.row();
    unavailable("load", store.load(id)).await;
    unavailable("create", store.create(random_id(), &row)).await;
    unavailable("update", store.update(random_id(), 1, &row)).await;
    unavailable(
        "touch",
        store.touch(random_id(), 1, row.last_seen, row.expires_at),
    )
    .await;
    unavailable("end", store.end(random_id())).await;
    unavailable("list", store.list(&subject, 9)).await;
    unavailable("end_all", store.end_all(&subject, None)).await;
}

async fn unavailable<T>(call: &str, answer: impl Future<Output = Result<T, StoreError>>) {
    let Ok(answer) = timeout(OUTAGE_DEADLINE, answer).await else {
        panic!("the contract is broken: {call} hangs for {OUTAGE_DEADLINE:?} without its server");
    };
    match answer {
        Err(error) if error.is_unavailable() => {}
        Err(error) => {
            panic!("the contract is broken: {call} says Unavailable in an outage, not {error:?}")
        }
        Ok(_) => panic!("the contract is broken: {call} has an answer without its server"),
    }
}

async fn calls_succeed_again<S: Store>(store: &Arc<S>, id: SessionId) -> Duration {
    let back = Instant::now();
    loop {
        let answer = timeout(OUTAGE_DEADLINE, store.load(id)).await;
        rule!(
            back.elapsed() < RECOVERY_DEADLINE,
            "calls succeed again within {RECOVERY_DEADLINE:?} of the server's return, not {answer:?} after {:?}",
            back.elapsed()
        );
        let Ok(answer) = answer else {
            panic!("the contract is broken: load hangs after the server's return");
        };
        match answer {
            Ok(_) => return back.elapsed(),
            Err(error) => only_unavailable("load", &error),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Writers that go on through the restart.
struct Load {
    counters: JoinSet<(SessionId, u64)>,
    enders: JoinSet<Vec<SessionId>>,
    /// How many of their calls were acknowledged.
    acknowledged: Arc<AtomicUsize>,
}

impl Load {
    async fn start<S: Store>(kit: &Kit<S>, store: &Arc<S>, stop: &Arc<AtomicBool>) -> Self {
        let (mut counters, mut enders) = (JoinSet::new(), JoinSet::new());
        let acknowledged = Arc::new(AtomicUsize::new(0));
        for _ in 0..WRITERS {
            let writer = Writer {
                store: Arc::clone(store),
                stop: Arc::clone(stop),
                acknowledged: Arc::clone(&acknowledged),
            };
            let id = kit.created(&Sample::new(number(0))).await;
            counters.spawn(writer.clone().count(id));
            enders.spawn(writer.end_sessions());
        }
        Self {
            counters,
            enders,
            acknowledged,
        }
    }

    /// Waits until the server has something to lose.
    async fn is_under_way(&self) {
        let late = Instant::now() + Duration::from_mins(2);
        while self.acknowledged.load(Ordering::Acquire) < 20 * WRITERS {
            rule!(
                Instant::now() < late,
                "a store acknowledges what is written"
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn was_kept<S: Store>(self, kit: &Kit<S>) {
        for (id, acknowledged) in self.counters.join_all().await {
            let found = kit.load(id).await;
            rule!(
                matches!(&found, Found::Live(row) if read_number(&row.data) >= acknowledged),
                "an update that was acknowledged survives a restart: {acknowledged} were, but \
                 there is {found:?}"
            );
        }
        for id in self.enders.join_all().await.into_iter().flatten() {
            let found = kit.load(id).await;
            rule!(
                found == Found::Ended,
                "an end that was acknowledged survives a restart, but there is {found:?}"
            );
        }
    }
}

/// One of them.
struct Writer<S> {
    store: Arc<S>,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
}

impl<S> Clone for Writer<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            stop: Arc::clone(&self.stop),
            acknowledged: Arc::clone(&self.acknowledged),
        }
    }
}

impl<S: Store> Writer<S> {
    /// Counts up one session; returns what was acknowledged.
    async fn count(self, id: SessionId) -> (SessionId, u64) {
        let (mut version, mut value) = (1, 0);
        while self.goes_on() {
            let next = Sample::new(number(value + 1));
            match self.store.update(id, version, &next.row()).await {
                Ok(Updated::Done) => {
                    (version, value) = (version + 1, value + 1);
                    self.acknowledged.fetch_add(1, Ordering::AcqRel);
                }
                Ok(Updated::Conflict(row)) => {
                    let there = read_number(&row.data);
                    rule!(
                        there == value + 1,
                        "an update is done once or not at all: after {value} came an error, and \
                         now there is {there}"
                    );
                    (version, value) = (row.version, there);
                }
                Ok(Updated::Gone) => {
                    panic!("the contract is broken: a session that was acknowledged is gone")
                }
                Err(error) => pause_after("update", &error).await,
            }
        }
        (id, value)
    }

    /// Makes sessions and ends them; returns those whose end was acknowledged.
    async fn end_sessions(self) -> Vec<SessionId> {
        let mut ended = Vec::new();
        let sample = Sample::new("to be ended");
        while self.goes_on() {
            let id = random_id();
            let result = match self.store.create(id, &sample.row()).await {
                Ok(_) => self.store.end(id).await,
                Err(error) => Err(error),
            };
            match result {
                Ok(_) => {
                    ended.push(id);
                    self.acknowledged.fetch_add(1, Ordering::AcqRel);
                }
                Err(error) => pause_after("create or end", &error).await,
            }
        }
        ended
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Acquire)
    }
}

/// An outage is no reason to spin.
async fn pause_after(call: &str, error: &StoreError) {
    only_unavailable(call, error);
    tokio::time::sleep(PAUSE).await;
}

fn only_unavailable(call: &str, error: &StoreError) {
    rule!(
        error.is_unavailable(),
        "{call} says Unavailable in an outage, not {error:?}"
    );
}

/// How long a call may take to say that the server is gone.
pub const OUTAGE_DEADLINE: Duration = Duration::from_secs(20);

/// How long after the server's return calls may fail.
pub const RECOVERY_DEADLINE: Duration = Duration::from_mins(1);

/// How many count, and how many end sessions, during the restart.
const WRITERS: usize = 4;

/// Between two tries while the server is gone.
const PAUSE: Duration = Duration::from_millis(10);

//! A node's view of its ring.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use privyseal::ring::Heard;
use privyseal::{Clock, KeyRing, LiveKeyRing, RefreshKeys, SystemClock};
use rand::RngExt as _;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::follow::Following;
use super::status::RingSummary;
use super::{Keeper, KeeperError, OnStale, Opened, RingStatus};
use crate::repository::Repository as _;

/// Follows a ring, and keeps what signs and verifies up to date.
///
/// It reads when the repository says that something has changed, and every poll interval of the
/// ring's policy in any case; when the time of a rotation comes it changes over by the clock, even
/// if the repository is down. What it knew last it keeps, whatever it reads.
///
/// It ends with the last clone.
///
/// # Examples
/// ```
/// # #[cfg(feature = "files")] {
/// use std::sync::Arc;
///
/// use privyseal::ring::RingPolicy;
/// use privyseal::SystemClock;
/// use privyseal_keys::kek::FileKek;
/// use privyseal_keys::repository::{DynRepository, FileRepository};
/// use privyseal_keys::ring::{Keeper, NewKeys, NodeState, Watcher};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let place = tempfile::tempdir()?;
/// let kek = FileKek::create(place.path().join("kek"))?;
/// let repository = DynRepository::new(FileRepository::new(place.path().join("ring")));
/// let keeper = Arc::new(Keeper::new(repository, Arc::new(kek)));
/// keeper.init(RingPolicy::default(), NewKeys::default(), &SystemClock).await?;
///
/// let watcher = Watcher::new(keeper).start().await;
/// assert_eq!(watcher.status().state, NodeState::Fresh);
/// let keys = watcher.keys(); // for engines: it follows every change
/// assert!(keys.current().signer().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Watcher(Arc<Running>);

#[derive(Debug)]
struct Running {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    keeper: Arc<Keeper>,
    clock: Arc<dyn Clock>,
    on_stale: OnStale,
    keys: LiveKeyRing,
    following: Mutex<Following>,
    /// How many reads were sent.
    reads: AtomicU64,
    answered: watch::Sender<Answered>,
    wanted: Notify,
}

/// The last read that has been answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answered {
    /// Its number, from 1.
    read: u64,
    /// Whether by a ring that could be taken.
    is_ring: bool,
}

/// A watcher that is yet to start.
#[derive(Debug)]
pub struct NewWatcher {
    keeper: Arc<Keeper>,
    clock: Arc<dyn Clock>,
    on_stale: OnStale,
}

impl Watcher {
    /// For the ring of this keeper.
    #[expect(clippy::new_ret_no_self, reason = "it has settings before it runs")]
    pub fn new(keeper: Arc<Keeper>) -> NewWatcher {
        NewWatcher {
            keeper,
            clock: Arc::new(SystemClock),
            on_stale: OnStale::default(),
        }
    }

    /// The keys as the node knows them at any time.
    pub fn keys(&self) -> &LiveKeyRing {
        &self.0.shared.keys
    }

    /// The ring as it was last read.
    pub fn ring(&self) -> Option<Opened> {
        self.0.shared.following().known().cloned()
    }

    /// What the node knows and does now.
    pub fn status(&self) -> RingStatus {
        self.0.shared.status()
    }

    /// Reads the ring anew, and returns whether that gave a ring which could be taken.
    ///
    /// The read was sent after this was called. Any number of calls at once cause one read, and
    /// there is at most one per second, so that who sends tokens with keys that nobody knows
    /// cannot make the node ask more often.
    pub async fn refreshed(&self) -> bool {
        self.0.shared.refreshed().await
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }
}

impl RefreshKeys for Watcher {
    fn refreshed(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(self.0.shared.refreshed())
    }
}

impl NewWatcher {
    /// Reads this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Does this with tokens under known keys when the lease has ended.
    #[must_use]
    pub fn on_stale(mut self, on_stale: OnStale) -> Self {
        self.on_stale = on_stale;
        self
    }

    /// Reads the ring once and follows it from then on, on the runtime of the caller.
    ///
    /// If it cannot be read the node is [empty](super::NodeState::Empty), and goes on asking.
    pub async fn start(self) -> Watcher {
        let shared = Arc::new(Shared {
            keeper: self.keeper,
            clock: self.clock,
            on_stale: self.on_stale,
            keys: LiveKeyRing::new(KeyRing::unavailable()),
            following: Mutex::new(Following::new()),
            reads: AtomicU64::new(0),
            answered: watch::Sender::default(),
            wanted: Notify::new(),
        });
        let sent = Instant::now();
        let heard = shared.read(sent).await;
        let task = tokio::spawn(follow(Arc::clone(&shared), sent, heard));
        Watcher(Arc::new(Running { shared, task }))
    }
}

impl Shared {
    pub(super) fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    pub(super) fn following(&self) -> MutexGuard<'_, Following> {
        self.following
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of every read that has been answered.
    pub(super) fn answers(&self) -> watch::Receiver<Answered> {
        self.answered.subscribe()
    }

    pub(super) async fn refreshed(&self) -> bool {
        let sent_before = self.reads.load(Ordering::SeqCst);
        let mut answers = self.answered.subscribe();
        self.wanted.notify_one();
        let later = answers.wait_for(|last| last.read > sent_before);
        match timeout(REFRESH_PATIENCE, later).await {
            Ok(Ok(last)) => last.is_ring,
            _ => false,
        }
    }

    /// One read, and what comes of it.
    async fn read(&self, sent: Instant) -> Option<Heard> {
        let read = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = match timeout(READ_DEADLINE, self.keeper.read()).await {
            Ok(answer) => answer,
            Err(_) => Err(KeeperError::TimedOut),
        };
        let heard = self.following().hear(answer, sent);
        if heard == Some(Heard::Taken) {
            self.publish();
        } else {
            self.publish_if_outdated();
        }
        let is_ring = matches!(heard, Some(Heard::Taken | Heard::Same));
        self.answered.send_replace(Answered { read, is_ring });
        heard
    }

    /// Puts in place what the node may do now.
    fn publish(&self) {
        let (now, clock) = (Instant::now(), self.clock.now());
        // Held until the keys are in place, so that of two the later one stays.
        let mut following = self.following();
        let snapshot = following.snapshot(now, clock, self.on_stale);
        self.keys.replace(snapshot);
        following.mark_published(now, clock);
    }

    /// Whether time has changed what the node may do is judged by what was put in place, and not by
    /// having woken up in time.
    fn publish_if_outdated(&self) {
        if self
            .following()
            .is_outdated(Instant::now(), self.clock.now())
        {
            self.publish();
        }
    }

    pub(super) fn status(&self) -> RingStatus {
        let (now, clock) = (Instant::now(), self.clock.now());
        let following = self.following();
        let keys = self.keys.current();
        let trouble = following.last_trouble();
        RingStatus {
            state: following.state(now),
            ring: following
                .known()
                .map(|opened| RingSummary::of(opened.ring(), clock)),
            verifies: keys.keys().len() > 0,
            signs: keys.primary().is_some(),
            age: following.age(now),
            trouble: trouble.map(|it| format!("{}\nhint: {}", it.text, it.hint)),
            verifications: keys
                .keys()
                .map(|key| (key.id(), key.verifications()))
                .collect(),
        }
    }
}

/// Reads when there is a reason to, and changes over when the time comes.
async fn follow(shared: Arc<Shared>, mut sent: Instant, mut heard: Option<Heard>) {
    let repository = shared.keeper.repository().clone();
    let mut changed = Box::pin(repository.changed());
    let mut turns = Box::pin(take_turns(&shared));
    let mut failures = 0_u32;
    loop {
        failures = match heard {
            None | Some(Heard::Held(_)) => failures.saturating_add(1),
            Some(Heard::Taken | Heard::Same | Heard::Behind) => 0,
        };
        let mut due = sent + pause(&shared, failures);
        loop {
            tokio::select! {
                () = &mut changed => {
                    changed.set(repository.changed());
                    due = due.min(sent + PUSH_PAUSE);
                }
                () = shared.wanted.notified() => due = due.min(sent + REFRESH_PAUSE),
                () = sleep_until(due) => break,
                () = &mut turns => {}
            }
        }
        sent = Instant::now();
        let mut read = Box::pin(shared.read(sent));
        heard = loop {
            tokio::select! {
                heard = &mut read => break heard,
                () = &mut turns => {}
            }
        };
        // There may be another time to wait for now.
        turns.set(take_turns(&shared));
    }
}

/// Changes over whenever time alone changes what the node may do. Does not return.
async fn take_turns(shared: &Shared) {
    loop {
        shared.publish_if_outdated();
        let clock = shared.clock.now();
        let (event, lease_ends) = {
            let following = shared.following();
            (following.next_event(clock), following.lease_ends())
        };
        let event = event.and_then(|event| event.at.seconds_since(clock));
        let event = Instant::now() + event.map_or(LOOK_AGAIN, until);
        // The lease includes its last moment.
        let lease_ends = lease_ends.map(|end| end + Duration::from_millis(1));
        let next = lease_ends.filter(|end| *end > Instant::now());
        sleep_until(next.map_or(event, |end| end.min(event))).await;
    }
}

/// The clock tells whole seconds and may be set, so the last one is looked at closely.
fn until(seconds: u64) -> Duration {
    match seconds {
        0 | 1 => LAST_SECOND,
        more => Duration::from_secs(more - 1).min(LOOK_AGAIN),
    }
}

/// How long after a read the next one follows in any case: never later than the policy says, and
/// not at the same time on all nodes.
fn pause(shared: &Shared, failures: u32) -> Duration {
    let poll = match shared.following().known() {
        Some(opened) => Duration::from_secs(opened.ring().policy().poll),
        None => FIRST_POLL,
    };
    let backed_off = RETRY.saturating_mul(1 << failures.saturating_sub(1).min(10));
    let longest = if failures == 0 {
        poll
    } else {
        backed_off.min(poll)
    };
    longest.mul_f64(rand::rng().random_range(0.75..1.0))
}

/// How long a read may take.
const READ_DEADLINE: Duration = Duration::from_secs(5);

/// How often a node asks that has no ring yet, once that has failed a few times.
const FIRST_POLL: Duration = Duration::from_secs(5);

/// How soon a read is tried again that has failed.
const RETRY: Duration = Duration::from_millis(250);

/// Between two reads because the repository says that something has changed.
const PUSH_PAUSE: Duration = Duration::from_millis(10);

/// Between two reads because of a key that nobody here knows.
const REFRESH_PAUSE: Duration = Duration::from_secs(1);

/// How long who asks for a read waits for it: that pause, and a read.
const REFRESH_PATIENCE: Duration = Duration::from_secs(3);

const LAST_SECOND: Duration = Duration::from_millis(20);

/// How often the clock is looked at however far the next change is, for it may be set.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

//! Keeps a ring going.

use std::sync::Arc;
use std::time::Duration;

use privyseal::Timestamp;
use privyseal::ring::{Chore, Operation};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::watcher::Shared;
use super::{KeeperError, NodeState, Opened, Watcher};

/// Does what falls due in a ring: stages standbys, rotates, destroys what was held long enough.
///
/// Every node may run one. Of those that try at once one is done, and the others then find that
/// nothing is due. It writes only while its node is [fresh](NodeState::Fresh). If all of them are
/// dead, rotations that were written take place all the same, by the clocks of the nodes.
///
/// It ends with this value.
#[derive(Debug)]
pub struct Rotator {
    task: JoinHandle<()>,
    trouble: watch::Receiver<Option<String>>,
}

impl Rotator {
    /// Keeps the ring going that this watcher follows, on the runtime of the caller.
    pub fn start(watcher: &Watcher) -> Self {
        let (report, trouble) = watch::channel(None);
        let task = tokio::spawn(rotate(Arc::clone(watcher.shared()), report));
        Self { task, trouble }
    }

    /// Why the last attempt failed, if it did; told anew every time that changes.
    pub fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.clone()
    }
}

impl Drop for Rotator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn rotate(shared: Arc<Shared>, report: watch::Sender<Option<String>>) {
    let mut answers = shared.answers();
    loop {
        if !is_due(&shared) {
            // The ring that was read last may have other times.
            let _ = timeout(until_next(&shared), answers.changed()).await;
            continue;
        }
        // Nodes whose clocks agree do not have to race.
        sleep(Duration::from_secs_f64(rand::random())).await;
        let outcome = shared
            .keeper()
            .apply(shared.clock(), |opened| {
                Ok(possible(opened, shared.clock().now()).next())
            })
            .await;
        match outcome {
            Ok(_) => {
                report.send_replace(None);
                // So that the next look is at what was written.
                shared.refreshed().await;
            }
            Err(error) => {
                report.send_replace(Some(format!("{error}\nhint: {}", error.hint())));
                sleep(RETRY).await;
            }
        }
    }
}

/// Whether there is something to do, by what this node knows, and it may do it.
fn is_due(shared: &Shared) -> bool {
    let following = shared.following();
    let is_fresh = following.state(tokio::time::Instant::now()) == NodeState::Fresh;
    let known = following.known().filter(|_| is_fresh);
    known.is_some_and(|opened| {
        let now = shared.clock().now();
        possible(opened, now).next().is_some()
    })
}

fn until_next(shared: &Shared) -> Duration {
    let now = shared.clock().now();
    let following = shared.following();
    let next = following
        .known()
        .and_then(|opened| opened.ring().next_chore_after(now)?.seconds_since(now));
    next.map_or(LOOK_AGAIN, |seconds| {
        Duration::from_secs(seconds.max(1)).min(LOOK_AGAIN)
    })
}

/// The chores that are due and that the ring does not refuse, such as for lack of room.
fn possible(opened: &Opened, now: Timestamp) -> impl Iterator<Item = Operation> {
    opened.ring().chores_at(now).filter_map(move |chore| {
        let operation = operation(opened, chore).ok()?;
        opened.ring().apply(operation.clone(), now).ok()?;
        Some(operation)
    })
}

fn operation(opened: &Opened, chore: Chore) -> Result<Operation, KeeperError> {
    Ok(match chore {
        Chore::Stage => Operation::Stage {
            key: opened.new_key()?,
        },
        Chore::Rotate => Operation::Rotate {
            standby: opened.new_key()?,
            sign_from: None,
        },
        Chore::Destroy(key) => Operation::Destroy { key },
    })
}

/// How soon a write is tried again that has failed.
const RETRY: Duration = Duration::from_secs(5);

/// How often the clock is looked at however far the next chore is, for it may be set.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

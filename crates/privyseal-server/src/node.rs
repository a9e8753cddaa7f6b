//! A server's part in a key ring.

use std::sync::Arc;
use std::time::Duration;

use privyseal::ring::{Operation, RingError, Standing};
use privyseal::{Clock as _, SystemClock};
use privyseal_keys::ring::{Keeper, KeeperError, NodeState, OnStale, RingStatus, Rotator, Watcher};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::keys::{NotRotated, Rotation};

/// Follows a key ring and, unless it only reads, keeps it going. A clone is the same node, which
/// leaves the ring with the last one.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let place = tempfile::tempdir()?;
/// # let directory = place.path().join("ring").display().to_string();
/// use privyseal_keys::ring::{NodeState, OnStale};
/// use privyseal_server::{KekChoice, RingNode, RingRole, RingUrl, open_keeper};
///
/// let url: RingUrl = format!("file:{directory}").parse()?;
/// let kek: KekChoice = "plain".parse()?;
/// let keeper = open_keeper(&url, &kek, &[]).await?;
/// let node = RingNode::start(keeper, RingRole::Reader, OnStale::Serve).await;
/// assert_eq!(node.status().state, NodeState::Empty); // nobody has made a ring yet
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RingNode(Arc<Running>);

#[derive(Debug)]
struct Running {
    keeper: Arc<Keeper>,
    watcher: Watcher,
    /// None at a reader.
    rotator: Option<Rotator>,
    reporter: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.reporter.abort();
    }
}

/// What a server may do to its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingRole {
    /// It rotates the ring when that is due, as every other rotator would.
    Rotator,
    /// It never writes.
    Reader,
}

impl RingRole {
    /// The name in health checks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rotator => "rotator",
            Self::Reader => "reader",
        }
    }
}

impl RingNode {
    /// Reads the ring, and follows it from then on. If it cannot be read, the node is empty until
    /// it can be.
    ///
    /// Every change of its state is said through `tracing`.
    pub async fn start(keeper: Keeper, role: RingRole, on_stale: OnStale) -> Self {
        let keeper = Arc::new(keeper);
        let watcher = Watcher::new(Arc::clone(&keeper))
            .on_stale(on_stale)
            .start()
            .await;
        let rotator = match role {
            RingRole::Rotator => Some(Rotator::start(&watcher)),
            RingRole::Reader => None,
        };
        let reporter = tokio::spawn(report_changes(watcher.clone()));
        Self(Arc::new(Running {
            keeper,
            watcher,
            rotator,
            reporter,
        }))
    }

    /// What the node knows and does now.
    pub fn status(&self) -> RingStatus {
        self.0.watcher.status()
    }

    /// What it may do to the ring.
    pub fn role(&self) -> RingRole {
        match self.0.rotator {
            Some(_) => RingRole::Rotator,
            None => RingRole::Reader,
        }
    }

    /// Why the ring was not rotated though that was due; with a line that says what to do.
    pub fn rotator_trouble(&self) -> Option<String> {
        self.0.rotator.as_ref()?.trouble().borrow().clone()
    }

    pub(crate) fn watcher(&self) -> &Watcher {
        &self.0.watcher
    }

    pub(crate) fn rotation(&self) -> Rotation {
        if self.role() == RingRole::Reader {
            return Rotation::Elsewhere;
        }
        let event = self.0.watcher.ring().and_then(|opened| {
            let event = opened.ring().next_event_after(SystemClock.now())?;
            (event.standing == Standing::Signs).then_some(event.at)
        });
        event.map_or(Rotation::Scheduled, Rotation::Pending)
    }

    /// Lets the standby sign as soon as every node knows it.
    pub(crate) async fn rotate(&self) -> Result<(), NotRotated> {
        if self.role() == RingRole::Reader {
            return Err(NotRotated::Reader);
        }
        let rotated = self.0.keeper.apply(&SystemClock, |opened| {
            let standby = opened.new_key()?;
            Ok(Some(Operation::Rotate {
                standby,
                sign_from: None,
            }))
        });
        match rotated.await {
            Ok(_) => {
                // So that the page that follows is about what was written.
                self.0.watcher.refreshed().await;
                Ok(())
            }
            Err(KeeperError::Ring(RingError::FlipPending { .. } | RingError::TooEarly { .. })) => {
                Err(NotRotated::NotYet)
            }
            Err(error) => {
                let hint = error.hint();
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, hint, "the key ring was not rotated");
                Err(NotRotated::Unavailable)
            }
        }
    }
}

/// Says when the node changes its state, or gets into other trouble, and when that is over.
async fn report_changes(watcher: Watcher) {
    let mut said = (NodeState::Fresh, false);
    loop {
        let status = watcher.status();
        let now = (status.state, status.trouble.is_some());
        if now != said {
            tracing::warn!("key ring: {status}");
            said = now;
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// How often the node is asked for its state, which changes by time alone as well.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use privyseal::ring::RingPolicy;
    use privyseal_keys::ring::NewKeys;

    use super::*;
    use crate::{KekChoice, RingUrl, open_keeper};

    async fn keeper(place: &tempfile::TempDir) -> Keeper {
        let path = place.path().join("ring");
        let url: RingUrl = format!("file:{}", path.display()).parse().unwrap();
        let kek: KekChoice = "plain".parse().unwrap();
        open_keeper(&url, &kek, &[]).await.unwrap()
    }

    async fn make(place: &tempfile::TempDir) {
        let keeper = keeper(place).await;
        let made = keeper.init(RingPolicy::default(), NewKeys::default(), &SystemClock);
        made.await.unwrap();
    }

    #[tokio::test]
    async fn a_rotation_is_set_once_until_the_next_key_has_taken_over() {
        let place = tempfile::tempdir().unwrap();
        make(&place).await;
        let node = RingNode::start(keeper(&place).await, RingRole::Rotator, OnStale::Serve).await;
        assert_eq!(node.rotation(), Rotation::Scheduled);
        let signer = node.status().ring.unwrap().signer;
        assert_eq!(node.rotate().await, Ok(()));

        // The one that signed goes on until every node knows the other.
        let status = node.status();
        assert_eq!(status.ring.unwrap().generation, 2);
        assert_eq!(status.ring.unwrap().signer, signer);
        assert!(matches!(node.rotation(), Rotation::Pending(_)));
        assert_eq!(node.rotate().await, Err(NotRotated::NotYet));
        assert_eq!(node.status().ring.unwrap().generation, 2);
    }

    #[tokio::test]
    async fn a_reader_writes_nothing() {
        let place = tempfile::tempdir().unwrap();
        make(&place).await;
        let node = RingNode::start(keeper(&place).await, RingRole::Reader, OnStale::Serve).await;
        assert_eq!(node.rotation(), Rotation::Elsewhere);
        assert_eq!(node.rotate().await, Err(NotRotated::Reader));
        assert_eq!(node.status().ring.unwrap().generation, 1);
    }

    #[tokio::test]
    async fn a_ring_that_is_not_there_is_not_made() {
        let place = tempfile::tempdir().unwrap();
        let node = RingNode::start(keeper(&place).await, RingRole::Rotator, OnStale::Serve).await;
        assert_eq!(node.status().state, NodeState::Empty);
        assert_eq!(node.rotate().await, Err(NotRotated::Unavailable));
        assert!(keeper(&place).await.read().await.unwrap().is_none());
    }
}

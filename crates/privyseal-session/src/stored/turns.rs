//! Taking turns at a session that many requests of this node write at once.

use std::array;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use privyseal::sealed::SessionId;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

/// Whose turn it is to write. A clone shares it.
///
/// Of many who compare and swap at once, one wins each round and the others have tried in vain: the
/// work grows with the square of their number, and the unlucky never win. So who has lost once
/// waits for those who lost before. Other nodes are not waited for, nor is anybody for long:
/// correctness is the store's, and this is only about the order.
#[derive(Clone)]
pub(crate) struct Turns {
    queues: Arc<[Mutex<()>; QUEUES]>,
    hasher: RandomState,
}

impl Turns {
    /// Waits until it is our turn at this session; it is as long as the guard lives. `None` if that
    /// takes too long.
    pub(super) async fn wait(&self, id: SessionId) -> Option<MutexGuard<'_, ()>> {
        let hash = self.hasher.hash_one(id.as_bytes());
        let queue = usize::try_from(hash % QUEUES as u64).ok()?;
        timeout(PATIENCE, self.queues.get(queue)?.lock()).await.ok()
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            queues: Arc::new(array::from_fn(|_| Mutex::default())),
            hasher: RandomState::new(),
        }
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns(..)")
    }
}

/// Sessions that share a queue by chance wait for each other only while both are contended.
const QUEUES: usize = 256;

/// Long: who gives up a place has to begin again behind everybody else. While the store hangs,
/// the breaker lets the queue go after a few deadlines.
const PATIENCE: Duration = Duration::from_secs(10);

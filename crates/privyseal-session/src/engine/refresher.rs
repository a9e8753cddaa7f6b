//! Who reads the ring anew when a key is unknown.

use std::fmt;
use std::sync::Arc;

use privyseal::RefreshKeys;
use tokio::time::timeout;

use super::Engine;
use crate::metrics::{Event, report};
use crate::outage::DEFAULT_DEADLINE;

#[derive(Clone)]
pub(super) struct Refresher(Arc<dyn RefreshKeys>);

impl Refresher {
    pub(super) fn new(refresher: Arc<dyn RefreshKeys>) -> Self {
        Self(refresher)
    }
}

impl fmt::Debug for Refresher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresher").finish_non_exhaustive()
    }
}

impl Engine {
    pub(crate) fn can_refresh_keys(&self) -> bool {
        self.0.refresher.is_some()
    }

    /// Waits until the ring was read anew; whether it was, in time.
    pub(crate) async fn refresh_keys(&self) -> bool {
        let Some(Refresher(refresher)) = &self.0.refresher else {
            return false;
        };
        report(self.metrics(), Event::KeyAwaited);
        let deadline = self.0.deadline.unwrap_or(DEFAULT_DEADLINE);
        let answer = timeout(deadline, refresher.refreshed()).await;
        answer.unwrap_or(false)
    }
}

//! Who reads the ring anew when a key is unknown.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use privyseal::RefreshKeys;
use tokio::time::timeout;

use super::Engine;
use crate::metrics::{Event, report};

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
        let answer = timeout(self.0.key_deadline, refresher.refreshed()).await;
        answer.unwrap_or(false)
    }
}

/// How long a request waits for the ring by default: who reads rings sends a read a second at most.
pub(super) const KEY_DEADLINE: Duration = Duration::from_secs(3);

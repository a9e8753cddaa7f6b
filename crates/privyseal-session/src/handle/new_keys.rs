//! A key that the ring does not hold may be one that was made a moment ago.

use super::SessionHandle;

/// What came of looking for a key that the ring did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeySearch {
    /// The ring was read anew after the request came: a key that it still does not hold is none.
    Done,
    /// The ring could not be read anew, so nothing is known of the key.
    Failed,
    /// Nobody reads the ring: what it holds is all there is.
    NotPossible,
}

impl SessionHandle {
    /// Has the ring read anew for a key that it does not hold, unless this request has done so.
    pub(crate) async fn search_key(&self) -> KeySearch {
        let engine = &self.0.engine;
        if !engine.can_refresh_keys() {
            return KeySearch::NotPossible;
        }
        let refreshed = self.0.keys_refreshed.get_or_init(|| engine.refresh_keys());
        if *refreshed.await {
            KeySearch::Done
        } else {
            KeySearch::Failed
        }
    }

    /// Whether a key that the ring does not hold may be one of it all the same.
    pub(super) fn may_lack_keys(&self) -> bool {
        self.0.engine.can_refresh_keys() && self.0.keys_refreshed.get() != Some(&true)
    }
}

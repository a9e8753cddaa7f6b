//! All that an engine was told.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::{KEY_DEADLINE, Refresher};
use crate::cleanup::{Cleaning, Cleanup};
use crate::codec::{Codec, Mode};
use crate::cookie::CookiePolicy;
use crate::merge::OnConflict;
use crate::metrics::{Metrics, NoMetrics};
use crate::outage::{GuardedStore, OutagePolicy};
use crate::revocation::Revocations;
use crate::rules::{Rules, Timeouts};
use crate::store::Store;
use crate::stored::{ParallelSessions, Stored, Turns};
use crate::{Clock, LiveKeyRing, SystemClock};

/// What is done with a session that is too large for one cookie.
#[derive(Clone, Copy, Debug)]
pub(super) enum Oversize {
    Fails,
    Chunks,
    Spills,
}

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) keys: LiveKeyRing,
    pub(super) mode: Mode,
    pub(super) application: String,
    pub(super) cookie: CookiePolicy,
    pub(super) rules: Rules,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Arc<dyn Metrics>,
    pub(super) revocations: Option<Revocations>,
    pub(super) oversize: Oversize,
    pub(super) on_conflict: OnConflict,
    pub(super) parallel: Option<ParallelSessions>,
    pub(super) seals_at_rest: bool,
    pub(super) outage: OutagePolicy,
    pub(super) deadline: Option<Duration>,
    pub(super) refresher: Option<Refresher>,
    pub(super) key_deadline: Duration,
    pub(super) cleanup: Option<Cleanup>,
    /// The store as it was given, with nothing of the above.
    store: Option<GuardedStore>,
    /// The same with all of the above; made by [`prepare`](Self::prepare).
    pub(super) stored: Option<Stored>,
    /// What removes expired sessions, since the first request that needed the store.
    pub(super) cleaning: OnceLock<Option<Cleaning>>,
    /// The mode with the keys of the ring that was current last; made at the first use.
    pub(super) codec: ArcSwapOption<Codec>,
}

impl Settings {
    pub(super) fn new(keys: LiveKeyRing, mode: Mode, cookie: CookiePolicy) -> Self {
        Self {
            keys,
            mode,
            application: String::new(),
            cookie,
            rules: Rules::Timeouts(Timeouts::default()),
            clock: Arc::new(SystemClock),
            metrics: Arc::new(NoMetrics),
            revocations: None,
            oversize: Oversize::Fails,
            on_conflict: OnConflict::default(),
            parallel: None,
            seals_at_rest: false,
            outage: OutagePolicy::default(),
            deadline: None,
            refresher: None,
            key_deadline: KEY_DEADLINE,
            cleanup: Some(Cleanup::default()),
            store: None,
            stored: None,
            cleaning: OnceLock::new(),
            codec: ArcSwapOption::empty(),
        }
    }

    pub(super) fn set_store(&mut self, store: impl Store) {
        self.store = Some(GuardedStore::new(store));
    }

    /// Binds Flask's format to the application, where the session is in it.
    pub(super) fn salt_by_application(&mut self) {
        if let Mode::Signed(options) = &mut self.mode {
            options.salt = format!("cookie-session/{}", self.application).into_bytes();
        }
    }

    pub(super) fn has_store(&self) -> bool {
        self.store.is_some()
    }

    /// Makes what follows from the settings, after one of them changed.
    pub(super) fn prepare(&mut self) {
        self.codec = ArcSwapOption::empty();
        self.cleaning = OnceLock::new();
        self.stored = self.store.clone().map(|store| {
            let store = store
                .with_policy(self.outage)
                .with_metrics(self.metrics.clone());
            Stored {
                store: match self.deadline {
                    Some(deadline) => store.with_deadline(deadline),
                    None => store,
                },
                on_conflict: self.on_conflict,
                parallel: self.parallel,
                turns: Turns::default(),
            }
        });
    }

    pub(super) fn copy(&self) -> Self {
        Self {
            keys: self.keys.clone(),
            mode: self.mode.clone(),
            application: self.application.clone(),
            cookie: self.cookie.clone(),
            rules: self.rules,
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            revocations: self.revocations.clone(),
            oversize: self.oversize,
            on_conflict: self.on_conflict,
            parallel: self.parallel,
            seals_at_rest: self.seals_at_rest,
            outage: self.outage,
            deadline: self.deadline,
            refresher: self.refresher.clone(),
            key_deadline: self.key_deadline,
            cleanup: self.cleanup,
            store: self.store.clone(),
            stored: None,
            cleaning: OnceLock::new(),
            codec: ArcSwapOption::empty(),
        }
    }
}

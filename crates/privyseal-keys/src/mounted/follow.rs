//! Keeps a live key ring in step with keys that are mounted.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use privyseal::{KeyRing, LiveKeyRing};

use super::found::{self, Files, Found};
use super::{KeyMount, MountStatus};
use crate::file::parent;
use crate::watch::{Depth, Watch};
use crate::{SourceError, Warning};

/// Mounted keys, and a live ring that follows them while the process runs.
///
/// The directory is watched, not the files in it, which are replaced and take their watches with
/// them; and it is read every minute as well, as a watch may miss what happens. What counts is the
/// content: it is taken when it is another one than before and has been the same for a tenth of a
/// second, so that nobody is seen writing.
///
/// A reading that fails changes nothing. The ring stays as it was, [`status`](Self::status) says
/// what is wrong, and the files are read again until they are good. That is also so when a file is
/// missing that was there before: the key, the list of older ones or, where versions sign, the
/// newest version. No key is ever made.
///
/// A clone is the same handle.
///
/// # Examples
/// ```
/// use privyseal_keys::{KeyMount, MountedKeys};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// # let place = tempfile::tempdir()?;
/// # let secrets = place.path();
/// let keys = MountedKeys::open(KeyMount::new(secrets.join("secret_key")));
/// assert!(!keys.status().is_ready()); // nothing is mounted, and nothing is made
///
/// std::fs::write(secrets.join("secret_key"), "c47f2be05d98a1637e0fb3c2d15a8964")?;
/// keys.refresh().await; // or, as long as the process runs: tokio::spawn(keys.clone().follow())
/// assert!(keys.status().is_ready());
/// assert!(keys.live().current().primary().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MountedKeys {
    shared: Arc<Shared>,
    poll: Duration,
}

struct Shared {
    mount: KeyMount,
    live: LiveKeyRing,
    watch: Arc<Watch>,
    /// Whoever reads last decides, so they take turns.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    good: Option<Good>,
    replacements: u64,
    error: Option<Arc<SourceError>>,
}

/// The last reading that gave keys.
struct Good {
    at: Instant,
    digest: [u8; 32],
    files: Files,
    warnings: Vec<Warning>,
}

impl MountedKeys {
    /// Reads the keys. If that fails, the ring is [unavailable](KeyRing::unavailable) until they
    /// can be read; whoever would rather not start then asks for the [status](Self::status).
    pub fn open(mount: KeyMount) -> Self {
        let watched = parent(mount.path()).to_owned();
        let shared = Shared {
            live: LiveKeyRing::new(KeyRing::unavailable()),
            watch: Arc::new(Watch::new(watched, Depth::ThisDirectory)),
            turn: tokio::sync::Mutex::default(),
            state: Mutex::default(),
            mount,
        };
        shared.take(shared.read());
        Self {
            shared: Arc::new(shared),
            poll: POLL,
        }
    }

    /// Reads that often even if no change was heard of; every minute if this is not said, and at
    /// most ten times a second.
    #[must_use]
    pub fn with_poll(mut self, poll: Duration) -> Self {
        self.poll = poll.max(SETTLED);
        self
    }

    /// The ring that is valid now, for engines and layers.
    pub fn live(&self) -> &LiveKeyRing {
        &self.shared.live
    }

    /// How it stands.
    pub fn status(&self) -> MountStatus {
        let state = self.shared.state();
        MountStatus {
            age: state.good.as_ref().map(|good| good.at.elapsed()),
            replacements: state.replacements,
            error: state.error.clone(),
            warnings: state
                .good
                .as_ref()
                .map_or_else(Vec::new, |good| good.warnings.clone()),
        }
    }

    /// Follows the files, without an end; to stop, drop the future or abort its task.
    pub async fn follow(self) {
        loop {
            self.refresh().await;
            let failed = self.shared.state().error.is_some();
            let pause = if failed {
                self.poll.min(RETRY)
            } else {
                self.poll
            };
            let _ = tokio::time::timeout(pause, self.shared.watch.changed()).await;
        }
    }

    /// Reads the files now, such as after a signal that says they are new. The
    /// [status](Self::status) tells what came of it.
    pub async fn refresh(&self) {
        let _turn = self.shared.turn.lock().await;
        let read = self.settled().await;
        self.shared.take(read);
    }

    /// Reads until nobody is seen writing.
    async fn settled(&self) -> Result<Found, SourceError> {
        let mut found = self.read().await?;
        for _ in 0..PATIENCE {
            if self.shared.has(&found.digest) {
                return Ok(found);
            }
            tokio::time::sleep(SETTLED).await;
            let again = self.read().await?;
            if again.digest == found.digest {
                return Ok(again);
            }
            found = again;
        }
        let path = self.shared.mount.path().to_owned();
        Err(SourceError::Unsettled { path })
    }

    /// On a thread where waiting for a disk hurts nobody.
    async fn read(&self) -> Result<Found, SourceError> {
        let shared = Arc::clone(&self.shared);
        let read = tokio::task::spawn_blocking(move || shared.read()).await;
        read.unwrap_or_else(|stopped| {
            Err(found::unreadable(
                self.shared.mount.path(),
                std::io::Error::other(stopped),
            ))
        })
    }
}

impl Shared {
    fn read(&self) -> Result<Found, SourceError> {
        found::read(self.mount.path())
    }

    fn has(&self, digest: &[u8; 32]) -> bool {
        let state = self.state();
        state
            .good
            .as_ref()
            .is_some_and(|good| good.digest == *digest)
    }

    fn take(&self, read: Result<Found, SourceError>) {
        let mut state = self.state();
        let found = match read.and_then(|found| self.without_loss(&state, found)) {
            Ok(found) => found,
            Err(error) => {
                state.error = Some(Arc::new(error));
                return;
            }
        };
        let before = state.good.as_ref().map(|good| good.digest);
        if before != Some(found.digest) {
            self.live.replace(found.loaded.ring);
            state.replacements += u64::from(before.is_some());
        }
        let mut warnings = found.loaded.warnings;
        warnings.extend(found.fixed);
        state.error = None;
        state.good = Some(Good {
            at: Instant::now(),
            digest: found.digest,
            files: found.files,
            warnings,
        });
    }

    fn without_loss(&self, state: &State, found: Found) -> Result<Found, SourceError> {
        let path = self.mount.path();
        let good = state.good.as_ref();
        match good.and_then(|good| good.files.lost_in(&found.files, path)) {
            Some(path) => Err(SourceError::Gone { path }),
            None => Ok(found),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MountedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MountedKeys")
            .field("mount", &self.shared.mount)
            .field("live", &self.shared.live)
            .field("poll", &self.poll)
            .finish_non_exhaustive()
    }
}

const POLL: Duration = Duration::from_mins(1);

/// Between readings that fail.
const RETRY: Duration = Duration::from_secs(5);

/// For how long the content has to be the same.
const SETTLED: Duration = Duration::from_millis(100);

/// How often it may be another one until it counts as a failure.
const PATIENCE: usize = 50;

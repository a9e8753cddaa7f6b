//! Hears of changes in a directory.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::AccessKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// Watches a directory from the first question on, never a file in it: a file that is replaced
/// takes its watch with it.
#[derive(Debug)]
pub(crate) struct Watch {
    path: PathBuf,
    depth: Depth,
    bell: Arc<Notify>,
    watching: Mutex<Option<Watching>>,
}

/// Which changes count.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Depth {
    /// Those of the names in the directory.
    ThisDirectory,
    /// Those in the directories below as well.
    AllBelow,
}

#[derive(Debug)]
struct Watching {
    /// Ends with this.
    _watcher: RecommendedWatcher,
    directory: Identity,
}

impl Watch {
    pub(crate) fn new(path: PathBuf, depth: Depth) -> Self {
        Self {
            path,
            depth,
            bell: Arc::default(),
            watching: Mutex::default(),
        }
    }

    pub(crate) async fn changed(self: &Arc<Self>) {
        loop {
            let watch = Arc::clone(self);
            let begun = tokio::task::spawn_blocking(move || watch.begin()).await;
            match begun {
                // What happened before was not heard.
                Ok(Ok(Begun::Now)) => return,
                Ok(Ok(Begun::Before)) => return self.bell.notified().await,
                // There is no directory yet, or nothing to watch it by; readers poll meanwhile.
                Ok(Err(_)) | Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Watches the directory that is there now, which may be another one than before.
    fn begin(&self) -> notify::Result<Begun> {
        let directory = identity(&self.path)?;
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        if watching
            .as_ref()
            .is_some_and(|now| now.directory == directory)
        {
            return Ok(Begun::Before);
        }
        let bell = Arc::clone(&self.bell);
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                if event.is_ok_and(|event| is_our_own_look(event.kind)) {
                    return;
                }
                // Whoever waits now, and whoever comes next.
                bell.notify_waiters();
                bell.notify_one();
            })?;
        let mode = match self.depth {
            Depth::ThisDirectory => RecursiveMode::NonRecursive,
            Depth::AllBelow => RecursiveMode::Recursive,
        };
        watcher.watch(&self.path, mode)?;
        *watching = Some(Watching {
            _watcher: watcher,
            directory,
        });
        Ok(Begun::Now)
    }
}

enum Begun {
    Now,
    Before,
}

/// Opening a file or a directory changes nothing, and is what whoever was woken does next, for
/// ever. Every other kind counts: the same change has other kinds on other systems.
fn is_our_own_look(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Access(AccessKind::Open(_) | AccessKind::Read)
    )
}

#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &std::path::Path) -> std::io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;

    let found = fs::metadata(path)?;
    Ok((found.dev(), found.ino()))
}

#[cfg(not(unix))]
type Identity = Option<std::time::SystemTime>;

#[cfg(not(unix))]
fn identity(path: &std::path::Path) -> std::io::Result<Identity> {
    Ok(fs::metadata(path)?.created().ok())
}

/// Between two looks for a directory that is not there.
const PAUSE: Duration = Duration::from_secs(1);

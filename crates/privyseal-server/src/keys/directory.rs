//! Keys of this machine: those of the data directory, and the ring that is made of them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use privyseal_axum::LiveKeyRing;
use privyseal_keys::{KeyDirectory, SourceError, Warning};

/// Shared by everything that signs; a clone is one reference count.
#[derive(Clone, Debug)]
pub(crate) struct DirectoryKeys(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Held from reading the rotated keys to putting them in place: of two rotations at once, the
    /// later one must win in memory as it does on the disk.
    directory: Mutex<KeyDirectory>,
    live: LiveKeyRing,
}

impl DirectoryKeys {
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Warning>), SourceError> {
        let directory = KeyDirectory::open_or_create(path)?;
        let loaded = directory.load()?;
        let keys = Self(Arc::new(Shared {
            directory: Mutex::new(directory),
            live: LiveKeyRing::new(loaded.ring),
        }));
        Ok((keys, loaded.warnings))
    }

    /// The ring for engines, which follows every rotation.
    pub(crate) fn live(&self) -> &LiveKeyRing {
        &self.0.live
    }

    /// Adds a key that signs from now on. Reads and writes files, so it may block.
    pub(crate) fn rotate(&self) -> Result<(), SourceError> {
        let directory = self
            .0
            .directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let rotated = directory.rotate()?;
        self.0.live.replace(rotated.ring);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use privyseal::KeyRing;

    use super::*;

    #[test]
    fn debug_does_not_leak_key() {
        let place = tempfile::tempdir().unwrap();
        let (keys, warnings) = DirectoryKeys::open(place.path()).unwrap();
        assert_eq!(warnings, []);
        keys.rotate().unwrap();
        let shown = format!("{keys:?} {keys:#?}");
        for number in ["0001", "0002"] {
            let path = place.path().join(format!("keys/{number}.key"));
            let key = fs::read_to_string(path).unwrap();
            assert!(!shown.contains(key.trim_end()), "{shown}");
        }
    }

    #[test]
    fn rotations_at_once_leave_the_newest_key_signing() {
        let place = tempfile::tempdir().unwrap();
        let (keys, _) = DirectoryKeys::open(place.path()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| keys.rotate().unwrap());
            }
        });
        let on_disk = KeyDirectory::open_or_create(place.path())
            .unwrap()
            .load()
            .unwrap()
            .ring;
        let primary = |ring: &KeyRing| ring.primary().map(privyseal::keyring::RingKey::id);
        assert_eq!(primary(&keys.live().current()), primary(&on_disk));
        assert_eq!(keys.live().current().keys().count(), 7);
    }
}

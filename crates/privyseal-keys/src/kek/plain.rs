//! No key-encryption key, where that can be.

use std::fs;
use std::future::ready;
use std::io;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::{Kek, KekError, KekFuture, KekId};

/// No wrapping at all, for a ring in a file that only its owner can read.
///
/// The data key stands in the slot as it is. For one machine, whose disk is as safe as a key beside
/// the ring would be.
///
/// # Security
/// Whoever reads the ring, or a backup of it, has its keys. Whoever writes it can make nodes
/// believe any ring: its MAC finds damage, and no attacker. So the place of the ring is looked at
/// each time, and it must be for its owner alone: 0600 for a file, 0700 for a directory.
///
/// # Examples
/// ```
/// use privyseal_keys::kek::{Kek, PlainKek};
///
/// let kek = PlainKek::for_file("/var/lib/app/ring.d");
/// assert!(kek.is_plain());
/// ```
#[derive(Debug)]
pub struct PlainKek {
    id: KekId,
    path: PathBuf,
}

impl PlainKek {
    /// For the ring in this file or directory, which may be made with the ring.
    pub fn for_file(path: impl Into<PathBuf>) -> Self {
        Self {
            id: KekId::of_ours("plain"),
            path: path.into(),
        }
    }

    /// Whether the place of the ring is there; if it is, nobody but its owner can get at it.
    fn is_there(&self) -> Result<bool, KekError> {
        match fs::metadata(&self.path) {
            Ok(metadata) => match open_to_others(&metadata) {
                None => Ok(true),
                Some(mode) => Err(KekError::OpenToOthers {
                    path: self.path.clone(),
                    mode,
                }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(KekError::unavailable(&self.id, error)),
        }
    }
}

impl Kek for PlainKek {
    fn id(&self) -> &KekId {
        &self.id
    }

    fn wrap<'a>(&'a self, secret: &'a [u8], _: &'a [u8]) -> KekFuture<'a, Vec<u8>> {
        // What is not there yet is about to be made.
        Box::pin(ready(self.is_there().map(|_| secret.to_vec())))
    }

    fn unwrap<'a>(&'a self, wrapped: &'a [u8], _: &'a [u8]) -> KekFuture<'a, Zeroizing<Vec<u8>>> {
        Box::pin(ready(match self.is_there() {
            Ok(true) => Ok(Zeroizing::new(wrapped.to_vec())),
            // So what was read comes from somewhere else.
            Ok(false) => Err(KekError::unfit(
                &self.id,
                "only a ring in a file may be plain, and there is no such file",
            )),
            Err(error) => Err(error),
        }))
    }

    fn is_plain(&self) -> bool {
        true
    }
}

/// The permission bits of what others than its owner can get at.
#[cfg(unix)]
fn open_to_others(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Only Unix says in three digits who may read a file.
#[cfg(not(unix))]
fn open_to_others(_: &fs::Metadata) -> Option<u32> {
    None
}

//! No key-encryption key, where that can be.

use std::fs;
use std::future::ready;
use std::io;
use std::path::{Path, PathBuf};

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
        #[expect(clippy::expect_used, reason = "a word of ASCII")]
        let id = KekId::new("plain").expect("a word is a name");
        Self {
            id,
            path: path.into(),
        }
    }

    fn copy(&self, secret: &[u8]) -> Result<Zeroizing<Vec<u8>>, KekError> {
        match open_to_others(&self.path) {
            // It is about to be made, for its owner alone.
            Ok(None) => Ok(Zeroizing::new(secret.to_vec())),
            Ok(Some(mode)) => Err(KekError::OpenToOthers {
                path: self.path.clone(),
                mode,
            }),
            Err(error) => Err(KekError::unavailable(&self.id, error)),
        }
    }
}

impl Kek for PlainKek {
    fn id(&self) -> &KekId {
        &self.id
    }

    fn wrap<'a>(&'a self, secret: &'a [u8], _: &'a [u8]) -> KekFuture<'a, Vec<u8>> {
        Box::pin(ready(self.copy(secret).map(|copy| copy.to_vec())))
    }

    fn unwrap<'a>(&'a self, wrapped: &'a [u8], _: &'a [u8]) -> KekFuture<'a, Zeroizing<Vec<u8>>> {
        Box::pin(ready(self.copy(wrapped)))
    }

    fn is_plain(&self) -> bool {
        true
    }
}

/// The permission bits, if others than the owner may do anything; `None` of what is not there.
fn open_to_others(path: &Path) -> io::Result<Option<u32>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(mode(&metadata).filter(|mode| mode & 0o077 != 0)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "only Unix says in three digits who may read a file"
)]
fn mode(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;

    Some(metadata.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> Option<u32> {
    None
}

//! Keys that somebody else writes into a directory: Kubernetes, Docker, systemd.

#[cfg(feature = "files")]
mod follow;
mod found;
#[cfg(feature = "files")]
mod status;

use std::path::{Path, PathBuf};

use crate::{Loaded, SourceError, credential_path};

#[cfg(feature = "files")]
pub use follow::MountedKeys;
pub use found::MAX_VERSIONS;
#[cfg(feature = "files")]
pub use status::MountStatus;

/// Where a secret key is mounted, with older and newer ones beside it.
///
/// ```text
/// /run/secrets/secret_key             signs, if it is there
/// /run/secrets/secret_key_v3          else the version with the highest number signs
/// /run/secrets/secret_key_v2          every other version verifies, the highest first,
/// /run/secrets/secret_key_v1
/// /run/secrets/secret_key_fallbacks   then the older keys in this list, the last first
/// ```
///
/// The content of a file is the key, without the line break at its end. The list is as in
/// [`from_env`](crate::from_env). Other files are nobody's business, and only these are read; what
/// is not read is never made either.
///
/// Where `..data` links to the directory that holds the files, as in Kubernetes, all of them are
/// read from one such directory: old and new ones are never mixed.
///
/// # Examples
/// ```
/// use privyseal_keys::{KeyMount, Overwrite, write_key_file};
///
/// # let place = tempfile::tempdir()?;
/// # let secrets = place.path();
/// write_key_file(secrets.join("secret_key_v1"), b"c47f2be05d98a1637e0fb3c2d15a8964", Overwrite::Never)?;
/// write_key_file(secrets.join("secret_key_v2"), b"9e3b7716d0c85fa24417c20e6bd9f835", Overwrite::Never)?;
/// let keys = KeyMount::new(secrets.join("secret_key")).load()?.ring;
/// assert_eq!(keys.keys().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeyMount {
    path: PathBuf,
}

impl KeyMount {
    /// The key at this path, such as `/run/secrets/secret_key`. Nothing is read yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The credential of this name, usually `secret_key`, that systemd keeps for this service
    /// (`LoadCredential=`); `None` if it keeps no credentials for it.
    pub fn credential(name: &str) -> Option<Self> {
        credential_path(name).map(Self::new)
    }

    /// Where the key is, without a version.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all keys, once.
    ///
    /// # Errors
    /// When there is none, or any of them cannot be read or is unfit, or there are more than
    /// [`MAX_VERSIONS`].
    pub fn load(&self) -> Result<Loaded, SourceError> {
        Ok(found::read(&self.path)?.loaded)
    }
}

#[cfg(test)]
mod tests;

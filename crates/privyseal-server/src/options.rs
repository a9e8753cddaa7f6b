//! What the server needs before it starts.

use std::fs::DirBuilder;
use std::io;
use std::path::{Path, PathBuf};

use privyseal_keys::Warning;

use crate::keys::{DirectoryKeys, Keys};
use crate::store::Sessions;
use crate::{RingNode, ServeError, StoreUrl};

/// What a server serves with: made and checked before it takes a request.
#[derive(Debug)]
pub struct Options {
    pub(crate) keys: Keys,
    pub(crate) sessions: Sessions,
    warnings: Vec<Warning>,
}

impl Options {
    /// Opens a data directory; makes it, and its first key, if it is new or empty. The sessions
    /// are kept in an SQLite file in it.
    ///
    /// # Errors
    /// When the directory, or a key or the sessions in it cannot be used. No key is ever made in
    /// place of one that is missing or unfit.
    pub async fn prepare(data_directory: impl Into<PathBuf>) -> Result<Self, ServeError> {
        let path = data_directory.into();
        let store = StoreUrl::in_directory(&path);
        Self::prepare_with(path, &store).await
    }

    /// The same with another store of sessions.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare), and when the store does not answer within ten seconds.
    pub async fn prepare_with(
        data_directory: impl Into<PathBuf>,
        store: &StoreUrl,
    ) -> Result<Self, ServeError> {
        let path = data_directory.into();
        let (keys, warnings) = DirectoryKeys::open(&path)
            .map_err(|source| ServeError::DataDirectory { path, source })?;
        let keys = Keys::Directory(keys);
        let sessions = Sessions::connect(keys.live(), store).await?;
        Ok(Self {
            keys,
            sessions,
            warnings,
        })
    }

    /// The same with the keys of a ring. The directory is made if the store is a file in it.
    ///
    /// The ring need not be there: until it can be read, nobody is signed in, and nobody who was is
    /// signed out.
    ///
    /// # Errors
    /// When the store does not answer within ten seconds, or cannot be used.
    pub async fn prepare_on_ring(
        node: RingNode,
        data_directory: impl Into<PathBuf>,
        store: &StoreUrl,
    ) -> Result<Self, ServeError> {
        let path = data_directory.into();
        if store.sqlite_path().and_then(Path::parent) == Some(&path) {
            make_private(&path).map_err(|source| ServeError::Store {
                store: store.clone(),
                source: source.into(),
            })?;
        }
        let keys = Keys::Ring(node);
        let sessions = Sessions::connect(keys.live(), store).await?;
        Ok(Self {
            keys,
            sessions,
            warnings: Vec::new(),
        })
    }

    /// What the owner of the keys should know about where they lie; empty most of the time.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// A directory for its owner alone, if there is none yet.
fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn the_first_start_makes_a_key_and_the_second_one_takes_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("data");
        let primary = async || {
            let options = Options::prepare(&path).await.unwrap();
            options.keys.ring().primary().unwrap().id()
        };
        assert_eq!(primary().await, primary().await);
    }

    #[tokio::test]
    async fn a_missing_or_weak_key_is_an_error_with_a_hint_and_without_the_key() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("data");
        Options::prepare(&path).await.unwrap();
        let key = path.join("keys/0001.key");

        fs::write(&key, "password123password123\n").unwrap();
        let weak = Options::prepare(&path).await.unwrap_err();
        let shown = format!("{weak} {weak:?} {}", weak.hint());
        assert!(!shown.contains("password123password123"), "{shown}");
        assert!(!weak.hint().is_empty());

        fs::remove_file(&key).unwrap();
        let gone = Options::prepare(&path).await.unwrap_err();
        assert!(gone.hint().contains("restore"), "{}", gone.hint());
        assert!(!key.exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_sessions_are_in_a_file_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("data");
        let _options = Options::prepare(&path).await.unwrap();
        let file = fs::metadata(path.join("sessions.db")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_store_that_cannot_be_used_is_an_error_that_names_it() {
        let place = tempfile::tempdir().unwrap();
        let store = place.path().join("none/sessions.db");
        let url = format!("sqlite:{}", store.display()).parse().unwrap();
        let error = Options::prepare_with(place.path().join("data"), &url)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("none/sessions.db"), "{error}");
        assert!(error.hint().contains("--store"), "{}", error.hint());
    }
}

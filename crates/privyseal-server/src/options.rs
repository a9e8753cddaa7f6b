//! What the server needs before it starts.

use std::path::PathBuf;

use privyseal_keys::Warning;

use crate::ServeError;
use crate::keys::Keys;

/// What a server serves with: made and checked before it takes a request.
#[derive(Debug)]
pub struct Options {
    pub(crate) keys: Keys,
    warnings: Vec<Warning>,
}

impl Options {
    /// Opens a data directory; makes it, and its first key, if it is new or empty.
    ///
    /// # Errors
    /// When the directory or a key in it cannot be used. No key is ever made in place of one that
    /// is missing or unfit.
    pub fn prepare(data_directory: impl Into<PathBuf>) -> Result<Self, ServeError> {
        let path = data_directory.into();
        match Keys::open(&path) {
            Ok((keys, warnings)) => Ok(Self { keys, warnings }),
            Err(source) => Err(ServeError::DataDirectory { path, source }),
        }
    }

    /// What the owner of the keys should know about where they lie; empty most of the time.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_start_makes_a_key_and_the_second_one_takes_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("data");
        let primary = || {
            let options = Options::prepare(&path).unwrap();
            options.keys.ring().primary().unwrap().id()
        };
        assert_eq!(primary(), primary());
    }

    #[test]
    fn a_missing_or_weak_key_is_an_error_with_a_hint_and_without_the_key() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("data");
        Options::prepare(&path).unwrap();
        let key = path.join("keys/0001.key");

        fs::write(&key, "password123password123\n").unwrap();
        let weak = Options::prepare(&path).unwrap_err();
        let shown = format!("{weak} {weak:?} {}", weak.hint());
        assert!(!shown.contains("password123password123"), "{shown}");
        assert!(!weak.hint().is_empty());

        fs::remove_file(&key).unwrap();
        let gone = Options::prepare(&path).unwrap_err();
        assert!(gone.hint().contains("restore"), "{}", gone.hint());
        assert!(!key.exists());
    }
}

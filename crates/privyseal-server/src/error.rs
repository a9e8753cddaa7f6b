//! Why there is no server.

use std::io;
use std::path::PathBuf;

use privyseal_keys::SourceError;

/// Why the server did not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The keys in the data directory cannot be used.
    #[error("could not use the data directory {}", path.display())]
    DataDirectory {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        source: SourceError,
    },
    /// The listener broke.
    #[error("could not go on serving")]
    Listener(#[source] io::Error),
}

impl ServeError {
    /// What to do about it, for the `hint:` line of an error message.
    pub fn hint(&self) -> String {
        match self {
            Self::DataDirectory { source, .. } => source.hint(),
            Self::Listener(_) => "start the server again".to_owned(),
        }
    }
}

//! Why there is no server.

use std::io;
use std::path::PathBuf;

use privyseal_keys::SourceError;

use crate::StoreUrl;

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
    /// The store of sessions cannot be used.
    #[error("could not use the store of sessions: {store}")]
    Store {
        /// Which one.
        store: StoreUrl,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
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
            Self::Store { source, .. } if source.to_string().contains(HINT) => {
                let said = source.to_string();
                said.split_once(HINT)
                    .map_or_else(String::new, |(_, hint)| hint.to_owned())
            }
            Self::Store { store, .. } if store.sqlite_path().is_some() => {
                "see that the directory exists and that this user may write to it, or name another \
                 file with --store sqlite:PATH"
                    .to_owned()
            }
            Self::Store { store, .. } => format!(
                "see that {store} runs, can be reached from here and knows the user and the \
                 database of the URL; without a URL the sessions are kept in an SQLite file"
            ),
            Self::Listener(_) => "start the server again".to_owned(),
        }
    }
}

/// Where errors of stores say by themselves what to do.
const HINT: &str = "\nhint: ";

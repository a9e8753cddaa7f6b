//! What can go wrong with a repository.

use std::path::PathBuf;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a repository could not answer. No message contains any part of a ring.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// The repository cannot be asked now; it may answer later. Never a statement about the ring.
    #[error("the key ring cannot be reached")]
    Unavailable(#[source] Source),
    /// The repository does not let this user, or this process, do it.
    #[error("access to the key ring was denied")]
    Denied(#[source] Source),
    /// What is in the place of the ring is none that this version of the program has written.
    #[error("what is in the place of the key ring cannot be read")]
    Unreadable(#[source] Source),
    /// There was a ring, of which traces are left, and it is no longer there.
    #[error("the key ring is gone: {0}")]
    Gone(&'static str),
    /// The repository has no room for another generation.
    #[error("there is no room for the key ring")]
    Full(#[source] Source),
    /// A file or directory that others than its owner can get at.
    #[error("{} is open to others than its owner (mode {mode:04o})", path.display())]
    OpenToOthers {
        /// The file or directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A link or a device where a file or directory of the ring should be.
    #[error("{} is a link or a device", path.display())]
    NotAFile {
        /// Where it is.
        path: PathBuf,
    },
    /// The caller asked for what cannot be written. Nothing was done.
    #[error("the key ring cannot be written: {0}")]
    Refused(&'static str),
}

impl RepositoryError {
    /// The repository cannot be asked now.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable(source.into())
    }

    /// The repository does not allow it.
    pub fn denied(source: impl Into<Source>) -> Self {
        Self::Denied(source.into())
    }

    /// The repository's answer makes no sense.
    pub fn unreadable(source: impl Into<Source>) -> Self {
        Self::Unreadable(source.into())
    }

    /// Whether asking again later may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// What to do about it, for the `hint:` line of an error message.
    pub fn hint(&self) -> String {
        match self {
            Self::Unavailable(_) => {
                "see that it runs and can be reached from here; no new key is made in its place, \
                 as that would end every session"
            }
            Self::Denied(_) => {
                "see that this user may read it, and write it where keys are to be rotated"
            }
            Self::Unreadable(_) => {
                "upgrade this program if a newer one has written it; otherwise restore it from a \
                 backup"
            }
            Self::Gone(_) => {
                "restore it from a backup; to start afresh and end every session, remove its \
                 history as well"
            }
            Self::Full(_) => {
                "make room on the disk or in the memory of the repository, or in the ring: destroy \
                 keys that have ended"
            }
            Self::OpenToOthers { path, mode } => {
                let mode = if mode & 0o100 == 0 { "600" } else { "700" };
                return format!(
                    "whoever read or changed it may forge sessions; if nobody did, run \
                     `chmod {mode} {}`",
                    path.display()
                );
            }
            Self::NotAFile { .. } => "name the file or directory itself, not a link to it",
            Self::Refused(_) => "this is a fault of the program; please report it",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_hint_and_only_an_outage_passes() {
        let path = PathBuf::from("/srv/ring");
        let errors = [
            RepositoryError::denied("no"),
            RepositoryError::unreadable("no"),
            RepositoryError::Gone("its file is missing"),
            RepositoryError::Full("no".into()),
            RepositoryError::OpenToOthers {
                path: path.clone(),
                mode: 0o755,
            },
            RepositoryError::NotAFile { path },
            RepositoryError::Refused("no"),
        ];
        for error in errors {
            assert!(
                !error.hint().is_empty() && !error.is_unavailable(),
                "{error}"
            );
        }
        let outage = RepositoryError::unavailable("no");
        assert!(outage.is_unavailable() && outage.hint().contains("no new key"));
    }

    #[test]
    fn directories_stay_directories_in_the_hint() {
        for (mode, hint) in [(0o777, "chmod 700"), (0o644, "chmod 600")] {
            let path = PathBuf::from("/srv/ring");
            let error = RepositoryError::OpenToOthers { path, mode };
            assert!(error.hint().contains(hint), "{}", error.hint());
        }
    }
}

//! What can go wrong between a repository and an open ring.

use privyseal::ring::{ReadError, RingError, RingId};
use privyseal::secret::KeyError;

use crate::kek::KekError;
use crate::repository::RepositoryError;

/// Why a ring was not read, or not changed. No message contains any part of a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeeperError {
    /// The repository did not answer, or not with a ring.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The ring cannot be unwrapped, or a key not wrapped.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// The document is not what its writer made.
    #[error("the key ring cannot be believed")]
    Document(#[from] ReadError),
    /// The ring does not allow the change.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// A new key could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No ring was ever made here.
    #[error("there is no key ring here")]
    Absent,
    /// There is a ring already.
    #[error("there is a key ring here already")]
    Exists,
    /// The ring is not the one that this node was told to use.
    #[error("the key ring is {found}, and not {expected}")]
    Foreign {
        /// The ring that was expected.
        expected: RingId,
        /// The ring that is there.
        found: RingId,
    },
    /// The document has another generation than its repository says.
    #[error("the key ring is of generation {document}, and its repository says {repository}")]
    Misfiled {
        /// What the document says.
        document: u64,
        /// What the repository says.
        repository: u64,
    },
    /// Others changed the ring in between, every time.
    #[error("the key ring was changed by others {0} times in a row")]
    Contended(u32),
    /// The repository did not say in time whether it has written the change.
    #[error("the repository did not say in time whether the key ring was changed")]
    OutcomeUnknown,
    /// The repository did not answer in time.
    #[error("the key ring was not read in time")]
    TimedOut,
}

impl KeeperError {
    /// Whether asking again later may help, without anybody doing anything about it here.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Repository(error) => error.is_unavailable(),
            Self::Kek(error) => error.is_unavailable(),
            Self::Contended(_) | Self::OutcomeUnknown | Self::TimedOut => true,
            _ => false,
        }
    }

    /// What to do about it, for the `hint:` line of an error message.
    pub fn hint(&self) -> String {
        match self {
            Self::Repository(error) => return error.hint(),
            Self::Kek(error) => return error.hint(),
            Self::Ring(error) => error.hint(),
            Self::Key(_) => "see that this process may call the operating system for randomness",
            Self::Document(_) => {
                "somebody changed it who has not its key, or it is damaged: restore the last \
                 generation, and find out who can write to its repository"
            }
            Self::Absent => "make one with `privyseal ring init`",
            Self::Exists => {
                "use it; a new one in its place would end every session, so it has to be removed \
                 by hand first"
            }
            Self::Foreign { .. } => {
                "see that the address of the ring is right; if it was replaced on purpose, start \
                 the nodes anew with the new ring"
            }
            Self::Misfiled { .. } => "restore the ring from its history or from a backup",
            Self::Contended(_) => "try again",
            Self::OutcomeUnknown => "look with `privyseal ring status` before trying again",
            Self::TimedOut => "see that the repository runs and can be reached from here",
        }
        .to_owned()
    }
}

//! What can go wrong with a key-encryption key.

use std::path::PathBuf;

use privyseal::KeyId;

use super::KekId;
use crate::SourceError;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why keys were not wrapped or unwrapped. No message contains any part of a key or a PIN.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KekError {
    /// The provider cannot be asked now; it may answer later. Never a statement about the ring.
    #[error("the key-encryption key {kek} cannot be reached")]
    Unavailable {
        /// The key.
        kek: KekId,
        /// What the provider says.
        source: Source,
    },
    /// The provider does not let us in. Trying again can lock it for good.
    #[error("access to the key-encryption key {kek} was denied")]
    Denied {
        /// The key.
        kek: KekId,
        /// What the provider says.
        source: Source,
    },
    /// The key is not there, or not as it has to be.
    #[error("the key-encryption key {kek} cannot be used: {why}")]
    Unfit {
        /// The key.
        kek: KekId,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another key has wrapped the ring.
    #[error("the key ring was wrapped by {named}, and not by {given}")]
    WrongKek {
        /// The key that the ring names.
        named: KekId,
        /// The key that was to unwrap it.
        given: KekId,
    },
    /// Somebody has wrapped it who is not known here, or it was changed since.
    #[error("nobody who is known here has wrapped the key ring for {kek}")]
    NotAuthentic {
        /// The key that can read it.
        kek: KekId,
    },
    /// What was wrapped, or the data that it was bound to, is not what it was.
    #[error("the wrapped data key of the ring is corrupt")]
    Corrupt,
    /// The slot of the ring is not one that this version of the program has written.
    #[error("the key slot of the ring cannot be read")]
    BadSlot,
    /// A wrapped key is damaged, or is another one's.
    #[error("the wrapped key {0} is corrupt")]
    CorruptKey(KeyId),
    /// A key is empty or has more bytes than a ring keeps.
    #[error("a key of {length} bytes cannot be kept in a ring")]
    BadLength {
        /// The length of the key.
        length: usize,
    },
    /// A file or directory that others than its owner can get at.
    #[error("{} is open to others than its owner (mode {mode:04o})", path.display())]
    OpenToOthers {
        /// The file or directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file of a key or PIN cannot be read, written or made sense of.
    #[error(transparent)]
    File(#[from] SourceError),
    /// A file does not hold what it has to.
    #[error("{} is no {what}", path.display())]
    NotOne {
        /// The file.
        path: PathBuf,
        /// What it was to hold.
        what: &'static str,
    },
    /// The operating system has no randomness.
    #[error("the operating system gave no randomness")]
    NoRandomness,
}

impl KekError {
    /// The provider cannot be asked now.
    pub fn unavailable(kek: &KekId, source: impl Into<Source>) -> Self {
        Self::Unavailable {
            kek: kek.clone(),
            source: source.into(),
        }
    }

    /// The provider does not let us in.
    pub fn denied(kek: &KekId, source: impl Into<Source>) -> Self {
        Self::Denied {
            kek: kek.clone(),
            source: source.into(),
        }
    }

    pub(super) fn unfit(kek: &KekId, why: &'static str) -> Self {
        Self::Unfit {
            kek: kek.clone(),
            why,
        }
    }

    /// Whether asking again later may help, without anybody doing anything about it here.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// What to do about it, for the `hint:` line of an error message.
    pub fn hint(&self) -> String {
        match self {
            Self::Unavailable { .. } => {
                "see that the token or service is there and can be reached from here; no new key \
                 is made in its place, as that would end every session"
            }
            Self::Denied { .. } => {
                "see that the PIN or the rights are right; it is not tried again with the same \
                 ones, as that locks many tokens"
            }
            Self::Unfit { .. } => {
                "see that the names of the token and of the key are right; a key in a token is \
                 made by an explicit command only"
            }
            Self::WrongKek { .. } => {
                "give the key that the ring names; to change it, use `privyseal ring rewrap` where \
                 both are there"
            }
            Self::NotAuthentic { .. } => {
                "see that this identity file has the identity of whoever wraps the ring; if it \
                 has, somebody changed the ring: restore it, and find out who can write to its \
                 store"
            }
            Self::Corrupt => {
                "restore the last generation of the ring that can be read; if there is none, see \
                 that no other key has taken the place of the one that the ring names"
            }
            Self::BadSlot => "read it with the version of privyseal that wrote it, or a later one",
            Self::CorruptKey(_) => "restore the last generation of the ring that can be read",
            Self::BadLength { .. } => "give the secret key itself, which is 32 bytes as a rule",
            Self::OpenToOthers { path, mode } => {
                let mode = if mode & 0o100 == 0 { "600" } else { "700" };
                return format!(
                    "whoever read it may have the keys; if nobody did, run `chmod {mode} {}`",
                    path.display()
                );
            }
            Self::File(error) => return error.hint(),
            Self::NotOne { .. } => "check the path",
            Self::NoRandomness => "see that this process may call the operating system for it",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_hint_and_only_an_outage_passes() {
        let [kek, other] = ["file:1", "file:2"].map(|name| KekId::new(name).unwrap());
        let path = PathBuf::from("/srv/kek");
        let errors = [
            KekError::denied(&kek, "no"),
            KekError::unfit(&kek, "it is not there"),
            KekError::NotAuthentic { kek: kek.clone() },
            KekError::WrongKek {
                named: kek.clone(),
                given: other,
            },
            KekError::Corrupt,
            KekError::BadSlot,
            KekError::CorruptKey(KeyId::from_bytes([7; 8])),
            KekError::BadLength { length: 0 },
            KekError::OpenToOthers {
                path: path.clone(),
                mode: 0o644,
            },
            KekError::NotOne {
                path: path.clone(),
                what: "key-encryption key",
            },
            KekError::File(SourceError::Exists { path }),
            KekError::NoRandomness,
        ];
        for error in errors {
            assert!(
                !error.hint().is_empty() && !error.is_unavailable(),
                "{error}"
            );
        }
        let outage = KekError::unavailable(&kek, "no");
        assert!(outage.is_unavailable() && outage.hint().contains("no new key"));
    }
}

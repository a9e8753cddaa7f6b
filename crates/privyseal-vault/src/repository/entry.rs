//! A ring as it stands in a secret, and what the engine says around it.

use privyseal_keys::repository::{RepositoryError, Stored};
use serde::{Deserialize, Serialize};

use crate::client::Answer;

/// The fields of the secret. One that has others was written by somebody else, or a later version.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    generation: String,
    ring: String,
}

impl Entry {
    pub(super) fn of(stored: &Stored) -> Self {
        Self {
            generation: stored.generation.to_string(),
            ring: base64_simd::STANDARD.encode_to_string(&stored.bytes),
        }
    }

    fn stored(&self) -> Option<Stored> {
        let stored = Stored {
            generation: self.generation.parse().ok()?,
            bytes: base64_simd::STANDARD.decode_to_vec(&self.ring).ok()?,
        };
        stored.may_follow(None).ok().map(|()| stored)
    }
}

/// A version of the secret.
pub(super) struct Latest {
    pub(super) version: u64,
    pub(super) stored: Stored,
}

/// The ring in an answer to a read.
pub(super) fn latest(answer: &Answer) -> Result<Latest, RepositoryError> {
    let unreadable = || RepositoryError::unreadable("the secret is not one that we have written");
    let content = answer.data::<serde_json::Value>()?;
    let content: Content = serde_json::from_value(content).map_err(|_| unreadable())?;
    let entry: Entry = serde_json::from_value(content.data).map_err(|_| unreadable())?;
    Ok(Latest {
        version: content.metadata.version,
        stored: entry.stored().ok_or_else(unreadable)?,
    })
}

/// What an answer that nothing was found says of a version that there was.
pub(super) fn gone(answer: &Answer) -> Option<RepositoryError> {
    let content: Content = answer.json::<Read<_>>().ok()?.data;
    Some(RepositoryError::Gone(if content.metadata.destroyed {
        "its latest version was destroyed"
    } else {
        "its latest version was deleted; it can be undeleted"
    }))
}

#[derive(Deserialize)]
struct Read<T> {
    data: T,
}

#[derive(Deserialize)]
struct Content {
    data: serde_json::Value,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    version: u64,
    #[serde(default)]
    destroyed: bool,
}

/// What an answer to a write says.
#[derive(Deserialize)]
pub(super) struct Written {
    pub(super) version: u64,
    #[serde(default)]
    pub(super) deletion_time: String,
}

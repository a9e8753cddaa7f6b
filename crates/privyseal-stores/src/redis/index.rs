//! The index by subject: an ordered set of ids, by the time that each session ends at the latest.
//!
//! It may name too many sessions and never too few, so whoever reads it looks at the rows.

use privyseal::sealed::SessionId;
use privyseal_session::store::{StoreError, Subject};
use sha2::{Digest as _, Sha256};

use super::RedisStore;
use super::row::{self, Parts};
use super::script::ADD;

impl RedisStore {
    /// A hash, because a subject may hold any character, and names a person.
    pub(super) fn index_key(&self, subject: &Subject) -> String {
        let hash = Sha256::digest(subject.as_str());
        let (start, _) = hash.split_at(SessionId::LEN);
        format!("{}{{{}}}:sessions", self.options.prefix, row::hex(start))
    }

    pub(super) async fn add_to_index(
        &self,
        subject: &Subject,
        id: SessionId,
        life: &[u8],
    ) -> Result<(), StoreError> {
        let arguments = [id.as_bytes(), life];
        let _: i64 = self
            .link
            .run(&ADD, &[self.index_key(subject)], &arguments)
            .await?;
        Ok(())
    }

    /// All ids in the index of a subject; some may be of sessions that are gone or another's.
    pub(super) async fn indexed(&self, subject: &Subject) -> Result<Vec<SessionId>, StoreError> {
        let mut command = redis::cmd("ZRANGE");
        command.arg(self.index_key(subject)).arg(0).arg(-1);
        let members: Vec<Vec<u8>> = self.link.read(&command).await?;
        let id = |member: Vec<u8>| Some(SessionId::from_bytes(member.try_into().ok()?));
        Ok(members.into_iter().filter_map(id).collect())
    }

    /// Tombstones only: a session that is not there, or another's, may be about to be written.
    pub(super) async fn remove_from_index(
        &self,
        subject: &Subject,
        ended: &[SessionId],
    ) -> Result<(), StoreError> {
        if ended.is_empty() {
            return Ok(());
        }
        let mut command = redis::cmd("ZREM");
        command.arg(self.index_key(subject));
        for id in ended {
            command.arg(id.as_bytes());
        }
        let _: i64 = self.link.write(&command).await?;
        Ok(())
    }
}

/// How long the index knows of a session: longer than the session can live, although the index is
/// written a little before it, and perhaps on another machine.
pub(super) fn life(parts: &Parts) -> String {
    const HOUR: u64 = 3_600_000;
    (parts.life + HOUR).to_string()
}

//! The bytes of a row: who may open the session, and what it holds.
//!
//! ```text
//! version 0x01 (1) | created at, seconds (8) | renewed at, seconds (8) | hash of the secret (32)
//! | predecessors: count (1), each: kind (1) | hash (32) | until, seconds (8) | successor (32)
//! | payload
//! ```
//!
//! Integers are big-endian. The payload is the session as tagged JSON, or a sealed token that holds
//! it.

use privyseal::Timestamp;
use privyseal::reference::{Secret, SecretHash};

/// What a row says besides its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) created_at: Timestamp,
    /// When the session got the secret that it has.
    pub(crate) renewed_at: Timestamp,
    /// The secret that opens the session.
    pub(crate) current: SecretHash,
    /// The secrets before it, oldest first; at most [`MAX_PREDECESSORS`].
    pub(crate) predecessors: Vec<Predecessor>,
}

/// A secret that the session had before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Predecessor {
    pub(crate) hash: SecretHash,
    /// The end of its grace window.
    pub(crate) until: Timestamp,
    /// The secret that came after it, concealed so that only its holder can read it; `None` when
    /// the session gained rights with the new secret, which the old one must not give.
    pub(crate) successor: Option<[u8; Secret::LEN]>,
}

/// What a secret is to a session.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It opens the session.
    Current,
    /// It opened the session until just now, and still does; this is the one to use from now on.
    Superseded(Secret),
    /// It was replaced just now when the session gained rights: it opens nothing, but requests
    /// that were under way then are no sign of theft.
    Retired,
    /// It is of the past: somebody kept a copy.
    Reused,
}

impl Envelope {
    /// What a secret in an authentic cookie of this session is worth at this time.
    pub(crate) fn admit(&self, presented: &Secret, now: Timestamp) -> Admission {
        if presented.hash() == self.current {
            return Admission::Current;
        }
        let mut secret = None;
        // Oldest first, so that one pass follows the line of successors to its end.
        for predecessor in &self.predecessors {
            let holder = secret.as_ref().unwrap_or(presented);
            if predecessor.hash != holder.hash() {
                continue;
            }
            if secret.is_none() && now > predecessor.until {
                return Admission::Reused;
            }
            let Some(successor) = &predecessor.successor else {
                return Admission::Retired;
            };
            secret = Some(holder.reveal(successor));
        }
        match secret {
            Some(secret) if secret.hash() == self.current => Admission::Superseded(secret),
            _ => Admission::Reused,
        }
    }

    /// The same session under a new secret. Within the grace window, the old one leads to the new
    /// one if `with_successor`.
    pub(crate) fn renew(
        &mut self,
        old: &Secret,
        new: &Secret,
        with_successor: bool,
        now: Timestamp,
        grace_seconds: u64,
    ) {
        self.predecessors
            .retain(|predecessor| now <= predecessor.until);
        if self.predecessors.len() >= MAX_PREDECESSORS {
            self.predecessors.remove(0);
        }
        self.predecessors.push(Predecessor {
            hash: self.current,
            until: now.plus_seconds(grace_seconds),
            successor: with_successor.then(|| old.conceal(new)),
        });
        self.current = new.hash();
        self.renewed_at = now;
    }

    /// Whether the session can have a new secret without an old one losing its grace window.
    pub(crate) fn has_room(&self, now: Timestamp) -> bool {
        let in_grace = |predecessor: &&Predecessor| now <= predecessor.until;
        self.predecessors.iter().filter(in_grace).count() < MAX_PREDECESSORS
    }

    /// The row with this payload.
    pub(crate) fn encode(&self, payload: &[u8]) -> Vec<u8> {
        let head = 50 + self.predecessors.len() * PREDECESSOR_LEN;
        let mut row = Vec::with_capacity(head + payload.len());
        row.push(VERSION);
        row.extend(self.created_at.unix_seconds().to_be_bytes());
        row.extend(self.renewed_at.unix_seconds().to_be_bytes());
        row.extend(self.current.as_bytes());
        row.push(u8::try_from(self.predecessors.len()).unwrap_or(u8::MAX));
        for predecessor in &self.predecessors {
            row.push(u8::from(predecessor.successor.is_some()));
            row.extend(predecessor.hash.as_bytes());
            row.extend(predecessor.until.unix_seconds().to_be_bytes());
            row.extend(predecessor.successor.unwrap_or_default());
        }
        row.extend(payload);
        row
    }

    /// The envelope and the payload of a row; `None` when it is not one of this version.
    pub(crate) fn decode(row: &[u8]) -> Option<(Self, &[u8])> {
        let rest = row.strip_prefix(&[VERSION])?;
        let (created_at, rest) = rest.split_first_chunk()?;
        let (renewed_at, rest) = rest.split_first_chunk()?;
        let (current, rest) = rest.split_first_chunk()?;
        let (&count, mut rest) = rest.split_first()?;
        let mut predecessors = Vec::with_capacity(MAX_PREDECESSORS.min(count.into()));
        for _ in 0..count {
            let (&kind, after) = rest.split_first()?;
            let (hash, after) = after.split_first_chunk()?;
            let (until, after) = after.split_first_chunk()?;
            let (successor, after) = after.split_first_chunk()?;
            rest = after;
            predecessors.push(Predecessor {
                hash: SecretHash::from_bytes(*hash),
                until: seconds(*until),
                successor: (kind == 1).then_some(*successor),
            });
        }
        let envelope = Self {
            created_at: seconds(*created_at),
            renewed_at: seconds(*renewed_at),
            current: SecretHash::from_bytes(*current),
            predecessors,
        };
        Some((envelope, rest))
    }
}

fn seconds(bytes: [u8; 8]) -> Timestamp {
    Timestamp::from_unix_seconds(u64::from_be_bytes(bytes))
}

/// How many secrets that a session had before are remembered; more renewals than this within one
/// grace window and the oldest is taken for stolen.
pub(crate) const MAX_PREDECESSORS: usize = 4;

const VERSION: u8 = 1;
const PREDECESSOR_LEN: usize = 1 + Secret::LEN + 8 + Secret::LEN;

#[cfg(test)]
mod tests;

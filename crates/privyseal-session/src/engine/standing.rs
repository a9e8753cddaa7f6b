//! What the log of revocations says of a session, and by which names it is asked.

use privyseal::Timestamp;
use privyseal::sealed::SessionId;

use super::Engine;
use crate::SessionError;
use crate::record::{AsOpened, Record};
use crate::revocation::{Presented, Revocations};
use crate::rules::Rules;
use crate::store::Subject;

/// What the log of revocations says of a session that came in a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing.
    Good,
    /// The cookie is from before a renewal, at this time; the session lives.
    Renewed(Timestamp),
    /// The session is over.
    Revoked,
}

impl Engine {
    /// What the log says of the session by the time it is opened. What it came with is noted in it.
    pub(crate) async fn standing_as_opened(
        &self,
        record: &mut Record,
    ) -> Result<Standing, SessionError> {
        let Some(revocations) = self.revocations() else {
            return Ok(Standing::Good);
        };
        record.as_opened = Some(Box::new(self.as_opened(record)));
        revocations.ready().await?;
        let standing = self.standing(record);
        if standing == Standing::Good && revocations.is_stale() {
            // What was not revoked half a minute ago may be by now.
            return Err(SessionError::Unavailable {
                retry_after: self.outage_policy().retry_after(),
            });
        }
        Ok(standing)
    }

    fn as_opened(&self, record: &Record) -> AsOpened {
        let (subject, since, renewals) = match &self.0.rules {
            // Not since it was confirmed last: a node that has not heard yet that the user was signed
            // out everywhere would lead past it.
            Rules::Timeouts(_) => {
                let renewals = record.origin.is_none().then_some(record.meta.renewals);
                (record.meta.subject.clone(), record.created_at, renewals)
            }
            Rules::Flask(rules) => {
                let since = record.meta.signed_in_at.unwrap_or(record.created_at);
                (rules.subject_of(record.data.dict()), since, None)
            }
        };
        AsOpened {
            id: record.id,
            mac: record.mac.clone(),
            branch_of: record.meta.branch_of,
            renewals,
            began_at: record.created_at,
            signed_in: subject.map(|subject| (subject, since)),
        }
    }

    /// What the log says by now of the session as it was opened, as far as this node knows.
    pub(crate) fn standing(&self, record: &Record) -> Standing {
        let (Some(revocations), Some(opened)) = (self.revocations(), &record.as_opened) else {
            return Standing::Good;
        };
        let signed_in = opened.signed_in.as_ref();
        let presented = Presented {
            id: opened.id,
            mac: opened.mac.as_deref(),
            began_at: opened.began_at,
            signed_in: signed_in.map(|(subject, since)| (subject, *since)),
        };
        let refuses_trunk = |id| {
            let id = Some(id);
            revocations.refuses(&Presented { id, ..presented })
        };
        if revocations.refuses(&presented) || opened.branch_of.is_some_and(refuses_trunk) {
            return Standing::Revoked;
        }
        opened
            .renewals
            .and_then(|renewals| revocations.renewed_at(&presented, renewals, self.longest_life()))
            .map_or(Standing::Good, Standing::Renewed)
    }

    /// Gives the session an id if it has none yet. One that Flask began is given the same on every
    /// node, and by every request that brings its cookie, so that the end of one ends them all.
    pub(crate) fn ensure_id(&self, record: &mut Record) -> Result<(), SessionError> {
        let id = match (record.id, self.revocations(), &record.mac) {
            (Some(id), ..) => id,
            (None, Some(revocations), Some(mac)) => revocations.id_of(mac),
            _ => SessionId::random(&mut rand::rng()).map_err(SessionError::unwritable)?,
        };
        record.id = Some(id);
        Ok(())
    }

    /// The time to note for a session that begins now, or for a sign-in: after what was revoked of
    /// this user, or of everybody.
    pub(crate) fn begin_time(&self, subject: Option<&Subject>, now: Timestamp) -> Timestamp {
        let floor = self
            .revocations()
            .and_then(|revocations| revocations.began_floor(subject));
        floor.map_or(now, |floor| now.max(floor.plus_seconds(1)))
    }
}

impl AsOpened {
    /// The id that it has, or would have been given.
    pub(super) fn id_in(&self, revocations: &Revocations) -> Option<SessionId> {
        self.id
            .or_else(|| Some(revocations.id_of(self.mac.as_deref()?)))
    }
}

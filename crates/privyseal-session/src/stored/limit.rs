//! How many sessions one user may have at the same time.

use privyseal::sealed::SessionId;

use super::{Moment, Stored};
use crate::SessionError;
use crate::metrics::{Event, report};
use crate::record::Record;
use crate::store::{Store as _, Subject};

/// A bound on the sessions of one user.
///
/// Signing in asks the store for the user's sessions, which costs a round trip more. Of sign-ins at
/// the same time, none is let past the bound for longer than they take: each looks again when it is
/// done, and what is too much by then is ended, in an order on which all agree.
///
/// # Examples
/// ```
/// use privyseal_session::{Excess, ParallelSessions};
///
/// let at_most_three = ParallelSessions { max: 3, excess: Excess::EvictOldest };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParallelSessions {
    /// The most sessions of one user, at least 1 and at most 999.
    pub max: usize,
    /// What happens to one more.
    pub excess: Excess,
}

/// What happens when a user signs in once too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// The sign-in fails with [`SessionError::TooManySessions`].
    Reject,
    /// The session that signed in first is ended.
    EvictOldest,
}

impl Stored {
    /// Before a sign-in: whether there is room for one more, where that is needed.
    pub(super) async fn check_room(
        &self,
        moment: Moment<'_>,
        record: &Record,
    ) -> Result<(), SessionError> {
        let (Some(limit), Some(subject)) = (self.parallel, &record.meta.subject) else {
            return Ok(());
        };
        if limit.excess == Excess::EvictOldest {
            return Ok(());
        }
        let sessions = self.list(moment, subject).await?.sessions;
        let others = sessions
            .iter()
            .filter(|session| Some(session.id) != record.id);
        if others.count() < limit.max.max(1) {
            return Ok(());
        }
        report(moment.metrics, Event::SessionLimitReached);
        Err(SessionError::TooManySessions)
    }

    /// After a sign-in: ends what is too much by now.
    pub(super) async fn after_sign_in(
        &self,
        moment: Moment<'_>,
        record: &Record,
        id: SessionId,
    ) -> Result<(), SessionError> {
        let Some(subject) = &record.meta.subject else {
            return Ok(());
        };
        if record.signed_in {
            report(moment.metrics, Event::SignedIn);
        }
        match self.parallel {
            Some(limit) => self.enforce(moment, limit, subject, id).await,
            None => Ok(()),
        }
    }

    async fn enforce(
        &self,
        moment: Moment<'_>,
        limit: ParallelSessions,
        subject: &Subject,
        id: SessionId,
    ) -> Result<(), SessionError> {
        let max = limit.max.max(1);
        // Newest first.
        let sessions = self.list(moment, subject).await?.sessions;
        let Some(excess) = sessions.len().checked_sub(max).filter(|excess| *excess > 0) else {
            return Ok(());
        };
        match limit.excess {
            Excess::EvictOldest => {
                for session in sessions.iter().skip(max) {
                    self.store.end(session.id).await?;
                    report(moment.metrics, Event::SessionEvicted);
                }
                Ok(())
            }
            Excess::Reject => {
                let newest = || sessions.iter().take(excess);
                // Who signed in at the same time and looked before we came was let in: all agree
                // on the order, so that it is ended here.
                for session in newest() {
                    self.store.end(session.id).await?;
                    report(moment.metrics, Event::SessionLimitReached);
                }
                if newest().any(|session| session.id == id) {
                    return Err(SessionError::TooManySessions);
                }
                Ok(())
            }
        }
    }
}

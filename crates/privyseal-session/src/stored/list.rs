//! The sessions of a user, as the user may see them.

use privyseal::Timestamp;
use privyseal::sealed::SessionId;

use super::opened::{Opened, Unreadable};
use super::{Moment, Stored, owner};
use crate::SessionError;
use crate::store::{Store as _, Subject};

/// One session in a list: enough to recognise it and to end it, but not to use it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Names the session, for [`Engine::end_session_of`](crate::Engine::end_session_of). It is no
    /// credential and may stand in a page.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When its user signed in, or was last confirmed.
    pub signed_in_at: Option<Timestamp>,
    /// When it was used last, to within [`Timeouts::touch`](crate::Timeouts::touch).
    pub last_seen: Timestamp,
    /// When it ends unless it is used again.
    pub expires_at: Timestamp,
    /// What [`Session::set_label`](crate::Session::set_label) said.
    pub label: Option<String>,
    /// How strongly its user signed in.
    pub level: u8,
    /// Whether it outlives the browser.
    pub remembered: bool,
}

impl std::fmt::Debug for SessionInfo {
    /// The label stays out of logs: it may name a device or a place.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionInfo")
            .field("id", &self.id)
            .field("created_at", &self.created_at)
            .field("last_seen", &self.last_seen)
            .finish_non_exhaustive()
    }
}

impl Stored {
    /// The sessions of a subject that are alive, the one that signed in last first.
    pub(crate) async fn list(
        &self,
        moment: Moment<'_>,
        subject: &Subject,
    ) -> Result<Listed, SessionError> {
        let owner = owner(moment.application, subject);
        let rows = self.store.list(&owner, MAX_LISTED).await?;
        let mut sessions = Vec::with_capacity(rows.len());
        let (mut is_complete, mut names_unknown_key) = (true, false);
        for (id, row) in rows {
            // Nobody can use a session that cannot be read, such as one that is sealed under a key
            // that was removed. It must not keep its user from the others, or from signing in.
            match Opened::new(moment, id, &row) {
                Ok(opened) if opened.has_expired(moment.now) => {}
                Ok(opened) => sessions.push(opened.into_info(id)),
                Err(unreadable) => {
                    unreadable.warn();
                    is_complete &= !matches!(unreadable, Unreadable::ForNow);
                    names_unknown_key |= matches!(unreadable, Unreadable::ByUnknownKey);
                }
            }
        }
        sessions.sort_by_key(|session| {
            let since = session.signed_in_at.unwrap_or(session.created_at);
            std::cmp::Reverse((since, session.id))
        });
        Ok(Listed {
            sessions,
            is_complete,
            names_unknown_key,
        })
    }
}

/// The sessions of a user that could be read.
pub(crate) struct Listed {
    /// The one that signed in last first.
    pub(crate) sessions: Vec<SessionInfo>,
    /// Whether none is missing because its key is out of reach: such a session lives.
    pub(crate) is_complete: bool,
    /// Whether one is missing because the ring does not hold its key, which may be a new one.
    pub(crate) names_unknown_key: bool,
}

impl Opened {
    fn into_info(self, id: SessionId) -> SessionInfo {
        SessionInfo {
            id,
            created_at: self.envelope.created_at,
            signed_in_at: self.meta.signed_in_at,
            last_seen: self.last_seen,
            expires_at: self.expires_at(),
            label: self.meta.label,
            level: self.meta.level,
            remembered: self.meta.remembered,
        }
    }
}

/// The most sessions of one user that are listed.
pub(super) const MAX_LISTED: usize = 1000;

//! Ending sessions, one, many or all.

use privyseal::sealed::SessionId;

use super::Engine;
use crate::record::AsOpened;
use crate::revocation::RevocationError;
use crate::store::{Found, Store as _, Subject};
use crate::stored::{Listed, SessionInfo};
use crate::{SessionError, metrics};

impl Engine {
    /// The sessions of a user that are alive, the one that signed in last first; at most 1000.
    ///
    /// # Errors
    /// Without a store, for sessions in cookies are known to browsers alone; and when the store
    /// cannot be asked, or one of them is sealed under a key that is out of reach.
    pub async fn sessions_of(&self, subject: &Subject) -> Result<Vec<SessionInfo>, SessionError> {
        let mut listed = self.list(subject).await?;
        if listed.names_unknown_key && self.can_refresh_keys() {
            if !self.refresh_keys().await {
                return Err(self.outage());
            }
            listed = self.list(subject).await?;
        }
        // Who looks for a stranger's session must not be told that there is none.
        if !listed.is_complete {
            return Err(self.outage());
        }
        Ok(listed.sessions)
    }

    async fn list(&self, subject: &Subject) -> Result<Listed, SessionError> {
        let codec = self.codec();
        let (stored, moment) = self
            .store_at(&codec, self.clock().now())
            .ok_or(SessionError::NotSupported)?;
        let listed = stored.list(moment, subject).await;
        listed.map_err(|error| self.outage_or(error))
    }

    /// Ends one session of this user, and no other: the id may come from a form. Returns whether
    /// there was one.
    ///
    /// # Errors
    /// As [`sessions_of`](Self::sessions_of).
    pub async fn end_session_of(
        &self,
        subject: &Subject,
        id: SessionId,
    ) -> Result<bool, SessionError> {
        let codec = self.codec();
        let stored = self.store_at(&codec, self.clock().now());
        let (stored, _) = stored.ok_or(SessionError::NotSupported)?;
        // Not by the list, which need not have all of them and costs much more.
        let found = stored.store.load(id).await;
        let found = found.map_err(|error| self.outage_or(error.into()))?;
        let owner = self.owner(subject);
        if !matches!(&found, Found::Live(row) if row.subject.as_ref() == Some(&owner)) {
            return Ok(false);
        }
        self.end_session(id).await?;
        Ok(true)
    }

    /// Ends the session of this id, whoever has it.
    ///
    /// # Errors
    /// When sessions are in cookies and there is no log of revocations, or it or the store cannot
    /// be asked.
    pub async fn end_session(&self, id: SessionId) -> Result<(), SessionError> {
        self.check_can_end()?;
        self.revoke(id).await.map_err(|e| self.outage_or(e))?;
        if let Some(stored) = &self.0.stored {
            let ended = stored.store.end(id).await;
            if ended.map_err(|error| self.outage_or(error.into()))? {
                metrics::report(self.metrics(), metrics::Event::SessionEnded);
            }
        }
        Ok(())
    }

    /// Ends every session of a user but one, such as after a change of the password. Returns how
    /// many were known.
    ///
    /// # Errors
    /// Without a store, or when sessions are in it only if they are too large for a cookie: among
    /// those in cookies the one to keep cannot be told from the others.
    pub async fn end_others_of(
        &self,
        subject: &Subject,
        keep: SessionId,
    ) -> Result<u64, SessionError> {
        let stored = self.0.stored.as_ref().filter(|_| self.is_stored());
        let stored = stored.ok_or(SessionError::NotSupported)?;
        let ended = stored.store.end_all(&self.owner(subject), Some(keep)).await;
        ended.map_err(|error| self.outage_or(error.into()))
    }

    /// Ends every session of a user: signs them out everywhere. Returns how many a store knew of.
    ///
    /// In a store they are over with the next request, on every node. In cookies they are over
    /// where the log of revocations is read, which is everywhere within its
    /// [interval](crate::revocation::RevocationOptions::poll_interval).
    ///
    /// # Errors
    /// As [`end_session`](Self::end_session).
    pub async fn end_all_of(&self, subject: &Subject) -> Result<u64, SessionError> {
        self.check_can_end()?;
        if let Some(revocations) = self.revocations() {
            let life = self.longest_life();
            let revoked = revocations.revoke_subject(subject, life).await;
            revoked.map_err(|error| self.outage_or(error.into()))?;
        }
        match &self.0.stored {
            Some(stored) => {
                let ended = stored.store.end_all(&self.owner(subject), None).await;
                ended.map_err(|error| self.outage_or(error.into()))
            }
            None => Ok(0),
        }
    }

    /// Ends every session of the application: everybody has to sign in again.
    ///
    /// # Errors
    /// Without a log of revocations, or when it cannot be written.
    pub async fn end_everything(&self) -> Result<(), SessionError> {
        let revocations = self.revocations().ok_or(SessionError::NotSupported)?;
        let revoked = revocations.revoke_application(self.longest_life()).await;
        revoked.map_err(|error| self.outage_or(error.into()))
    }

    /// Refuses the cookies of this session from now on, where there is a log for it.
    pub(crate) async fn revoke(&self, id: SessionId) -> Result<(), SessionError> {
        if let Some(revocations) = self.revocations() {
            revocations.revoke_session(id, self.longest_life()).await?;
        }
        Ok(())
    }

    /// The same for a session as a request brought it: the one cookie, where it has no id.
    pub(crate) async fn revoke_opened(&self, opened: &AsOpened) -> Result<(), SessionError> {
        if let Some(id) = opened.id {
            return self.revoke(id).await;
        }
        if let (Some(revocations), Some(mac)) = (self.revocations(), &opened.mac) {
            revocations.revoke_cookie(mac, self.longest_life()).await?;
        }
        Ok(())
    }

    /// Refuses the cookies from before a renewal of a session that a request brought, where there is
    /// a log for it.
    pub(crate) async fn revoke_renewed(&self, opened: &AsOpened) -> Result<(), SessionError> {
        let Some((revocations, renewals)) = self.revocations().zip(opened.renewals) else {
            return Ok(());
        };
        if let Some(id) = opened.id_in(revocations) {
            let life = self.longest_life();
            revocations.revoke_renewal(id, renewals, life).await?;
        }
        Ok(())
    }

    fn check_can_end(&self) -> Result<(), SessionError> {
        // A store that has only the sessions that spilled does not know of the others.
        let can = self.is_stored() || self.0.revocations.is_some();
        can.then_some(()).ok_or(SessionError::NotSupported)
    }

    pub(super) fn longest_life(&self) -> std::time::Duration {
        self.0.rules.longest_life()
    }

    /// An error as the caller may see it: one that is an outage says when to come back.
    pub(crate) fn outage_or(&self, error: SessionError) -> SessionError {
        if error.is_outage() {
            self.outage()
        } else {
            error
        }
    }
}

impl From<RevocationError> for SessionError {
    fn from(error: RevocationError) -> Self {
        Self::Revocations(error)
    }
}

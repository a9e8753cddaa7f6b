//! From record to response, under our own rules.

use http::StatusCode;

use super::SessionHandle;
use super::unfinished::Unfinished;
use crate::SessionError;
use crate::cookie::{Lifetime, SetCookies};
use crate::engine::Standing;
use crate::metrics::{Event, report};
use crate::record::{AsOpened, Record};
use crate::rules::Timeouts;
use crate::stored::Outgoing;

impl SessionHandle {
    /// The cookies that the response has to carry, after the session was saved.
    pub(super) async fn close(
        &self,
        mut record: Box<Record>,
        timeouts: &Timeouts,
        status: StatusCode,
    ) -> Result<Option<SetCookies>, SessionError> {
        let engine = &self.0.engine;
        let rolls_back = status.is_server_error();
        // Even if the store cannot be asked, this node is told that the session is over, and reads
        // it no more.
        let ends_row = record.ended && (record.origin.is_some() || record.unreadable.is_some());
        if record.degraded && !ends_row {
            // Nothing is known of the session, so nothing is done to it or to its cookie.
            let is_lost = record.ended || (record.modified && !rolls_back);
            return if is_lost {
                Err(engine.outage())
            } else {
                Ok(None)
            };
        }
        // Whoever signs in once more, since the response of the first time was lost, begins a session
        // of their own.
        let signs_in = record.signed_in && !record.ended;
        if record.retired && !signs_in {
            let is_lost = record.ended || (record.modified && !rolls_back);
            return if is_lost {
                report(engine.metrics(), Event::WriteDropped);
                Err(SessionError::Conflict)
            } else {
                Ok(None)
            };
        }
        let closed = if record.origin.is_some() || engine.is_stored() || ends_row {
            self.save(record, rolls_back).await
        } else {
            self.close_cookie(&mut record, timeouts, rolls_back).await
        };
        closed.map_err(|error| engine.outage_or(error))
    }

    /// Saves a session that lives in a store, or is to.
    async fn save(
        &self,
        mut record: Box<Record>,
        rolls_back: bool,
    ) -> Result<Option<SetCookies>, SessionError> {
        let engine = self.0.engine.clone();
        let came = record.came;
        let outgoing = if record.modified || record.ended {
            Unfinished::new(async move { engine.save(&mut record, rolls_back).await }).await?
        } else {
            engine.save(&mut record, rolls_back).await?
        };
        let engine = &self.0.engine;
        match outgoing {
            Outgoing::Unchanged => Ok(None),
            Outgoing::Removed => engine.cookie().remove_session(came).map(Some),
            Outgoing::Token(token, lifetime) => engine
                .cookie()
                .write_session(&token, lifetime, came, engine.allows_chunks())
                .map(Some),
        }
    }

    /// What becomes of a session that lives in its cookie.
    async fn close_cookie(
        &self,
        record: &mut Record,
        timeouts: &Timeouts,
        rolls_back: bool,
    ) -> Result<Option<SetCookies>, SessionError> {
        let engine = &self.0.engine;
        let came_with_one = record.issued_at.is_some();
        let remove = || engine.cookie().remove_session(record.came).map(Some);
        if record.ended {
            self.revoke(record.as_opened.take()).await?;
            if came_with_one {
                report(engine.metrics(), Event::SessionEnded);
            }
            return remove();
        }
        if rolls_back {
            return Ok(None);
        }
        // As of now, for the handler may have taken its time.
        let standing = engine.standing(record);
        if standing != Standing::Good {
            if !record.modified {
                return Ok(None);
            }
            report(engine.metrics(), Event::WriteDropped);
            return match standing {
                // Another response brings the browser its new cookie.
                Standing::Renewed(_) => Err(SessionError::Conflict),
                _ => remove(),
            };
        }
        if record.is_empty() {
            return if came_with_one && record.modified {
                remove()
            } else {
                Ok(None)
            };
        }
        if record.modified {
            self.check_signing_key()?;
            return self.replace(record, timeouts).await;
        }
        let age = |issued| self.now().seconds_since(issued).unwrap_or(0);
        let touch = timeouts.touch_of(&record.meta).as_secs();
        let is_due = record.needs_reissue || record.issued_at.is_some_and(|at| age(at) >= touch);
        if !is_due || !self.signs() {
            return Ok(None);
        }
        // The handler changed nothing, so what it answers stays true without a new cookie.
        Ok(self
            .set_cookies(record, timeouts)
            .map_err(|error| self.note_size(error))
            .inspect_err(|error| tracing::warn!(%error, "session cookie was not sent again"))
            .ok())
    }

    /// A new cookie for a session that changed.
    async fn replace(
        &self,
        record: &mut Record,
        timeouts: &Timeouts,
    ) -> Result<Option<SetCookies>, SessionError> {
        let engine = &self.0.engine;
        let came_with_one = record.issued_at.is_some();
        let old = record.renewal.and_then(|_| record.as_opened.take());
        let renews = record.renewal.is_some() && came_with_one;
        if renews {
            record.meta.renewals = record.meta.renewals.saturating_add(1);
        }
        let mut spilled = false;
        let cookies = match self.set_cookies(record, timeouts) {
            Err(SessionError::TooLarge { .. }) if engine.spills() => {
                spilled = true;
                let record = std::mem::replace(record, Record::new(self.now()));
                self.save(Box::new(record), false).await?
            }
            Err(error) => return Err(self.note_size(error)),
            Ok(cookies) => Some(cookies),
        };
        // Only now: a cookie that cannot be sent must not cost the one that the browser has.
        self.leave_behind(old).await?;
        if record.signed_in {
            report(engine.metrics(), Event::SignedIn);
        }
        if renews {
            report(engine.metrics(), Event::SessionRenewed);
        } else if !came_with_one && !spilled {
            report(engine.metrics(), Event::SessionCreated);
        }
        Ok(cookies)
    }

    /// Refuses what a request brought from now on, where there is a log for it.
    pub(super) async fn revoke(&self, opened: Option<Box<AsOpened>>) -> Result<(), SessionError> {
        let Some(opened) = opened else {
            return Ok(());
        };
        let engine = self.0.engine.clone();
        Unfinished::new(async move { engine.revoke_opened(&opened).await }).await
    }

    /// Refuses the cookies from before a renewal from now on, where there is a log for it.
    async fn leave_behind(&self, renewed: Option<Box<AsOpened>>) -> Result<(), SessionError> {
        let Some(renewed) = renewed else {
            return Ok(());
        };
        let engine = self.0.engine.clone();
        Unfinished::new(async move { engine.revoke_renewed(&renewed).await }).await
    }

    /// Counts a cookie that is not sent because of its size.
    fn note_size(&self, error: SessionError) -> SessionError {
        if matches!(error, SessionError::TooLarge { .. }) {
            report(self.0.engine.metrics(), Event::CookieTooLarge);
        }
        error
    }

    /// The cookies of a session that lives in them, measured.
    fn set_cookies(
        &self,
        record: &mut Record,
        timeouts: &Timeouts,
    ) -> Result<SetCookies, SessionError> {
        let (engine, now) = (&self.0.engine, self.now());
        engine.ensure_id(record)?;
        let token = engine.codec().encode(record, now)?;
        let lifetime = if record.meta.remembered {
            let absolute = timeouts.absolute_of(&record.meta).as_secs();
            let idle = timeouts.idle_of(&record.meta).as_secs();
            let ends_at = record.created_at.plus_seconds(absolute);
            Lifetime::Until(now.plus_seconds(idle).min(ends_at))
        } else {
            Lifetime::BrowserSession
        };
        engine
            .cookie()
            .write_session(&token, lifetime, record.came, engine.allows_chunks())
    }
}

//! From record to response, as Flask does it.

use super::SessionHandle;
use crate::SessionError;
use crate::cookie::{Lifetime, SetCookies};
use crate::engine::Standing;
use crate::metrics::{Event, report};
use crate::record::Record;
use crate::rules::FlaskRules;

impl SessionHandle {
    /// The cookies that the response has to carry.
    pub(super) async fn close_like_flask(
        &self,
        record: Box<Record>,
        rules: &FlaskRules,
    ) -> Result<Option<SetCookies>, SessionError> {
        let engine = &self.0.engine;
        if record.degraded {
            // Nothing is known of the session, so nothing is done to it or to its cookie.
            let is_lost = record.ended || record.modified || record.written;
            return if is_lost {
                Err(engine.outage())
            } else {
                Ok(None)
            };
        }
        let saved = self.save_like_flask(record, rules).await;
        saved.map_err(|error| engine.outage_or(error))
    }

    /// `SecureCookieSessionInterface.save_session`, step by step.
    async fn save_like_flask(
        &self,
        mut record: Box<Record>,
        rules: &FlaskRules,
    ) -> Result<Option<SetCookies>, SessionError> {
        if record.written {
            self.check_signing_key()?;
        }
        if record.ended {
            self.revoke(record.as_opened.take()).await?;
        }
        // To remove a cookie takes no key, but where none ever signs, Flask does nothing.
        if self.0.engine.codec().check_writes().is_err() {
            return Ok(None);
        }
        let policy = self.0.engine.cookie();
        let modified = record.modified || record.ended;
        let permanent = record.is_permanent();
        if record.data.dict().is_empty() || record.ended {
            return modified
                .then(|| policy.remove_session(record.came))
                .transpose();
        }
        let should_set_cookie = modified || (permanent && rules.refresh_each_request);
        if !should_set_cookie || !self.signs() {
            return Ok(None);
        }
        if self.0.engine.standing(&record) != Standing::Good {
            // Signed anew, the session would have another MAC, and no longer be revoked by it.
            report(self.0.engine.metrics(), Event::WriteDropped);
            return policy.remove_session(record.came).map(Some);
        }
        let now = self.now();
        let lifetime = if permanent {
            Lifetime::Until(now.plus_seconds(rules.lifetime.as_secs()))
        } else {
            Lifetime::BrowserSession
        };
        let value = self.0.engine.codec().encode(&mut record, now)?;
        policy
            .write_session(&value, lifetime, record.came, false)
            .map(Some)
    }

    /// Without any key Flask has no session to read either, and touches no response.
    pub(super) fn has_keys(&self) -> bool {
        self.0.engine.keys().current().keys().len() > 0
    }
}

//! From record to response, as Flask does it.

use super::SessionHandle;
use crate::SessionError;
use crate::cookie::{Lifetime, SetCookies};
use crate::engine::Standing;
use crate::metrics::{Event, report};
use crate::record::Record;
use crate::rules::FlaskRules;

impl SessionHandle {
    /// `SecureCookieSessionInterface.save_session`, step by step.
    pub(super) async fn close_like_flask(
        &self,
        mut record: Box<Record>,
        rules: &FlaskRules,
    ) -> Result<Option<SetCookies>, SessionError> {
        if record.written {
            self.check_signing_key()?;
        }
        if record.ended {
            let revoked = self.revoke(record.as_opened.take()).await;
            revoked.map_err(|error| self.0.engine.outage_or(error))?;
        }
        if !self.signs() {
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
        if !should_set_cookie {
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

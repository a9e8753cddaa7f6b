//! From record to response, as Flask does it.

use super::SessionHandle;
use crate::SessionError;
use crate::cookie::{Lifetime, SetCookies};
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
            self.0.engine.revoke_cookie(&record).await?;
        } else if self.0.engine.is_cookie_revoked(&record) {
            // Somebody signed out while this request was under way. A cookie that is made now would
            // have another MAC, and sign them in again.
            return self.0.engine.cookie().remove_session(record.came).map(Some);
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

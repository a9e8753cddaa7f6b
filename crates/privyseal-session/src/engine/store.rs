//! The engine's side of the store.

use privyseal::Timestamp;

use super::Engine;
use crate::SessionError;
use crate::codec::Codec;
use crate::metrics::{Event, report};
use crate::record::Record;
use crate::rules::Rules;
use crate::store::Subject;
use crate::stored::{Moment, Outgoing, Stored, owner};

impl Engine {
    /// The store and what it needs to know, if there is one.
    pub(crate) fn store_at<'a>(
        &'a self,
        codec: &'a Codec,
        now: Timestamp,
    ) -> Option<(&'a Stored, Moment<'a>)> {
        let stored = self.0.stored.as_ref()?;
        let Rules::Timeouts(timeouts) = &self.0.rules else {
            return None;
        };
        self.clean_up();
        let moment = Moment {
            codec,
            timeouts,
            application: &self.0.application,
            now,
            metrics: self.metrics(),
        };
        Some((stored, moment))
    }

    /// Under whom the sessions of a user of this application lie in the store.
    pub(super) fn owner(&self, subject: &Subject) -> Subject {
        owner(&self.0.application, subject)
    }

    /// Writes what has become of a session that lives in the store, or is to.
    pub(crate) async fn save(
        &self,
        record: &mut Record,
        rolls_back: bool,
    ) -> Result<Outgoing, SessionError> {
        let (codec, now) = (self.codec(), self.clock().now());
        let (stored, moment) = self
            .store_at(&codec, now)
            .ok_or(SessionError::NotSupported)?;
        // A copy of the cookie that it had before it moved into the store ends with it.
        if record.ended
            && !self.is_stored()
            && let Some(id) = record.meta.branch_of.or(record.id).or(record.unreadable)
        {
            self.revoke(id).await?;
        }
        stored.save(moment, record, rolls_back).await
    }

    /// The answer to a request that cannot be answered now.
    pub(crate) fn outage(&self) -> SessionError {
        report(self.metrics(), Event::OutageRefused);
        SessionError::Unavailable {
            retry_after: self.outage_policy().retry_after(),
        }
    }

    /// Begins to remove expired sessions, with the first request that needs the store.
    fn clean_up(&self) {
        self.0.cleaning.get_or_init(|| {
            let stored = self.0.stored.as_ref()?;
            let store = stored.store.clone();
            self.0.cleanup?.begin(store, self.0.clock.clone())
        });
    }
}

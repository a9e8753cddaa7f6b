//! From request to record.

use http::HeaderMap;
use privyseal::Timestamp;

use super::{KeySearch, SessionHandle};
use crate::SessionError;
use crate::codec::Codec;
use crate::cookie::Found;
use crate::engine::Standing;
use crate::metrics::{Event, report};
use crate::outage::OutagePolicy;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::rules::Rules;

/// A session, or why there is none, if a cookie came.
type Opened = Result<Box<Record>, Option<Refusal>>;

impl SessionHandle {
    /// Opens the session of the request unless a handler has done so.
    pub(super) async fn ensure_opened(&self, request: &HeaderMap) -> Result<(), SessionError> {
        {
            let mut state = self.lock();
            state.touched = true;
            if state.record.is_some() {
                return Ok(());
            }
        }
        let record = self.read(request).await?;
        // Two extractors at the same time have read the same; the first one's is kept.
        self.lock().record.get_or_insert(record);
        Ok(())
    }

    /// Opens the session that no handler asked for, because Flask's rules may send it again. In an
    /// outage they do not.
    pub(super) async fn refresh(&self) -> Result<(), SessionError> {
        let Some(request) = &self.0.for_refresh else {
            return Ok(());
        };
        let (found, now) = (self.find(request), self.now());
        match self.open_found(&found, now).await {
            Ok(record) => drop(self.lock().record.get_or_insert(record)),
            Err(error) if error.is_outage() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn read(&self, request: &HeaderMap) -> Result<Box<Record>, SessionError> {
        let (found, now) = (self.find(request), self.now());
        match self.open_found(&found, now).await {
            Err(error) if error.is_outage() => self.during_outage(&found, now).await,
            opened => opened,
        }
    }

    fn find<'h>(&self, request: &'h HeaderMap) -> Found<'h> {
        let engine = &self.0.engine;
        engine
            .cookie()
            .find_session(request, engine.allows_chunks())
    }

    /// The session of the cookies that were found, or a new one.
    async fn open_found(
        &self,
        found: &Found<'_>,
        now: Timestamp,
    ) -> Result<Box<Record>, SessionError> {
        let engine = &self.0.engine;
        let mut codec = engine.codec();
        let mut opened = self.open_unless_revoked(found, &codec, now).await?;
        if let Err(Some(refusal)) = opened
            && refusal.is_by_unknown_key()
        {
            match self.search_key().await {
                KeySearch::Done => {
                    codec = engine.codec();
                    opened = self.open_unless_revoked(found, &codec, now).await?;
                }
                KeySearch::Failed => opened = Err(Some(Event::KeyUnavailable.into())),
                KeySearch::NotPossible => {}
            }
        }
        let refusal = match opened {
            Ok(mut record) => {
                record.came = found.came;
                return Ok(record);
            }
            Err(refusal) => refusal,
        };
        if let Some(Refusal::Unreadable(unreadable)) = refusal {
            unreadable.warn();
        }
        let refusal = refusal.map(Refusal::event);
        if let Some(event) = refusal {
            report(engine.metrics(), event);
        }
        if refusal == Some(Event::KeyUnavailable) {
            return Err(codec.unavailable());
        }
        Ok(Box::new(Record {
            came: found.came,
            retired: refusal == Some(Event::RefusedRetired),
            unreadable: found
                .value
                .as_deref()
                .filter(|_| refusal == Some(Event::RefusedUnreadable))
                .and_then(|cookie| codec.read_reference(cookie)?.ok())
                .map(|reference| reference.session_id),
            ..Record::new(engine.begin_time(None, now))
        }))
    }

    /// The session of the cookie under these keys; without one, why it was refused, if there was any.
    async fn open_unless_revoked(
        &self,
        found: &Found<'_>,
        codec: &Codec,
        now: Timestamp,
    ) -> Result<Opened, SessionError> {
        match self.open_cookie(found, codec, now).await? {
            Ok(record) => self.unless_revoked(record).await,
            refused => Ok(refused),
        }
    }

    async fn open_cookie(
        &self,
        found: &Found<'_>,
        codec: &Codec,
        now: Timestamp,
    ) -> Result<Opened, SessionError> {
        let Some(cookie) = found.value.as_deref().filter(|cookie| !cookie.is_empty()) else {
            return Ok(Err(None));
        };
        if let Some((stored, moment)) = self.0.engine.store_at(codec, now)
            && let Some(reference) = codec.read_reference(cookie)
        {
            let loaded = match reference {
                Ok(reference) => stored.load(moment, reference).await?,
                Err(event) => Err(event.into()),
            };
            return Ok(loaded.map_err(Some));
        }
        let (mut refusal, mut names_unknown_key) = (None, false);
        let opened = found.open(
            |cookie| {
                let decoded = codec.decode(cookie, now)?;
                // Of two that came, one that may be ours yet is no reason to trust the other.
                let decoded = decoded.map_err(|event| {
                    names_unknown_key |= event == Event::RefusedUnknownKey;
                    if refusal != Some(Event::KeyUnavailable) {
                        refusal = Some(event);
                    }
                });
                Ok::<_, SessionError>(decoded.ok())
            },
            |record| {
                let made = (record.meta.renewals, record.issued_at?);
                Some((record.binding()?, made))
            },
        )?;
        if refusal == Some(Event::KeyUnavailable) {
            return Ok(Err(refusal.map(Refusal::Because)));
        }
        if names_unknown_key && self.may_lack_keys() {
            return Ok(Err(Some(Event::RefusedUnknownKey.into())));
        }
        let record = opened.map(|mut record| {
            // Flask gives its sessions no id, under whosever rules they are read.
            if record.id.is_none() && self.0.engine.revocations().is_some() {
                record.mac = codec.mac(cookie);
            }
            Box::new(record)
        });
        Ok(record.ok_or(refusal.map(Refusal::Because)))
    }

    async fn unless_revoked(&self, mut record: Box<Record>) -> Result<Opened, SessionError> {
        let standing = self.0.engine.standing_as_opened(&mut record).await?;
        Ok(match standing {
            Standing::Good => Ok(record),
            Standing::Renewed(at) => Err(Some(self.refusal_of_renewed(at).into())),
            Standing::Revoked => Err(Some(Event::RefusedRevoked.into())),
        })
    }

    /// Why a cookie from before a renewal is refused. A request that was under way then must leave
    /// the browser its new cookie. Who comes later never got that, and begins anew.
    fn refusal_of_renewed(&self, at: Timestamp) -> Event {
        let grace = match self.0.engine.rules() {
            Rules::Timeouts(timeouts) => timeouts.grace.as_secs(),
            Rules::Flask(_) => 0,
        };
        if self.now() <= at.plus_seconds(grace) {
            Event::RefusedRetired
        } else {
            Event::RefusedSuperseded
        }
    }

    /// What the policy gives a request whose session cannot be asked for.
    async fn during_outage(
        &self,
        found: &Found<'_>,
        now: Timestamp,
    ) -> Result<Box<Record>, SessionError> {
        let (engine, codec) = (&self.0.engine, self.0.engine.codec());
        let degraded = |record: Record, event| {
            report(engine.metrics(), event);
            Box::new(Record {
                came: found.came,
                degraded: true,
                ..record
            })
        };
        match engine.outage_policy() {
            OutagePolicy::Anonymous => {
                return Ok(degraded(Record::new(now), Event::OutageAnonymous));
            }
            OutagePolicy::StaleReads { .. } => {
                let seen = engine.store_at(&codec, now).and_then(|(stored, moment)| {
                    let reference = codec.read_reference(found.value.as_deref()?)?;
                    stored.seen_before(moment, reference.ok()?)
                });
                if let Some(mut record) = seen
                    && let Ok(Standing::Good) = engine.standing_as_opened(&mut record).await
                {
                    return Ok(degraded(*record, Event::OutageStale));
                }
            }
            OutagePolicy::FailClosed { .. } => {}
        }
        Err(engine.outage())
    }
}

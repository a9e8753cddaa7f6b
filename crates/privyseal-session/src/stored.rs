//! Sessions on the server: how one is loaded, saved and ended.
//!
//! Whatever a request changes is one compare-and-swap of one row. Who loses the race is told what
//! the row has become, makes its changes to that, and tries again; who finds the session ended
//! drops them. So nothing brings a session back, and nothing that was acknowledged is lost.

mod limit;
mod list;
mod opened;
mod owner;
mod row;
mod save;
mod turns;

use privyseal::Timestamp;
use privyseal::reference::{Reference, Secret};

use crate::SessionError;
use crate::codec::Codec;
use crate::merge::OnConflict;
use crate::meta::Meta;
use crate::metrics::{Event, Metrics, report};
use crate::outage::GuardedStore;
use crate::record::{Data, Record};
use crate::refusal::Refusal;
use crate::rules::Timeouts;
use crate::store::{Found, Row, Store as _, Subject};

pub use limit::{Excess, ParallelSessions};
pub(crate) use list::Listed;
pub use list::SessionInfo;
use opened::Opened;
pub(crate) use opened::Unreadable;
pub(crate) use owner::owner;
use row::{Admission, Envelope};
pub(crate) use save::Outgoing;
pub(crate) use turns::Turns;

/// The store of an engine, and how it is used.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) store: GuardedStore,
    pub(crate) on_conflict: OnConflict,
    pub(crate) parallel: Option<ParallelSessions>,
    pub(crate) turns: Turns,
}

/// What a request is served with: all that the steps need to know of their surroundings.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) codec: &'a Codec,
    pub(crate) timeouts: &'a Timeouts,
    /// The name of the application, whose users lie apart from those of others.
    pub(crate) application: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) metrics: &'a dyn Metrics,
}

impl Moment<'_> {
    /// The subject of the row of a session.
    fn owner_of(&self, meta: &Meta) -> Option<Subject> {
        let subject = meta.subject.as_ref()?;
        Some(owner(self.application, subject))
    }
}

/// What the store held when the session was loaded.
#[derive(Debug)]
pub(crate) struct Origin {
    /// The secret in the cookie.
    presented: Secret,
    /// The secret that came after it, which the browser is to have instead.
    successor: Option<Secret>,
    version: u64,
    envelope: Envelope,
    data: Data,
    meta: Meta,
    last_seen: Timestamp,
    expires_at: Timestamp,
    /// The payload lies under a key that no longer seals.
    needs_resealing: bool,
}

impl Origin {
    /// The secret that opens the session now.
    fn secret(&self) -> &Secret {
        self.successor.as_ref().unwrap_or(&self.presented)
    }
}

impl Stored {
    /// The session that an authentic cookie names, or why there is none (any more).
    pub(crate) async fn load(
        &self,
        moment: Moment<'_>,
        reference: Reference,
    ) -> Result<Result<Box<Record>, Refusal>, SessionError> {
        let refused = |event| Ok(Err(Refusal::Because(event)));
        let id = reference.session_id;
        let row = match self.store.load(id).await? {
            Found::Live(row) => row,
            Found::Ended => return refused(Event::RefusedEnded),
            Found::Unknown => return refused(Event::RefusedUnknown),
        };
        let opened = match Opened::new(moment, id, &row) {
            Ok(opened) => opened,
            Err(unreadable) => return Ok(Err(Refusal::Unreadable(unreadable))),
        };
        let successor = match opened.envelope.admit(&reference.secret, moment.now) {
            Admission::Current => None,
            Admission::Superseded(secret) => Some(secret),
            Admission::Retired => return refused(Event::RefusedRetired),
            Admission::Reused => {
                // Somebody kept a copy of the cookie. Whether it is the user or the thief who
                // comes second cannot be told, so neither keeps the session.
                self.store.end(id).await?;
                report(moment.metrics, Event::IdReused);
                return refused(Event::RefusedSuperseded);
            }
        };
        if opened.has_expired(moment.now) {
            return refused(Event::RefusedExpired);
        }
        Ok(Ok(opened.into_record(moment, reference, successor)))
    }

    /// The session as this node saw it last, for as long as the policy allows that.
    pub(crate) fn seen_before(
        &self,
        moment: Moment<'_>,
        reference: Reference,
    ) -> Option<Box<Record>> {
        let row: Row = self.store.stale_row(reference.session_id)?;
        let opened = Opened::new(moment, reference.session_id, &row).ok()?;
        let is_current = matches!(
            opened.envelope.admit(&reference.secret, moment.now),
            Admission::Current | Admission::Superseded(_)
        );
        (is_current && !opened.has_expired(moment.now))
            .then(|| opened.into_record(moment, reference, None))
    }
}

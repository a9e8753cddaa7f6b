//! Writing what has become of a session: one compare-and-swap after the other.

use std::time::Duration;

use privyseal::Timestamp;
use privyseal::reference::Secret;
use privyseal::sealed::SessionId;
use rand::RngExt as _;

use super::opened::{Opened, Unreadable, expires_at, new_row, write};
use super::{Admission, Envelope, Moment, Origin, Stored};
use crate::SessionError;
use crate::cookie::Lifetime;
use crate::merge::{Overlap, rebase};
use crate::metrics::{Event, report};
use crate::record::{Record, Renewal};
use crate::store::{Found, Row, Store as _, Updated};

/// What becomes of the cookie.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// It stays as it is.
    Unchanged,
    /// It is to be removed.
    Removed,
    /// It is replaced.
    Token(String, Lifetime),
}

impl Stored {
    /// Writes what has become of the session. `rolls_back` drops every change but its end.
    pub(crate) async fn save(
        &self,
        moment: Moment<'_>,
        record: &mut Record,
        rolls_back: bool,
    ) -> Result<Outgoing, SessionError> {
        let (Some(origin), Some(id)) = (record.origin.take(), record.id) else {
            return self.save_new(moment, record, rolls_back).await;
        };
        if record.ended {
            if self.store.end(id).await? {
                report(moment.metrics, Event::SessionEnded);
            }
            return Ok(Outgoing::Removed);
        }
        if rolls_back {
            return Ok(Outgoing::Unchanged);
        }
        // Of the requests of one page, which all bring the old cookie, the first renews for all:
        // one new id after the other would push the old one out of its grace window.
        let renewed = origin.successor.is_some();
        let renewal = record
            .renewal
            .filter(|renewal| *renewal == Renewal::MoreRights || !renewed)
            .or_else(|| origin.is_due(moment).then_some(Renewal::Routine));
        // A ring that only verifies serves readers.
        let reseals = origin.needs_resealing && moment.codec.signs();
        if record.modified || renewal.is_some() || reseals {
            return self.update(moment, record, id, origin, renewal).await;
        }
        self.note_use(moment, record, id, &origin).await
    }

    async fn save_new(
        &self,
        moment: Moment<'_>,
        record: &mut Record,
        rolls_back: bool,
    ) -> Result<Outgoing, SessionError> {
        if record.ended {
            if let Some(id) = record.unreadable
                && self.store.end(id).await?
            {
                report(moment.metrics, Event::SessionEnded);
            }
            return Ok(Outgoing::Removed);
        }
        if rolls_back || record.is_empty() || !record.modified {
            return Ok(Outgoing::Unchanged);
        }
        let secret = Secret::random(&mut rand::rng()).map_err(SessionError::unwritable)?;
        // It has one if it lived in its cookie until now, or if a form was bound to it.
        let id = record.id.map_or_else(random_id, Ok)?;
        // Whoever holds no key that signs could not give the browser its cookie.
        let token = moment.codec.reference(id, &secret)?;
        self.check_room(moment, record).await?;
        let envelope = Envelope {
            created_at: record.created_at,
            renewed_at: moment.now,
            current: secret.hash(),
            predecessors: Vec::new(),
        };
        let data = write(moment, id, &envelope, &mut record.data, &record.meta)?;
        let owner = moment.owner_of(&record.meta);
        let row = new_row(moment, &envelope, &record.meta, owner.as_ref(), None, &data);
        if !self.store.create(id, &row).await? {
            return self.branch_off(moment, record, id).await;
        }
        record.id = Some(id);
        report(moment.metrics, Event::SessionCreated);
        self.after_sign_in(moment, record, id).await?;
        Ok(Outgoing::Token(token, lifetime(moment, record, &envelope)))
    }

    /// A session that lived in its cookie is too large for it, but another request with the same
    /// cookie has moved it into the store already. What the two made of it stays apart, as ever
    /// with sessions in cookies, under two ids. But the end of the first is the end of both.
    async fn branch_off(
        &self,
        moment: Moment<'_>,
        record: &mut Record,
        taken: SessionId,
    ) -> Result<Outgoing, SessionError> {
        match self.store.load(taken).await? {
            Found::Live(_) if record.issued_at.is_some() => {}
            Found::Ended => return Ok(dropped(moment)),
            Found::Live(_) | Found::Unknown => return Err(SessionError::IdTaken),
        }
        record.id = Some(random_id()?);
        record.meta.branch_of = Some(taken);
        // The new id is not taken, so that this ends here.
        Box::pin(self.save_new(moment, record, false)).await
    }

    async fn update(
        &self,
        moment: Moment<'_>,
        record: &mut Record,
        id: SessionId,
        mut origin: Origin,
        mut renewal: Option<Renewal>,
    ) -> Result<Outgoing, SessionError> {
        moment.codec.check_writes()?;
        let begins_anew = record.created_at != origin.envelope.created_at;
        if record.signed_in {
            self.check_room(moment, record).await?;
        }
        let mut turn = None;
        for attempt in 0..MAX_ATTEMPTS {
            let mut envelope = origin.envelope.clone();
            if begins_anew {
                envelope.created_at = record.created_at;
            }
            let new_secret = renewal
                .map(|renewal| renew(moment, &mut envelope, origin.secret(), renewal))
                .transpose()?;
            // A browser that is to remember the session, or no longer, learns until when.
            let changes_date = record.meta.remembered != origin.meta.remembered;
            let sends_again = record.meta.remembered || needs_cookie(record, &origin);
            let sends_cookie =
                new_secret.is_some() || changes_date || (sends_again && moment.codec.signs());
            // Before the write, for a new secret that cannot be sent would end the session.
            let secret = new_secret.as_ref().unwrap_or(origin.secret());
            let token = sends_cookie.then(|| moment.codec.reference(id, secret));
            let token = token.transpose()?;
            let data = write(moment, id, &envelope, &mut record.data, &record.meta)?;
            let lasts = origin.lasts(record, begins_anew);
            let owner = moment.owner_of(&record.meta);
            let row = new_row(
                moment,
                &envelope,
                &record.meta,
                owner.as_ref(),
                lasts,
                &data,
            );
            match self.store.update(id, origin.version, &row).await? {
                Updated::Done => {
                    if attempt > 0 {
                        report(moment.metrics, Event::WriteMerged);
                    }
                    if renewal.is_some() {
                        report(moment.metrics, Event::SessionRenewed);
                    }
                    if record.signed_in {
                        self.after_sign_in(moment, record, id).await?;
                    }
                    return Ok(token.map_or(Outgoing::Unchanged, |token| {
                        Outgoing::Token(token, lifetime(moment, record, &envelope))
                    }));
                }
                Updated::Conflict(row) => {
                    if !self.catch_up(moment, record, id, &mut origin, &row)? {
                        return Ok(dropped(moment));
                    }
                    // Somebody else has renewed it for us.
                    if origin.successor.is_some() && renewal == Some(Renewal::Routine) {
                        renewal = None;
                    }
                    if turn.is_none() {
                        turn = self.turns.wait(id).await;
                    } else {
                        wait_a_little(attempt).await;
                    }
                }
                Updated::Gone => return Ok(dropped(moment)),
            }
        }
        report(moment.metrics, Event::ConflictGivenUp);
        Err(SessionError::Conflict)
    }

    /// Takes over what another request has made of the session, with our changes on top; `false`
    /// when it is over.
    fn catch_up(
        &self,
        moment: Moment<'_>,
        record: &mut Record,
        id: SessionId,
        origin: &mut Origin,
        row: &Row,
    ) -> Result<bool, SessionError> {
        let opened = Opened::new(moment, id, row).map_err(|unreadable| match unreadable {
            Unreadable::ForNow => moment.codec.unavailable(),
            Unreadable::ByUnknownKey | Unreadable::Because(_) => {
                unreadable.warn();
                report(moment.metrics, Event::WriteDropped);
                SessionError::Conflict
            }
        })?;
        let successor = match opened.envelope.admit(&origin.presented, moment.now) {
            Admission::Current => None,
            Admission::Superseded(secret) => Some(secret),
            // The session lives, and the browser has its new cookie by now, or will have it. That
            // the grace has passed is no sign of theft: when the request came, it had not.
            Admission::Retired | Admission::Reused => {
                report(moment.metrics, Event::WriteDropped);
                return Err(SessionError::Conflict);
            }
        };
        if opened.has_expired(moment.now) {
            return Ok(false);
        }
        if record.emptied > 0 {
            // What others have left belongs to the user before.
            record.meta.generation = opened.meta.generation.saturating_add(1);
        } else {
            self.merge(moment, record, origin, &opened)?;
        }
        origin.succeed(opened, successor);
        Ok(true)
    }

    /// Our changes, made to what the session holds by now.
    fn merge(
        &self,
        moment: Moment<'_>,
        record: &mut Record,
        origin: &Origin,
        opened: &Opened,
    ) -> Result<(), SessionError> {
        let merged = rebase(
            origin.data.dict(),
            record.data.dict(),
            &record.additions,
            &record.defaults,
            opened.data.dict().clone(),
            self.on_conflict,
        );
        let merged = merged.map_err(|Overlap| {
            report(moment.metrics, Event::ConflictGivenUp);
            SessionError::Conflict
        })?;
        record.data = merged.into();
        record.meta = record.meta.rebased(&origin.meta, opened.meta.clone());
        Ok(())
    }

    /// A request that changed nothing: reading counts as use, but is not written every time.
    async fn note_use(
        &self,
        moment: Moment<'_>,
        record: &mut Record,
        id: SessionId,
        origin: &Origin,
    ) -> Result<Outgoing, SessionError> {
        let unused_for = moment.now.seconds_since(origin.last_seen).unwrap_or(0);
        let is_due = unused_for >= moment.timeouts.touch_of(&record.meta).as_secs();
        if is_due {
            let lasts = Some(origin.expires_at);
            let expires_at = expires_at(moment, &origin.envelope, &record.meta, lasts);
            let touched = self.store.touch(id, origin.version, moment.now, expires_at);
            // What the handler answers stays true without it.
            if let Err(error) = touched.await {
                tracing::warn!(%error, "the use of a session was not noted");
            }
        }
        let sends_again = needs_cookie(record, origin) || (is_due && record.meta.remembered);
        if !sends_again || !moment.codec.signs() {
            return Ok(Outgoing::Unchanged);
        }
        let token = moment.codec.reference(id, origin.secret())?;
        let lifetime = lifetime(moment, record, &origin.envelope);
        Ok(Outgoing::Token(token, lifetime))
    }
}

impl Origin {
    /// Whether the session is to have a new secret because it had this one for long enough.
    fn is_due(&self, moment: Moment<'_>) -> bool {
        // A browser that still has to learn of the last one is not given another.
        self.successor.is_none()
            && self.envelope.has_room(moment.now)
            && moment.codec.signs()
            && moment.timeouts.rotate_every.is_some_and(|every| {
                let age = moment.now.seconds_since(self.envelope.renewed_at);
                age.unwrap_or(0) >= every.as_secs()
            })
    }

    /// How long the session lasts without this use, if that still holds.
    fn lasts(&self, record: &Record, begins_anew: bool) -> Option<Timestamp> {
        let is_as_before = !begins_anew && record.meta.remembered == self.meta.remembered;
        is_as_before.then_some(self.expires_at)
    }

    /// Becomes what the row is by now.
    fn succeed(&mut self, opened: Opened, successor: Option<Secret>) {
        self.successor = successor;
        self.version = opened.version();
        self.expires_at = opened.expires_at();
        self.envelope = opened.envelope;
        self.data = opened.data;
        self.meta = opened.meta;
        self.last_seen = opened.last_seen;
    }
}

/// Puts a new secret into the envelope.
fn renew(
    moment: Moment<'_>,
    envelope: &mut Envelope,
    old: &Secret,
    renewal: Renewal,
) -> Result<Secret, SessionError> {
    let new = Secret::random(&mut rand::rng()).map_err(SessionError::unwritable)?;
    let leads_on = renewal == Renewal::Routine;
    let grace = moment.timeouts.grace.as_secs();
    envelope.renew(old, &new, leads_on, moment.now, grace);
    Ok(new)
}

/// Whether the browser should have another token than the one it sent.
fn needs_cookie(record: &Record, origin: &Origin) -> bool {
    record.needs_reissue || origin.successor.is_some()
}

/// Until when the browser keeps the cookie: a remembered session outlives it.
fn lifetime(moment: Moment<'_>, record: &Record, envelope: &Envelope) -> Lifetime {
    if !record.meta.remembered {
        return Lifetime::BrowserSession;
    }
    Lifetime::Until(expires_at(moment, envelope, &record.meta, None))
}

fn random_id() -> Result<SessionId, SessionError> {
    SessionId::random(&mut rand::rng()).map_err(SessionError::unwritable)
}

fn dropped(moment: Moment<'_>) -> Outgoing {
    report(moment.metrics, Event::WriteDropped);
    Outgoing::Removed
}

/// Lets others finish, when many requests write one session at once.
async fn wait_a_little(attempt: u32) {
    if attempt >= CROWD {
        let most = 100 * u64::from(attempt.min(50));
        let micros = rand::rng().random_range(0..most);
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }
}

/// How often a write is tried before it is given up: far more than requests of one browser race.
const MAX_ATTEMPTS: u32 = 200;
/// From this attempt on, the session is contended.
const CROWD: u32 = 3;

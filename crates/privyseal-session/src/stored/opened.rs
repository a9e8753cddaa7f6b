//! From row to session and back.

use privyseal::formats::flask::tagged;
use privyseal::reference::{Reference, Secret};
use privyseal::sealed::SessionId;
use privyseal::value::{Dict, Value};
use privyseal::{MaxAge, Timestamp};

use super::{Envelope, Moment, Origin};
use crate::SessionError;
use crate::codec::{META, check_sealable, into_dict, refusal};
use crate::meta::Meta;
use crate::metrics::Event;
use crate::record::{Data, Record};
use crate::store::{MAX_DATA_LEN, NewRow, Row, Subject};

/// Why a row cannot be read. It may be again, as when the key that sealed it is put back into the
/// ring: nothing is done to it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unreadable {
    /// The key of its seal is out of reach, which is an outage.
    ForNow,
    /// The ring does not hold the key of its seal.
    ByUnknownKey,
    /// For this reason.
    Because(&'static str),
}

impl Unreadable {
    /// What has happened to the request that asked for it.
    pub(crate) fn event(self) -> Event {
        match self {
            Self::ForNow => Event::KeyUnavailable,
            Self::ByUnknownKey | Self::Because(_) => Event::RefusedUnreadable,
        }
    }

    /// Tells the operator why, and nobody whose session it is.
    pub(crate) fn warn(self) {
        let reason = match self {
            Self::ForNow => "the key of its seal is out of reach",
            Self::ByUnknownKey => NOT_OPENED,
            Self::Because(reason) => reason,
        };
        tracing::warn!(reason, "a session in the store cannot be read");
    }

    /// What it means for a row that its seal does not open.
    fn by_seal(error: &privyseal::Error) -> Self {
        match refusal(error) {
            Event::KeyUnavailable => Self::ForNow,
            Event::RefusedRevokedKey => Self::Because("the key of its seal was revoked"),
            Event::RefusedExpiredKey => Self::Because("the key of its seal has expired"),
            Event::RefusedUnknownKey => Self::ByUnknownKey,
            _ => Self::Because(NOT_OPENED),
        }
    }
}

/// A row whose payload was read.
pub(super) struct Opened {
    pub(super) envelope: Envelope,
    pub(super) data: Data,
    pub(super) meta: Meta,
    pub(super) last_seen: Timestamp,
    version: u64,
    expires_at: Timestamp,
    needs_resealing: bool,
}

impl Opened {
    /// # Errors
    /// When the row is not one of ours, or sealed by a key that the ring no longer has.
    pub(super) fn new(moment: Moment<'_>, id: SessionId, row: &Row) -> Result<Self, Unreadable> {
        let (envelope, payload) =
            Envelope::decode(&row.data).ok_or(Unreadable::Because("its version is unknown"))?;
        let (mut dict, needs_resealing) = read(moment, id, payload)?;
        let meta = match dict.remove(META) {
            Some(Value::Dict(meta)) => Meta::from_dict(&meta),
            _ => Meta::default(),
        };
        // The column is for looking up. Where rows are sealed, whoever can write the database must not
        // make a session another user's with it.
        if moment.owner_of(&meta) != row.subject {
            return Err(Unreadable::Because("it lies under another user"));
        }
        Ok(Self {
            envelope,
            data: dict.into(),
            meta,
            last_seen: row.last_seen,
            version: row.version,
            expires_at: row.expires_at.min(row.ends_at),
            needs_resealing,
        })
    }

    /// A session is alive at the very second at which it expires, like a token at its maximum age.
    pub(super) fn has_expired(&self, now: Timestamp) -> bool {
        now > self.expires_at
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The session for a request that brought this reference.
    pub(super) fn into_record(
        self,
        moment: Moment<'_>,
        reference: Reference,
        successor: Option<Secret>,
    ) -> Box<Record> {
        Box::new(Record {
            id: Some(reference.session_id),
            created_at: self.envelope.created_at,
            issued_at: Some(self.last_seen),
            data: self.data.clone(),
            meta: self.meta.clone(),
            needs_reissue: reference.needs_reissue,
            origin: Some(Origin {
                presented: reference.secret,
                successor,
                version: self.version,
                envelope: self.envelope,
                data: self.data,
                meta: self.meta,
                last_seen: self.last_seen,
                expires_at: self.expires_at,
                needs_resealing: self.needs_resealing,
            }),
            ..Record::new(moment.now)
        })
    }
}

/// The session in a payload, and whether it should be sealed anew.
fn read(moment: Moment<'_>, id: SessionId, payload: &[u8]) -> Result<(Dict, bool), Unreadable> {
    let Some(sealer) = moment.codec.at_rest() else {
        return Ok((session(payload)?, false));
    };
    // A store that can be written by somebody else cannot pass off a session as one of ours, nor
    // one session as another: an open payload is not looked at, and the seal names the session.
    let token = std::str::from_utf8(payload).map_err(|_| Unreadable::Because(NOT_OPENED))?;
    let opened = sealer
        .open(token, ANY_AGE, END_OF_TIME)
        .map_err(|error| Unreadable::by_seal(&error))?;
    if opened.session_id != id {
        return Err(Unreadable::Because(NOT_OPENED));
    }
    Ok((session(opened.data())?, opened.needs_reissue))
}

fn session(json: &[u8]) -> Result<Dict, Unreadable> {
    tagged::loads(json)
        .ok()
        .and_then(|value| into_dict(value).ok())
        .ok_or(Unreadable::Because("it holds no session"))
}

/// The bytes of a row.
pub(super) fn write(
    moment: Moment<'_>,
    id: SessionId,
    envelope: &Envelope,
    data: &mut Data,
    meta: &Meta,
) -> Result<Vec<u8>, SessionError> {
    if data.dict().contains_key(META) {
        return Err(SessionError::ReservedKey(META));
    }
    let facts = meta.to_dict();
    let has_facts = !facts.is_empty();
    if has_facts {
        data.dict_mut().insert(META, facts);
    }
    let json = tagged::dumps(data.value(), false);
    if has_facts {
        data.dict_mut().remove(META);
    }
    let json = json.map_err(SessionError::unwritable)?;
    let row = match moment.codec.at_rest() {
        None => envelope.encode(&json),
        Some(sealer) => {
            check_sealable(&json)?;
            let token = sealer.seal(&json, id, moment.now, &mut rand::rng());
            let token = token.map_err(|error| moment.codec.not_made(error))?;
            envelope.encode(token.as_bytes())
        }
    };
    if row.len() > MAX_DATA_LEN {
        return Err(SessionError::TooLarge {
            size: row.len(),
            limit: MAX_DATA_LEN,
        });
    }
    Ok(row)
}

/// The row, with its times.
pub(super) fn new_row<'a>(
    moment: Moment<'_>,
    envelope: &Envelope,
    meta: &Meta,
    owner: Option<&'a Subject>,
    lasts: Option<Timestamp>,
    data: &'a [u8],
) -> NewRow<'a> {
    NewRow {
        subject: owner,
        last_seen: moment.now,
        expires_at: expires_at(moment, envelope, meta, lasts),
        ends_at: ends_at(moment, envelope, meta),
        data,
    }
}

/// When a session ends that is used now and never again. It `lasts` no shorter than it would have
/// without this use: a clock that was set back must not end it.
pub(super) fn expires_at(
    moment: Moment<'_>,
    envelope: &Envelope,
    meta: &Meta,
    lasts: Option<Timestamp>,
) -> Timestamp {
    let idle = moment.timeouts.idle_of(meta).as_secs();
    let expires_at = moment.now.plus_seconds(idle);
    let expires_at = lasts.map_or(expires_at, |lasts| lasts.max(expires_at));
    expires_at.min(ends_at(moment, envelope, meta))
}

fn ends_at(moment: Moment<'_>, envelope: &Envelope, meta: &Meta) -> Timestamp {
    let absolute = moment.timeouts.absolute_of(meta).as_secs();
    envelope.created_at.plus_seconds(absolute)
}

const NOT_OPENED: &str = "no key of the ring opens its seal";

/// The row has times of its own, which are looked at.
const ANY_AGE: MaxAge = MaxAge::from_seconds(u64::MAX);
const END_OF_TIME: Timestamp = Timestamp::from_unix_seconds(u64::MAX);

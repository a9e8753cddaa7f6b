//! From cookie to record and back: the two modes that keep the session in the cookie.

use privyseal::formats::flask::{FlaskOptions, FlaskSession, tagged};
use privyseal::sealed::{Context, Sealer, SessionId};
use privyseal::value::{Dict, Value};
use privyseal::{KeyRing, MaxAge, Timestamp};

use crate::SessionError;
use crate::record::Record;
use crate::rules::Rules;

/// What a cookie is in.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// Flask's format under these settings.
    Signed(FlaskOptions),
    /// A sealed token for this application.
    Sealed { application: String },
}

/// A mode with the keys of one ring.
#[derive(Debug)]
pub(crate) struct Codec {
    ring: KeyRing,
    prepared: Prepared,
    rules: Rules,
}

#[derive(Debug)]
enum Prepared {
    Signed(FlaskSession),
    Sealed { sealer: Sealer, max_age: MaxAge },
}

impl Codec {
    pub(crate) fn new(mode: &Mode, ring: KeyRing, cookie_name: &str, rules: Rules) -> Self {
        let (max_age, skew) = rules.bounds();
        // The format judges by a clock that runs ahead by the skew, so the age it sees is longer.
        let max_age = MaxAge::from(max_age.saturating_add(skew));
        let prepared = match mode {
            Mode::Signed(options) => {
                let options = FlaskOptions {
                    max_age,
                    ..options.clone()
                };
                Prepared::Signed(FlaskSession::with_options(&ring, &options))
            }
            Mode::Sealed { application } => {
                let context = Context {
                    purpose: "session",
                    cookie_name,
                    application,
                };
                Prepared::Sealed {
                    sealer: Sealer::new(&ring, context),
                    max_age,
                }
            }
        };
        Self {
            ring,
            prepared,
            rules,
        }
    }

    pub(crate) fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// The session in a cookie; `None` when the cookie is not valid (any more).
    pub(crate) fn decode(
        &self,
        cookie: &str,
        now: Timestamp,
    ) -> Result<Option<Record>, SessionError> {
        let (_, skew) = self.rules.bounds();
        let ahead = now.plus_seconds(skew.as_secs());
        let record = match &self.prepared {
            Prepared::Signed(flask) => {
                let Ok(verified) = flask.verify(cookie, ahead) else {
                    return Ok(None);
                };
                let value = flask.value(&verified).map_err(SessionError::Unreadable)?;
                let mut data = into_dict(value)?;
                let (created_at, id) = match self.rules {
                    Rules::Timeouts(_) => take_meta(&mut data),
                    Rules::Flask(_) => (None, None),
                };
                Record {
                    id,
                    data: data.into(),
                    created_at: created_at.unwrap_or(verified.signed_at),
                    issued_at: Some(verified.signed_at),
                    needs_reissue: verified.needs_reissue,
                    ..Record::new(now)
                }
            }
            Prepared::Sealed { sealer, max_age } => {
                let Ok(opened) = sealer.open(cookie, *max_age, ahead) else {
                    return Ok(None);
                };
                let (created_at, json) = opened
                    .data()
                    .split_first_chunk()
                    .ok_or(SessionError::NotASession)?;
                let value = tagged::loads(json).map_err(|_| SessionError::NotASession)?;
                Record {
                    id: Some(opened.session_id),
                    data: into_dict(value)?.into(),
                    created_at: Timestamp::from_unix_seconds(u64::from_be_bytes(*created_at)),
                    issued_at: Some(opened.issued_at),
                    needs_reissue: opened.needs_reissue,
                    ..Record::new(now)
                }
            }
        };
        Ok(Some(record).filter(|record| self.is_alive(record, now)))
    }

    fn is_alive(&self, record: &Record, now: Timestamp) -> bool {
        match self.rules {
            Rules::Timeouts(timeouts) => {
                let age = now.seconds_since(record.created_at).unwrap_or(0);
                age <= timeouts.absolute.as_secs()
            }
            Rules::Flask(_) => true,
        }
    }

    /// The cookie of a session, issued now.
    pub(crate) fn encode(
        &self,
        record: &mut Record,
        now: Timestamp,
    ) -> Result<String, SessionError> {
        let under_timeouts = matches!(self.rules, Rules::Timeouts(_));
        if under_timeouts && record.data.dict().contains_key(META) {
            return Err(SessionError::ReservedKey(META));
        }
        let id = match record.id {
            Some(id) => id,
            None => SessionId::random(&mut rand::rng()).map_err(SessionError::unwritable)?,
        };
        let encoded = match &self.prepared {
            Prepared::Signed(flask) if under_timeouts => {
                let meta = meta(record.created_at, id);
                record.data.dict_mut().insert(META, meta);
                let cookie = flask.dumps(record.data.value(), now);
                record.data.dict_mut().remove(META);
                cookie
            }
            Prepared::Signed(flask) => flask.dumps(record.data.value(), now),
            Prepared::Sealed { sealer, .. } => {
                let mut data = record.created_at.unix_seconds().to_be_bytes().to_vec();
                let json = tagged::dumps(record.data.value(), false);
                data.extend(json.map_err(SessionError::unwritable)?);
                sealer.seal(&data, id, now, &mut rand::rng())
            }
        };
        encoded.map_err(SessionError::unwritable)
    }
}

/// When the session began, and its id, as they stand in a signed cookie of ours.
fn meta(created_at: Timestamp, id: SessionId) -> Value {
    let created_at = i64::try_from(created_at.unix_seconds()).unwrap_or(i64::MAX);
    Value::Tuple(vec![
        Value::Int(created_at),
        Value::Bytes(id.as_bytes().to_vec()),
    ])
}

/// The same, taken out. A cookie that Flask began has none.
fn take_meta(data: &mut Dict) -> (Option<Timestamp>, Option<SessionId>) {
    let Some(Value::Tuple(meta)) = data.remove(META) else {
        return (None, None);
    };
    let created_at = meta
        .first()
        .and_then(Value::as_i64)
        .and_then(|time| u64::try_from(time).ok());
    let id = match meta.get(1) {
        Some(Value::Bytes(id)) => id.as_slice().try_into().ok(),
        _ => None,
    };
    (
        created_at.map(Timestamp::from_unix_seconds),
        id.map(SessionId::from_bytes),
    )
}

/// What Python's `dict()` makes of the payload, where that is a session.
fn into_dict(value: Value) -> Result<Dict, SessionError> {
    match value {
        Value::Dict(dict) => Ok(dict),
        Value::Null => Ok(Dict::new()),
        Value::List(pairs) | Value::Tuple(pairs) => {
            let mut dict = Dict::new();
            for pair in pairs {
                let (Value::List(pair) | Value::Tuple(pair)) = pair else {
                    return Err(SessionError::NotASession);
                };
                let Ok([Value::Str(key), value]) = <[Value; 2]>::try_from(pair) else {
                    return Err(SessionError::NotASession);
                };
                dict.insert(key, value);
            }
            Ok(dict)
        }
        _ => Err(SessionError::NotASession),
    }
}

/// The key of a signed session under which the engine keeps when it began, and its id.
const META: &str = "_ps";

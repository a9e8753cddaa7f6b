//! From cookie to record and back.

use std::time::Duration;

use privyseal::formats::flask::{FlaskOptions, FlaskSession, tagged};
use privyseal::reference::{Reference, ReferenceSigner, Secret};
use privyseal::sealed::{Context, Sealer, SessionId};
use privyseal::value::{Dict, Value};
use privyseal::{KeyRing, MaxAge, Timestamp};

use crate::SessionError;
use crate::csrf::CsrfTokens;
use crate::meta::{Meta, number, session_id};
use crate::metrics::Event;
use crate::record::Record;
use crate::rules::{Rules, Timeouts};

/// What a session is kept in.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// A cookie in Flask's format under these settings.
    Signed(FlaskOptions),
    /// A cookie that is a sealed token.
    Sealed,
    /// A store; the cookie is a reference.
    Stored,
}

/// What the codec of an engine depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodecSettings<'a> {
    pub(crate) mode: &'a Mode,
    pub(crate) cookie_name: &'a str,
    pub(crate) application: &'a str,
    pub(crate) rules: Rules,
    /// There is a store, so that a cookie may be a reference to it.
    pub(crate) has_store: bool,
    /// What is in the store is sealed.
    pub(crate) seals_at_rest: bool,
    /// When a request should come again whose key is out of reach.
    pub(crate) retry_after: Duration,
}

/// A mode with the keys of one ring.
#[derive(Debug)]
pub(crate) struct Codec {
    ring: KeyRing,
    prepared: Prepared,
    references: Option<ReferenceSigner>,
    at_rest: Option<Sealer>,
    csrf: CsrfTokens,
    rules: Rules,
    retry_after: Duration,
}

#[derive(Debug)]
enum Prepared {
    Signed(FlaskSession),
    Sealed(Sealer, MaxAge),
    Stored,
}

impl Codec {
    pub(crate) fn new(ring: KeyRing, settings: CodecSettings<'_>) -> Self {
        let (max_age, skew) = settings.rules.bounds();
        // The format judges by a clock that runs ahead by the skew, so the age it sees is longer.
        let max_age = MaxAge::from(max_age.saturating_add(skew));
        let context = |purpose| Context {
            purpose,
            cookie_name: settings.cookie_name,
            application: settings.application,
        };
        let prepared = match settings.mode {
            Mode::Signed(options) => {
                let options = FlaskOptions {
                    max_age,
                    ..options.clone()
                };
                Prepared::Signed(FlaskSession::with_options(&ring, &options))
            }
            Mode::Sealed => Prepared::Sealed(Sealer::new(&ring, context("session")), max_age),
            Mode::Stored => Prepared::Stored,
        };
        let references = || ReferenceSigner::new(&ring, context("stored session"));
        let at_rest = || Sealer::new(&ring, context("session at rest"));
        Self {
            prepared,
            references: settings.has_store.then(references),
            at_rest: settings.seals_at_rest.then(at_rest),
            csrf: CsrfTokens::new(&ring, settings.cookie_name, settings.application),
            rules: settings.rules,
            retry_after: settings.retry_after,
            ring,
        }
    }

    pub(crate) fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Whether the ring has a key that signs now.
    pub(crate) fn signs(&self) -> bool {
        self.ring.primary().is_some()
    }

    /// That there is a key that signs now.
    pub(crate) fn check_signs(&self) -> Result<(), SessionError> {
        match self.ring.signer() {
            Ok(_) => Ok(()),
            Err(error) if error.is_unavailable() => Err(self.unavailable()),
            Err(_) => Err(SessionError::NoSigningKey),
        }
    }

    /// That sessions may be written whose cookie stays as it is. A ring for verification only
    /// serves readers; one that cannot sign for now serves its writers too.
    pub(crate) fn check_writes(&self) -> Result<(), SessionError> {
        self.check_signs().or_else(|error| {
            if error.is_outage() {
                Ok(())
            } else {
                Err(error)
            }
        })
    }

    /// The key that is needed is out of reach.
    pub(crate) fn unavailable(&self) -> SessionError {
        SessionError::Unavailable {
            retry_after: self.retry_after,
        }
    }

    /// Why a token was not made.
    pub(crate) fn not_made(&self, error: privyseal::Error) -> SessionError {
        if error.is_unavailable() {
            self.unavailable()
        } else {
            SessionError::unwritable(error)
        }
    }

    /// What seals the sessions in the store, if they are sealed.
    pub(crate) fn at_rest(&self) -> Option<&Sealer> {
        self.at_rest.as_ref()
    }

    /// What makes and checks the tokens of forms.
    pub(crate) fn csrf(&self) -> &CsrfTokens {
        &self.csrf
    }

    /// The MAC of a cookie that is authentic and has no id.
    pub(crate) fn mac(&self, cookie: &str) -> Option<Vec<u8>> {
        match &self.prepared {
            Prepared::Signed(flask) => flask.mac(cookie),
            Prepared::Sealed(..) | Prepared::Stored => None,
        }
    }

    /// The session that a cookie refers to, or why the reference is refused; `None` when it is no
    /// reference of ours.
    pub(crate) fn read_reference(&self, cookie: &str) -> Option<Result<Reference, Event>> {
        match self.references.as_ref()?.verify(cookie) {
            Ok(reference) => Some(Ok(reference)),
            Err(error) => match refusal(&error) {
                Event::RefusedForged => None,
                refusal => Some(Err(refusal)),
            },
        }
    }

    /// The cookie that refers to a session.
    pub(crate) fn reference(&self, id: SessionId, secret: &Secret) -> Result<String, SessionError> {
        let references = self.references.as_ref().ok_or(SessionError::NotSupported)?;
        self.check_signs()?;
        references
            .sign(id, secret)
            .map_err(|error| self.not_made(error))
    }

    /// The session in a cookie; the event says why there is none (any more).
    pub(crate) fn decode(
        &self,
        cookie: &str,
        now: Timestamp,
    ) -> Result<Result<Record, Event>, SessionError> {
        let (_, skew) = self.rules.bounds();
        let ahead = now.plus_seconds(skew.as_secs());
        let record = match &self.prepared {
            Prepared::Signed(flask) => {
                let verified = match flask.verify(cookie, ahead) {
                    Ok(verified) => verified,
                    Err(error) => return Ok(Err(refusal(&error))),
                };
                let value = flask.value(&verified).map_err(SessionError::Unreadable)?;
                let mut data = into_dict(value)?;
                let facts = match self.rules {
                    Rules::Timeouts(_) => take_facts(&mut data),
                    Rules::Flask(_) => Facts::default(),
                };
                Record {
                    id: facts.id,
                    data: data.into(),
                    meta: facts.meta,
                    created_at: facts.created_at.unwrap_or(verified.signed_at),
                    issued_at: Some(verified.signed_at),
                    needs_reissue: verified.needs_reissue,
                    ..Record::new(now)
                }
            }
            Prepared::Sealed(sealer, max_age) => {
                let opened = match sealer.open(cookie, *max_age, ahead) {
                    Ok(opened) => opened,
                    Err(error) => return Ok(Err(refusal(&error))),
                };
                let (created_at, json) = opened
                    .data()
                    .split_first_chunk()
                    .ok_or(SessionError::NotASession)?;
                let value = tagged::loads(json).map_err(|_| SessionError::NotASession)?;
                let mut data = into_dict(value)?;
                let meta = take_facts(&mut data).meta;
                Record {
                    id: Some(opened.session_id),
                    data: data.into(),
                    meta,
                    created_at: Timestamp::from_unix_seconds(u64::from_be_bytes(*created_at)),
                    issued_at: Some(opened.issued_at),
                    needs_reissue: opened.needs_reissue,
                    ..Record::new(now)
                }
            }
            Prepared::Stored => return Ok(Err(Event::RefusedForged)),
        };
        Ok(match self.rules {
            Rules::Timeouts(timeouts) if has_expired(&record, timeouts, now) => {
                Err(Event::RefusedExpired)
            }
            _ => Ok(record),
        })
    }

    /// The cookie of a session, issued now.
    pub(crate) fn encode(
        &self,
        record: &mut Record,
        now: Timestamp,
    ) -> Result<String, SessionError> {
        let under_timeouts = matches!(self.rules, Rules::Timeouts(_));
        let keeps_facts = under_timeouts || matches!(self.prepared, Prepared::Sealed(..));
        if keeps_facts && record.data.dict().contains_key(META) {
            return Err(SessionError::ReservedKey(META));
        }
        let id = match record.id {
            Some(id) => id,
            None => SessionId::random(&mut rand::rng()).map_err(SessionError::unwritable)?,
        };
        record.id = Some(id);
        let encoded = match &self.prepared {
            Prepared::Signed(flask) if under_timeouts => {
                let facts = signed_facts(record.created_at, id, &record.meta);
                record.data.dict_mut().insert(META, facts);
                let cookie = flask.dumps(record.data.value(), now);
                record.data.dict_mut().remove(META);
                cookie
            }
            Prepared::Signed(flask) => flask.dumps(record.data.value(), now),
            Prepared::Sealed(sealer, _) => {
                let facts = record.meta.to_dict();
                let has_facts = !facts.is_empty();
                if has_facts {
                    record.data.dict_mut().insert(META, facts);
                }
                let json = tagged::dumps(record.data.value(), false);
                if has_facts {
                    record.data.dict_mut().remove(META);
                }
                let mut data = record.created_at.unix_seconds().to_be_bytes().to_vec();
                data.extend(json.map_err(SessionError::unwritable)?);
                check_sealable(&data)?;
                sealer.seal(&data, id, now, &mut rand::rng())
            }
            Prepared::Stored => return Err(SessionError::NotSupported),
        };
        encoded.map_err(|error| self.not_made(error))
    }
}

/// Why a cookie was refused that its format does not take.
pub(crate) fn refusal(error: &privyseal::Error) -> Event {
    if error.is_expired() {
        Event::RefusedExpired
    } else if error.is_unavailable() {
        Event::KeyUnavailable
    } else if error.is_revoked_key() {
        Event::RefusedRevokedKey
    } else if error.is_expired_key() {
        Event::RefusedExpiredKey
    } else if error.is_unknown_key() {
        Event::RefusedUnknownKey
    } else {
        Event::RefusedForged
    }
}

/// What is too large to be sealed is too large for a cookie as well, so that it can spill.
pub(crate) fn check_sealable(data: &[u8]) -> Result<(), SessionError> {
    let (size, limit) = (data.len(), Sealer::MAX_DATA_LEN);
    if size > limit {
        return Err(SessionError::TooLarge { size, limit });
    }
    Ok(())
}

/// Both timeouts, for the format knows only the longest of each.
fn has_expired(record: &Record, timeouts: Timeouts, now: Timestamp) -> bool {
    let age = |since| now.seconds_since(since).unwrap_or(0);
    age(record.created_at) > timeouts.absolute_of(&record.meta).as_secs()
        || record
            .issued_at
            .is_some_and(|issued| age(issued) > timeouts.idle_of(&record.meta).as_secs())
}

/// What a cookie of ours says about its session, beside the session.
#[derive(Default)]
struct Facts {
    created_at: Option<Timestamp>,
    id: Option<SessionId>,
    meta: Meta,
}

/// The facts as they stand in a signed cookie: when the session began, its id, and the rest if
/// there is any.
fn signed_facts(created_at: Timestamp, id: SessionId, meta: &Meta) -> Value {
    let mut facts = vec![
        number(created_at.unix_seconds()),
        Value::Bytes(id.as_bytes().to_vec()),
    ];
    let rest = meta.to_dict();
    if !rest.is_empty() {
        facts.push(Value::Dict(rest));
    }
    Value::Tuple(facts)
}

/// The facts of a cookie, taken out. A cookie that Flask began has none.
fn take_facts(data: &mut Dict) -> Facts {
    match data.remove(META) {
        Some(Value::Dict(meta)) => Facts {
            meta: Meta::from_dict(&meta),
            ..Facts::default()
        },
        Some(Value::Tuple(facts)) => Facts {
            created_at: facts
                .first()
                .and_then(Value::as_i64)
                .and_then(|time| u64::try_from(time).ok())
                .map(Timestamp::from_unix_seconds),
            id: facts.get(1).and_then(session_id),
            meta: match facts.get(2) {
                Some(Value::Dict(meta)) => Meta::from_dict(meta),
                _ => Meta::default(),
            },
        },
        _ => Facts::default(),
    }
}

/// What Python's `dict()` makes of the payload, where that is a session.
pub(crate) fn into_dict(value: Value) -> Result<Dict, SessionError> {
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

/// The key of a session under which the engine keeps what it has to know of it.
pub(crate) const META: &str = "_ps";

//! One request's hold on its session.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use privyseal::Timestamp;
use privyseal::value::Dict;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cookie::{Lifetime, forbid_caching, vary_by_cookie};
use crate::record::Record;
use crate::rules::{Rules, Timeouts};
use crate::{Engine, Session, SessionError};

/// The session of one request, from its first header to the last of the response.
///
/// It opens nothing by itself. [`open`](Self::open) does, and [`commit`](Self::commit) writes what
/// has become of the session into the response. A clone is the same session.
#[derive(Clone)]
pub struct SessionHandle(Arc<Shared>);

struct Shared {
    engine: Engine,
    /// The request's cookies; cheap to keep, since header values are reference-counted.
    cookies: Cookies,
    state: Mutex<State>,
}

/// The `Cookie` headers of a request: one as a rule, which costs no allocation.
struct Cookies {
    first: Option<HeaderValue>,
    others: Vec<HeaderValue>,
}

impl Cookies {
    fn of(request: &HeaderMap) -> Self {
        let mut headers = request.get_all(COOKIE).iter().cloned();
        Self {
            first: headers.next(),
            others: headers.collect(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &HeaderValue> {
        self.first.iter().chain(&self.others)
    }
}

#[derive(Default)]
struct State {
    record: Option<Record>,
    /// What went wrong when a session was written back at the end of its handler.
    failure: Option<SessionError>,
}

impl SessionHandle {
    pub(crate) fn new(engine: Engine, request: &HeaderMap) -> Self {
        Self(Arc::new(Shared {
            engine,
            cookies: Cookies::of(request),
            state: Mutex::default(),
        }))
    }

    /// Opens the session for a handler.
    ///
    /// A missing, forged or expired cookie gives a new, empty session.
    ///
    /// # Errors
    /// When the cookie is authentic but holds no session, or one that is not a `T`.
    pub fn open<T: Serialize + DeserializeOwned>(&self) -> Result<Session<T>, SessionError> {
        let mut state = self.lock();
        let record = self.load(&mut state)?;
        record.accessed = true;
        Session::new(self.clone(), record)
    }

    /// Writes what has become of the session into the headers of the response.
    ///
    /// A request that did not touch its session leaves the response as it is.
    ///
    /// # Errors
    /// When the session cannot be written or its cookie is too large for a browser; nothing was
    /// added to the headers then, and the response should be replaced by an error.
    pub fn commit(&self, response: &mut HeaderMap) -> Result<(), SessionError> {
        let mut state = self.lock();
        if let Some(failure) = state.failure.take() {
            return Err(failure);
        }
        match self.0.engine.rules() {
            Rules::Timeouts(timeouts) => match &state.record {
                Some(record) => self.commit_with_timeouts(record, timeouts, response),
                None => Ok(()),
            },
            Rules::Flask(rules) => {
                if state.record.is_none() && !(rules.refresh_each_request && self.has_cookie()) {
                    return Ok(());
                }
                let record = self.load(&mut state)?;
                self.commit_like_flask(record, rules.refresh_each_request, response)
            }
        }
    }

    fn commit_with_timeouts(
        &self,
        record: &Record,
        timeouts: Timeouts,
        response: &mut HeaderMap,
    ) -> Result<(), SessionError> {
        let now = self.now();
        let gone = record.ended || record.data.is_empty();
        let idle = record
            .issued_at
            .map(|issued| now.seconds_since(issued).unwrap_or(0));
        let due =
            record.needs_reissue || idle.is_some_and(|seconds| seconds >= timeouts.touch.as_secs());
        let cookie = if gone && record.issued_at.is_some() && (record.ended || record.modified) {
            Some(self.0.engine.cookie().set_cookie("", Lifetime::Removed)?)
        } else if !gone && (record.modified || due) {
            self.check_signing_key()?;
            let value = self.0.engine.codec().encode(record, now)?;
            Some(
                self.0
                    .engine
                    .cookie()
                    .set_cookie(&value, Lifetime::BrowserSession)?,
            )
        } else {
            None
        };
        vary_by_cookie(response);
        forbid_caching(response);
        response.extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
        Ok(())
    }

    /// `SecureCookieSessionInterface.save_session`, step by step.
    fn commit_like_flask(
        &self,
        record: &Record,
        refresh_each_request: bool,
        response: &mut HeaderMap,
    ) -> Result<(), SessionError> {
        // Without a key Flask has a session that cannot be written, and touches no response.
        if self.0.engine.keys().current().primary().is_none() {
            return if record.written {
                Err(SessionError::NoSigningKey)
            } else {
                Ok(())
            };
        }
        let policy = self.0.engine.cookie();
        let permanent = record.is_permanent();
        let cookie = if record.data.is_empty() || record.ended {
            let modified = record.modified || record.ended;
            modified
                .then(|| policy.set_cookie("", Lifetime::Removed))
                .transpose()?
        } else if record.modified || (permanent && refresh_each_request) {
            let now = self.now();
            let (lifetime, _) = self.0.engine.rules().bounds();
            let lifetime = match permanent {
                true => Lifetime::Until(now.plus_seconds(lifetime.as_secs())),
                false => Lifetime::BrowserSession,
            };
            let value = self.0.engine.codec().encode(record, now)?;
            Some(policy.set_cookie(&value, lifetime)?)
        } else {
            None
        };
        if record.accessed || cookie.is_some() {
            vary_by_cookie(response);
        }
        response.extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
        Ok(())
    }

    fn check_signing_key(&self) -> Result<(), SessionError> {
        match self.0.engine.keys().current().primary() {
            Some(_) => Ok(()),
            None => Err(SessionError::NoSigningKey),
        }
    }

    /// Replaces the keys `old` of the session by those in `new`.
    pub(crate) fn write_back(&self, old: &Dict, new: Dict, always_modified: bool) {
        let mut state = self.lock();
        let Some(record) = &mut state.record else {
            return;
        };
        let mut changed = always_modified;
        for (key, _) in old.iter() {
            if new.get_text(key).is_none() {
                changed |= record.data.remove_text(key).is_some();
            }
        }
        for (key, value) in new {
            changed |= record.data.get_text(&key) != Some(&value);
            record.data.insert(key, value);
        }
        record.modified |= changed;
        record.written |= changed;
    }

    /// Keeps what went wrong until the response is made.
    pub(crate) fn fail(&self, error: SessionError) {
        self.lock().failure.get_or_insert(error);
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Record, Timestamp)) {
        let now = self.now();
        if let Some(record) = &mut self.lock().record {
            change(record, now);
        }
    }

    pub(crate) fn follows_flask(&self) -> bool {
        matches!(self.0.engine.rules(), Rules::Flask(_))
    }

    /// The record of the request, opened at the first call.
    fn load<'s>(
        &self,
        state: &'s mut MutexGuard<'_, State>,
    ) -> Result<&'s mut Record, SessionError> {
        let slot = &mut state.record;
        if slot.is_none() {
            let now = self.now();
            let engine = &self.0.engine;
            let cookie = engine
                .cookie()
                .reading()
                .find(self.0.cookies.iter(), engine.cookie().name());
            let record = match cookie.as_deref() {
                None | Some("") => None,
                Some(cookie) => engine.codec().decode(cookie, now)?,
            };
            *slot = Some(record.unwrap_or_else(|| Record::new(now)));
        }
        #[expect(clippy::expect_used, reason = "the line above fills it")]
        Ok(slot.as_mut().expect("the record was just made"))
    }

    fn has_cookie(&self) -> bool {
        self.0.cookies.first.is_some()
    }

    fn now(&self) -> Timestamp {
        self.0.engine.clock().now()
    }

    /// A handler that panicked leaves the session as it was, which is whole between two calls.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle").finish_non_exhaustive()
    }
}

//! One request's hold on its session.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
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
    /// The cookies of a request whose session Flask's rules may send again although no handler
    /// asks for it. Under our own rules there is nothing to keep.
    for_refresh: Option<Box<HeaderMap>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Boxed, so that a request that does not touch its session carries no room for one.
    record: Option<Box<Record>>,
    /// A handler asked for the session, be it in vain: the response depends on the cookie.
    touched: bool,
    /// The response has its headers; what is written now is lost.
    committed: bool,
    /// What went wrong when a session was written back at the end of its handler.
    failure: Option<SessionError>,
}

impl State {
    /// Whether the response is made, so that a change would be lost; says so in the log.
    fn is_too_late(&self) -> bool {
        if self.committed {
            tracing::warn!("a session was changed after its response was made; the change is lost");
        }
        self.committed
    }
}

impl SessionHandle {
    pub(crate) fn new(engine: Engine, request: &HeaderMap) -> Self {
        let refreshes = match engine.rules() {
            Rules::Flask(rules) => rules.refresh_each_request,
            Rules::Timeouts(_) => false,
        };
        let for_refresh = refreshes.then(|| {
            let cookies = request.get_all(COOKIE).iter().cloned();
            Box::new(cookies.map(|cookie| (COOKIE, cookie)).collect())
        });
        Self(Arc::new(Shared {
            engine,
            for_refresh,
            state: Mutex::default(),
        }))
    }

    /// Opens the session for a handler, from the headers of the same request.
    ///
    /// A missing, forged or expired cookie gives a new, empty session: the default of `T`.
    ///
    /// # Errors
    /// When the cookie is authentic but holds no session, or one that is not a `T`.
    #[expect(clippy::unused_async, reason = "stored sessions are loaded here")]
    pub async fn open<T: Default + Serialize + DeserializeOwned>(
        &self,
        request: &HeaderMap,
    ) -> Result<Session<T>, SessionError> {
        let mut state = self.lock();
        state.touched = true;
        let record = self.load(&mut state, request)?;
        Session::new(self.clone(), record)
    }

    /// Whether [`commit`](Self::commit) has nothing to do, because no handler asked for the session.
    pub fn is_idle(&self) -> bool {
        let refreshes = self
            .0
            .for_refresh
            .as_ref()
            .is_some_and(|request| !request.is_empty());
        !refreshes && !self.lock().touched
    }

    /// Writes what has become of the session into the headers of the response.
    ///
    /// A request that did not touch its session leaves the response as it is.
    ///
    /// # Errors
    /// When the session cannot be written or its cookie is too large for a browser; nothing was
    /// added to the headers then, and the response should be replaced by an error that no cache
    /// keeps.
    #[expect(clippy::unused_async, reason = "stored sessions are saved here")]
    pub async fn commit(
        &self,
        _status: StatusCode,
        response: &mut HeaderMap,
    ) -> Result<(), SessionError> {
        let mut state = self.lock();
        state.committed = true;
        if let Some(failure) = state.failure.take() {
            return Err(failure);
        }
        match self.0.engine.rules() {
            Rules::Timeouts(_) if !state.touched => {}
            Rules::Timeouts(timeouts) => {
                let cookie = match &mut state.record {
                    Some(record) => self.cookie_under_timeouts(record, timeouts)?,
                    None => None,
                };
                vary_by_cookie(response);
                forbid_caching(response);
                if let Some(cookie) = cookie {
                    response.append(SET_COOKIE, cookie);
                }
            }
            Rules::Flask(rules) => {
                // Flask opens the session of every request. Here only those are opened that the
                // rules may want to send again.
                if let Some(request) = &self.0.for_refresh
                    && !state.touched
                    && !request.is_empty()
                {
                    self.load(&mut state, request)?;
                }
                let cookie = match &mut state.record {
                    Some(record) => self.cookie_like_flask(record, rules.refresh_each_request)?,
                    None => None,
                };
                if (state.touched && self.has_keys()) || cookie.is_some() {
                    vary_by_cookie(response);
                }
                if let Some(cookie) = cookie {
                    response.append(SET_COOKIE, cookie);
                }
            }
        }
        Ok(())
    }

    /// The cookie that the response has to carry, if any.
    fn cookie_under_timeouts(
        &self,
        record: &mut Record,
        timeouts: &Timeouts,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let policy = self.0.engine.cookie();
        if record.ended || record.data.dict().is_empty() {
            let came_with_one = record.issued_at.is_some();
            return (record.ended || (came_with_one && record.modified))
                .then(|| policy.set_cookie("", Lifetime::Removed))
                .transpose();
        }
        let (now, modified) = (self.now(), record.modified);
        let age = |issued| now.seconds_since(issued).unwrap_or(0);
        let due = record.needs_reissue
            || record
                .issued_at
                .is_some_and(|issued| age(issued) >= timeouts.touch_seconds());
        let mut cookie = || {
            let value = self.0.engine.codec().encode(record, now)?;
            policy.set_cookie(&value, Lifetime::BrowserSession)
        };
        if modified {
            self.check_signing_key()?;
            return cookie().map(Some);
        }
        if !due || !self.signs() {
            return Ok(None);
        }
        // The handler changed nothing, so what it answers stays true without a new cookie.
        Ok(cookie()
            .inspect_err(|error| {
                tracing::warn!(%error, "session cookie was not sent again");
            })
            .ok())
    }

    /// `SecureCookieSessionInterface.save_session`, step by step.
    fn cookie_like_flask(
        &self,
        record: &mut Record,
        refresh_each_request: bool,
    ) -> Result<Option<HeaderValue>, SessionError> {
        if record.written {
            self.check_signing_key()?;
        }
        if !self.signs() {
            return Ok(None);
        }
        let policy = self.0.engine.cookie();
        let modified = record.modified || record.ended;
        let permanent = record.is_permanent();
        if record.data.dict().is_empty() || record.ended {
            return modified
                .then(|| policy.set_cookie("", Lifetime::Removed))
                .transpose();
        }
        let should_set_cookie = modified || (permanent && refresh_each_request);
        if !should_set_cookie {
            return Ok(None);
        }
        let now = self.now();
        let (lifetime, _) = self.0.engine.rules().bounds();
        let lifetime = if permanent {
            Lifetime::Until(now.plus_seconds(lifetime.as_secs()))
        } else {
            Lifetime::BrowserSession
        };
        let value = self.0.engine.codec().encode(record, now)?;
        policy.set_cookie(&value, lifetime).map(Some)
    }

    fn check_signing_key(&self) -> Result<(), SessionError> {
        self.signs().then_some(()).ok_or(SessionError::NoSigningKey)
    }

    fn signs(&self) -> bool {
        self.0.engine.keys().current().primary().is_some()
    }

    /// Without any key Flask has no session to read either, and touches no response.
    fn has_keys(&self) -> bool {
        self.0.engine.keys().current().keys().len() > 0
    }

    /// Makes the changes that lead from `old` to `new`, and no other: what the session holds
    /// besides may have been changed by another handler, or be of a kind that `T` does not know.
    pub(crate) fn write_back(&self, old: &Dict, new: &Dict, always_modified: bool) {
        let mut state = self.lock();
        if state.is_too_late() {
            return;
        }
        let Some(record) = &mut state.record else {
            return;
        };
        let mut changed = always_modified;
        for (key, _) in old {
            if new.get_text(key).is_none() {
                changed |= record.data.dict_mut().remove_text(key).is_some();
            }
        }
        for (key, value) in new {
            if old.get_text(key) != Some(value) {
                changed |= record.data.dict().get_text(key) != Some(value);
                record.data.dict_mut().insert(key.clone(), value.clone());
            }
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
        let mut state = self.lock();
        if state.is_too_late() {
            return;
        }
        if let Some(record) = &mut state.record {
            change(record, now);
        }
    }

    pub(crate) fn is_permanent(&self) -> bool {
        let state = self.lock();
        state
            .record
            .as_ref()
            .is_some_and(|record| record.is_permanent())
    }

    pub(crate) fn follows_flask(&self) -> bool {
        matches!(self.0.engine.rules(), Rules::Flask(_))
    }

    /// The record of the request, opened at the first call.
    fn load<'s>(
        &self,
        state: &'s mut MutexGuard<'_, State>,
        request: &HeaderMap,
    ) -> Result<&'s mut Record, SessionError> {
        let slot = &mut state.record;
        if slot.is_none() {
            let now = self.now();
            let engine = &self.0.engine;
            let cookie = engine
                .cookie()
                .reading()
                .find(request, engine.cookie().name());
            let record = match cookie.as_deref() {
                None | Some("") => None,
                Some(cookie) => engine.codec().decode(cookie, now)?,
            };
            *slot = Some(Box::new(record.unwrap_or_else(|| Record::new(now))));
        }
        #[expect(clippy::expect_used, reason = "the line above fills it")]
        Ok(slot.as_mut().expect("the record was just made"))
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

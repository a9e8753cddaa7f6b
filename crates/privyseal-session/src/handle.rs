//! One request's hold on its session.

mod close;
mod flask;
mod new_keys;
mod open;
mod unfinished;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, StatusCode};
use privyseal::Timestamp;
use privyseal::value::Dict;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::cookie::{forbid_caching, vary_by_cookie};
use crate::record::Record;
use crate::rules::Rules;
use crate::{Engine, Session, SessionError};

pub(crate) use new_keys::KeySearch;

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
    /// Whether the ring was read anew for this request, once it met a key that nobody knew.
    keys_refreshed: OnceCell<bool>,
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
    pub(crate) fn new(engine: Engine, for_refresh: Option<Box<HeaderMap>>) -> Self {
        Self(Arc::new(Shared {
            engine,
            for_refresh,
            keys_refreshed: OnceCell::new(),
            state: Mutex::default(),
        }))
    }

    /// Opens the session for a handler, from the headers of the same request.
    ///
    /// A missing, forged, expired or ended session gives a new, empty one: the default of `T`. So
    /// does one in a store that cannot be read, such as one sealed under a key that left the ring.
    ///
    /// # Errors
    /// When the cookie is authentic but holds no session, or one that is not a `T`; and when the
    /// store of sessions cannot be asked, unless the policy says otherwise.
    pub async fn open<T: Default + Serialize + DeserializeOwned>(
        &self,
        request: &HeaderMap,
    ) -> Result<Session<T>, SessionError> {
        self.ensure_opened(request).await?;
        let state = self.lock();
        let record = state.record.as_ref().ok_or(SessionError::TooLate)?;
        Session::new(self.clone(), record)
    }

    /// Whether [`commit`](Self::commit) has nothing to do, because no handler asked for the session.
    pub fn is_idle(&self) -> bool {
        !self.refreshes() && !self.lock().touched
    }

    /// Writes what has become of the session into the headers of the response.
    ///
    /// A request that did not touch its session leaves the response as it is. A response that is a
    /// server error (5xx) saves nothing but the end of the session: what the handler began and did
    /// not finish is undone. Flask's rules save it all the same, as Flask does.
    ///
    /// # Errors
    /// When the session cannot be written or its cookie is too large for a browser; nothing was
    /// added to the headers then, and the response should be replaced by
    /// [`SessionError::response`], which no cache may keep.
    pub async fn commit(
        &self,
        status: StatusCode,
        response: &mut HeaderMap,
    ) -> Result<(), SessionError> {
        // Flask opens the session of every request. Here only those are opened that the rules may
        // want to send again.
        if self.refreshes() && !self.lock().touched {
            self.refresh().await?;
        }
        let (record, touched) = {
            let mut state = self.lock();
            state.committed = true;
            // What could not be written does not matter to a session that is over.
            let ended = state.record.as_ref().is_some_and(|record| record.ended);
            if let Some(failure) = state.failure.take()
                && !ended
            {
                return Err(failure);
            }
            (state.record.take(), state.touched)
        };
        match self.0.engine.rules() {
            Rules::Timeouts(_) if !touched => {}
            Rules::Timeouts(timeouts) => {
                let cookies = match record {
                    Some(record) => self.close(record, timeouts, status).await?,
                    None => None,
                };
                vary_by_cookie(response);
                forbid_caching(response);
                if let Some(cookies) = cookies {
                    cookies.append_to(response);
                }
            }
            Rules::Flask(rules) => {
                let cookies = match record {
                    Some(record) => self.close_like_flask(record, rules).await?,
                    None => None,
                };
                if (touched && self.has_keys()) || cookies.is_some() {
                    vary_by_cookie(response);
                }
                if let Some(cookies) = cookies {
                    cookies.append_to(response);
                }
            }
        }
        Ok(())
    }

    /// Whether the rules may send a cookie of this request again that no handler asked for.
    fn refreshes(&self) -> bool {
        let cookies = self.0.for_refresh.as_ref();
        cookies.is_some_and(|cookies| !cookies.is_empty())
    }

    /// Makes the changes that lead from `old` to `new`, and no other: what the session holds
    /// besides may have been changed by another handler, or be of a kind that `T` does not know.
    ///
    /// What of `new` still is as it was `filled` in by default is saved with a change, and is none.
    /// Returns whether it was.
    pub(crate) fn write_back(
        &self,
        old: &Dict,
        new: &Dict,
        filled: &Dict,
        always_modified: bool,
    ) -> bool {
        let mut state = self.lock();
        if state.is_too_late() {
            return false;
        }
        let Some(record) = &mut state.record else {
            return false;
        };
        let mut changed = always_modified;
        for (key, _) in old {
            if new.get_text(key).is_none() {
                changed |= record.data.dict_mut().remove_text(key).is_some();
            }
        }
        let is_filled = |key, value| filled.get_text(key) == Some(value);
        for (key, value) in new {
            if old.get_text(key) != Some(value) && !is_filled(key, value) {
                changed |= record.data.dict().get_text(key) != Some(value);
                record.data.dict_mut().insert(key.clone(), value.clone());
            }
        }
        record.modified |= changed;
        record.written |= changed;
        if !record.modified {
            return false;
        }
        for (key, value) in filled {
            record.defaults.note(key.clone(), value.clone());
            if new.get_text(key) == Some(value) && record.data.dict().get_text(key).is_none() {
                record.data.dict_mut().insert(key.clone(), value.clone());
            }
        }
        true
    }

    /// Keeps what went wrong until the response is made.
    pub(crate) fn fail(&self, error: SessionError) {
        self.lock().failure.get_or_insert(error);
    }

    /// Changes the record; `None` when the response is made already.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Record, Timestamp) -> R) -> Option<R> {
        let now = self.now();
        let mut state = self.lock();
        if state.is_too_late() {
            return None;
        }
        let record = state.record.as_mut()?;
        Some(change(record, now))
    }

    /// Looks at the record; `None` when the response is made already.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Record) -> R) -> Option<R> {
        self.lock().record.as_deref().map(look)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn follows_flask(&self) -> bool {
        matches!(self.0.engine.rules(), Rules::Flask(_))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.engine.clock().now()
    }

    fn signs(&self) -> bool {
        self.0.engine.keys().current().primary().is_some()
    }

    fn check_signing_key(&self) -> Result<(), SessionError> {
        self.0.engine.codec().check_signs()
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

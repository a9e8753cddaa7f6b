//! What a handler holds: the session as a value of its own type.

use std::fmt;
use std::ops::{Deref, DerefMut};

use privyseal::Timestamp;
use privyseal::value::{Dict, Value, from_value, to_value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::record::{Data, PERMANENT, Record};
use crate::{SessionError, SessionHandle};

/// The session of a request, as a `T`; without one, as a [`Dict`] of values.
///
/// It is saved because it changed: when it is dropped, the keys that differ are written back, and
/// keys of the session that `T` does not know are kept, so that another application on the same
/// cookie loses nothing. A handler that panics saves nothing. Drop it before the response is made:
/// a session that lives on in a streamed body is too late, for the headers are gone.
///
/// An empty session is the default of `T`. A `T` nests at most
/// [`MAX_DEPTH`](privyseal::value::MAX_DEPTH) levels; a session of Flask's that nests deeper is an
/// error here.
///
/// # Examples
/// ```
/// use privyseal_session::{Session, SessionHandle};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize)]
/// #[serde(default)] // a session of yesterday, or of another application, may lack a field
/// struct Visitor {
///     visits: u32,
/// }
///
/// fn handler(mut session: Session<Visitor>) -> String {
///     session.visits += 1;
///     format!("visit {}", session.visits)
/// }
/// ```
pub struct Session<T: Serialize = Dict> {
    handle: SessionHandle,
    value: T,
    /// What the session held when `value` was read from it.
    opened: Data,
    /// The part of `value` that came from there, before its first change; `None` while there was
    /// none. A field that `T` fills in by default is not in it, so that it is saved with a change.
    before: Option<Dict>,
    created_at: Timestamp,
    is_new: bool,
}

impl<T: Default + Serialize + DeserializeOwned> Session<T> {
    pub(crate) fn new(handle: SessionHandle, record: &Record) -> Result<Self, SessionError> {
        let value = if record.data.dict().is_empty() {
            T::default()
        } else {
            from_value(record.data.value()).map_err(SessionError::WrongType)?
        };
        Ok(Self {
            handle,
            value,
            opened: record.data.clone(),
            before: None,
            created_at: record.created_at,
            is_new: record.issued_at.is_none(),
        })
    }
}

impl<T: Serialize> Session<T> {
    /// Whether the request came without a valid session.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// When the session began.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Gives the session a new id and a new beginning: call it when somebody signs in or gains
    /// rights, so that a session that was planted before is worth nothing.
    pub fn renew(&mut self) {
        let mut begins = self.created_at;
        self.handle.change(|record, now| {
            record.id = None;
            record.created_at = now;
            record.modified = true;
            begins = now;
        });
        self.created_at = begins;
    }

    /// Ends the session: the browser is told to remove the cookie, whatever was written.
    ///
    /// # Security
    /// A copy of the cookie that somebody kept stays valid until it times out.
    pub fn end(&mut self) {
        self.handle.change(|record, _| record.ended = true);
    }

    /// Saves the session even if nothing in it changed.
    pub fn mark_modified(&mut self) {
        self.handle.change(|record, _| record.modified = true);
    }

    /// Whether Flask's `session.permanent` is true, as of the last change that was saved.
    pub fn is_permanent(&self) -> bool {
        self.handle.is_permanent()
    }

    /// Flask's `session.permanent`: under Flask's rules the cookie outlives the browser.
    ///
    /// It is kept beside the `T`, so clearing a dictionary afterwards leaves it, where Flask's
    /// `clear()` drops it.
    pub fn set_permanent(&mut self, permanent: bool) {
        let mut new = Dict::new();
        new.insert(PERMANENT, permanent);
        self.handle.write_back(&Dict::new(), &new, true);
    }

    /// Writes the changes back now instead of when the session is dropped.
    ///
    /// # Errors
    /// When `T` is not a map, or holds what a session cannot.
    pub fn save(&mut self) -> Result<(), SessionError> {
        let Some(before) = self.before.take() else {
            return Ok(());
        };
        let after = as_dict(&self.value)?;
        let always_modified = self.handle.follows_flask();
        // Our share of the data is given up first, so that it is changed in place.
        self.opened = Data::default();
        self.handle.write_back(&before, &after, always_modified);
        self.opened = after.into();
        Ok(())
    }
}

impl<T: Serialize> Deref for Session<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Serialize> DerefMut for Session<T> {
    fn deref_mut(&mut self) -> &mut T {
        if self.before.is_none() {
            match as_dict(&self.value) {
                Ok(mut before) => {
                    before.retain(|key, _| self.opened.dict().get_text(key).is_some());
                    self.before = Some(before);
                }
                Err(error) => self.handle.fail(error),
            }
        }
        &mut self.value
    }
}

impl<T: Serialize> Drop for Session<T> {
    fn drop(&mut self) {
        // Half of a change is none, and a second panic in `T` would end the process.
        if std::thread::panicking() {
            return;
        }
        if let Err(error) = self.save() {
            self.handle.fail(error);
        }
    }
}

impl<T: Serialize> fmt::Debug for Session<T> {
    /// The content stays out of logs: a session holds personal data as a rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("is_new", &self.is_new)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

fn as_dict<T: Serialize>(value: &T) -> Result<Dict, SessionError> {
    match to_value(value).map_err(SessionError::unwritable)? {
        Value::Dict(dict) => Ok(dict),
        _ => Err(SessionError::NotAMap),
    }
}

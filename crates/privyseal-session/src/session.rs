//! What a handler holds: the session as a value of its own type.

mod forms;
mod sign_in;

use std::fmt;
use std::ops::{Deref, DerefMut};

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal::value::{Dict, Text, Value, from_value, to_value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::merge::add;
use crate::record::{Data, PERMANENT, Record, Renewal};
use crate::{SessionError, SessionHandle};

pub use sign_in::NotFresh;

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
    /// What `value` was before its first change; `None` while there was none.
    before: Option<Before>,
    /// How often the session had been emptied for another user by then.
    emptied: u32,
    created_at: Timestamp,
    is_new: bool,
}

/// A value before its first change.
struct Before {
    /// What came from the session.
    read: Dict,
    /// What `T` filled in by default, which is saved with a change of something else.
    filled: Dict,
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
            emptied: record.emptied,
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

    /// The id of the session, which names it for as long as it lives, and opens nothing; `None` for
    /// one that was never saved, and for Flask's until it is written under other rules than Flask's.
    pub fn id(&self) -> Option<SessionId> {
        self.handle.look(|record| record.id).flatten()
    }

    /// What the user reads of this session in the list of theirs, such as the kind of device.
    ///
    /// # Errors
    /// When it is longer than [`MAX_LABEL_LEN`](Self::MAX_LABEL_LEN) bytes; and under Flask's rules,
    /// whose sessions nobody can list.
    pub fn set_label(&mut self, label: impl Into<String>) -> Result<(), SessionError> {
        self.check_rules("set_label", "put the text into the session")?;
        let label = label.into();
        if label.len() > Self::MAX_LABEL_LEN {
            return Err(SessionError::TextTooLong {
                len: label.len(),
                limit: Self::MAX_LABEL_LEN,
            });
        }
        self.handle.change(|record, _| {
            record.modified = true;
            record.meta.label = Some(label);
        });
        Ok(())
    }

    /// The longest label in bytes.
    pub const MAX_LABEL_LEN: usize = 200;

    /// Adds to a counter in the session, which counts from zero, and gives what this request sees.
    /// Of requests at the same time, in a store, none is lost. The sum stops at the ends of `i64`.
    ///
    /// The counter lives beside the `T`, which should not have a field of this name.
    ///
    /// # Errors
    /// When the key holds something else than an integer.
    pub fn add(&mut self, key: &str, amount: i64) -> Result<i64, SessionError> {
        let key = Text::from(key);
        let added = self.handle.change(|record, _| {
            let sum = add(record.data.dict().get_text(&key), amount)?;
            record.data.dict_mut().insert(key.clone(), sum);
            record.additions.note(key, amount);
            record.modified = true;
            record.written = true;
            Some(sum)
        });
        added
            .ok_or(SessionError::TooLate)?
            .ok_or(SessionError::NotACounter)
    }

    /// Gives the session another cookie for safety's sake; its [id](Self::id) stays. In a store,
    /// requests that still bring the old one are answered for
    /// [`Timeouts::grace`](crate::Timeouts::grace), and it is taken for stolen after that.
    /// [`sign_in`](Self::sign_in) and [`elevate`](Self::elevate) do more.
    ///
    /// A session that lives in its cookie has no such grace. Where there is a log of revocations, a
    /// request at the same time that still brings the old cookie reads an empty session, and fails
    /// with [`SessionError::Conflict`] if it changes something; the browser's cookie is left alone.
    /// Without a log the old cookie stays valid until it times out.
    ///
    /// Under Flask's rules, whose sessions have no id, the response becomes an error.
    pub fn renew(&mut self) {
        if self.lacks("renew", "there is no id that could be renewed") {
            return;
        }
        self.handle.change(|record, _| {
            record.renewal.get_or_insert(Renewal::Routine);
            record.modified = true;
        });
    }

    /// Ends the session: the browser is told to remove the cookie, whatever was written, and the
    /// session is over for everybody who holds a copy of it.
    ///
    /// # Security
    /// A copy of a session that lives in its cookie is refused only where the engine has a log of
    /// revocations: see [`Engine::with_revocations`](crate::Engine::with_revocations). Without one
    /// it stays valid until it times out.
    pub fn end(&mut self) {
        self.handle.change(|record, _| record.ended = true);
    }

    /// Saves the session even if nothing in it changed.
    pub fn mark_modified(&mut self) {
        self.handle.change(|record, _| record.modified = true);
    }

    /// That a call has a meaning under the rules of the engine.
    fn check_rules(&self, call: &'static str, instead: &'static str) -> Result<(), SessionError> {
        if self.handle.follows_flask() {
            return Err(SessionError::NotUnderFlasksRules { call, instead });
        }
        Ok(())
    }

    /// Whether a call has none, which the response says then.
    fn lacks(&self, call: &'static str, instead: &'static str) -> bool {
        let checked = self.check_rules(call, instead);
        checked.map_err(|error| self.handle.fail(error)).is_err()
    }

    /// Whether Flask's `session.permanent` is true, as of the last change that was saved.
    pub fn is_permanent(&self) -> bool {
        self.handle.look(Record::is_permanent).unwrap_or(false)
    }

    /// Flask's `session.permanent`: under Flask's rules the cookie outlives the browser.
    ///
    /// It is kept beside the `T`, so clearing a dictionary afterwards leaves it, where Flask's
    /// `clear()` drops it.
    pub fn set_permanent(&mut self, permanent: bool) {
        let mut new = Dict::new();
        new.insert(PERMANENT, permanent);
        let none = Dict::new();
        self.handle.write_back(&none, &new, &none, true);
    }

    /// Writes the changes back now instead of when the session is dropped.
    ///
    /// # Errors
    /// When `T` is not a map, or holds what a session cannot.
    pub fn save(&mut self) -> Result<(), SessionError> {
        let Some(before) = self.before.take() else {
            return Ok(());
        };
        let is_anothers = |record: &Record| record.emptied != self.emptied;
        if self.handle.look(is_anothers).unwrap_or(false) {
            tracing::warn!(
                "a session was changed after somebody else signed in; the change is lost"
            );
            return Ok(());
        }
        let mut after = as_dict(&self.value)?;
        let always_modified = self.handle.follows_flask();
        // Our share of the data is given up first, so that it is changed in place.
        self.opened = Data::default();
        let Before { read, filled } = before;
        let saved = self
            .handle
            .write_back(&read, &after, &filled, always_modified);
        if !saved {
            after.retain(|key, value| filled.get_text(key) != Some(value));
        }
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
                Ok(mut read) => {
                    let (opened, mut filled) = (self.opened.dict(), Dict::new());
                    read.retain(|key, value| {
                        let is_read = opened.get_text(key).is_some();
                        if !is_read {
                            filled.insert(key.clone(), std::mem::replace(value, Value::Null));
                        }
                        is_read
                    });
                    self.before = Some(Before { read, filled });
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

//! What can go wrong with a session.

use std::time::Duration;

use http::StatusCode;
use privyseal::value::ValueError;

use crate::revocation::RevocationError;
use crate::store::StoreError;

/// Why a session could not be opened or saved.
///
/// A cookie that is missing, forged or expired is no error: its request has a new, empty session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The session is larger than what would keep it, such as a cookie, which browsers would drop in
    /// silence: it is not saved at all.
    #[error("the session has {size} bytes where at most {limit} are kept")]
    TooLarge {
        /// The length of name and value in bytes, of all cookies that would carry the session; or
        /// of the data, where that alone is too long.
        size: usize,
        /// The most that is sent: the 4096 that browsers keep of one cookie, or eight times that
        /// where the session may be in chunks; or the most that a seal or a row of the store
        /// holds.
        limit: usize,
    },
    /// The cookie is authentic but what it holds is not a session.
    #[error("the session cookie is authentic but holds no session")]
    NotASession,
    /// The cookie is authentic but cannot be read.
    #[error("the session cookie is authentic but cannot be read")]
    Unreadable(#[source] privyseal::Error),
    /// The session does not have the shape of the type that was asked for.
    #[error("the session does not fit the type of `Session<T>`")]
    WrongType(#[source] ValueError),
    /// The value of `Session<T>` is not a map or a struct with named fields.
    #[error("a session must be a struct with named fields or a map with text keys")]
    NotAMap,
    /// The session holds what its format cannot write.
    #[error("the session cannot be written")]
    Unwritable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A key of the session is reserved for the engine.
    #[error("the session key `{0}` is reserved")]
    ReservedKey(&'static str),
    /// The ring has no key that signs, so the session can be read but not written.
    #[error("the session is unavailable because no secret key was set")]
    NoSigningKey,
    /// A handler asks for a session, but nothing around it began one.
    #[error("no session layer is around the handler")]
    MissingLayer,
    /// The cookie cannot stand in a header.
    #[error("the session cookie cannot be sent in a header")]
    UnsendableCookie,
    /// The store of sessions or the log of revocations cannot be asked now, or the key is out of
    /// reach, as one in quarantine is. Nothing is known of the session, and its cookie stays.
    #[error("the session is unavailable because its store or its key is")]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
    /// The store answered, but the answer is of no use.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log of revocations could not be written, or this node holds as many as it may.
    #[error(transparent)]
    Revocations(RevocationError),
    /// Another request changed the same key of the session, and
    /// [`OnConflict::Fail`](crate::OnConflict) holds; or it signed the user in, so that the cookie
    /// of this one no longer opens the session; or so many write it that this one gave up.
    #[error("another request changed the session at the same time")]
    Conflict,
    /// The user has as many sessions as [`ParallelSessions`](crate::ParallelSessions) allows.
    #[error("the user has too many sessions")]
    TooManySessions,
    /// The store knows the new random id of a session already, which does not happen while random
    /// numbers are random.
    #[error("the new id of the session is taken")]
    IdTaken,
    /// What was to be counted up is no integer.
    #[error("the session holds something else than a counter under this key")]
    NotACounter,
    /// The session was asked for after the response was made.
    #[error("the response was made before the session was asked for")]
    TooLate,
    /// What was asked for needs a store of sessions or a log of revocations, and the engine has
    /// neither.
    #[error("the engine has no store and no log of revocations for this")]
    NotSupported,
    /// The call has no meaning under Flask's rules, whose sessions have no id and know no sign-in.
    /// [`Session::sign_in`](crate::Session::sign_in) and others that return nothing keep this for
    /// the response, which becomes an error; the session is not saved.
    #[error("`Session::{call}` does nothing under Flask's rules; {instead}")]
    NotUnderFlasksRules {
        /// The name of the method.
        call: &'static str,
        /// What does it there.
        instead: &'static str,
    },
    /// A label or another text that goes with the session is too long.
    #[error("the text has {len} bytes, and {limit} are the most")]
    TextTooLong {
        /// The length of the text in bytes.
        len: usize,
        /// The longest that is kept.
        limit: usize,
    },
}

impl SessionError {
    /// What to answer in every framework: a status, after how long the client may try again if
    /// that is of any use, and a fixed body, which tells nothing of the session.
    pub fn response(&self) -> (StatusCode, Option<Duration>, &'static str) {
        match self {
            Self::Unavailable { retry_after } => (
                StatusCode::SERVICE_UNAVAILABLE,
                Some(*retry_after),
                UNAVAILABLE,
            ),
            Self::Conflict => (StatusCode::CONFLICT, None, CONFLICT),
            Self::TooManySessions => (StatusCode::FORBIDDEN, None, TOO_MANY),
            Self::NotASession | Self::Unreadable(_) | Self::WrongType(_) | Self::MissingLayer => {
                (StatusCode::INTERNAL_SERVER_ERROR, None, NOT_OPENED)
            }
            _ => (StatusCode::INTERNAL_SERVER_ERROR, None, NOT_SAVED),
        }
    }

    /// Whether a store or a key was out of reach, so that the policy for outages holds.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Store(error) => error.is_unavailable(),
            Self::Revocations(RevocationError::Log(error)) => error.is_unavailable(),
            _ => false,
        }
    }

    pub(crate) fn unwritable(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unwritable(Box::new(error))
    }
}

const NOT_OPENED: &str = "The session could not be opened.";
const NOT_SAVED: &str = "The session could not be saved.";
const UNAVAILABLE: &str = "The session is unavailable. Try again in a moment.";
const CONFLICT: &str = "The session was changed by another request. Try again.";
const TOO_MANY: &str = "There are too many sessions of this user.";

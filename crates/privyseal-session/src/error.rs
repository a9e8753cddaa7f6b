//! What can go wrong with a session.

use std::time::Duration;

use http::StatusCode;
use privyseal::value::ValueError;

/// Why a session could not be opened or saved.
///
/// A cookie that is missing, forged or expired is no error: its request has a new, empty session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The cookie would be dropped by browsers in silence, so it is not sent at all.
    #[error("the session cookie has {size} bytes of name and value; browsers keep at most {limit}")]
    TooLarge {
        /// The length of name and value in bytes.
        size: usize,
        /// The longest that browsers keep.
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
}

impl SessionError {
    /// What to answer in every framework: a status, after how long the client may try again if
    /// that is of any use, and a fixed body, which tells nothing of the session.
    pub fn response(&self) -> (StatusCode, Option<Duration>, &'static str) {
        let body = match self {
            Self::NotASession | Self::Unreadable(_) | Self::WrongType(_) | Self::MissingLayer => {
                NOT_OPENED
            }
            Self::TooLarge { .. }
            | Self::NotAMap
            | Self::Unwritable(_)
            | Self::ReservedKey(_)
            | Self::NoSigningKey
            | Self::UnsendableCookie => NOT_SAVED,
        };
        (StatusCode::INTERNAL_SERVER_ERROR, None, body)
    }

    pub(crate) fn unwritable(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unwritable(Box::new(error))
    }
}

const NOT_OPENED: &str = "The session could not be opened.";
const NOT_SAVED: &str = "The session could not be saved.";

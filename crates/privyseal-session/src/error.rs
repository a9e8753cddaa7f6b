//! What can go wrong with a session.

use privyseal::value::ValueError;

/// Why a session could not be opened or saved.
///
/// A cookie that is missing, forged or expired is no error: its request has a new, empty session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The cookie would be dropped by browsers in silence, so it is not sent at all.
    #[error("the session cookie has {size} bytes of name and value; at most {limit} are sent")]
    TooLarge {
        /// The length of name and value in bytes, of all cookies that would carry the session.
        size: usize,
        /// The most that is sent: the 4096 that browsers keep of one cookie, or eight times that
        /// where the session may be in chunks.
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
    /// The cookie cannot stand in a header.
    #[error("the session cookie cannot be sent in a header")]
    UnsendableCookie,
}

impl SessionError {
    pub(crate) fn unwritable(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unwritable(Box::new(error))
    }
}

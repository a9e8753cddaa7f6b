//! The extractor: a handler's session.

use std::fmt;
use std::ops::{Deref, DerefMut};

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::request::Parts;
use privyseal::value::Dict;
use privyseal_session::{SessionError, SessionHandle};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The session of the request, as a `T`; without one, as a dictionary of values.
///
/// It derefs to [`privyseal_session::Session`], which has the operations, and through it to the
/// value. Asking for it is what opens the session.
///
/// # Examples
/// ```
/// use privyseal_axum::Session;
///
/// async fn greet(session: Session) -> String {
///     let name = session.get("name").and_then(|name| name.as_str());
///     format!("Hello, {}!", name.unwrap_or("stranger"))
/// }
///
/// async fn sign_out(mut session: Session) {
///     session.end();
/// }
/// ```
#[derive(Debug)]
pub struct Session<T: Serialize = Dict>(privyseal_session::Session<T>);

impl<T: Serialize> Deref for Session<T> {
    type Target = privyseal_session::Session<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T: Serialize> DerefMut for Session<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<T, S> FromRequestParts<S> for Session<T>
where
    T: Default + Serialize + DeserializeOwned,
    S: Sync,
{
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let Some(handle) = parts.extensions.get::<SessionHandle>() else {
            return Err(SessionRejection(SessionError::MissingLayer));
        };
        let opened = handle.open(&parts.headers).await;
        opened.map(Self).map_err(SessionRejection)
    }
}

/// Why a handler could not have its session. It answers with a fixed status and body, a 500 as a
/// rule: none is the fault of the client, whose missing, forged or expired cookie gives an empty
/// session instead.
///
/// A handler that can do without asks for a `Result<Session<T>, SessionRejection>`.
pub struct SessionRejection(SessionError);

impl SessionRejection {
    /// What went wrong.
    pub fn error(&self) -> &SessionError {
        &self.0
    }
}

impl From<SessionError> for SessionRejection {
    /// So that a handler can use `?` on what it does with its session.
    fn from(error: SessionError) -> Self {
        Self(error)
    }
}

impl fmt::Debug for SessionRejection {
    /// Without the sources, which quote the session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionRejection({})", self.0)
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        // The sources quote what the session holds, which is for no log of production.
        tracing::error!(error = %self.0, "unusable session");
        tracing::debug!(
            error = &self.0 as &dyn std::error::Error,
            "unusable session"
        );
        response_to(&self.0)
    }
}

/// The answer in place of the one that a handler would have given or has given.
pub(crate) fn response_to(error: &SessionError) -> Response {
    let (status, retry_after, body) = error.response();
    let mut response = (status, body).into_response();
    if let Some(delay) = retry_after {
        let seconds = delay.as_secs().into();
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

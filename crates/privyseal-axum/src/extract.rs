//! The extractor: a handler's session.

use std::ops::{Deref, DerefMut};

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
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
        let handle = parts
            .extensions
            .get::<SessionHandle>()
            .ok_or(SessionRejection::MissingLayer)?;
        handle
            .open(&parts.headers)
            .await
            .map(Self)
            .map_err(SessionRejection::Unusable)
    }
}

/// Why a handler could not have its session. Every kind answers 500 with a fixed body: none is the
/// fault of the client, whose missing, forged or expired cookie gives an empty session instead.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionRejection {
    /// No [`SessionLayer`](crate::SessionLayer) is around the handler.
    MissingLayer,
    /// The cookie is authentic, but what it holds is no session of this type.
    Unusable(SessionError),
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        match &self {
            Self::MissingLayer => {
                tracing::error!("a handler asks for a session, but no SessionLayer is around it");
            }
            Self::Unusable(error) => {
                // The sources quote what the session holds, which is for no log of production.
                tracing::error!(%error, "unusable session");
                tracing::debug!(error = error as &dyn std::error::Error, "unusable session");
            }
        }
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The session could not be opened.",
        )
            .into_response()
    }
}

//! The extractor: a handler's session.

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, RETRY_AFTER};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError};
use privyseal::value::Dict;
use privyseal_session::{SessionError, SessionHandle};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::border;

/// The session of the request, as a `T`; without one, as a dictionary of values.
///
/// It derefs to [`privyseal_session::Session`], which has the operations, and through it to the
/// value. Asking for it is what opens the session.
///
/// # Examples
/// ```
/// use actix_web::Responder;
/// use privyseal_actix::Session;
///
/// async fn greet(session: Session) -> String {
///     let name = session.get("name").and_then(|name| name.as_str());
///     format!("Hello, {}!", name.unwrap_or("stranger"))
/// }
///
/// async fn sign_out(mut session: Session) -> impl Responder {
///     session.end();
///     "Goodbye."
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

impl<T> FromRequest for Session<T>
where
    T: Default + Serialize + DeserializeOwned + 'static,
{
    type Error = SessionRejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, SessionRejection>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let handle = request.extensions().get::<SessionHandle>().cloned();
        let cookies = border::cookies(request.headers());
        Box::pin(async move {
            let Some(handle) = handle else {
                return Err(SessionRejection(SessionError::MissingLayer));
            };
            let opened = handle.open(&cookies).await;
            opened.map(Self).map_err(SessionRejection)
        })
    }
}

/// Why a handler could not have its session. It answers with a fixed status and body, a 500 as a
/// rule: none is the fault of the client, whose missing, forged or expired cookie gives an empty
/// session instead.
///
/// A handler that can do without asks for a `Result<Session<T>, SessionRejection>`. An
/// `Option<Session<T>>` is `None` in the same case, not when the session is new.
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
    /// As it is displayed: frameworks log errors this way, and the sources quote the session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionRejection({})", self.0)
    }
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SessionRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl ResponseError for SessionRejection {
    fn status_code(&self) -> StatusCode {
        response_to(&self.0).status()
    }

    fn error_response(&self) -> HttpResponse {
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
pub(crate) fn response_to(error: &SessionError) -> HttpResponse {
    let (status, retry_after, body) = error.response();
    let status = StatusCode::from_u16(status.as_u16());
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    if let Some(delay) = retry_after {
        response.insert_header((RETRY_AFTER, delay.as_secs()));
    }
    response.content_type(ContentType::plaintext()).body(body)
}

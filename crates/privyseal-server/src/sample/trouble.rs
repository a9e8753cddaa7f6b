//! What keeps a handler from its work.

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use privyseal_session::SessionError;
use privyseal_session::csrf::CsrfError;

use super::pages::{Message, Page};

/// Becomes a page, with a `?` in the handler.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The session, or the list of them, cannot be had.
    Session(SessionError),
    /// The form is not one that this session was given.
    Form,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let error = match self {
            Self::Form => return (StatusCode::FORBIDDEN, Page(OLD_FORM)).into_response(),
            Self::Session(error) => error,
        };
        tracing::error!(%error, "the session was of no use");
        let (status, retry_after, text) = error.response();
        let page = Message {
            title: "Something went wrong",
            text,
        };
        let mut response = (status, Page(page)).into_response();
        if let Some(delay) = retry_after {
            let seconds = delay.as_secs().into();
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

impl From<SessionError> for Trouble {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

impl From<CsrfError> for Trouble {
    fn from(error: CsrfError) -> Self {
        match error {
            CsrfError::Unavailable { retry_after } => {
                Self::Session(SessionError::Unavailable { retry_after })
            }
            _ => Self::Form,
        }
    }
}

const OLD_FORM: Message = Message {
    title: "This form is out of date",
    text: "It was made for another session, perhaps one from before you signed in. Nothing was \
           changed. Go back, load the page again, and retry.",
};

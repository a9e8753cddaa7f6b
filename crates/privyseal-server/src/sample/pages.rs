//! The pages: which template takes what.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::cookie::Cookie;
use super::forms::{MAX_NAME, MAX_NOTE};
use super::mode::Mode;
use super::view::SignedIn;
use crate::keys::Rotation;

/// A template as the answer to a request.
pub(super) struct Page<T>(pub(super) T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(html).into_response(),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "page was not rendered"
                );
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Where a page stands in the navigation.
trait Place {
    /// The path of the mode that it belongs to; empty when it belongs to none.
    fn here(&self) -> &'static str {
        ""
    }
}

impl Place for Overview {}

impl Place for Message {}

impl Place for SessionPage {
    fn here(&self) -> &'static str {
        self.mode.path()
    }
}

impl Place for ChangePage {
    fn here(&self) -> &'static str {
        self.mode.path()
    }
}

impl Place for ReplayPage {
    fn here(&self) -> &'static str {
        self.mode.path()
    }
}

impl Place for SignedOut {
    fn here(&self) -> &'static str {
        self.mode.path()
    }
}

/// What this is, and the modes side by side.
#[derive(Template)]
#[template(path = "overview.html")]
pub(super) struct Overview;

/// The page of a mode, for whoever is signed in or is not.
#[derive(Template)]
#[template(path = "session.html")]
pub(super) struct SessionPage {
    pub(super) mode: Mode,
    pub(super) signed_in: Option<SignedIn>,
    /// The browser sent a cookie that opened no session.
    pub(super) was_refused: bool,
    /// What is wrong with a form that was sent.
    pub(super) problem: Option<&'static str>,
}

/// The cookie with one character changed, beside the original, and what became of both.
#[derive(Template)]
#[template(path = "change.html")]
pub(super) struct ChangePage {
    pub(super) mode: Mode,
    pub(super) name: String,
    pub(super) at: usize,
    pub(super) original: Tried,
    pub(super) changed: Tried,
}

/// A cookie that was presented to the engine.
pub(super) struct Tried {
    pub(super) cookie: Cookie,
    /// The engine opened a session with it.
    pub(super) accepted: bool,
}

/// What signing out did, with a copy of the cookie to try.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub(super) struct SignedOut {
    pub(super) mode: Mode,
    pub(super) cookie: Cookie,
    /// In every mode and every browser.
    pub(super) everywhere: bool,
}

/// What became of a cookie that somebody kept.
#[derive(Template)]
#[template(path = "replay.html")]
pub(super) struct ReplayPage {
    pub(super) mode: Mode,
    pub(super) tried: Tried,
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Message {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
}

//! What happens at each address: take apart the request, change the session, show a page.

use axum::Form;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use privyseal::value::Dict;
use privyseal_axum::Session;
use privyseal_session::SessionError;
use tokio::task::spawn_blocking;

use super::App;
use super::cookie::Cookie;
use super::forms::{Change, Note, SignIn, Token, Visitor};
use super::label;
use super::pages::{ChangePage, Message, Overview, Page, SessionPage, Tried};
use super::trouble::Trouble;
use super::view::SignedIn;

pub(super) async fn overview() -> impl IntoResponse {
    Page(Overview)
}

pub(super) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    mut visitor: Session<Visitor>,
    values: Session,
) -> Result<Response, Trouble> {
    let page = session_page(&app, &headers, &mut visitor, &values, None).await?;
    Ok(Page(page).into_response())
}

pub(super) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    mut visitor: Session<Visitor>,
    values: Session,
    Form(form): Form<SignIn>,
) -> Result<Response, Trouble> {
    match form.name() {
        Ok((name, subject)) => {
            if app.mode.knows_sign_ins() {
                visitor.sign_in(subject); // a session that somebody planted is worth nothing now
            }
            **visitor = Visitor {
                name: Some(name),
                note: None,
            };
            if app.mode.is_stored() {
                visitor.set_label(label::of(&headers))?;
            }
            Ok(app.back_to(""))
        }
        Err(problem) => {
            let page = session_page(&app, &headers, &mut visitor, &values, Some(problem)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
    }
}

pub(super) async fn write_note(
    State(app): State<App>,
    headers: HeaderMap,
    mut visitor: Session<Visitor>,
    values: Session,
    Form(form): Form<Note>,
) -> Result<Response, Trouble> {
    if visitor.name.is_none() {
        return Ok(app.back_to(""));
    }
    app.check(&visitor, &headers, &form.csrf).await?;
    match form.note() {
        Ok(note) => {
            visitor.note = note;
            Ok(app.back_to(""))
        }
        Err(problem) => {
            let page = session_page(&app, &headers, &mut visitor, &values, Some(problem)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
    }
}

/// Presents the cookie of the request to the engine a second time, with one character changed.
///
/// The server does it, because no page can: the cookie is kept from scripts.
pub(super) async fn change_a_byte(
    State(app): State<App>,
    headers: HeaderMap,
    visitor: Session<Visitor>,
    change: Result<Query<Change>, QueryRejection>,
) -> Result<Response, Trouble> {
    let cookie = Cookie::received(app.mode, &headers);
    let (Some(original), Some(name)) = (cookie, visitor.name.clone()) else {
        return Ok(app.back_to(""));
    };
    let at = change.map_or(0, |Query(change)| change.at);
    let Some(changed) = original.changed(at) else {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(NO_SUCH_CHARACTER)).into_response());
    };
    Ok(Page(ChangePage {
        mode: app.mode,
        name,
        at,
        original: app.present(original).await?,
        changed: app.present(changed).await?,
    })
    .into_response())
}

pub(super) async fn rotate(
    State(app): State<App>,
    headers: HeaderMap,
    visitor: Session<Visitor>,
    Form(form): Form<Token>,
) -> Result<Response, Trouble> {
    if visitor.name.is_none() {
        return Ok(app.back_to(""));
    }
    app.check(&visitor, &headers, &form.csrf).await?;
    let keys = app.keys.clone();
    match spawn_blocking(move || keys.rotate()).await {
        Ok(Ok(())) => Ok(app.back_to("#keys")),
        failed => {
            tracing::error!(?failed, "the key was not rotated");
            Ok((StatusCode::INTERNAL_SERVER_ERROR, Page(NOT_ROTATED)).into_response())
        }
    }
}

pub(super) async fn not_found() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, Page(NOT_FOUND))
}

pub(super) async fn style() -> impl IntoResponse {
    let css = include_str!("../../assets/style.css");
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], css)
}

pub(super) async fn icon() -> impl IntoResponse {
    let svg = include_str!("../../assets/icon.svg");
    ([(CONTENT_TYPE, "image/svg+xml")], svg)
}

async fn session_page(
    app: &App,
    headers: &HeaderMap,
    visitor: &mut Session<Visitor>,
    values: &Session,
    problem: Option<&'static str>,
) -> Result<SessionPage, Trouble> {
    let cookie = Cookie::received(app.mode, headers);
    Ok(SessionPage {
        mode: app.mode,
        was_refused: visitor.is_new() && cookie.is_some(),
        signed_in: SignedIn::new(app, cookie, visitor, values).await?,
        problem,
    })
}

impl App {
    /// To the page of the session, or a place on it.
    pub(super) fn back_to(&self, place: &str) -> Response {
        Redirect::to(&format!("{}{place}", self.mode.path())).into_response()
    }

    /// Whether a form is one of our own pages, made for this session.
    pub(super) async fn check(
        &self,
        visitor: &Session<Visitor>,
        headers: &HeaderMap,
        token: &str,
    ) -> Result<(), Trouble> {
        let policy = self.mode.csrf_policy();
        let checked = visitor.check_csrf(&policy, &Method::POST, headers, Some(token));
        checked.await?;
        Ok(())
    }

    /// Whether the engine opens a session with this cookie.
    pub(super) async fn present(&self, cookie: Cookie) -> Result<Tried, Trouble> {
        let header = format!("{}={}", self.engine.cookie().name(), cookie.value());
        let mut headers = HeaderMap::new();
        headers.extend(
            HeaderValue::try_from(header)
                .ok()
                .map(|value| (COOKIE, value)),
        );
        let handle = self.engine.begin(&headers);
        let accepted = match handle.open::<Dict>(&headers).await {
            Ok(session) => !session.is_new(),
            // Nothing is known of the session then.
            Err(error @ SessionError::Unavailable { .. }) => return Err(error.into()),
            Err(_) => false,
        };
        Ok(Tried { cookie, accepted })
    }
}

const NOT_FOUND: Message = Message {
    title: "Nothing here",
    text: "There is no page at this address.",
};

const NO_SUCH_CHARACTER: Message = Message {
    title: "No such character",
    text: "The cookie is shorter than that. Choose the number of one of its characters.",
};

const NOT_ROTATED: Message = Message {
    title: "The key was not rotated",
    text: "The new key could not be written to the data directory. The old keys are still in use.",
};

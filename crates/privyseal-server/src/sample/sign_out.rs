//! Signing out: here, elsewhere, everywhere, and what is left of a cookie that somebody kept.

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use privyseal::sealed::SessionId;
use privyseal_axum::Session;

use super::App;
use super::cookie::Cookie;
use super::forms::{Replay, SignOutOne, Token, Visitor, subject_of};
use super::pages::{Message, Page, ReplayPage, SignedOut};
use super::trouble::Trouble;

/// Ends the session of this browser.
pub(super) async fn here(
    State(app): State<App>,
    headers: HeaderMap,
    mut visitor: Session<Visitor>,
    Form(form): Form<Token>,
) -> Result<Response, Trouble> {
    let cookie = Cookie::received(app.mode, &headers);
    let (Some(_), Some(cookie)) = (&visitor.name, cookie) else {
        return Ok(app.back_to(""));
    };
    app.check(&visitor, &headers, &form.csrf).await?;
    visitor.end();
    Ok(Page(SignedOut {
        mode: app.mode,
        cookie,
        everywhere: false,
    })
    .into_response())
}

/// Ends every session of the user, in this mode and in the others.
pub(super) async fn everywhere(
    State(app): State<App>,
    headers: HeaderMap,
    mut visitor: Session<Visitor>,
    Form(form): Form<Token>,
) -> Result<Response, Trouble> {
    let subject = visitor.name.as_deref().and_then(subject_of);
    let cookie = Cookie::received(app.mode, &headers);
    let (Some(subject), Some(cookie)) = (subject, cookie) else {
        return Ok(app.back_to(""));
    };
    app.check(&visitor, &headers, &form.csrf).await?;
    // This engine ends what is in the store, and writes into the log that all of them read.
    app.sessions.stored.end_all_of(&subject).await?;
    visitor.end();
    Ok(Page(SignedOut {
        mode: app.mode,
        cookie,
        everywhere: true,
    })
    .into_response())
}

/// Ends another session of the same user.
pub(super) async fn one(
    State(app): State<App>,
    headers: HeaderMap,
    mut visitor: Session<Visitor>,
    Form(form): Form<SignOutOne>,
) -> Result<Response, Trouble> {
    let Some(subject) = visitor.subject() else {
        return Ok(app.back_to(""));
    };
    app.check(&visitor, &headers, &form.csrf).await?;
    let ended = match form.id.parse::<SessionId>() {
        // The id comes from a form: one of somebody else's is as good as unknown.
        Ok(id) => app.engine.end_session_of(&subject, id).await?,
        Err(_) => false,
    };
    tell(
        &mut visitor,
        if ended {
            "That session was signed out."
        } else {
            "That session had ended already."
        },
    );
    Ok(app.back_to("#sessions"))
}

/// Ends every session of the user but this one.
pub(super) async fn others(
    State(app): State<App>,
    headers: HeaderMap,
    mut visitor: Session<Visitor>,
    Form(form): Form<Token>,
) -> Result<Response, Trouble> {
    let (Some(subject), Some(id)) = (visitor.subject(), visitor.id()) else {
        return Ok(app.back_to(""));
    };
    app.check(&visitor, &headers, &form.csrf).await?;
    let message = match app.engine.end_others_of(&subject, id).await? {
        0 => "There was no other session.".to_owned(),
        1 => "One other session was signed out.".to_owned(),
        ended => format!("{ended} other sessions were signed out."),
    };
    tell(&mut visitor, &message);
    Ok(app.back_to("#sessions"))
}

/// Presents a cookie that was kept, as a thief would.
pub(super) async fn replay(
    State(app): State<App>,
    Form(form): Form<Replay>,
) -> Result<Response, Trouble> {
    let Some(cookie) = Cookie::kept(app.mode, form.cookie) else {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(NO_COOKIE)).into_response());
    };
    Ok(Page(ReplayPage {
        mode: app.mode,
        tried: app.present(cookie).await?,
    })
    .into_response())
}

/// Keeps a message for the next page. One of ours is never too long.
fn tell(visitor: &mut Session<Visitor>, message: &str) {
    let _ = visitor.flash("message", message);
}

const NO_COOKIE: Message = Message {
    title: "That is no cookie",
    text: "What came is not the text of a cookie of this application.",
};

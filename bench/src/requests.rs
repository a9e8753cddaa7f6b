//! Requests in process: what a session adds to a bare axum router.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use anyhow::{Context as _, Result, bail, ensure};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use axum_extra::extract::{PrivateCookieJar, SignedCookieJar};
use cookie::{Cookie, Key, SameSite};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderValue, Request, Response, StatusCode};
use privyseal_axum::{Session, SessionLayer};
use serde::{Deserialize, Serialize};
use tower::ServiceExt as _;
use tower::util::MapRequestLayer;

use crate::harness::Contender;
use crate::{Fixture, JAR_KEY};

/// The row that all others are compared with.
pub(crate) const BARE: &str = "request bare";

pub(crate) fn contenders(fixture: &Fixture) -> Result<Vec<Contender>> {
    let signed = handlers().layer(SessionLayer::signed(fixture.ring.clone()));
    let sealed = handlers().layer(SessionLayer::sealed(fixture.ring.clone()));
    let key = Key::from(&JAR_KEY);
    let signed_jar = signed_jar().with_state(key.clone());
    let private_jar = private_jar().with_state(key);

    let cookie = cookie_of(&signed)?;
    // What axum itself charges for a layer that does nothing.
    let layered = handlers().layer(MapRequestLayer::new(|request: Request<Body>| request));
    let mut contenders = vec![
        request(BARE, None, &handlers(), "/", &cookie)?,
        request("request empty layer", Some(BARE), &layered, "/", &cookie)?,
    ];
    for (mode, router) in [
        ("signed", &signed),
        ("sealed", &sealed),
        ("SignedCookieJar", &signed_jar),
        ("PrivateCookieJar", &private_jar),
    ] {
        let cookie = cookie_of(router)?;
        for (what, path) in [("untouched", "/"), ("read", "/read"), ("write", "/write")] {
            let name = format!("request {what} {mode}");
            contenders.push(request(&name, Some(BARE), router, path, &cookie)?);
        }
    }
    Ok(contenders)
}

/// What the handlers keep: about 100 bytes of JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Visitor {
    user_id: u64,
    name: String,
    csrf_token: String,
    visits: u32,
}

impl Visitor {
    fn visit(&mut self) {
        if self.name.is_empty() {
            *self = Self {
                user_id: 1042,
                name: "Zoë".to_owned(),
                csrf_token: "hT3kZq0V_xW8yNfJ2mLs7RbGdPa5UeIoK1cY4uX9vA".to_owned(),
                visits: self.visits,
            };
        }
        self.visits += 1;
    }
}

fn handlers() -> Router {
    async fn read(session: Session<Visitor>) -> Result<&'static str, StatusCode> {
        known(session.visits)
    }
    async fn write(mut session: Session<Visitor>) -> &'static str {
        session.visit();
        "written"
    }
    Router::new()
        .route("/", get(async || "untouched"))
        .route("/read", get(read))
        .route("/write", get(write))
}

fn signed_jar() -> Router<Key> {
    async fn read(jar: SignedCookieJar) -> Result<&'static str, StatusCode> {
        known(parse(jar.get("session")).visits)
    }
    async fn write(jar: SignedCookieJar) -> Result<(SignedCookieJar, &'static str), StatusCode> {
        let cookie = next(jar.get("session"))?;
        Ok((jar.add(cookie), "written"))
    }
    Router::new()
        .route("/", get(async || "untouched"))
        .route("/read", get(read))
        .route("/write", get(write))
}

fn private_jar() -> Router<Key> {
    async fn read(jar: PrivateCookieJar) -> Result<&'static str, StatusCode> {
        known(parse(jar.get("session")).visits)
    }
    async fn write(jar: PrivateCookieJar) -> Result<(PrivateCookieJar, &'static str), StatusCode> {
        let cookie = next(jar.get("session"))?;
        Ok((jar.add(cookie), "written"))
    }
    Router::new()
        .route("/", get(async || "untouched"))
        .route("/read", get(read))
        .route("/write", get(write))
}

/// A reader that finds no session would be fast for the wrong reason.
fn known(visits: u32) -> Result<&'static str, StatusCode> {
    match visits {
        0 => Err(StatusCode::UNAUTHORIZED),
        _ => Ok("read"),
    }
}

fn parse(cookie: Option<Cookie<'static>>) -> Visitor {
    cookie
        .and_then(|cookie| serde_json::from_str(cookie.value()).ok())
        .unwrap_or_default()
}

/// The cookie after one more visit, with the attributes that our own layer sets.
fn next(cookie: Option<Cookie<'static>>) -> Result<Cookie<'static>, StatusCode> {
    let mut visitor = parse(cookie);
    visitor.visit();
    let json = serde_json::to_string(&visitor).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Cookie::build(("session", json))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .build())
}

fn request(
    name: &str,
    reference: Option<&str>,
    router: &Router,
    path: &'static str,
    cookie: &HeaderValue,
) -> Result<Contender> {
    let (router, cookie) = (router.clone(), cookie.clone());
    Contender::new(name, reference, move || {
        let response = call(&router, path, Some(&cookie))?;
        ensure!(
            response.status() == StatusCode::OK,
            "{path} answers {}",
            response.status()
        );
        Ok(response)
    })
}

/// The cookie that the first visit gives.
fn cookie_of(router: &Router) -> Result<HeaderValue> {
    let response = call(router, "/write", None)?;
    let set_cookie = response.headers().get(SET_COOKIE);
    let set_cookie = set_cookie.context("no cookie was set")?.to_str()?;
    let (pair, _) = set_cookie.split_once(';').context("it has attributes")?;
    Ok(pair.parse()?)
}

/// No handler here waits for anything, so one poll finishes the request, without a runtime.
fn call(router: &Router, path: &str, cookie: Option<&HeaderValue>) -> Result<Response<Body>> {
    let mut request = Request::get(path).body(Body::empty())?;
    if let Some(cookie) = cookie {
        request.headers_mut().insert(COOKIE, cookie.clone());
    }
    let response = pin!(router.clone().oneshot(request));
    match response.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => Ok(response?),
        Poll::Pending => bail!("a handler waits"),
    }
}

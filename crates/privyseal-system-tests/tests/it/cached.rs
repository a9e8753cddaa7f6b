//! Behind a cache that keeps whatever it may: errors, redirections, what was asked for by `HEAD`,
//! what has an `ETag` (A1). The axum adapter's own tests have the plain pages.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use privyseal_axum::{Engine, Session, SessionLayer};
use privyseal_system_tests::node;
use privyseal_testkit::behaviour::{Gates, Listening as _, Mode};
use privyseal_testkit::client::{self, Browser};
use privyseal_testkit::server::AxumServer;
use privyseal_testkit::servers::nginx::Nginx;

use crate::{actix_application, axum_application};

const MODES: [Mode; 4] = [Mode::Stored, Mode::Signed, Mode::Sealed, Mode::Flask];

/// What the session of each is asked on, and the status of the answer.
const PATHS: [(&str, u16); 8] = [
    ("/act/get:user", 200),
    ("/act/get:user,status:301", 301),
    ("/act/get:user,status:404", 404),
    ("/act/get:user,status:410", 410),
    ("/act/get:user,set:seen:1", 200),
    ("/act/get:user,status:500", 500),
    ("/fail/get:user,status:404", 404),
    ("/caches/public/get:user", 200),
];

fn engine(mode: Mode) -> Engine {
    node::Settings::new(mode, "memory:").engine().unwrap()
}

/// The session cookies that it sets.
fn cookies_of(response: &client::Response) -> Vec<String> {
    let set = response.all("set-cookie").into_iter();
    let set = set.filter(|cookie| !cookie.starts_with("theme="));
    set.map(str::to_owned).collect()
}

fn head(address: SocketAddr, browser: &Browser, path: &str) -> client::Response {
    let pairs = browser.cookies.iter();
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let cookies = pairs.join("; ");
    client::send(address, "HEAD", path, &[("Cookie", &cookies)], "").unwrap()
}

fn nobody_gets_the_answer_of_another(mode: Mode, application: SocketAddr) {
    let nginx = Nginx::before(application).unwrap();
    let address = nginx.address();
    let mut visitors = ["ada", "bob", "-"].map(|name| {
        let mut browser = Browser::default();
        if name != "-" {
            let response = browser.get(address, &format!("/act/set:user:{name}"));
            assert_eq!(response.unwrap().status, 200);
        }
        (name, browser)
    });
    for (path, status) in PATHS {
        let mut given_to: BTreeMap<String, &str> = BTreeMap::new();
        for _ in 0..2 {
            for (name, browser) in &mut visitors {
                let asked = head(address, browser, path);
                assert_eq!(asked.status, status, "{mode:?} {path}");
                let response = browser.get(address, path).unwrap();
                assert_eq!(response.status, status, "{mode:?} {path}");
                assert_eq!(response.body, *name, "{mode:?} {path}");
                for answer in [asked, response] {
                    for cookie in cookies_of(&answer) {
                        let owner = given_to.entry(cookie).or_insert(name);
                        assert_eq!(owner, name, "{mode:?} {path}: a cookie for two");
                    }
                    let kept = answer.headers["x-cache"] == "HIT";
                    // Flask says `Vary: Cookie`, so that a cache may keep one answer for each.
                    assert!(!kept || mode == Mode::Flask, "{mode:?} {path}: kept");
                }
            }
        }
    }
    what_nobody_touched_is_kept(address, "/untouched");
}

/// Or the cache would prove nothing.
fn what_nobody_touched_is_kept(address: SocketAddr, path: &str) {
    let kept = [(); 2].map(|()| {
        let response = Browser::default().get(address, path).unwrap();
        response.headers["x-cache"].clone()
    });
    assert_eq!(kept, ["MISS", "HIT"]);
}

#[test]
fn a_cache_gives_nobody_the_answer_of_another_from_axum_a1() {
    for mode in MODES {
        let server = axum_application::serve(engine(mode), Gates::default()).unwrap();
        nobody_gets_the_answer_of_another(mode, server.address());
    }
}

#[test]
fn a_cache_gives_nobody_the_answer_of_another_from_actix_a1() {
    for mode in MODES {
        let server = actix_application::serve(engine(mode), Gates::default()).unwrap();
        nobody_gets_the_answer_of_another(mode, server.address());
    }
}

/// The handler is careless: every visitor's page has the same tag.
async fn tagged(headers: HeaderMap, session: Session) -> Response {
    let user = session.get("user").and_then(|user| user.as_str());
    tagged_answer(&headers, user.unwrap_or("-"))
}

fn tagged_answer(headers: &HeaderMap, body: &str) -> Response {
    let tag = [(ETAG, TAG)];
    if headers.get(IF_NONE_MATCH).is_some_and(|sent| sent == TAG) {
        return (StatusCode::NOT_MODIFIED, tag).into_response();
    }
    (tag, body.to_owned()).into_response()
}

const TAG: &str = "\"one\"";

#[test]
fn an_answer_with_a_tag_is_given_to_nobody_else_a1() {
    for mode in MODES {
        let engine = engine(mode);
        let routes = node::routes(engine.clone()).merge(
            Router::new()
                .route("/tagged", get(tagged))
                .route(
                    "/tagged-untouched",
                    get(async |headers: HeaderMap| tagged_answer(&headers, "for all")),
                )
                .layer(SessionLayer::from(engine)),
        );
        let server = AxumServer::start(routes).unwrap();
        let nginx = Nginx::before(server.address()).unwrap();
        let address = nginx.address();
        let mut visitors = ["ada", "bob", "-"].map(|name| (name, Browser::default()));
        for (name, browser) in &mut visitors {
            if *name != "-" {
                browser
                    .get(address, &format!("/act/set:user:{name}"))
                    .unwrap();
            }
        }
        for _ in 0..2 {
            for (name, browser) in &mut visitors {
                let response = browser.get(address, "/tagged").unwrap();
                assert_eq!(response.body, *name, "{mode:?}");
                let mut asks_again = browser.clone();
                asks_again.headers = vec![("If-None-Match".to_owned(), TAG.to_owned())];
                let response = asks_again.get(address, "/tagged").unwrap();
                assert_eq!((response.status.as_u16(), &*response.body), (304, ""));
                assert_eq!(response.all("set-cookie"), [""; 0]);
            }
        }
        what_nobody_touched_is_kept(address, "/tagged-untouched");
    }
}

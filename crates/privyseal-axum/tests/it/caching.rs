//! Behind a real cache: nginx, which keeps what it may and hands it to whoever asks (A1,
//! CVE-2023-30861).

use axum::Router;
use axum::http::header::CACHE_CONTROL;
use axum::routing::{get, post};
use privyseal::{KeyRing, SecretKey};
use privyseal_axum::{Engine, Session, SessionLayer};
use privyseal_testkit::client::Browser;
use privyseal_testkit::server::AxumServer;
use privyseal_testkit::servers::nginx::Nginx;

async fn login(mut session: Session, user: String) {
    session.insert("user", user);
}

async fn page(session: Session) -> String {
    let user = session.get("user").and_then(|user| user.as_str());
    format!("for {}", user.unwrap_or("nobody"))
}

/// A handler that wants its page kept by the browser only.
async fn private_page(session: Session) -> impl axum::response::IntoResponse {
    (
        [(CACHE_CONTROL, "private, max-age=60")],
        page(session).await,
    )
}

/// A handler that is wrong: the page must not be kept by a cache that others use.
async fn public_page(session: Session) -> impl axum::response::IntoResponse {
    (
        [(CACHE_CONTROL, "public, max-age=3600")],
        page(session).await,
    )
}

fn app(engine: Engine) -> Router {
    Router::new()
        .route("/login", post(login))
        .route("/page", get(page))
        .route("/private", get(private_page))
        .route("/public", get(public_page))
        .route("/plain", get(async || "for everybody"))
        .layer(SessionLayer::from(engine))
}

fn nobody_gets_the_page_of_another(engine: Engine, paths: &[&str], name: &str) {
    let application = AxumServer::start(app(engine)).unwrap();
    let nginx = Nginx::before(application.address()).unwrap();
    let mut users = ["ada", "bob"].map(|user| {
        let mut browser = Browser::default();
        let response = browser.post(nginx.address(), "/login", user).unwrap();
        assert_eq!(response.status, 200, "{}", response.body);
        (user, browser)
    });
    for path in paths {
        for _ in 0..2 {
            for (user, browser) in &mut users {
                let response = browser.get(nginx.address(), path).unwrap();
                assert_eq!(response.body, format!("for {user}"), "{name}: {path}");
            }
            let response = Browser::default().get(nginx.address(), path).unwrap();
            assert_eq!(response.body, "for nobody", "{name}: {path}");
        }
    }
    // The cache does its work: what touches no session comes out of it.
    let [first, second] =
        [(); 2].map(|()| Browser::default().get(nginx.address(), "/plain").unwrap());
    assert_eq!(first.headers["x-cache"], "MISS", "{name}");
    assert_eq!(second.headers["x-cache"], "HIT", "{name}");
}

#[test]
fn a_cache_never_gives_one_visitor_the_page_of_another_a1() {
    let keys = KeyRing::new(SecretKey::generate().unwrap());
    let paths = ["/page", "/private", "/public"];
    nobody_gets_the_page_of_another(Engine::sealed(keys.clone()), &paths, "nginx-sealed");
    nobody_gets_the_page_of_another(Engine::signed(keys), &paths, "nginx-signed");
}

/// Flask says `Vary: Cookie` and no more; a cache that heeds it is safe with that.
#[test]
fn under_flasks_rules_vary_alone_keeps_visitors_apart_a1() {
    let keys = KeyRing::new(SecretKey::generate().unwrap());
    let paths = ["/page", "/private", "/public"];
    nobody_gets_the_page_of_another(Engine::flask(keys), &paths, "nginx-flask");
}

//! Behind a real cache: nginx, which keeps what it may and hands it to whoever asks (A1,
//! CVE-2023-30861).

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::header::CACHE_CONTROL;
use axum::routing::{get, post};
use privyseal::{KeyRing, SecretKey};
use privyseal_axum::{Engine, Session, SessionLayer};
use privyseal_testkit::client::Browser;
use privyseal_testkit::server::AxumServer;

/// nginx in front of an application, with a directory of its own.
struct Nginx {
    address: SocketAddr,
    process: Child,
    directory: PathBuf,
}

impl Nginx {
    fn before(application: SocketAddr, name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        // The port is free now, and taken again a moment later.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = port.local_addr().unwrap();
        drop(port);
        let config = directory.join("nginx.conf");
        std::fs::write(&config, config_text(address, application)).unwrap();
        let process = Command::new("nginx")
            .arg("-p")
            .arg(&directory)
            .args(["-e", "error.log", "-c"])
            .arg(&config)
            .env("PATH", search_path())
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("no nginx: {error}\n\nhint: run cargo xtask test"));
        let mut nginx = Self {
            address,
            process,
            directory,
        };
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(nginx.address).is_err() {
            let ended = nginx.process.try_wait().unwrap();
            assert_eq!(ended, None, "nginx ended before it listened");
            assert!(Instant::now() < deadline, "nginx does not listen");
            std::thread::yield_now();
        }
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The only process: there is no master that would leave workers behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Debian keeps servers where only root looks for programs.
fn search_path() -> std::ffi::OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin");
    path
}

/// As careless as caches get: everything is kept for an hour that does not say otherwise, also
/// what sets a cookie.
fn config_text(address: SocketAddr, application: SocketAddr) -> String {
    format!(
        "daemon off; master_process off; pid nginx.pid;
         events {{}}
         http {{
           access_log off;
           client_body_temp_path body; proxy_temp_path proxy;
           fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
           proxy_cache_path cache keys_zone=pages:1m;
           server {{
             listen {address};
             location / {{
               proxy_pass http://{application};
               proxy_cache pages;
               proxy_cache_valid 200 1h;
               proxy_ignore_headers Set-Cookie;
               add_header X-Cache $upstream_cache_status;
             }}
           }}
         }}"
    )
}

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
    let nginx = Nginx::before(application.address(), name);
    let mut users = ["ada", "bob"].map(|user| {
        let mut browser = Browser::default();
        let response = browser.post(nginx.address, "/login", user).unwrap();
        assert_eq!(response.status, 200, "{}", response.body);
        (user, browser)
    });
    for path in paths {
        for _ in 0..2 {
            for (user, browser) in &mut users {
                let response = browser.get(nginx.address, path).unwrap();
                assert_eq!(response.body, format!("for {user}"), "{name}: {path}");
            }
            let response = Browser::default().get(nginx.address, path).unwrap();
            assert_eq!(response.body, "for nobody", "{name}: {path}");
        }
    }
    // The cache does its work: what touches no session comes out of it.
    let [first, second] =
        [(); 2].map(|()| Browser::default().get(nginx.address, "/plain").unwrap());
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

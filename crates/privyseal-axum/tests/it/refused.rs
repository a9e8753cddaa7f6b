//! Cookies that are an empty session in Flask and here.

use std::time::Duration;

use privyseal_axum::{FlaskRules, LiveKeyRing};
use privyseal_testkit::client::send;
use privyseal_testkit::clock::FakeClock;
use privyseal_testkit::flask::FlaskApp;
use privyseal_testkit::server::AxumServer;
use serde_json::{Value as Json, json};

use crate::application::{KEYS, app, engine, flask_ring};

const NOW: u64 = 1_700_000_000;
const LIFETIME: u64 = 3600;

/// The cookie of an administrator, made by the real library.
fn forged(flask: &FlaskApp, time: u64, how: &Json) -> String {
    let time = time.to_string();
    let headers = [
        ("X-Test-Time", time.as_str()),
        ("Content-Type", "application/json"),
    ];
    let response = send(
        flask.address(),
        "POST",
        "/forge",
        &headers,
        &how.to_string(),
    )
    .unwrap();
    assert_eq!(response.status, 200, "{}", response.body);
    response.body
}

#[test]
fn what_flask_refuses_is_refused_here() {
    let keys = LiveKeyRing::new(flask_ring(KEYS[0], &[KEYS[1]]));
    let rules = FlaskRules {
        lifetime: Duration::from_secs(LIFETIME),
        ..FlaskRules::default()
    };
    let engine = engine(&keys, "sha1").with_flask_rules(rules);
    let axum = AxumServer::start(app(engine, &FakeClock::at(NOW))).unwrap();
    let flask = FlaskApp::start(&json!({
        "SECRET_KEY": KEYS[0],
        "SECRET_KEY_FALLBACKS": [KEYS[1]],
        "PERMANENT_SESSION_LIFETIME": LIFETIME,
    }))
    .unwrap();

    let by = |key: &str, time| forged(&flask, time, &json!({"key": key}));
    let good = by(KEYS[0], NOW);
    let (payload, signature) = good.rsplit_once('.').unwrap();
    let sha256 = forged(&flask, NOW, &json!({"key": KEYS[0], "digest": "sha256"}));
    let other_salt = forged(&flask, NOW, &json!({"key": KEYS[0], "salt": "cookie"}));
    let cases = [
        ("good", true, good.clone()),
        ("by the fallback", true, by(KEYS[1], NOW)),
        (
            "one second within its lifetime",
            true,
            by(KEYS[0], NOW - LIFETIME + 1),
        ),
        (
            "at the end of its lifetime",
            true,
            by(KEYS[0], NOW - LIFETIME),
        ),
        ("past its lifetime", false, by(KEYS[0], NOW - LIFETIME - 1)),
        ("from the next second", false, by(KEYS[0], NOW + 1)),
        ("from far ahead", false, by(KEYS[0], NOW * 2)),
        ("by the empty key", false, by("", NOW)),
        ("by one character", false, by(&KEYS[0][..1], NOW)),
        ("by a stranger", false, by(KEYS[2], NOW)),
        ("under SHA-256", false, sha256),
        ("under another salt", false, other_salt),
        ("no signature", false, payload.to_owned()),
        ("empty signature", false, format!("{payload}.")),
        ("another payload", false, good.replacen("eyJh", "eyJi", 1)),
        ("extended", false, format!("{good}A")),
        ("twice", false, format!("{good}.{signature}")),
        ("no time", false, format!("eyJhZG1pbiI6dHJ1ZX0.{signature}")),
        ("nothing", false, String::new()),
        ("dots", false, "...".to_owned()),
    ];
    for (name, is_good, cookie) in cases {
        let pair = format!("session={cookie}");
        let time = NOW.to_string();
        let headers = [("X-Test-Time", time.as_str()), ("Cookie", pair.as_str())];
        for (side, address) in [("flask", flask.address()), ("axum", axum.address())] {
            let response = send(address, "GET", "/read", &headers, "").unwrap();
            assert_eq!(response.status, 200, "{name} in {side}");
            let empty = response.body.trim_end() == r#"["dict",[]]"#;
            assert_eq!(empty, !is_good, "{name} in {side}: {}", response.body);
            assert!(response.all("set-cookie").is_empty(), "{name} in {side}");
            assert_eq!(response.all("vary"), ["Cookie"], "{name} in {side}");
        }
    }
}

/// Flask takes these fallbacks, and is forged by whoever knows that it does; here no ring of them
/// can be made.
#[test]
fn fallbacks_that_open_flask_to_everybody_make_no_ring() {
    let flask = FlaskApp::start(&json!({
        "SECRET_KEY": KEYS[0],
        "SECRET_KEY_FALLBACKS": [""],
    }))
    .unwrap();
    let cookie = forged(&flask, NOW, &json!({"key": ""}));
    let cookie = format!("session={cookie}");
    let time = NOW.to_string();
    let headers = [("X-Test-Time", time.as_str()), ("Cookie", cookie.as_str())];
    let response = send(flask.address(), "GET", "/read", &headers, "").unwrap();
    assert!(
        response.body.contains("bool"),
        "Flask is forged: {}",
        response.body
    );

    assert!(privyseal::VerifyKey::danger_accept_weak("").is_err());
    for list in [r#"[""]"#, r#""a plain string""#, "a plain string"] {
        assert!(privyseal::keyring::parse_key_list(list).is_err(), "{list}");
    }
}

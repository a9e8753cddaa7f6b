//! One cookie, two applications: Flask and axum read and write the same session.

use privyseal::value::{BigInt, DateTime, Dict, Text, Value};
use privyseal_axum::LiveKeyRing;
use privyseal_testkit::client::Browser;
use privyseal_testkit::clock::FakeClock;
use privyseal_testkit::flask::FlaskApp;
use privyseal_testkit::server::AxumServer;
use privyseal_testkit::typed::{typed, typed_dict};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::application::{KEYS, app, engine, flask_ring};

const NOW: u64 = 1_700_000_000;

struct Pair {
    flask: FlaskApp,
    axum: AxumServer,
    keys: LiveKeyRing,
    browser: Browser,
}

fn pair(digest: &str) -> Pair {
    let keys = LiveKeyRing::new(flask_ring(KEYS[0], &[]));
    let app = app(engine(&keys, digest), &FakeClock::at(NOW));
    let browser = Browser {
        headers: vec![("X-Test-Time".to_owned(), NOW.to_string())],
        ..Browser::default()
    };
    Pair {
        flask: FlaskApp::start(&json!({"SECRET_KEY": KEYS[0], "DIGEST": digest})).unwrap(),
        axum: AxumServer::start(app).unwrap(),
        keys,
        browser,
    }
}

impl Pair {
    fn flask_reads(&mut self) -> Json {
        json_of(&self.browser.get(self.flask.address(), "/read").unwrap())
    }

    fn axum_reads(&mut self) -> Json {
        json_of(&self.browser.get(self.axum.address(), "/read").unwrap())
    }
}

fn json_of(response: &privyseal_testkit::client::Response) -> Json {
    assert_eq!(response.status, 200, "{}", response.body);
    serde_json::from_str(&response.body).unwrap()
}

fn session<const N: usize>(pairs: [(&str, Value); N]) -> Json {
    typed_dict(&pairs.into_iter().collect::<Dict>())
}

#[test]
fn a_login_in_flask_is_changed_in_axum_and_read_in_flask_across_a_rotation() {
    for digest in ["sha1", "sha256"] {
        let mut pair = pair(digest);
        let (flask, axum) = (pair.flask.address(), pair.axum.address());
        pair.browser.post(flask, "/login", "ada").unwrap();
        let signed_in = session([("user", "ada".into())]);
        assert_eq!(pair.axum_reads(), signed_in, "{digest}");

        // Both get the new key; the old one still verifies.
        let config = json!({"SECRET_KEY": KEYS[1], "SECRET_KEY_FALLBACKS": [KEYS[0]]});
        pair.browser
            .post(flask, "/config", &config.to_string())
            .unwrap();
        pair.keys.replace(flask_ring(KEYS[1], &[KEYS[0]]));
        let old_cookie = pair.browser.cookies["session"].clone();
        assert_eq!(pair.axum_reads(), signed_in, "{digest}");
        assert_eq!(pair.flask_reads(), signed_in, "{digest}");
        assert_eq!(
            pair.browser.cookies["session"], old_cookie,
            "{digest}: Flask's rules"
        );

        let step = json!([["set", "cart", typed(&Value::Tuple(vec![Value::Int(3)]))]]);
        pair.browser.post(axum, "/do", &step.to_string()).unwrap();
        let with_cart = session([
            ("user", "ada".into()),
            ("cart", Value::Tuple(vec![Value::Int(3)])),
        ]);
        assert_eq!(pair.flask_reads(), with_cart, "{digest}");

        // What axum wrote is under the new key: both can forget the old one.
        let config = json!({"SECRET_KEY": KEYS[1], "SECRET_KEY_FALLBACKS": []});
        pair.browser
            .post(flask, "/config", &config.to_string())
            .unwrap();
        pair.keys.replace(flask_ring(KEYS[1], &[]));
        assert_eq!(pair.flask_reads(), with_cart, "{digest}");
        assert_eq!(pair.axum_reads(), with_cart, "{digest}");
        let mut stranger = pair.browser.clone();
        stranger.cookies.insert("session".to_owned(), old_cookie);
        for address in [flask, axum] {
            assert_eq!(
                json_of(&stranger.get(address, "/read").unwrap()),
                session([])
            );
        }

        // Signed out in one, signed out in the other.
        pair.browser.post(axum, "/logout", "").unwrap();
        assert!(pair.browser.cookies.is_empty(), "{digest}");
        assert_eq!(pair.flask_reads(), session([]), "{digest}");
    }
}

#[test]
fn flask_and_axum_try_three_keys_in_the_same_order() {
    let mut pair = pair("sha1");
    let flask = pair.flask.address();
    for signer in KEYS {
        let others: Vec<&str> = KEYS.into_iter().filter(|key| *key != signer).collect();
        pair.keys.replace(flask_ring(signer, &others));
        let config = json!({"SECRET_KEY": signer, "SECRET_KEY_FALLBACKS": others});
        pair.browser
            .post(flask, "/config", &config.to_string())
            .unwrap();
        pair.browser.post(flask, "/login", signer).unwrap();
        assert_eq!(pair.axum_reads(), session([("user", signer.into())]));
        let by_flask = pair.browser.cookies["session"].clone();
        pair.browser
            .post(pair.axum.address(), "/login", signer)
            .unwrap();
        assert_eq!(
            pair.browser.cookies["session"], by_flask,
            "the same key signs"
        );
    }
}

/// One of everything that a session can hold, and its look-alikes.
fn everything() -> Vec<(&'static str, Value)> {
    let dict = |key: &str, value: Value| Value::Dict([(key, value)].into_iter().collect());
    let instant = |seconds| Value::DateTime(DateTime::from_unix_seconds(seconds).unwrap());
    vec![
        ("none", Value::Null),
        ("true", true.into()),
        ("int", Value::Int(-7)),
        (
            "beyond 64 bits",
            BigInt::new("123456789012345678901234567890")
                .unwrap()
                .into(),
        ),
        (
            "below 64 bits",
            BigInt::new("-9223372036854775809").unwrap().into(),
        ),
        ("float", 0.1.into()),
        ("whole float", 1.0.into()),
        ("negative zero", Value::Float(-0.0)),
        ("large float", 1e300.into()),
        ("NaN", f64::NAN.into()),
        ("infinity", f64::INFINITY.into()),
        ("negative infinity", f64::NEG_INFINITY.into()),
        (
            "ünïcödé 🦭",
            "Zoë \u{0}\u{7f}\u{2028} \"quoted\" \\ 🦭".into(),
        ),
        (
            "lone surrogate",
            Value::Str(Text::from_utf16(&[0x61, 0xd800, 0x62])),
        ),
        (
            "tuple",
            Value::Tuple(vec![1.into(), Value::Tuple(vec![]), "a".into()]),
        ),
        ("list", Value::List(vec![Value::Null, Value::List(vec![])])),
        ("bytes", Value::Bytes((0..=255).collect())),
        ("no bytes", Value::Bytes(vec![])),
        ("markup", Value::Markup("<b>&amp;</b>".into())),
        ("uuid", Value::Uuid([0xab; 16])),
        ("datetime", instant(1_709_190_296)),
        ("before 1970", instant(-1)),
        ("last second", instant(253_402_300_799)),
        ("dict", dict("b", dict("a", Value::Int(1)))),
        ("like a tuple", dict(" t", Value::List(vec![Value::Int(1)]))),
        ("like a date", dict(" d", "no date".into())),
        ("like an escape", dict(" di", dict(" t__", Value::Int(1)))),
        ("like an escaped tuple", dict(" t__", Value::Tuple(vec![]))),
        (
            "tuple in a look-alike",
            dict(" b", Value::Tuple(vec![Value::Bytes(vec![1])])),
        ),
        ("_permanent", false.into()),
    ]
}

#[test]
fn every_kind_of_value_survives_in_both_directions() {
    for digest in ["sha1", "sha256"] {
        let mut pair = pair(digest);
        let (flask, axum) = (pair.flask.address(), pair.axum.address());
        let set = |(key, value): &(&str, Value)| json!(["set", key, typed(value)]);
        // Each alone, and all at once, which zlib makes shorter: compressed cookies, too.
        let mut sets: Vec<Vec<(&str, Value)>> =
            everything().into_iter().map(|pair| vec![pair]).collect();
        sets.push(everything());
        for set_of in sets {
            let steps = Json::from(set_of.iter().map(set).collect::<Vec<_>>()).to_string();
            let expected = typed_dict(&set_of.iter().cloned().collect::<Dict>());
            let mut cookies = Vec::new();
            for writer in [flask, axum] {
                pair.browser.cookies.clear();
                let response = pair.browser.post(writer, "/do", &steps).unwrap();
                assert_eq!(response.body, "done", "{digest} {steps}");
                cookies.push(pair.browser.cookies["session"].clone());
                assert_eq!(pair.flask_reads(), expected, "{digest}");
                assert_eq!(pair.axum_reads(), expected, "{digest}");
            }
            let compressed = cookies
                .iter()
                .filter(|cookie| cookie.starts_with('.'))
                .count();
            match compressed {
                0 => assert_eq!(cookies[0], cookies[1], "{digest}: byte for byte"),
                _ if set_of.len() > 1 => assert_eq!(compressed, 2, "{digest}"),
                _ => {}
            }
        }
    }
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Visitor {
    visits: u32,
}

#[test]
fn a_typed_session_keeps_what_only_flask_knows() {
    use axum::routing::post;
    use privyseal_axum::{Session, SessionLayer};

    async fn count(mut session: Session<Visitor>) -> String {
        session.visits += 1;
        session.visits.to_string()
    }

    let mut pair = pair("sha1");
    let typed_engine = engine(&pair.keys, "sha1").with_clock(FakeClock::at(NOW));
    let layer = SessionLayer::from(typed_engine);
    let counter = AxumServer::start(
        axum::Router::new()
            .route("/count", post(count))
            .layer(layer),
    );
    let counter = counter.unwrap();

    let everything = everything();
    let steps: Vec<Json> = everything
        .iter()
        .map(|(key, value)| json!(["set", key, typed(value)]))
        .collect();
    let steps = Json::from(steps).to_string();
    pair.browser
        .post(pair.flask.address(), "/do", &steps)
        .unwrap();
    for visit in 1..=2 {
        let response = pair.browser.post(counter.address(), "/count", "").unwrap();
        assert_eq!(response.body, visit.to_string());
    }
    let mut expected: Dict = everything.into_iter().collect();
    expected.insert("visits", 2);
    assert_eq!(pair.flask_reads(), typed_dict(&expected));
}

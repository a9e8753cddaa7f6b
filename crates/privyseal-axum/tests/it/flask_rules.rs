//! Flask's rules, request by request, against Flask: the same random visits to both must give the
//! same `Set-Cookie`, byte by byte, and the same `Vary`.

use privyseal::formats::flask::{FlaskOptions, FlaskSession};
use privyseal::value::Value;
use privyseal::{MaxAge, Timestamp};
use privyseal_axum::{CookiePolicy, FlaskRules, LiveKeyRing, SameSite};
use privyseal_session::cookie::CookiePolicyBuilder;
use privyseal_testkit::client::{Response, send};
use privyseal_testkit::clock::FakeClock;
use privyseal_testkit::flask::FlaskApp;
use privyseal_testkit::random::Seeded;
use privyseal_testkit::server::AxumServer;
use privyseal_testkit::typed::typed;
use serde_json::{Value as Json, json};
use std::time::Duration;

use crate::application::{KEYS, app, engine, flask_ring};

const LIFETIME: u64 = 3600;
const STEPS: usize = 300;

#[test]
fn random_visits_to_flask_and_axum_are_answered_alike() {
    let plain = CookiePolicy::flask();
    visit_both("sha1", true, plain, json!({}), 1);
}

#[test]
fn random_visits_without_refresh_under_sha256_and_other_attributes() {
    let strict = CookiePolicy::flask()
        .name("__Secure-id")
        .domain(".example.org")
        .path("/")
        .secure(true)
        .http_only(false)
        .same_site(SameSite::Strict);
    let config = json!({
        "SESSION_COOKIE_NAME": "__Secure-id",
        "SESSION_COOKIE_DOMAIN": ".example.org",
        "SESSION_COOKIE_PATH": "/",
        "SESSION_COOKIE_SECURE": true,
        "SESSION_COOKIE_HTTPONLY": false,
        "SESSION_COOKIE_SAMESITE": "strict",
    });
    visit_both("sha256", false, strict, config, 2);
}

fn visit_both(
    digest: &str,
    refresh: bool,
    cookie: CookiePolicyBuilder,
    mut config: Json,
    seed: u64,
) {
    let policy = cookie.build().unwrap();
    let name = policy.name().to_owned();
    let keys = LiveKeyRing::new(flask_ring(KEYS[0], &[]));
    let rules = FlaskRules {
        lifetime: Duration::from_secs(LIFETIME),
        refresh_each_request: refresh,
        ..FlaskRules::default()
    };
    let engine = engine(&keys, digest)
        .with_cookie(policy)
        .with_flask_rules(rules);
    let axum = AxumServer::start(app(engine, &FakeClock::at(0))).unwrap();
    for (key, value) in [
        ("SECRET_KEY", json!(KEYS[0])),
        ("DIGEST", json!(digest)),
        ("PERMANENT_SESSION_LIFETIME", json!(LIFETIME)),
        ("SESSION_REFRESH_EACH_REQUEST", json!(refresh)),
    ] {
        config[key] = value;
    }
    let flask = FlaskApp::start(&config).unwrap();

    let mut random = Seeded::new(seed);
    let mut now = 1_700_000_000_u64;
    let mut jar: Option<String> = None;
    let mut found = Found::default();
    for step in 0..STEPS {
        now = now.saturating_add_signed(
            *random.choose(&[0, 0, 0, 1, 1, 60, 1800, -1, 3599, 3600, 3601]),
        );
        if random.below(40) == 0 {
            rotate(&mut random, &keys, &flask);
        }
        let sent = sent_cookie(&mut random, jar.as_deref());
        let (method, path, body) = visit(&mut random);
        let time = now.to_string();
        let pair = sent
            .as_ref()
            .map(|value| format!("other=1; {name}={value}"));
        let mut headers = vec![
            ("X-Test-Time", time.as_str()),
            ("Content-Type", "application/json"),
        ];
        headers.extend(pair.as_deref().map(|pair| ("Cookie", pair)));
        let [by_flask, by_axum] = [flask.address(), axum.address()]
            .map(|address| send(address, method, path, &headers, &body).unwrap());

        let context = format!("step {step} at {now}: {method} {path} {body} with {sent:?}");
        assert_eq!(
            by_axum.status, by_flask.status,
            "{context}: {}",
            by_flask.body
        );
        assert_eq!(by_axum.all("vary"), by_flask.all("vary"), "{context}");
        if path == "/read" {
            let [ours, theirs] = [&by_axum, &by_flask]
                .map(|response| serde_json::from_str::<Json>(&response.body).unwrap());
            assert_eq!(ours, theirs, "{context}");
            found.full_reads += usize::from(ours[1] != json!([]));
            found.empty_reads += usize::from(sent.is_some() && ours[1] == json!([]));
        }
        let ours = set_cookie(&by_axum);
        let theirs = set_cookie(&by_flask);
        assert_alike(ours, theirs, digest, &keys, now, &context, &mut found);
        // Either's cookie goes on, so each also reads what the other wrote.
        if let Some(cookie) = if random.below(2) == 0 { ours } else { theirs } {
            let removed = cookie.contains("; Max-Age=0");
            jar = (!removed).then(|| value_of(cookie).to_owned());
        }
    }
    assert!(found.undecided < found.compressed, "{found:?}");
    // The visits met what they were made to meet.
    assert!(found.removals > 0, "{found:?}");
    assert!(found.identical > 20, "{found:?}");
    assert!(found.compressed > 5, "{found:?}");
    assert!(found.full_reads > 5 && found.empty_reads > 5, "{found:?}");
    assert!(found.permanent > 5, "{found:?}");
}

/// What the random visits came across.
#[derive(Debug, Default)]
struct Found {
    removals: usize,
    identical: usize,
    compressed: usize,
    undecided: usize,
    permanent: usize,
    full_reads: usize,
    empty_reads: usize,
}

fn rotate(random: &mut Seeded, keys: &LiveKeyRing, flask: &FlaskApp) {
    let first = random.below(KEYS.len());
    let fallbacks: Vec<&str> = (1..=random.below(KEYS.len()))
        .map(|next| KEYS[(first + next) % KEYS.len()])
        .collect();
    keys.replace(flask_ring(KEYS[first], &fallbacks));
    let config = json!({"SECRET_KEY": KEYS[first], "SECRET_KEY_FALLBACKS": fallbacks});
    let headers = [("Content-Type", "application/json")];
    let configured = send(
        flask.address(),
        "POST",
        "/config",
        &headers,
        &config.to_string(),
    );
    assert_eq!(configured.unwrap().body, "configured");
}

/// The browser's cookie, now and then lost or spoiled on the way.
fn sent_cookie(random: &mut Seeded, jar: Option<&str>) -> Option<String> {
    let value = jar?.to_owned();
    Some(match random.below(24) {
        0 => return None,
        1 => String::new(),
        2 => format!("\"{value}\""),
        3 => format!("\"{value}"),
        4 => format!("{value}; session=other; __Secure-id=other"),
        5 => format!("{value} x"),
        6 => {
            let mut spoiled = value.into_bytes();
            let at = random.below(spoiled.len());
            spoiled[at] = *random.choose(b"ABCxyz019-_.=");
            String::from_utf8(spoiled).unwrap()
        }
        7 => value[..random.below(value.len())].to_owned(),
        _ => value,
    })
}

fn visit(random: &mut Seeded) -> (&'static str, &'static str, String) {
    match random.below(10) {
        0 => ("GET", "/untouched", String::new()),
        1..4 => ("GET", "/read", String::new()),
        _ => {
            let steps: Vec<Json> = (0..random.below(4)).map(|_| a_step(random)).collect();
            ("POST", "/do", Json::from(steps).to_string())
        }
    }
}

fn a_step(random: &mut Seeded) -> Json {
    let key = *random.choose(&["a", "b", "user", "ünïcödé", " t"]);
    let value = match random.below(6) {
        0 => Value::Tuple(vec![Value::Int(1), Value::Bytes(vec![0, 255])]),
        1 => Value::Markup("<i>".into()),
        2 => Value::Uuid([9; 16]),
        3 => Value::from("long and dull. ".repeat(1 + random.below(20))),
        _ => Value::Int(i64::try_from(random.below(3)).unwrap()),
    };
    match random.below(18) {
        0..6 => json!(["set", key, typed(&value)]),
        6..9 => json!(["pop", key]),
        9..11 => json!(["setdefault", key, typed(&value)]),
        11..13 => json!(["contains", key]),
        13 => json!(["clear"]),
        14..16 => json!(["permanent", true]),
        16 => json!(["permanent", false]),
        _ => json!(["modified"]),
    }
}

fn set_cookie(response: &Response) -> Option<&str> {
    match response.all("set-cookie")[..] {
        [] => None,
        [cookie] => Some(cookie),
        ref several => panic!("{several:?}"),
    }
}

fn value_of(set_cookie: &str) -> &str {
    let (pair, _) = set_cookie.split_once("; ").unwrap();
    pair.split_once('=').unwrap().1
}

/// Both the same; where zlib had its say, the same session under the same time and attributes.
fn assert_alike(
    ours: Option<&str>,
    theirs: Option<&str>,
    digest: &str,
    keys: &LiveKeyRing,
    now: u64,
    context: &str,
    found: &mut Found,
) {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        assert_eq!(ours, theirs, "{context}");
        return;
    };
    found.removals += usize::from(ours.contains("Max-Age=0"));
    found.permanent += usize::from(ours.contains("Expires") && !ours.contains("Max-Age=0"));
    let [our_value, their_value] = [ours, theirs].map(value_of);
    if !our_value.starts_with('.') && !their_value.starts_with('.') {
        assert_eq!(ours, theirs, "{context}");
        found.identical += 1;
        return;
    }
    found.compressed += 1;
    // Compressors differ. Where it hardly gains anything, one may find it worth while, the other
    // not; by how much they differ otherwise is theirs.
    if our_value.starts_with('.') != their_value.starts_with('.') {
        let difference = our_value.len().abs_diff(their_value.len());
        assert!(difference <= 8, "{difference} characters, {context}");
        found.undecided += 1;
    }
    let options = FlaskOptions {
        max_age: MaxAge::from_seconds(0),
        ..match digest {
            "sha1" => FlaskOptions::default(),
            _ => FlaskOptions::sha256(),
        }
    };
    let session = FlaskSession::with_options(&keys.current(), &options);
    let parts = [ours, theirs].map(|cookie| {
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        let loaded = session
            .loads(value, Timestamp::from_unix_seconds(now))
            .unwrap();
        assert!(!loaded.needs_reissue, "{context}: the primary key signs");
        (name.to_owned(), typed(&loaded.value), attributes.to_owned())
    });
    assert_eq!(parts[0], parts[1], "{context}");
}

//! Which cookie is trusted.

use http::header::{COOKIE, HeaderMap, HeaderValue};
use privyseal::value::Value;
use privyseal_session::{CookiePolicy, Engine, LiveKeyRing, Session};
use privyseal_testkit::clock::FakeClock;

use crate::browser::{Browser, START, every_mode, own_modes, ring, wait};

fn user(engine: &Engine, cookies: &[&[u8]]) -> Option<i64> {
    let mut request = HeaderMap::new();
    for cookie in cookies {
        request.append(COOKIE, HeaderValue::from_bytes(cookie).unwrap());
    }
    let session: Session = wait(engine.begin(&request).open(&request)).unwrap();
    session.get("user").and_then(Value::as_i64)
}

#[test]
fn exactly_one_cookie_of_exactly_this_name_is_trusted_a13() {
    let keys = LiveKeyRing::new(ring(b'a'));
    for (mode, engine) in own_modes(&keys, &FakeClock::at(START)) {
        let mut browser = Browser::new(&engine);
        browser.set("user", 7);
        let value = browser.cookie.unwrap();
        let user = |cookies: &[String]| {
            user(
                &engine,
                &cookies.iter().map(String::as_bytes).collect::<Vec<_>>(),
            )
        };
        let good = format!("__Host-session={value}");
        assert_eq!(user(std::slice::from_ref(&good)), Some(7), "{mode}");
        assert_eq!(user(&[format!("a=1; {good}; b=2")]), Some(7), "{mode}");
        for bad in [
            vec![format!("{good}; {good}")],
            vec![good.clone(), good.clone()],
            vec![format!("{good}; __Host-session=")],
            vec![format!("__Host-session=evil; {good}")],
            vec![format!("\u{2000}{good}")],
            vec![format!("\u{a0}{good}")],
            vec![format!("\u{3000}{good}")],
            vec![format!("__host-session={value}")],
            vec![format!("__Host-session =\"{value}\"")],
            vec![format!("={good}")],
            vec![format!("a=\"; {value}\"")],
        ] {
            assert_eq!(user(&bad), None, "{mode}: {bad:?}");
        }
    }
}

/// An option that sets one name and reads another makes every request a new session.
#[test]
fn peers_8_the_name_that_is_set_is_the_name_that_is_read() {
    let keys = LiveKeyRing::new(ring(b'a'));
    for cookie in ["__Host-id", "__Secure-id", "__Host-Http-id", "id"] {
        let policy = CookiePolicy::builder(cookie).build().unwrap();
        for (mode, engine) in every_mode(&keys, &FakeClock::at(START)) {
            let mut browser = Browser::new(&engine.with_cookie(policy.clone()));
            let response = browser.set("a", 1);
            let set = crate::browser::set_cookies(&response)[0];
            assert!(set.starts_with(&format!("{cookie}=")), "{mode}: {set}");
            assert_eq!(browser.get("a"), Some(1), "{mode} {cookie}");
        }
    }
}

/// A value signed for one cookie must be worth nothing under another name.
#[test]
fn peers_9_a_sealed_cookie_is_worth_nothing_elsewhere_a15() {
    let keys = LiveKeyRing::new(ring(b'a'));
    let engine = |name: &str, application: &str| {
        Engine::sealed(keys.clone())
            .with_application(application)
            .with_cookie(CookiePolicy::builder(name).build().unwrap())
            .with_clock(FakeClock::at(START))
    };
    let mut theme = Browser::new(&engine("__Host-theme", "shop"));
    theme.set("a", 1);
    let cookie = theme.cookie.clone().unwrap();
    assert_eq!(theme.get("a"), Some(1));
    for other in [
        engine("__Host-role", "shop"),
        engine("__Host-theme", "blog"),
    ] {
        assert_eq!(Browser::with_cookie(&other, &cookie).get("a"), None);
    }
}

/// Flask's format has no place for the name: what keeps two signed cookies apart is the salt.
#[test]
fn peers_9_signed_cookies_are_kept_apart_by_their_salt() {
    let keys = LiveKeyRing::new(ring(b'a'));
    let engine = |salt: &[u8]| {
        let options = privyseal::formats::flask::FlaskOptions {
            salt: salt.to_vec(),
            ..privyseal::formats::flask::FlaskOptions::sha256()
        };
        Engine::signed(keys.clone())
            .with_flask_options(options)
            .with_clock(FakeClock::at(START))
    };
    let mut theme = Browser::new(&engine(b"theme"));
    theme.set("a", 1);
    let cookie = theme.cookie.clone().unwrap();
    assert_eq!(
        Browser::with_cookie(&engine(b"theme"), &cookie).get("a"),
        Some(1)
    );
    assert_eq!(
        Browser::with_cookie(&engine(b"role"), &cookie).get("a"),
        None
    );
}

/// The same default key on two sites made a session of one work on the other (CVE-2020-17526).
#[test]
fn applications_of_one_key_do_not_take_each_others_sessions_a2() {
    let keys = LiveKeyRing::new(ring(b'a'));
    for engine in [Engine::signed(keys.clone()), Engine::sealed(keys.clone())] {
        let engine = engine.with_clock(FakeClock::at(START));
        let named = |name: &str| engine.clone().with_application(name);
        let mut shop = Browser::new(&named("shop"));
        shop.set("a", 1);
        let cookie = shop.cookie.clone().unwrap();
        assert_eq!(
            Browser::with_cookie(&named("shop"), &cookie).get("a"),
            Some(1)
        );
        assert_eq!(Browser::with_cookie(&named("blog"), &cookie).get("a"), None);
        assert_eq!(Browser::with_cookie(&engine, &cookie).get("a"), None);
    }
}

/// rack-session decoded with a default when decryption failed (CVE-2026-39324).
#[test]
fn no_mode_falls_back_to_another_a4() {
    let keys = LiveKeyRing::new(ring(b'a'));
    let clock = FakeClock::at(START);
    let modes = every_mode(&keys, &clock);
    let mut cookies = vec![
        ("plain JSON".to_owned(), r#"{"a":1}"#.to_owned()),
        ("base64 JSON".to_owned(), "eyJhIjoxfQ".to_owned()),
        ("unsigned".to_owned(), "eyJhIjoxfQ..".to_owned()),
    ];
    for (name, engine) in &modes[..3] {
        let mut browser = Browser::new(engine);
        browser.set("a", 1);
        cookies.push(((*name).to_owned(), browser.cookie.unwrap()));
    }
    for (name, engine) in &modes[..3] {
        for (from, cookie) in &cookies {
            let found = Browser::with_cookie(engine, cookie).get("a");
            assert_eq!(
                found,
                (name == from).then_some(1),
                "{from} cookie, {name} engine"
            );
        }
    }
}

#[test]
fn every_changed_cookie_is_an_empty_session_a5() {
    let keys = LiveKeyRing::new(ring(b'a'));
    for (mode, engine) in own_modes(&keys, &FakeClock::at(START)) {
        let mut browser = Browser::new(&engine);
        browser.set("a", 1);
        let good = browser.cookie.unwrap();
        let mut bad = vec![
            format!("{good}x"),
            format!("{good}."),
            format!("{good}="),
            format!(".{good}"),
            format!("x{good}"),
            format!("{good}.{good}"),
        ];
        for at in 0..good.len() {
            let mut changed = good.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            bad.push(String::from_utf8(changed).unwrap());
            bad.push(good[..at].to_owned());
        }
        for cookie in bad {
            let found = Browser::with_cookie(&engine, &cookie).get("a");
            assert_eq!(found, None, "{mode}: {cookie} for {good}");
        }
    }
}

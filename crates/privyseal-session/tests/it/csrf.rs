//! Requests that another site made the browser send.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use privyseal::KeyRing;
use privyseal_session::csrf::{CsrfDecision, CsrfError, CsrfPolicy, CsrfTokens, OriginError};

use crate::browser::{key, ring, verify_key};

const SESSION: &[u8] = b"session 1, signed in once";

fn tokens() -> CsrfTokens {
    CsrfTokens::new(&ring(b'a'), "__Host-session", "shop")
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn in_header(token: &str) -> (&'static str, &str) {
    ("x-csrf-token", token)
}

fn decide(policy: &CsrfPolicy, pairs: &[(&str, &str)]) -> CsrfDecision {
    policy.decide(&Method::POST, &headers(pairs))
}

#[test]
fn every_changed_character_and_length_of_a_token_is_refused_a5() {
    let tokens = tokens();
    let token = tokens.issue(SESSION).unwrap();
    assert_eq!(token.len(), 75);
    assert_eq!(tokens.verify(SESSION, &token), Ok(()));
    for at in 0..token.len() {
        for other in b"AB-_." {
            let mut changed = token.clone().into_bytes();
            if changed[at] == *other {
                continue;
            }
            changed[at] = *other;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                tokens.verify(SESSION, &changed),
                Err(CsrfError::Forged),
                "{at}"
            );
        }
        assert_eq!(
            tokens.verify(SESSION, &token[..at]),
            Err(CsrfError::Forged),
            "{at}"
        );
    }
    for changed in [
        format!("{token}="),
        format!("{token}A"),
        format!(" {token}"),
        format!("{token}{token}"),
        format!("{}é", &token[..73]),
        "A".repeat(75),
        String::new(),
    ] {
        assert_eq!(
            tokens.verify(SESSION, &changed),
            Err(CsrfError::Forged),
            "{changed}"
        );
    }
}

/// The characters of base64 that hold no byte are fixed: a token has one spelling.
#[test]
fn a_token_has_one_spelling() {
    let tokens = tokens();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let token = tokens.issue(SESSION).unwrap();
    let good = alphabet.chars().filter(|last| {
        let spelled = format!("{}{last}", &token[..74]);
        tokens.verify(SESSION, &spelled).is_ok()
    });
    assert_eq!(good.count(), 1);
}

#[test]
fn a_token_is_good_for_its_session_only_v3_5_1() {
    let token = tokens().issue(SESSION).unwrap();
    for other in [
        &b"session 2, signed in once"[..],
        b"session 1, signed in twice",
        b"session 1, signed in once ",
        b"session 1, signed in onc",
        b"",
    ] {
        assert_eq!(tokens().verify(other, &token), Err(CsrfError::Forged));
    }
}

#[test]
fn a_token_is_good_for_its_cookie_and_application_only_a15() {
    let token = tokens().issue(SESSION).unwrap();
    for (cookie_name, application) in [
        ("__Host-other", "shop"),
        ("__Host-session", "blog"),
        ("__Host-session", ""),
        ("__Host-sessionshop", ""),
    ] {
        let other = CsrfTokens::new(&ring(b'a'), cookie_name, application);
        assert_eq!(other.verify(SESSION, &token), Err(CsrfError::Forged));
    }
}

#[test]
fn a_token_outlives_a_rotation_but_not_its_key() {
    let with = |ring: &KeyRing| CsrfTokens::new(ring, "__Host-session", "shop");
    let old = ring(b'a');
    let token = with(&old).issue(SESSION).unwrap();
    let rotated = old.rotated(key(b'b'));
    assert_eq!(with(&rotated).verify(SESSION, &token), Ok(()));
    let new = with(&rotated).issue(SESSION).unwrap();
    assert_eq!(with(&old).verify(SESSION, &new), Err(CsrfError::Forged));
    assert_eq!(
        with(&ring(b'b')).verify(SESSION, &token),
        Err(CsrfError::Forged)
    );

    let verifies = with(&KeyRing::verify_only([verify_key(b'a')]));
    assert_eq!(verifies.verify(SESSION, &token), Ok(()));
    assert!(verifies.issue(SESSION).unwrap_err().is_unwritable());
}

/// Compressing a page beside text of the attacker's choice must not reveal its token (BREACH).
#[test]
fn a_token_is_masked_anew_each_time() {
    let tokens = tokens();
    let [one, other] = [(); 2].map(|()| tokens.issue(SESSION).unwrap());
    // Mask, key id and MAC; the key id is no secret and stays. Characters at the edges hold both.
    for part in [0..21, 32..75] {
        let same = one[part.clone()]
            .bytes()
            .zip(other[part].bytes())
            .filter(|(one, other)| one == other)
            .count();
        assert!(same < 10, "{same}: {one} {other}");
    }
}

#[test]
fn safe_methods_pass_whatever_the_headers_say() {
    let hostile = headers(&[("sec-fetch-site", "cross-site"), ("origin", "null")]);
    let policy = CsrfPolicy::default().with_token_always();
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE] {
        assert_eq!(policy.decide(&method, &hostile), CsrfDecision::Allowed);
    }
    let unknown = Method::from_bytes(b"get").unwrap();
    for method in [
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::CONNECT,
        unknown,
    ] {
        assert_eq!(policy.decide(&method, &hostile), CsrfDecision::Refused);
    }
}

#[test]
fn sec_fetch_site_decides_before_origin_v3_5_3() {
    use CsrfDecision::{Allowed, Refused};
    let policy = CsrfPolicy::default();
    let own = ("origin", "https://shop.example");
    let host = ("host", "shop.example");
    for (site, decision) in [
        ("same-origin", Allowed),
        ("none", Allowed),
        ("same-site", Refused),
        ("cross-site", Refused),
        ("Same-Origin", Refused),
        ("same-origin, cross-site", Refused),
        ("", Refused),
        ("é", Refused),
    ] {
        let site = ("sec-fetch-site", site);
        assert_eq!(decide(&policy, &[site]), decision, "{site:?}");
        assert_eq!(decide(&policy, &[site, own, host]), decision, "{site:?}");
    }
    let twice = [
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
    ];
    assert_eq!(decide(&policy, &twice), Refused);
}

#[test]
fn origin_is_compared_with_the_host() {
    use CsrfDecision::{Allowed, Refused, TokenNeeded};
    let policy = CsrfPolicy::default();
    for (origin, host, decision) in [
        ("https://shop.example", "shop.example", Allowed),
        ("https://SHOP.example", "Shop.Example", Allowed),
        ("https://shop.example:443", "shop.example", Allowed),
        ("https://shop.example", "shop.example:443", Allowed),
        ("http://shop.example", "shop.example:80", Allowed),
        ("http://localhost:8080", "localhost:8080", Allowed),
        ("http://[::1]:8080", "[::1]:8080", Allowed),
        ("http://[::1]", "[::1]", Allowed),
        ("https://shop.example:8443", "shop.example", Refused),
        ("https://shop.example", "shop.example:8443", Refused),
        ("https://shop.example", "shop.example:80", Refused),
        ("http://[::1]:1", "[::1]:2", Refused),
        ("https://evil.example", "shop.example", Refused),
        ("https://shop.example.evil.example", "shop.example", Refused),
        ("https://evilshop.example", "shop.example", Refused),
        ("https://a.shop.example", "shop.example", Refused),
        ("https://shop.example.", "shop.example", Refused),
    ] {
        let pairs = [("origin", origin), ("host", host)];
        assert_eq!(decide(&policy, &pairs), decision, "{pairs:?}");
    }
    let origin = ("origin", "https://evil.example");
    assert_eq!(
        decide(&policy, &[origin]),
        TokenNeeded,
        "nothing to compare"
    );
    assert_eq!(decide(&policy, &[("host", "shop.example")]), TokenNeeded);
    assert_eq!(decide(&policy, &[]), TokenNeeded);
}

#[test]
fn a_null_malformed_or_repeated_origin_is_refused() {
    let policy = CsrfPolicy::default();
    let host = ("host", "shop.example");
    for origin in [
        "null",
        "",
        "shop.example",
        "//shop.example",
        "://shop.example",
        "https:shop.example",
        "https://",
        "https://:443",
        "https://shop.example:",
        "https://shop.example:+443",
        "https://shop.example:99999",
        "https://shop.example/",
        "https://shop.example?",
        "https://user@shop.example",
        "https://evil.example https://shop.example",
        "https://shop.example, https://shop.example",
        "https://shop.example\t",
        "https://shöp.example",
        "https://[::1",
        "https://[]",
        "https://::1",
    ] {
        let pairs = [("origin", origin), host];
        assert_eq!(decide(&policy, &pairs), CsrfDecision::Refused, "{origin}");
    }
    let own = ("origin", "https://shop.example");
    assert_eq!(decide(&policy, &[own, host]), CsrfDecision::Allowed);
    assert_eq!(decide(&policy, &[own, own, host]), CsrfDecision::Refused);
    assert_eq!(decide(&policy, &[own, host, host]), CsrfDecision::Refused);
    for host in ["", "shop.example/", "user@shop.example", "shop.example:x"] {
        let pairs = [own, ("host", host)];
        assert_eq!(decide(&policy, &pairs), CsrfDecision::Refused, "{host}");
    }
}

#[test]
fn listed_origins_pass_and_the_host_is_not_asked() {
    use CsrfDecision::{Allowed, Refused};
    let listed = [
        "https://shop.example",
        "HTTPS://App.example:443",
        "app://localhost",
    ];
    let policy = CsrfPolicy::default().with_origins(listed).unwrap();
    for (origin, decision) in [
        ("https://shop.example", Allowed),
        ("https://app.example", Allowed),
        ("app://localhost", Allowed),
        ("http://shop.example", Refused),
        ("https://shop.example:444", Refused),
        ("https://other.example", Refused),
        ("app://other", Refused),
        ("null", Refused),
    ] {
        let origin = ("origin", origin);
        let host = ("host", "other.example");
        assert_eq!(decide(&policy, &[origin, host]), decision, "{origin:?}");
        for site in ["same-site", "cross-site"] {
            let pairs = [origin, ("sec-fetch-site", site)];
            assert_eq!(decide(&policy, &pairs), decision, "{pairs:?}");
        }
    }
    for bad in ["shop.example", "https://shop.example/", "null", "*", ""] {
        let refused = CsrfPolicy::default().with_origins([bad]).unwrap_err();
        assert_eq!(refused, OriginError);
    }
}

#[test]
fn the_token_decides_where_the_headers_do_not_v3_5_1() {
    let (tokens, policy) = (tokens(), CsrfPolicy::default());
    let good = tokens.issue(SESSION).unwrap();
    let stale = tokens.issue(b"session 1, not signed in").unwrap();
    let check = |policy: &CsrfPolicy, pairs: &[(&str, &str)], field: Option<&str>| {
        tokens.check(policy, &Method::POST, &headers(pairs), field, SESSION)
    };
    assert_eq!(check(&policy, &[], Some(&good)), Ok(()));
    assert_eq!(check(&policy, &[in_header(&good)], None), Ok(()));
    assert_eq!(check(&policy, &[in_header(&good)], Some("bad")), Ok(()));
    for (pairs, field) in [
        (vec![], None),
        (vec![], Some("")),
        (vec![], Some(&*stale)),
        (vec![in_header(&stale)], Some(&*good)),
        (vec![in_header(&good), in_header(&good)], Some(&*good)),
        (vec![in_header("é")], Some(&*good)),
    ] {
        assert_eq!(
            check(&policy, &pairs, field),
            Err(CsrfError::Forged),
            "{pairs:?}"
        );
    }

    // Headers that refuse are not overruled; those that allow suffice, unless told otherwise.
    let (foreign, own) = (
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-origin"),
    );
    assert_eq!(
        check(&policy, &[foreign, in_header(&good)], None),
        Err(CsrfError::Forged)
    );
    assert_eq!(check(&policy, &[own], None), Ok(()));
    let always = policy.with_token_always();
    assert_eq!(check(&always, &[own], None), Err(CsrfError::Forged));
    assert_eq!(check(&always, &[own], Some(&good)), Ok(()));
    assert_eq!(
        check(&always, &[foreign], Some(&good)),
        Err(CsrfError::Forged)
    );
    let safe = tokens.check(&always, &Method::GET, &headers(&[foreign]), None, SESSION);
    assert_eq!(safe, Ok(()));
}

#[test]
fn debug_does_not_leak_key() {
    let shown = format!("{:?}", tokens());
    assert!(shown.starts_with("CsrfTokens([RingKey { id: "), "{shown}");
}

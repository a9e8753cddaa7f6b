use std::fs::File;

use privyseal::reference::{ReferenceSigner, Secret};
use privyseal::sealed::{Context, SessionId};
use privyseal::{KeyRing, SecretKey};

use crate::{Place, Ran};

/// `Flask` with the secret key `dev` at 1,700,000,000 seconds.
const FLASK: &str = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

const SIGN: [&str; 4] = ["token", "sign", "--key-file", "secret.key"];
const VERIFY: [&str; 4] = ["token", "verify", "--key-file", "secret.key"];

fn with<'a>(start: &[&'a str], rest: &[&'a str]) -> Vec<&'a str> {
    [start, rest].concat()
}

#[test]
fn every_format_goes_round() {
    let place = Place::with_keys();
    let cases: &[(&[&str], &str, &str)] = &[
        (&[], r#"{"b": 1, "a": [true]}"#, r#"{"a":[true],"b":1}"#),
        (
            &["--format", "flask-sha256"],
            r#"{"t": {" t": [1]}}"#,
            r#"{"t":{" t":[1]}}"#,
        ),
        (&["--salt", "other"], "{}", "{}"),
        (&["--format", "itsdangerous"], r#""x""#, r#""x""#),
        (
            &["--format", "itsdangerous", "--serializer", "signer"],
            "x.y",
            "x.y",
        ),
        (
            &["--format", "itsdangerous", "--serializer", "timestamp"],
            "x.y",
            "x.y",
        ),
        (
            &["--format", "itsdangerous", "--serializer", "json"],
            "[1, 2.5]",
            "[1,2.5]",
        ),
        (
            &["--format", "itsdangerous", "--serializer", "timed"],
            "null",
            "null",
        ),
        (
            &["--format", "itsdangerous", "--serializer", "url-safe"],
            "[]",
            "[]",
        ),
        (
            &[
                "--format",
                "itsdangerous",
                "--digest",
                "sha512",
                "--key-derivation",
                "concat",
            ],
            "1",
            "1",
        ),
        (
            &[
                "--format",
                "sealed",
                "--cookie-name",
                "id",
                "--application",
                "shop",
            ],
            "{}",
            "{}",
        ),
    ];
    for (flags, value, content) in cases {
        let signed = place.run(with(&SIGN, &with(flags, &[value])));
        let token = signed.quietly().trim_end();
        let reveal: &[&str] = if flags.contains(&"sealed") {
            &["--reveal"]
        } else {
            &[]
        };
        let verified = place.run([&VERIFY, *flags, reveal, &[token]].concat());
        let text = verified.quietly();
        assert!(text.starts_with("valid\n"), "{text}");
        assert!(
            text.ends_with(&format!("\ncontent    {content}\n")),
            "{text}"
        );

        let other_key = [
            &["token", "verify", "--key-file", "other.key"],
            *flags,
            &[token],
        ]
        .concat();
        let refused = place.run(other_key);
        assert_eq!(refused.code, Some(1), "{flags:?}");
        assert_eq!(
            refused.stdout(),
            "not valid: altered, of another format, or made under another key or salt\n"
        );
    }
}

#[test]
fn a_cookie_of_flask_is_verified_with_its_weak_key() {
    let place = Place::new();
    place.write("old.key", "dev");
    let verify = [
        "token",
        "verify",
        "--key-file",
        "old.key",
        "--now",
        "1700000060",
        FLASK,
    ];
    let refused = place.run(verify);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused
            .stderr
            .starts_with("error: the secret key from file old.key cannot be used\n  caused by: ")
    );
    assert!(refused.stderr.contains("\n\nhint: "));

    let accepted = place.run(with(&verify, &["--danger-accept-weak-key", "--json"]));
    assert_eq!(accepted.code, Some(0));
    assert!(
        accepted
            .stderr
            .starts_with("warning: file old.key is accepted for verification only: ")
    );
    let json = accepted.json();
    assert_eq!(json["valid"], true);
    assert_eq!(json["format"], "flask");
    assert_eq!(json["signed_at"], "2023-11-14T22:13:20Z");
    assert_eq!(json["value"]["a"], 1);
}

#[test]
fn weak_keys_never_sign() {
    let place = Place::with_keys();
    let sign = [
        "token",
        "sign",
        "--key-file",
        "weak.key",
        "--danger-accept-weak-key",
        "{}",
    ];
    assert!(place.run(sign).stderr.contains("unexpected argument"));
}

#[test]
fn max_age_is_inclusive_and_the_future_is_refused() {
    let place = Place::with_keys();
    let token = place.run(with(&SIGN, &["--now", "1000", "{}"]));
    let token = token.quietly().trim_end();
    for (now, max_age, code, reason) in [
        ("1010", "10", 0, ""),
        ("1011", "10", 1, "not valid: token has expired\n"),
        (
            "999",
            "10",
            1,
            "not valid: token was issued in the future\n",
        ),
    ] {
        let ran = place.run(with(&VERIFY, &["--now", now, "--max-age", max_age, token]));
        assert_eq!(ran.code, Some(code), "{now}");
        assert!(code == 0 || ran.stdout() == reason, "{ran:?}");
    }
}

#[test]
fn older_keys_verify_after_the_first() {
    let place = Place::with_keys();
    let token = place.run(with(&SIGN, &["{}"]));
    let verify = [
        "token",
        "verify",
        "--key-file",
        "other.key",
        "--key-file",
        "secret.key",
    ];
    let ran = place.run(with(&verify, &[token.quietly().trim_end()]));
    assert!(ran.quietly().contains(", an older key\n"), "{ran:?}");
}

#[test]
fn sealed_content_is_shown_only_when_asked_for() {
    let place = Place::with_keys();
    let sealed = ["--format", "sealed"];
    let token = place.run(with(&SIGN, &with(&sealed, &["the eagle lands at nine"])));
    let token = token.quietly().trim_end().to_owned();
    for json in [&[][..], &["--json"]] {
        let hidden = place.run([&VERIFY[..], &sealed, json, &[token.as_str()]].concat());
        assert!(!hidden.quietly().contains("eagle"));
        let shown = place.run([&VERIFY[..], &sealed, json, &["--reveal", &token]].concat());
        assert!(shown.quietly().contains("the eagle lands at nine"));
    }
}

#[test]
fn texts_and_keys_come_from_standard_input_and_descriptors() {
    let place = Place::with_keys();
    let sign = with(&SIGN, &["--now", "1", "-"]);
    let by_argument = place.run(with(&SIGN, &["--now", "1", "{}"]));
    assert_eq!(
        place.run_with_stdin(sign, "{}\n").quietly(),
        by_argument.quietly()
    );

    let key_on_stdin = ["token", "sign", "--key-file", "-", "--now", "1", "{}"];
    let by_stdin = place.run_with_stdin(key_on_stdin, crate::KEY);
    assert_eq!(by_stdin.quietly(), by_argument.quietly());

    let both = place.run_with_stdin(["token", "sign", "--key-file", "-", "-"], crate::KEY);
    assert_eq!(both.code, Some(2));
    assert!(
        both.stderr
            .starts_with("error: standard input cannot hold both")
    );
    let twice = [
        "token",
        "verify",
        "--key-file",
        "-",
        "--key-file",
        "-",
        "a.b.c",
    ];
    assert_eq!(place.run_with_stdin(twice, crate::KEY).code, Some(2));

    // Descriptor 0 is the one that a parent can hand over without help.
    let mut command = place.command(["token", "sign", "--key-fd", "0", "--now", "1", "{}"]);
    command.stdin(File::open(place.path("secret.key")).unwrap());
    let by_descriptor = Ran::from(command.output().unwrap());
    assert_eq!(by_descriptor.quietly(), by_argument.quietly());

    let mut command = place.command(["token", "sign", "--now", "1", "{}"]);
    let credentials = place.path("credentials");
    std::fs::create_dir(&credentials).unwrap();
    std::fs::rename(place.path("secret.key"), credentials.join("secret_key")).unwrap();
    command.env("CREDENTIALS_DIRECTORY", &credentials);
    let by_credential = Ran::from(command.output().unwrap());
    assert_eq!(by_credential.quietly(), by_argument.quietly());
}

#[test]
fn flags_of_another_format_are_refused() {
    let place = Place::with_keys();
    for (format, flag, value) in [
        ("flask", "--digest", "sha256"),
        ("flask", "--purpose", "session"),
        ("flask-sha256", "--serializer", "json"),
        ("itsdangerous", "--cookie-name", "id"),
        ("sealed", "--salt", "pepper"),
        ("sealed", "--key-derivation", "hmac"),
    ] {
        let ran = place.run(with(&SIGN, &["--format", format, flag, value, "{}"]));
        assert_eq!(ran.code, Some(2));
        assert!(
            ran.stderr
                .starts_with(&format!("error: {flag} has no meaning")),
            "{ran:?}"
        );
    }
    let untimed = [
        "--format",
        "itsdangerous",
        "--serializer",
        "signer",
        "--max-age",
        "1",
        "x.y",
    ];
    assert_eq!(place.run(with(&VERIFY, &untimed)).code, Some(2));
}

#[test]
fn an_inspection_says_first_that_nothing_is_verified_unless_it_is() {
    let place = Place::with_keys();
    let ran = place.run(["token", "inspect", FLASK]);
    assert!(ran.quietly().starts_with("NOT VERIFIED: "), "{ran:?}");
    let token = place.run(with(&SIGN, &["{}"]));
    let token = token.quietly().trim_end();
    let ran = place.run(["token", "inspect", "--key-file", "secret.key", token]);
    assert!(ran.quietly().starts_with("VERIFIED: "), "{ran:?}");
    let json = place
        .run(["token", "inspect", "--json", "--now", "1700000000", FLASK])
        .json();
    assert_eq!(json["verified"], false);
    assert_eq!(json["format"], "flask");
    assert_eq!(json["issued_at"], "2023-11-14T22:13:20Z");
    assert_eq!(json["content"], r#"{"a":1}"#);
}

#[test]
fn a_reference_to_a_stored_session_is_explained_without_its_secret() {
    let place = Place::with_keys();
    let signed_for = Context {
        purpose: "stored session",
        cookie_name: "id",
        application: "shop",
    };
    let ring = KeyRing::new(SecretKey::from_text(crate::KEY).unwrap());
    let session = SessionId::from_bytes([7; 16]);
    let secret = Secret::random(&mut rand::rng()).unwrap();
    let signer = ReferenceSigner::new(&ring, signed_for);
    let reference = signer.sign(session, &secret).unwrap();
    let flags = ["--key-file", "secret.key", "--application", "shop"];

    let explained = ["token", "inspect", "--cookie-name", "id", &reference];
    let ran = place.run(with(&explained, &flags));
    let text = ran.quietly();
    assert!(text.starts_with("VERIFIED: made by key "), "{text}");
    assert!(text.contains("\nformat     privyseal reference to a stored session\n"));
    assert!(
        text.contains(&format!("\nsession id {session}, ")),
        "{text}"
    );

    let header = format!("id={reference}");
    let explained = ["cookie", "inspect", "--json", &header];
    let ran = place.run(with(&explained, &flags));
    let token = &ran.json()["cookies"][0]["token"];
    assert_eq!(token["verified"], true);
    assert_eq!(token["format"], "privyseal_reference_v2");
    assert_eq!(token["key_id"], token["unverified_key_id"]);
    assert_eq!(token["finding_codes"], serde_json::json!(["in_store"]));
    // A stretch of the secret.
    assert!(!text.contains(&reference[40..60]));
    assert!(!ran.stdout().contains(&reference[40..60]));

    let of_another = place.run(with(&["token", "inspect", &reference], &flags));
    let text = of_another.quietly();
    assert!(text.starts_with("NOT VERIFIED: "), "{text}");
    assert!(text.contains("- bad signature: tried 1 key with purpose \"stored session\""));
}

#[test]
fn a_session_in_several_cookies_is_explained_as_one() {
    let place = Place::with_keys();
    let sign = ["--format", "sealed", "--cookie-name", "id", "{}"];
    let token = place.run(with(&SIGN, &sign));
    let (first, second) = token.quietly().trim_end().split_at(50);
    let header = format!("Cookie: id.0=2~{first}; id.1={second}");
    let ran = place.run(["cookie", "inspect", "--key-file", "secret.key", &header]);
    let text = ran.quietly();
    assert!(text.starts_with("VERIFIED: every cookie"), "{text}");
    assert!(text.contains("- put together from 2 cookies"), "{text}");
    assert!(text.contains("\nformat     part of a token in several cookies\n"));
}

#[test]
fn a_cookie_header_is_explained_cookie_by_cookie() {
    let place = Place::with_keys();
    let header = format!("Set-Cookie: session={FLASK}; Path=/; HttpOnly");
    let ran = place.run_with_stdin(["cookie", "inspect", "-"], &header);
    assert!(ran.quietly().starts_with("NOT VERIFIED: "));
    assert!(ran.quietly().contains("no Secure"));
    let json = place.run(["cookie", "inspect", "--json", &header]).json();
    assert_eq!(json["header"], "set_cookie");
    let cookie = &json["cookies"][0];
    assert_eq!(cookie["name"], "session");
    assert_eq!(cookie["token"]["format"], "flask");
    assert_eq!(cookie["attributes"][0]["name"], "Path");
    assert_eq!(cookie["attributes"][0]["value"], "/");
    let weaknesses = cookie["weaknesses"].as_array().unwrap();
    assert!(
        weaknesses
            .iter()
            .any(|weakness| weakness["text"].as_str().unwrap().starts_with("no Secure"))
    );
}

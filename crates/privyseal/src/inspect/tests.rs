mod standings;

use proptest::prelude::*;

use super::*;
use crate::digest::Digest;
use crate::encoding;
use crate::formats::flask::{FlaskOptions, FlaskSession};
use crate::formats::itsdangerous::{
    DEFAULT_INFLATE_LIMIT, Options, Serializer, Signer, TimedSerializer, TimestampSigner,
    UrlSafeSerializer, UrlSafeTimedSerializer,
};
use crate::keyring::RingKey;
use crate::sealed::{self, Sealer, SessionId};
use crate::value::{Dict, Value};
use crate::{SecretKey, VerifyKey};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_060);
const SIGNED_AT: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
/// Signed with the secret `dev` at `SIGNED_AT` by Flask 3.1.3.
const FLASK: &str = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

fn dev() -> KeyRing {
    KeyRing::verify_only([VerifyKey::danger_accept_weak("dev").unwrap()])
}

fn ring() -> KeyRing {
    KeyRing::new(SecretKey::generate().unwrap())
}

fn ring_of_another() -> KeyRing {
    ring()
}

fn context(ring: Option<&KeyRing>) -> Context<'_> {
    Context {
        ring,
        ..Context::new(NOW)
    }
}

fn session() -> Value {
    Value::Dict(Dict::from_iter([("user", "ada")]))
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.findings().iter().map(Finding::code).collect()
}

#[test]
fn a_flask_cookie_without_a_key() {
    assert_eq!(
        token(FLASK, &context(None)).to_string(),
        "NOT VERIFIED: nothing below is to be trusted\n\
         format     Flask session cookie\n\
         payload    10 characters, JSON in base64url\n\
         timestamp  6 characters, 1700000000 s after 1970\n\
         signature  27 characters, 20 bytes: HMAC-SHA1\n\
         issued     2023-11-14T22:13:20Z, 1 minute ago\n\
         key        needs SECRET_KEY, or one of SECRET_KEY_FALLBACKS\n\
         content    {\"a\":1}\n\
         - no key was given, so nothing could be checked\n\
         - no maximum age was given, so the age was not checked\n\
         - signed, not encrypted: whoever holds the token reads its content"
    );
}

#[test]
fn a_flask_cookie_with_its_key() {
    let ring = ring().with_verify_only([VerifyKey::danger_accept_weak("dev").unwrap()]);
    let report = token(FLASK, &context(Some(&ring)));
    assert!(report.is_verified());
    let key = report.key().unwrap();
    assert_eq!(key.position, 1);
    assert_eq!(Some(key.id), ring.keys().nth(1).map(RingKey::id));
    assert_eq!(key.settings, "Flask (salt \"cookie-session\", hmac)");
    assert!(report.to_string().starts_with("VERIFIED: made by key "));
    assert_eq!(codes(&report), ["old_key", "age_not_checked", "readable"]);
}

#[test]
fn looking_at_a_token_is_no_use_of_its_key() {
    let ring = ring();
    let flask = FlaskSession::new(&ring)
        .dumps(&session(), SIGNED_AT)
        .unwrap();
    let (_, sealed) = sealed_token(&ring);
    assert!(token(&flask, &context(Some(&ring))).is_verified());
    assert!(token(&sealed, &sealed_context(&ring)).is_verified());
    assert_eq!(ring.primary().unwrap().verifications(), 0);
}

#[test]
fn every_class_is_told_apart_and_verified() {
    let ring = ring();
    let options = Options::default();
    let value = session();
    let signed = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let flask_sha256 = FlaskSession::with_options(&ring, &FlaskOptions::sha256());
    let url_safe_timed = UrlSafeTimedSerializer::new(&ring, &options).unwrap();
    for (made, format) in [
        (
            FlaskSession::new(&ring).dumps(&value, SIGNED_AT).unwrap(),
            Format::Flask,
        ),
        (
            flask_sha256.dumps(&value, SIGNED_AT).unwrap(),
            Format::Flask,
        ),
        (
            url_safe_timed.dumps(&value, SIGNED_AT).unwrap(),
            Format::UrlSafeTimedSerializer,
        ),
        (
            url_safe_timed
                .dumps(&Value::from("a".repeat(200)), SIGNED_AT)
                .unwrap(),
            Format::UrlSafeTimedSerializer,
        ),
        (
            UrlSafeSerializer::new(&ring, &options)
                .unwrap()
                .dumps(&value)
                .unwrap(),
            Format::UrlSafeSerializer,
        ),
        (
            TimedSerializer::new(&ring, &options)
                .unwrap()
                .dumps(&value, SIGNED_AT)
                .unwrap(),
            Format::TimedSerializer,
        ),
        (
            Serializer::new(&ring, &options)
                .unwrap()
                .dumps(&value)
                .unwrap(),
            Format::Serializer,
        ),
        (
            signed(
                TimestampSigner::new(&ring, &options)
                    .unwrap()
                    .sign(b"v", SIGNED_AT)
                    .unwrap(),
            ),
            Format::TimestampSigner,
        ),
        (
            signed(
                Signer::new(&ring, &options)
                    .unwrap()
                    .sign(b"some text")
                    .unwrap(),
            ),
            Format::Signer,
        ),
    ] {
        let report = token(&made, &context(Some(&ring)));
        assert_eq!(report.format(), format, "{made}\n{report}");
        assert!(report.is_verified(), "{made}\n{report}");
        assert!(report.content().is_some(), "{made}");
        let other = ring_of_another();
        let report = token(&made, &context(Some(&other)));
        assert!(!report.is_verified() && report.key().is_none(), "{made}");
        assert!(codes(&report).contains(&"bad_signature"), "{made}");
    }
}

#[test]
fn a_given_salt_is_tried_with_every_derivation() {
    use crate::formats::itsdangerous::KeyDerivation;
    let ring = ring();
    for key_derivation in [
        KeyDerivation::Concat,
        KeyDerivation::DjangoConcat,
        KeyDerivation::Hmac,
        KeyDerivation::None,
    ] {
        for digest in Digest::ALL {
            let options = Options {
                key_derivation,
                digest,
                ..Options::with_salt("unsubscribe")
            };
            let made = UrlSafeSerializer::new(&ring, &options)
                .unwrap()
                .dumps(&session())
                .unwrap();
            let mut context = context(Some(&ring));
            let report = token(&made, &context);
            assert!(!report.is_verified(), "{key_derivation:?}");
            context.salt = Some(b"unsubscribe");
            assert!(
                token(&made, &context).is_verified(),
                "{key_derivation:?} {digest}"
            );
        }
    }
}

#[test]
fn a_bad_signature_names_what_was_tried() {
    let report = token(FLASK, &context(Some(&ring())));
    let text = report.to_string();
    assert!(
        text.starts_with("NOT VERIFIED: nothing below is to be trusted\n"),
        "{text}"
    );
    assert!(
        text.contains(
            "- bad signature: tried 1 key with Flask (salt \"cookie-session\", hmac), itsdangerous \
             serializer (salt \"itsdangerous\", django-concat)"
        ),
        "{text}"
    );
}

#[test]
fn the_age_is_judged_at_the_edge() {
    let ring = dev();
    let at = |max_age, now| {
        let context = Context {
            max_age: Some(MaxAge::from_seconds(max_age)),
            now: Timestamp::from_unix_seconds(now),
            ..context(Some(&ring))
        };
        token(FLASK, &context)
    };
    assert!(at(60, 1_700_000_060).is_verified());
    let expired = at(60, 1_700_000_061);
    assert!(!expired.is_verified() && expired.key().is_some());
    assert!(
        expired
            .findings()
            .contains(&Finding::Expired { seconds: 1 })
    );
    assert!(
        expired
            .to_string()
            .starts_with("NOT VERIFIED: nothing below is to be trusted; made by key")
    );

    assert!(at(60, 1_700_000_000).is_verified());
    assert!(!at(60, 1_699_999_999).is_verified());
    let unbounded = Context {
        now: Timestamp::from_unix_seconds(1_699_999_999),
        ..context(Some(&ring))
    };
    let report = token(FLASK, &unbounded);
    assert!(report.is_verified() && codes(&report).contains(&"from_the_future"));
}

/// The text under a Flask signature of the key `dev`, whatever it is.
fn flask_signed(stamped: &str) -> String {
    let options = Options {
        key_derivation: crate::formats::itsdangerous::KeyDerivation::Hmac,
        ..Options::default()
    };
    let tag = options
        .prepare(b"dev", b"cookie-session")
        .tag(stamped.as_bytes());
    format!("{stamped}.{}", encoding::encode(tag.as_bytes()))
}

#[test]
fn what_an_authentic_token_gets_wrong_is_named() {
    let ring = dev();
    let payload = |json: &str| encoding::encode(json.as_bytes());
    for (stamped, code) in [
        (format!("{}.ZVPxAA", payload("{\"a\":")), "bad_json"),
        (format!("{}.ZVPxAA", payload("{\" b\":\"é\"}")), "bad_json"),
        (".ZVPxAA".to_owned(), "bad_json"),
        ("{\"a\":1}.ZVPxAA".to_owned(), "not_base64"),
        ("eyJhIjoxfQ".to_owned(), "no_timestamp"),
        ("eyJhIjoxfQ.AAAAAAAAAAAAA".to_owned(), "no_timestamp"),
        (format!("{}.ZVPxAA", payload("[1,2]")), "not_a_dict"),
        (".eNoAAA.ZVPxAA".to_owned(), "not_zlib"),
        (
            format!("{}.{}", payload("{}"), encoding::encode(&[0xff; 8])),
            "timestamp_out_of_range",
        ),
    ] {
        let report = token(&flask_signed(&stamped), &context(Some(&ring)));
        assert!(codes(&report).contains(&code), "{stamped}\n{report}");
        assert!(
            report.key().is_some() && !report.is_verified(),
            "{stamped}\n{report}"
        );
    }
}

#[test]
fn spellings_that_only_python_accepts_are_named() {
    let ring = dev();
    for (spelling, part) in [
        (format!("{FLASK}="), "signature"),
        (FLASK.replace("7hk", "7hl"), "signature"),
        (flask_signed("eyJhIjoxfQ==.ZVPxAA"), "payload"),
        (flask_signed("eyJhIjoxfQ.AGVT8QA"), "timestamp"),
    ] {
        let report = token(&spelling, &context(Some(&ring)));
        assert!(report.is_verified(), "{spelling}\n{report}");
        assert!(
            report.findings().contains(&Finding::NonCanonical { part }),
            "{spelling}\n{report}"
        );
    }
    assert!(!codes(&token(FLASK, &context(Some(&ring)))).contains(&"non_canonical"));
}

#[test]
fn a_serializers_signature_over_no_json_is_refused() {
    let ring = ring();
    let signer = Signer::new(&ring, &Options::with_salt("itsdangerous")).unwrap();
    let made = String::from_utf8(signer.sign(b"no json").unwrap()).unwrap();
    let report = token(&made, &context(Some(&ring)));
    assert!(report.key().is_some() && !report.is_verified());
    assert!(codes(&report).contains(&"bad_json"), "{report}");
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    use flate2::{Compress, Compression, FlushCompress};
    let mut out = Vec::with_capacity(bytes.len() + 64);
    Compress::new(Compression::new(6), true)
        .compress_vec(bytes, &mut out, FlushCompress::Finish)
        .unwrap();
    out
}

#[test]
fn inflating_is_bounded_at_the_edge_and_trailing_bytes_are_named() {
    let ring = dev();
    let stamped = |data: &[u8]| format!(".{}.ZVPxAA", encoding::encode(data));
    let json = |len: usize| format!("{{\"a\":\"{}\"}}", "a".repeat(len - 8));
    let report = |len| {
        token(
            &flask_signed(&stamped(&deflated(json(len).as_bytes()))),
            &context(Some(&ring)),
        )
    };
    assert!(report(DEFAULT_INFLATE_LIMIT - 1).is_verified());
    assert!(report(DEFAULT_INFLATE_LIMIT).is_verified());
    let over = report(DEFAULT_INFLATE_LIMIT + 1);
    assert!(!over.is_verified() && over.content().is_none());
    assert!(codes(&over).contains(&"inflates_too_large"));
    assert!(over.to_string().len() < 1000);

    let mut data = deflated(json(100).as_bytes());
    assert!(!codes(&report(100)).contains(&"trailing_bytes"));
    data.push(0);
    let report = token(&flask_signed(&stamped(&data)), &context(Some(&ring)));
    assert!(report.is_verified() && codes(&report).contains(&"trailing_bytes"));
}

#[test]
fn the_longest_token_is_looked_into_and_a_longer_one_is_not() {
    let at = |len: usize| {
        token(
            &format!("{}{FLASK}", "a".repeat(len - FLASK.len())),
            &context(None),
        )
    };
    assert_eq!(at(MAX_TOKEN_LEN - 1).format(), Format::TimestampSigner);
    assert_eq!(at(MAX_TOKEN_LEN).format(), Format::TimestampSigner);
    assert_eq!(codes(&at(MAX_TOKEN_LEN + 1)), ["too_long"]);
    assert!(at(MAX_TOKEN_LEN).to_string().len() < 2 * MAX_SHOWN);
}

fn sealed_context(ring: &KeyRing) -> Context<'_> {
    Context {
        cookie_name: "__Host-id",
        application: "shop",
        ..context(Some(ring))
    }
}

fn sealed_token(ring: &KeyRing) -> (Sealer, String) {
    let sealer = Sealer::new(
        ring,
        sealed::Context {
            purpose: "session",
            cookie_name: "__Host-id",
            application: "shop",
        },
    );
    let id = SessionId::from_bytes([7; 16]);
    let token = sealer
        .seal(b"{\"cart\":[1]}", id, SIGNED_AT, &mut rand::rng())
        .unwrap();
    (sealer, token)
}

#[test]
fn a_sealed_token_shows_nothing_without_its_key() {
    let ring = ring();
    let (_, sealed) = sealed_token(&ring);
    let report = token(&sealed, &context(None));
    assert_eq!(report.format(), Format::Sealed);
    assert_eq!(report.unverified_key_id(), ring.primary().map(RingKey::id));
    assert!(report.content().is_none() && report.issued_at().is_none());

    let other = ring_of_another();
    let report = token(&sealed, &sealed_context(&other));
    assert_eq!(codes(&report), ["unknown_key"]);

    // The right key for another cookie, and a changed token.
    let other = if sealed.get(50..51) == Some("A") {
        "B"
    } else {
        "A"
    };
    let mut changed = sealed.clone();
    changed.replace_range(50..51, other);
    for (text, context) in [
        (sealed.clone(), context(Some(&ring))),
        (changed, sealed_context(&ring)),
    ] {
        let report = token(&text, &context);
        assert!(report.content().is_none() && !report.is_verified());
        assert!(codes(&report).contains(&"seal_broken"), "{report}");
    }
    let report = token(&format!("{sealed}="), &sealed_context(&ring));
    assert!(!report.is_verified() && codes(&report).contains(&"not_base64"));
}

#[test]
fn a_sealed_token_is_opened_with_its_key() {
    let old = ring();
    let (_, sealed) = sealed_token(&old);
    let ring = old.rotated(SecretKey::generate().unwrap());
    let mut context = sealed_context(&ring);
    let report = token(&sealed, &context);
    assert!(report.is_verified(), "{report}");
    assert_eq!(report.issued_at(), Some(SIGNED_AT));
    assert_eq!(
        report.content().unwrap().unverified_bytes(),
        b"{\"cart\":[1]}"
    );
    assert!(report.content().unwrap().is_json());
    assert_eq!(codes(&report), ["old_key", "age_not_checked"]);

    context.max_age = Some(MaxAge::from_seconds(59));
    assert!(!token(&sealed, &context).is_verified());
}

#[test]
fn other_formats_are_recognised_by_shape() {
    for (text, format) in [
        (
            "eyJhIjoxfQ:1r31eq:tg9hP3QRfXg9DmniP_XBe4XGOw-2AT4i_CEVGQRTvQo",
            Format::Django,
        ),
        (
            ".eJx:1r31eq:tg9hP3QRfXg9DmniP_XBe4XGOw-2AT4i_CEVGQRTvQo",
            Format::Django,
        ),
        (
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            Format::Jwt,
        ),
        ("eyJhbGciOiJub25lIn0.e30.", Format::Jwt),
        (
            "ImFkYSI%3D--1234567890abcdef1234567890abcdef12345678",
            Format::RailsSigned,
        ),
        (
            "AAAA%2FAAA--AAAAAAAAAAAAAAAA--AAAAAAAAAAAAAAAAAAAAAA%3D%3D",
            Format::RailsEncrypted,
        ),
        ("s%3Aabc.D3QXMI0ZQYNZDxORB", Format::Express),
        ("s:abc.D3QXMI0ZQYNZDxORB", Format::Express),
        (
            "Fe26.2**abc*def*ghi*jkl*1700000000000*mno*pqr~2",
            Format::Iron,
        ),
        (
            "eyJpdiI6ImEiLCJ2YWx1ZSI6ImIiLCJtYWMiOiJjIiwidGFnIjoiIn0%3D",
            Format::Laravel,
        ),
        ("SFMyNTY.g3QAAAAB.D3QXMI0ZQYNZDxORB", Format::PhoenixSigned),
        ("XCP.AAAA", Format::PhoenixEncrypted),
        (
            "eyJhIjogMX0=.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk",
            Format::Starlette,
        ),
    ] {
        let report = token(text, &context(Some(&ring())));
        assert_eq!(report.format(), format, "{text}");
        assert!(
            !report.is_verified() && codes(&report).contains(&"not_supported"),
            "{text}"
        );
        let shown = report.to_string();
        assert!(
            shown.contains("not supported yet, recognised by shape"),
            "{shown}"
        );
    }
    for (text, format) in [
        ("4f2b8c1d9e3a7f60", Format::OpaqueId),
        ("4f2b8c1d9e3a7f6", Format::Unknown),
        (&*"a".repeat(128), Format::OpaqueId),
        (&*"a".repeat(129), Format::Unknown),
        ("8c5b1d0e-8c1f-4a9e-9f0a-0123456789ab", Format::OpaqueId),
        ("", Format::Unknown),
        ("www.example.org", Format::Unknown),
        ("{\"admin\":true}", Format::Unknown),
    ] {
        let report = token(text, &context(None));
        assert_eq!(report.format(), format, "{text}");
        assert!(!report.is_verified());
    }
}

#[test]
fn white_space_around_a_token_is_ignored_and_named() {
    let report = token(&format!(" {FLASK}\r\n"), &context(Some(&dev())));
    assert!(report.is_verified() && codes(&report).contains(&"surrounding_space"));
}

#[test]
fn no_report_contains_the_key() {
    let hex = "c91e07f2a6b34d58f0e29b7a16cd8345";
    let ring = KeyRing::new(SecretKey::from_text(hex).unwrap());
    let (_, sealed) = sealed_token(&ring);
    let flask = FlaskSession::new(&ring)
        .dumps(&session(), SIGNED_AT)
        .unwrap();
    for text in [sealed, flask, FLASK.to_owned()] {
        let context = sealed_context(&ring);
        let report = token(&text, &context);
        let shown = format!("{report} {report:?} {context:?}");
        assert!(!shown.contains(hex), "{shown}");
        assert!(!shown.contains(&format!("{:?}", hex.as_bytes())), "{shown}");
    }
}

fn is_safe_to_print(text: &str) -> bool {
    text.chars()
        .all(|character| character == '\n' || !character.is_control())
}

proptest! {
    #[test]
    fn no_text_panics_or_verifies(text in "\\PC*|[ -~]{0,80}|(?s:.{0,60})") {
        let ring = dev();
        let report = token(&text, &context(Some(&ring)));
        prop_assert!(!report.is_verified());
        prop_assert!(is_safe_to_print(&report.to_string()));
        let header = cookie_header(&text, &context(Some(&ring)));
        prop_assert!(is_safe_to_print(&header.to_string()));
    }

    #[test]
    fn hostile_content_never_reaches_the_terminal(bytes in any::<Vec<u8>>()) {
        let ring = dev();
        let signer = Signer::new(&KeyRing::new(SecretKey::generate().unwrap()), &Options::default()).unwrap();
        let signed = signer.sign(&bytes).unwrap();
        let payload = flask_signed(&format!("{}.ZVPxAA", encoding::encode(&bytes)));
        for text in [String::from_utf8_lossy(&signed).into_owned(), payload] {
            let shown = token(&text, &context(Some(&ring))).to_string();
            prop_assert!(is_safe_to_print(&shown), "{shown:?}");
            // The lines are ours: no content starts a new one.
            prop_assert!(shown.lines().count() < 20);
        }
    }

    #[test]
    fn a_changed_flask_cookie_never_verifies_with_other_content(at in 0..FLASK.len(), byte in any::<char>()) {
        let mut changed = FLASK.to_owned();
        changed.replace_range(at..=at, &byte.to_string());
        let report = token(&changed, &context(Some(&dev())));
        if report.is_verified() {
            prop_assert_eq!(report.content().unwrap().unverified_text(), Some("{\"a\":1}"));
            prop_assert_eq!(report.issued_at(), Some(SIGNED_AT));
        }
    }
}

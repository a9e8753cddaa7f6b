//! itsdangerous: every class on raw input and on signed input, so that the search gets behind the
//! signature. What a class loads, it writes and loads again.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use privyseal::formats::itsdangerous::{
    Options, Serializer, Signer, TimedSerializer, TimestampSigner, UrlSafeSerializer,
    UrlSafeTimedSerializer,
};
use privyseal::{KeyRing, MaxAge, SecretKey, Timestamp};

/// Any key will do; a fixed one lets seeds be authentic.
const KEY: &str = "c91e07f2a6b34d58f0e29b7a16cd8345";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const HOUR: Option<MaxAge> = Some(MaxAge::from_seconds(3600));

struct Classes {
    signer: Signer,
    timestamp: TimestampSigner,
    serializer: Serializer,
    timed: TimedSerializer,
    url_safe: UrlSafeSerializer,
    url_safe_timed: UrlSafeTimedSerializer,
}

static CLASSES: LazyLock<Classes> = LazyLock::new(|| {
    let ring = KeyRing::new(SecretKey::from_hex(KEY).expect("a strong key"));
    // One salt for all, so that the signers reach what is behind the serializers' signatures.
    let options = Options::with_salt("fuzz");
    let dot = "a dot separates";
    Classes {
        signer: Signer::new(&ring, &options).expect(dot),
        timestamp: TimestampSigner::new(&ring, &options).expect(dot),
        serializer: Serializer::new(&ring, &options).expect(dot),
        timed: TimedSerializer::new(&ring, &options).expect(dot),
        url_safe: UrlSafeSerializer::new(&ring, &options).expect(dot),
        url_safe_timed: UrlSafeTimedSerializer::new(&ring, &options).expect(dot),
    }
});

fuzz_target!(|input: &[u8]| {
    load(input);
    load(&CLASSES.signer.sign(input).expect("the ring signs"));
    load(&CLASSES.timestamp.sign(input, NOW).expect("the ring signs"));
});

fn load(token: &[u8]) {
    let classes = &*CLASSES;
    if let Ok(unsigned) = classes.signer.unsign(token) {
        assert!(token.starts_with(unsigned.value));
        assert!(classes.signer.validate(token));
    }
    if let Ok(unsigned) = classes.timestamp.unsign(token, HOUR, NOW) {
        assert!(unsigned.signed_at <= NOW);
        assert!(classes.signer.validate(token));
    }
    if let Ok(value) = classes.serializer.loads(token) {
        let again = classes
            .serializer
            .dumps(&value)
            .expect("it was read from JSON");
        assert!(classes.serializer.loads(again).is_ok());
    }
    if let Ok(loaded) = classes.timed.loads(token, HOUR, NOW) {
        let again = classes
            .timed
            .dumps(&loaded.value, NOW)
            .expect("it was read from JSON");
        assert!(classes.timed.loads(again, HOUR, NOW).is_ok());
    }
    // Half of a surrogate pair is read but has no URL-safe form, as in Python.
    if let Ok(value) = classes.url_safe.loads(token)
        && let Ok(again) = classes.url_safe.dumps(&value)
    {
        assert_same(classes.url_safe.loads(again));
    }
    if let Ok(loaded) = classes.url_safe_timed.loads(token, HOUR, NOW)
        && let Ok(again) = classes.url_safe_timed.dumps(&loaded.value, NOW)
    {
        assert_same(classes.url_safe_timed.loads(again, HOUR, NOW));
    }
}

/// What was loaded loads again, unless it only fits the bound of inflation uncompressed.
fn assert_same<T>(again: Result<T, privyseal::formats::itsdangerous::BadData>) {
    use privyseal::formats::itsdangerous::PayloadError;
    if let Err(error) = again {
        assert!(
            matches!(error.payload_error(), Some(PayloadError::TooLarge { .. })),
            "{error}"
        );
    }
}

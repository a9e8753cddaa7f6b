//! Flask's session cookie, on raw input and on signed input: both ways of reading agree, and what
//! was read is written and read again.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use privyseal::formats::flask::FlaskSession;
use privyseal::formats::itsdangerous::{KeyDerivation, Options, TimestampSigner};
use privyseal::{KeyRing, SecretKey, Timestamp};

/// Any key will do; a fixed one lets seeds be authentic.
const KEY: &str = "c91e07f2a6b34d58f0e29b7a16cd8345";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

static FLASK: LazyLock<(FlaskSession, TimestampSigner)> = LazyLock::new(|| {
    let ring = KeyRing::new(SecretKey::from_hex(KEY).expect("a strong key"));
    let options = Options {
        key_derivation: KeyDerivation::Hmac,
        ..Options::with_salt("cookie-session")
    };
    let signer = TimestampSigner::new(&ring, &options).expect("a dot separates");
    (FlaskSession::new(&ring), signer)
});

fuzz_target!(|input: &[u8]| {
    let (flask, signer) = &*FLASK;
    open(input);
    // As a payload, compressed or not; and as the JSON in it.
    open(&signer.sign(input, NOW).expect("the ring signs"));
    open(flask.sign(input, NOW).expect("the ring signs").as_bytes());
});

fn open(cookie: &[u8]) {
    let (flask, _) = &*FLASK;
    let like_python = flask.loads_like_python(cookie, NOW);
    let Ok(text) = std::str::from_utf8(cookie) else {
        return;
    };
    let loaded = flask.loads(text, NOW);
    assert_eq!(loaded.is_ok(), like_python.is_ok());
    let Ok(loaded) = loaded else {
        return;
    };
    assert!(flask.verify(text, NOW).is_ok());
    if let Ok(again) = flask.dumps(&loaded.value, NOW) {
        assert!(flask.verify(&again, NOW).is_ok());
    }
}

//! Sealed tokens: no input opens, and no change of an authentic token does.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use privyseal::sealed::{Context, Sealer, SessionId};
use privyseal::{KeyRing, MaxAge, SecretKey, Timestamp};

/// Any key will do; a fixed one lets seeds be authentic.
const KEY: &str = "c91e07f2a6b34d58f0e29b7a16cd8345";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const HOUR: MaxAge = MaxAge::from_seconds(3600);

static SEALED: LazyLock<(Sealer, Vec<u8>)> = LazyLock::new(|| {
    let ring = KeyRing::new(SecretKey::from_hex(KEY).expect("a strong key"));
    let context = Context {
        purpose: "session",
        cookie_name: "id",
        application: "fuzz",
    };
    let sealer = Sealer::new(&ring, context);
    let id = SessionId::from_bytes([7; 16]);
    let token = sealer
        .seal(b"data", id, NOW, &mut rand::rng())
        .expect("the ring seals");
    (sealer, token.into_bytes())
});

fuzz_target!(|input: &[u8]| {
    let (sealer, token) = &*SEALED;
    if let Ok(text) = std::str::from_utf8(input) {
        assert!(sealer.open(text, HOUR, NOW).is_err());
    }
    // The input as a mask over the token, and what is left of it behind the token.
    let mut changed: Vec<u8> = token.clone();
    for (byte, mask) in changed.iter_mut().zip(input) {
        *byte ^= mask;
    }
    changed.extend(input.iter().skip(token.len()));
    if let Ok(text) = std::str::from_utf8(&changed) {
        assert_eq!(sealer.open(text, HOUR, NOW).is_ok(), changed == *token);
    }
});

//! Secret keys: what is accepted comes back the same in every encoding, and never in `Debug`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use privyseal::SecretKey;

fuzz_target!(|text: &str| {
    for parsed in [
        SecretKey::from_text(text),
        SecretKey::from_hex(text),
        SecretKey::from_base64(text),
        SecretKey::from_base64url(text),
    ] {
        let key = match parsed {
            Ok(key) => key,
            Err(error) => {
                assert!(!error.hint().is_empty());
                continue;
            }
        };
        assert_eq!(format!("{key:?}"), "SecretKey(..)");
        let hex = key.expose_hex();
        assert!(hex.len() >= 32);
        for again in [
            SecretKey::from_hex(&hex),
            SecretKey::from_base64(&key.expose_base64()),
            SecretKey::from_base64url(&key.expose_base64url()),
        ] {
            assert_eq!(again.expect("the same key").expose_hex(), hex);
        }
    }
});

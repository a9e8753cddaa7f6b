use super::*;

const HEX: &str = "c47f2be05d98a1637e0fb3c2d15a8964f1d20b7c39e8465adfb0178e2c6394a5";

/// Weak keys of every kind; each is long enough not to occur in a message by chance.
const WEAK: &[&str] = &[
    "changeme-please",
    "keyboard cat",
    "zq9-kfw3",
    "abababababababababababab",
    "abcdefghijklmnopqrst",
    "correct horse battery staple",
    "85301947625083917462",
    "<your key here>",
];

#[test]
fn debug_does_not_leak_key() {
    let key = SecretKey::from_hex(HEX).unwrap();
    assert_eq!(format!("{key:?} {key:#?}"), "SecretKey(..) SecretKey(..)");
}

#[test]
fn debug_does_not_leak_verify_key() {
    let key = VerifyKey::danger_accept_weak("hunter2").unwrap();
    assert_eq!(format!("{key:?} {key:#?}"), "VerifyKey(..) VerifyKey(..)");
}

#[test]
fn debug_does_not_leak_key_in_assessment_or_error() {
    for key in WEAK {
        let assessment = assess(key.as_bytes());
        assert!(!assessment.is_accepted(), "{key}");
        assert!(!format!("{assessment:?}").contains(key));
        for error in [
            SecretKey::from_text(key).unwrap_err(),
            SecretKey::from_hex(key).unwrap_err(),
            SecretKey::from_base64(key).unwrap_err(),
            SecretKey::from_base64url(key).unwrap_err(),
        ] {
            let shown = format!("{error} {error:?} {}", error.hint());
            assert!(!shown.contains(key), "{shown}");
        }
    }
}

#[test]
fn generated_keys_differ_and_have_32_bytes() {
    let [a, b] = [(); 2].map(|()| SecretKey::generate().unwrap());
    assert_ne!(a, b);
    assert_eq!(a.clone().into_bytes().len(), 32);
    assert_eq!(a.warnings(), []);
}

#[test]
fn every_encoding_gives_the_same_key() {
    let key = SecretKey::from_hex(HEX).unwrap();
    assert_eq!(*key.expose_hex(), HEX);
    assert_eq!(SecretKey::from_hex(&HEX.to_uppercase()).unwrap(), key);
    assert_eq!(SecretKey::from_base64(&key.expose_base64()).unwrap(), key);
    assert_eq!(
        SecretKey::from_base64url(&key.expose_base64url()).unwrap(),
        key
    );
    assert_eq!(
        SecretKey::from_bytes(key.clone().into_bytes().to_vec()).unwrap(),
        key
    );
    assert_ne!(
        SecretKey::from_text(HEX).unwrap(),
        key,
        "the text is its own key"
    );
    assert_eq!(
        SecretKey::from_text(HEX).unwrap().into_bytes().as_slice(),
        HEX.as_bytes()
    );
}

#[test]
fn malformed_text_is_told_from_a_weak_one() {
    use KeyEncoding::{Base64, Base64Url, Hex};
    let broken = format!("{HEX}!");
    for encoding in [Hex, Base64, Base64Url] {
        let error = SecretKey::parse(&broken, encoding).unwrap_err();
        assert_eq!(error, KeyError::Malformed { encoding });
        for (text, weakness) in [
            ("", Weakness::Missing),
            (" \n", Weakness::Missing),
            ("changeme", Weakness::Placeholder),
            ("temporary_key", Weakness::PubliclyKnown),
        ] {
            let error = SecretKey::parse(text, encoding).unwrap_err();
            assert_eq!(error.weakness(), Some(weakness), "{text:?}");
        }
    }
}

#[test]
fn the_decoded_bytes_are_what_is_checked() {
    for (encoding, text, weakness) in [
        (
            KeyEncoding::Hex,
            "c47f2be05d98a1637e0fb3c2d15a89",
            Weakness::TooShort { length: 15 },
        ),
        (
            KeyEncoding::Base64,
            "bXkgc3VwZXIgc2VjcmV0IGZsYXNrIGtleQ==",
            Weakness::Passphrase,
        ),
        (
            KeyEncoding::Base64Url,
            "bXkgc3VwZXIgc2VjcmV0IGZsYXNrIGtleQ",
            Weakness::Passphrase,
        ),
        (
            KeyEncoding::Base64,
            "Y2hhbmdlLW1lLWluLXByb2R1Y3Rpb24=",
            Weakness::Placeholder,
        ),
    ] {
        assert_eq!(
            SecretKey::parse(text, encoding).unwrap_err(),
            KeyError::Weak(weakness)
        );
    }
}

#[test]
fn a_verify_key_may_be_weak_but_not_empty() {
    let empty = VerifyKey::danger_accept_weak("").unwrap_err();
    assert_eq!(empty, KeyError::Weak(Weakness::Missing));
    assert_eq!(
        VerifyKey::danger_accept_weak("x")
            .unwrap()
            .into_bytes()
            .as_slice(),
        b"x"
    );
    let key = SecretKey::from_hex(HEX).unwrap();
    let retired = VerifyKey::from(key.clone());
    assert_ne!(retired, VerifyKey::danger_accept_weak("x").unwrap());
    assert_eq!(retired.into_bytes(), key.into_bytes());
}

#[cfg(feature = "danger-unchecked-keys")]
#[test]
fn unchecked_keys_are_taken_as_they_are() {
    assert_eq!(
        SecretKey::danger_unchecked("dev").into_bytes().as_slice(),
        b"dev"
    );
}

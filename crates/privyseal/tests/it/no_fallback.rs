//! No opener takes what was made for another: no fallback decode (A4), no reuse for another
//! purpose (A15).

use privyseal::digest::Digest;
use privyseal::encoding::Base64;
use privyseal::formats::flask::FlaskOptions;
use privyseal::formats::itsdangerous::{KeyDerivation, Options};
use privyseal::sealed::Context;
use privyseal::value::{Dict, Value};
use privyseal::{KeyRing, SecretKey};

use crate::formats::{self, Format, Holds, SEALED_FOR};

/// Pairs that share a key and salt in Python too, and whose payloads do not tell them apart.
///
/// A `Signer` knows no timestamps: it gives the value together with the stamp.
const SHARED: &[(&str, &str)] = &[("TimestampSigner", "Signer")];

/// Every format in every context, with names that tell them apart.
fn all(ring: &KeyRing, base64: Base64) -> Vec<Format> {
    let defaults = formats::reading(base64);
    let mut all = formats::signing(ring, &defaults);
    let variants = [
        (
            "sha256",
            Options {
                digest: Digest::Sha256,
                ..defaults.clone()
            },
        ),
        (
            "sha512",
            Options {
                digest: Digest::Sha512,
                ..defaults.clone()
            },
        ),
        (
            "hmac",
            Options {
                key_derivation: KeyDerivation::Hmac,
                ..defaults.clone()
            },
        ),
        (
            "concat",
            Options {
                key_derivation: KeyDerivation::Concat,
                ..defaults.clone()
            },
        ),
    ];
    for (variant, options) in variants {
        for mut format in formats::itsdangerous(ring, &options) {
            format.name = format!("{} {variant}", format.name);
            all.push(format);
        }
    }
    // A salt given to several classes would be one key for all of them, in Python as well.
    let salted = Options {
        salt: Some(b"other".to_vec()),
        ..defaults
    };
    all.extend(
        formats::itsdangerous(ring, &salted)
            .into_iter()
            .filter(|format| format.name == "URLSafeTimedSerializer")
            .map(|format| Format {
                name: format!("{} other salt", format.name),
                ..format
            }),
    );
    let flask = FlaskOptions {
        salt: b"other".to_vec(),
        base64,
        ..FlaskOptions::default()
    };
    all.push(formats::flask_session("Flask other salt", ring, &flask));
    for context in [
        SEALED_FOR,
        Context {
            purpose: "csrf",
            ..SEALED_FOR
        },
        Context {
            cookie_name: "id",
            ..SEALED_FOR
        },
        Context {
            application: "blog",
            ..SEALED_FOR
        },
        // The same letters, divided otherwise.
        Context {
            purpose: "sessio",
            cookie_name: "n__Host-id",
            application: "shop",
        },
    ] {
        all.push(formats::sealed(ring, context));
    }
    all
}

fn sample(holds: Holds) -> Value {
    match holds {
        Holds::Text => "{\"admin\":true}".into(),
        Holds::Json | Holds::Tagged => Value::Dict(Dict::from_iter([("admin", true)])),
    }
}

/// Whether the two classes share their key within one variant of the settings.
fn is_shared(maker: &str, opener: &str) -> bool {
    SHARED.iter().any(|(from, to)| {
        let variant = maker.strip_prefix(from);
        variant.is_some() && variant == opener.strip_prefix(to)
    })
}

#[test]
fn a_token_opens_only_where_it_was_made_for() {
    let ring = KeyRing::new(SecretKey::generate().unwrap());
    for base64 in [Base64::Strict, Base64::PythonLenient] {
        let formats = all(&ring, base64);
        let mut refused = 0;
        for maker in &formats {
            let value = sample(maker.holds);
            let token = (maker.make)(&value);
            for opener in &formats {
                let opened = (opener.open)(&token);
                if maker.name == opener.name {
                    assert_eq!(opened, Some(value.clone()), "{}", maker.name);
                } else if is_shared(&maker.name, &opener.name) {
                    assert!(
                        opened.is_some_and(|opened| opened != value),
                        "{}",
                        maker.name
                    );
                } else {
                    assert_eq!(
                        opened, None,
                        "{} took a token of {}",
                        opener.name, maker.name
                    );
                    refused += 1;
                }
            }
        }
        println!("{} formats, {refused} pairs refused", formats.len());
        // All pairs but the diagonal and the shared ones of each variant.
        assert_eq!(
            refused,
            formats.len() * (formats.len() - 1) - 5 * SHARED.len()
        );
    }
}

#[test]
fn a_token_of_another_key_opens_nowhere() {
    let [one, other] = [(); 2].map(|()| KeyRing::new(SecretKey::generate().unwrap()));
    for maker in all(&one, Base64::PythonLenient) {
        let token = (maker.make)(&sample(maker.holds));
        for opener in all(&other, Base64::PythonLenient) {
            assert_eq!(
                (opener.open)(&token),
                None,
                "{} {}",
                maker.name,
                opener.name
            );
        }
    }
}

#[test]
fn what_nobody_signed_opens_nowhere() {
    let ring = KeyRing::new(SecretKey::generate().unwrap());
    let formats = all(&ring, Base64::PythonLenient);
    // JSON, base64 of JSON, tokens without a signature or with one of no length, `alg: none`.
    let unsigned = [
        "",
        ".",
        "..",
        "...",
        "{}",
        "null",
        "{\"admin\":true}",
        "{\"admin\":true}.",
        "e30",
        "e30=",
        "e30.",
        "e30..",
        "e30.ZVPxAA.",
        "e30.ZVPxAA.====",
        ".eJyrrgUAAXUA-Q.ZVPxAA.",
        "eyJhZG1pbiI6dHJ1ZX0.ZVPxAA.",
        "eyJhbGciOiJub25lIn0.eyJhZG1pbiI6dHJ1ZX0.",
        "AQ",
        "AAAA",
        "privyseal",
        "v1",
        "\u{0}",
        "%00",
        "-1",
    ];
    for format in &formats {
        for token in unsigned {
            assert_eq!(
                (format.open)(token.as_bytes()),
                None,
                "{} {token:?}",
                format.name
            );
        }
        for len in 0..200_u8 {
            let noise: Vec<_> = (0..len).map(|at| at.wrapping_mul(151) ^ len).collect();
            assert_eq!((format.open)(&noise), None, "{} {len}", format.name);
        }
    }
}

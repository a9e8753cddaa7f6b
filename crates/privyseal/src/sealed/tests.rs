use std::collections::HashSet;
use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

use super::*;
use crate::SecretKey;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const HOUR: MaxAge = MaxAge::from_seconds(3600);
const CONTEXT: Context<'static> = Context {
    purpose: "session",
    cookie_name: "__Host-id",
    application: "shop",
};

/// Counts upwards: every nonce is different, and every test gives the same tokens.
struct Counting(u8);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("only bytes are asked for")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("only bytes are asked for")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}

fn ring() -> KeyRing {
    KeyRing::new(SecretKey::generate().unwrap())
}

fn seal(sealer: &Sealer, data: &[u8]) -> String {
    let id = SessionId::from_bytes([7; 16]);
    sealer.seal(data, id, NOW, &mut Counting(0)).unwrap()
}

#[test]
fn what_was_sealed_is_opened() {
    let sealer = Sealer::new(&ring(), CONTEXT);
    for data in [&b""[..], b"x", &[0; 3000]] {
        let opened = sealer.open(&seal(&sealer, data), HOUR, NOW).unwrap();
        assert_eq!(opened.data(), data);
        assert_eq!(opened.session_id, SessionId::from_bytes([7; 16]));
        assert_eq!(opened.issued_at, NOW);
        assert!(!opened.needs_reissue);
    }
}

#[test]
fn the_age_is_checked_at_the_edge() {
    let sealer = Sealer::new(&ring(), CONTEXT);
    let token = seal(&sealer, b"data");
    assert!(sealer.open(&token, HOUR, NOW.plus_seconds(3600)).is_ok());
    assert!(
        sealer
            .open(&token, HOUR, NOW.plus_seconds(3601))
            .unwrap_err()
            .is_expired()
    );
    let before = Timestamp::from_unix_seconds(NOW.unix_seconds() - 1);
    assert!(sealer.open(&token, HOUR, before).unwrap_err().is_expired());
}

#[test]
fn every_changed_byte_is_refused() {
    let sealer = Sealer::new(&ring(), CONTEXT);
    let token = seal(&sealer, b"data");
    for at in 0..token.len() {
        for replacement in "AB-_9=. \n~".chars() {
            let mut changed = token.clone();
            changed.replace_range(at..=at, &replacement.to_string());
            if changed != token {
                let refused = sealer.open(&changed, HOUR, NOW).unwrap_err();
                assert!(refused.is_bad_signature(), "{at} {replacement:?}");
            }
        }
    }
}

#[test]
fn cut_and_extended_tokens_are_refused() {
    let sealer = Sealer::new(&ring(), CONTEXT);
    let token = seal(&sealer, b"data");
    for len in 0..token.len() {
        assert!(sealer.open(&token[..len], HOUR, NOW).is_err(), "{len}");
    }
    for tail in ["A", "AA", "AAA", "AAAA", "=", "==", ".", "\n"] {
        assert!(
            sealer.open(&format!("{token}{tail}"), HOUR, NOW).is_err(),
            "{tail:?}"
        );
    }
    let id = SessionId::from_bytes([7; 16]);
    let other = sealer.seal(b"data", id, NOW, &mut Counting(99)).unwrap();
    let splice = format!("{}{}", &token[..token.len() / 2], &other[other.len() / 2..]);
    assert!(sealer.open(&splice, HOUR, NOW).is_err());
}

#[test]
fn a_token_of_another_purpose_cookie_or_application_is_noise_a15() {
    let ring = ring();
    let token = seal(&Sealer::new(&ring, CONTEXT), b"data");
    for context in [
        Context {
            purpose: "csrf",
            ..CONTEXT
        },
        Context {
            cookie_name: "id",
            ..CONTEXT
        },
        Context {
            application: "blog",
            ..CONTEXT
        },
        Context {
            purpose: "sessio",
            cookie_name: "n__Host-id",
            ..CONTEXT
        },
    ] {
        let other = Sealer::new(&ring, context);
        assert!(
            other
                .open(&token, HOUR, NOW)
                .unwrap_err()
                .is_bad_signature(),
            "{context:?}"
        );
    }
}

#[test]
fn the_named_key_and_no_other_opens_a_token() {
    let old = ring();
    let token = seal(&Sealer::new(&old, CONTEXT), b"data");
    let new = old.rotated(SecretKey::generate().unwrap());
    let opened = Sealer::new(&new, CONTEXT).open(&token, HOUR, NOW).unwrap();
    assert!(opened.needs_reissue);
    assert_eq!(
        new.keys().map(RingKey::verifications).collect::<Vec<_>>(),
        [0, 1]
    );

    // The same token under the name of the other key.
    let mut bytes = URL_SAFE_NO_PAD.decode_to_vec(&token).unwrap();
    bytes[KEY_ID].copy_from_slice(new.primary().unwrap().id().as_bytes());
    let renamed = URL_SAFE_NO_PAD.encode_to_string(&bytes);
    let sealer = Sealer::new(&new, CONTEXT);
    assert!(
        sealer
            .open(&renamed, HOUR, NOW)
            .unwrap_err()
            .is_bad_signature()
    );
    assert!(
        Sealer::new(&ring(), CONTEXT)
            .open(&token, HOUR, NOW)
            .is_err()
    );
}

#[test]
fn there_is_one_error_before_the_seal_holds() {
    let sealer = Sealer::new(&ring(), CONTEXT);
    let foreign = seal(&Sealer::new(&ring(), CONTEXT), b"data");
    let texts: HashSet<_> = [
        "",
        "A",
        "{}",
        "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk",
        &foreign,
    ]
    .iter()
    .map(|token| sealer.open(token, HOUR, NOW).unwrap_err().to_string())
    .collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
}

#[test]
fn a_token_of_the_longest_length_is_made_and_read_and_a_longer_one_is_neither() {
    let sealer = Sealer::new(&ring(), CONTEXT);
    let longest = Sealer::MAX_TOKEN_LEN / 4 * 3 - OVERHEAD;
    let token = seal(&sealer, &vec![1; longest]);
    assert_eq!(token.len(), Sealer::MAX_TOKEN_LEN);
    assert!(sealer.open(&token, HOUR, NOW).is_ok());
    let id = SessionId::from_bytes([7; 16]);
    let refused = sealer.seal(&vec![1; longest + 1], id, NOW, &mut Counting(0));
    assert!(refused.unwrap_err().is_unwritable());
    // One that somebody else made, who holds the key: a group of four characters more.
    let mut bytes = URL_SAFE_NO_PAD.decode_to_vec(&token).unwrap();
    bytes.truncate(bytes.len() - TAG_LEN);
    bytes.extend([1; 3]);
    let (header, plaintext) = bytes.split_at_mut(NONCE.end);
    let (_, cipher) = sealer.0.signer().unwrap();
    let nonce = Nonce::try_from(&header[NONCE]).unwrap();
    let associated = &header[..NONCE.start];
    let tag = cipher
        .encrypt_inout_detached(&nonce, associated, plaintext.into())
        .unwrap();
    bytes.extend(tag);
    let longer = URL_SAFE_NO_PAD.encode_to_string(&bytes);
    assert!(
        sealer
            .open(&longer, HOUR, NOW)
            .unwrap_err()
            .is_bad_signature()
    );
}

#[test]
fn a_failing_source_of_randomness_is_an_error() {
    struct Broken;
    impl TryRng for Broken {
        type Error = std::io::Error;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Err(std::io::ErrorKind::Other.into())
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Err(std::io::ErrorKind::Other.into())
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            Err(std::io::ErrorKind::Other.into())
        }
    }
    impl TryCryptoRng for Broken {}
    let sealer = Sealer::new(&ring(), CONTEXT);
    let id = SessionId::from_bytes([0; 16]);
    assert!(sealer.seal(b"", id, NOW, &mut Broken).is_err());
}

#[test]
fn debug_does_not_leak_key() {
    let hex = "b436ca2a091deb3401aead38c119efab";
    let sealer = Sealer::new(&KeyRing::new(SecretKey::from_text(hex).unwrap()), CONTEXT);
    let opened = sealer
        .open(&seal(&sealer, b"the secret data"), HOUR, NOW)
        .unwrap();
    let shown = format!("{sealer:?} {opened:?}");
    assert!(
        !shown.contains(hex) && !shown.contains("secret data"),
        "{shown}"
    );
    assert!(!shown.contains(&format!("{:?}", hex.as_bytes())), "{shown}");
}

/// The example of `docs/sealed-tokens-v1.md`, which a second implementation computed.
#[test]
fn the_worked_example_of_the_documentation() {
    let page = include_str!("../../../../docs/sealed-tokens-v1.md");
    let shown = |name: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}"))
            .trim()
            .to_owned()
    };
    let ring = KeyRing::new(SecretKey::from_hex(&shown("secret key ")).unwrap());
    assert_eq!(ring.primary().unwrap().id().to_string(), shown("key id "));
    let context = Context {
        purpose: "session",
        cookie_name: "__Host-session",
        application: "shop",
    };
    let id: [u8; 16] = std::array::from_fn(|at| 0xa0 + u8::try_from(at).unwrap());
    let sealer = Sealer::new(&ring, context);
    let token = sealer
        .seal(
            b"hello",
            SessionId::from_bytes(id),
            NOW,
            &mut Counting(0x0f),
        )
        .unwrap();
    assert_eq!(token, shown("token "));
}

#[test]
fn a_session_id_reads_back_from_its_text_and_from_no_other() {
    let id = SessionId::from_bytes(*b"\x00\x0f\xf0\xffabcdefghijkl");
    let text = id.to_string();
    assert_eq!(text, "000ff0ff6162636465666768696a6b6c");
    assert_eq!(text.parse(), Ok(id));
    for wrong in [
        &text[..31],
        &text[..30],
        &format!("{text}0"),
        &format!("{text}00"),
        "",
        &text.to_uppercase(),
    ] {
        assert_eq!(wrong.parse::<SessionId>(), Err(SessionIdError), "{wrong}");
    }
}

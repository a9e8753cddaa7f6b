use super::*;
use crate::SecretKey;
use crate::keyring::RingKey;

const CONTEXT: Context<'static> = Context {
    purpose: "stored session",
    cookie_name: "id",
    application: "shop",
};

fn ring() -> KeyRing {
    KeyRing::new(SecretKey::generate().unwrap())
}

fn secret(byte: u8) -> Secret {
    Secret([byte; Secret::LEN])
}

const ID: SessionId = SessionId::from_bytes(*b"sixteen bytes id");

#[test]
fn a_token_is_what_another_implementation_makes() {
    // Made by fifteen lines of Python with `hmac` and `hashlib`.
    let key = Digest::Sha256.hash(&[b"a worked example of a reference token"]);
    let ring = KeyRing::new(SecretKey::from_bytes(key.to_vec()).unwrap());
    let token = ReferenceSigner::new(&ring, CONTEXT)
        .sign(ID, &secret(7))
        .unwrap();
    assert_eq!(token, VECTOR);
}

#[test]
fn every_changed_character_is_refused_a5() {
    let signer = ReferenceSigner::new(&ring(), CONTEXT);
    let token = signer.sign(ID, &secret(1)).unwrap();
    assert_eq!(token.len(), ReferenceSigner::TOKEN_LEN);
    assert!(signer.verify(&token).is_ok());
    for at in 0..token.len() {
        for other in ['A', 'B', '-', '=', '.', 'é'] {
            let mut changed: Vec<char> = token.chars().collect();
            if changed[at] == other {
                continue;
            }
            changed[at] = other;
            let changed: String = changed.into_iter().collect();
            assert!(signer.verify(&changed).is_err(), "{at} {other}");
        }
    }
    for wrong in [
        "",
        &token[1..],
        &token[..token.len() - 1],
        &format!("{token}A"),
        &format!("{token}="),
        &token.repeat(2),
    ] {
        assert!(signer.verify(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_token_for_another_purpose_cookie_or_application_is_refused_a15() {
    let ring = ring();
    let token = ReferenceSigner::new(&ring, CONTEXT)
        .sign(ID, &secret(1))
        .unwrap();
    for other in [
        Context {
            purpose: "csrf",
            ..CONTEXT
        },
        Context {
            cookie_name: "ID",
            ..CONTEXT
        },
        Context {
            application: "",
            ..CONTEXT
        },
    ] {
        assert!(ReferenceSigner::new(&ring, other).verify(&token).is_err());
    }
}

#[test]
fn a_token_survives_rotation_and_asks_to_be_made_anew() {
    let old = ring();
    let token = ReferenceSigner::new(&old, CONTEXT)
        .sign(ID, &secret(1))
        .unwrap();
    let rotated = old.rotated(SecretKey::generate().unwrap());
    let verified = ReferenceSigner::new(&rotated, CONTEXT)
        .verify(&token)
        .unwrap();
    assert!(verified.needs_reissue);
    assert_eq!(Some(verified.key), old.primary().map(RingKey::id));
    assert!(
        ReferenceSigner::new(&ring(), CONTEXT)
            .verify(&token)
            .is_err()
    );
    let verify_only = KeyRing::verify_only([]);
    assert!(
        ReferenceSigner::new(&verify_only, CONTEXT)
            .sign(ID, &secret(1))
            .is_err()
    );
}

#[test]
fn only_the_predecessor_reveals_the_successor() {
    let (first, second) = (secret(1), secret(2));
    let concealed = first.conceal(&second);
    assert_eq!(first.reveal(&concealed).hash(), second.hash());
    assert_ne!(second.reveal(&concealed).hash(), second.hash());
    assert_ne!(concealed, second.0);
}

#[test]
fn debug_does_not_leak_the_secret() {
    let reference = ReferenceSigner::new(&ring(), CONTEXT);
    let token = reference.sign(ID, &secret(0xab)).unwrap();
    let shown = format!("{:?} {:?}", reference.verify(&token), secret(0xab).hash());
    assert!(shown.contains("Secret(..)") && shown.contains("SecretHash(..)"));
    assert!(!shown.contains("171") && !shown.contains("ab, ab"));
}

const VECTOR: &str = "ArVnsrfs6VGfc2l4dGVlbiBieXRlcyBpZAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHcgMjD7-7rrIFq90B2ERAupkD6Q2GzfE7CnxDUYg31sM";

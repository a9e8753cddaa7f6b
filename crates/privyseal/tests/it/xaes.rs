//! The public vectors of XAES-256-GCM (C2SP, `XAES-256-GCM.md`).

use shake::Shake128;
use shake::digest::{ExtendableOutput, Update, XofReader};
use xaes_256_gcm::aead::{Aead, KeyInit, Payload};
use xaes_256_gcm::{Nonce, Xaes256Gcm};

#[test]
fn the_two_vectors_of_the_specification() {
    for (key, associated, sealed) in [
        (
            1,
            "",
            "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271",
        ),
        (
            3,
            "c2sp.org/XAES-256-GCM",
            "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d",
        ),
    ] {
        let cipher = Xaes256Gcm::new(&[key; 32].into());
        let nonce = Nonce::from(*b"ABCDEFGHIJKLMNOPQRSTUVWX");
        let payload = Payload {
            msg: b"XAES-256-GCM",
            aad: associated.as_bytes(),
        };
        let made = cipher.encrypt(&nonce, payload).unwrap();
        assert_eq!(made, hex(sealed));
        let payload = Payload {
            msg: &made,
            aad: associated.as_bytes(),
        };
        assert_eq!(cipher.decrypt(&nonce, payload).unwrap(), b"XAES-256-GCM");
    }
}

#[test]
fn ten_thousand_accumulated_ciphertexts() {
    let mut stream = Shake128::default().finalize_xof();
    let mut accumulated = Shake128::default();
    for _ in 0..10_000 {
        let mut key = [0; 32];
        stream.read(&mut key);
        let mut nonce = [0; 24];
        stream.read(&mut nonce);
        let plaintext = up_to_255_bytes(&mut stream);
        let associated = up_to_255_bytes(&mut stream);

        let cipher = Xaes256Gcm::new(&key.into());
        let payload = Payload {
            msg: &plaintext,
            aad: &associated,
        };
        let sealed = cipher.encrypt(&nonce.into(), payload).unwrap();
        let payload = Payload {
            msg: &sealed,
            aad: &associated,
        };
        assert_eq!(cipher.decrypt(&nonce.into(), payload).unwrap(), plaintext);
        accumulated.update(&sealed);
    }
    let mut digest = [0; 32];
    accumulated.finalize_xof().read(&mut digest);
    assert_eq!(
        digest[..],
        hex("e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939")
    );
}

fn up_to_255_bytes(stream: &mut impl XofReader) -> Vec<u8> {
    let mut length = [0];
    stream.read(&mut length);
    let mut bytes = vec![0; length[0].into()];
    stream.read(&mut bytes);
    bytes
}

fn hex(text: &str) -> Vec<u8> {
    let digits = (0..text.len()).step_by(2);
    digits
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

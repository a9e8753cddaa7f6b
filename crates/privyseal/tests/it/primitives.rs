//! Wycheproof's vectors against the very crates that the core computes with.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wycheproof::TestResult;
use xaes_256_gcm::aead::{Aead, Payload};
use xaes_256_gcm::aes_gcm::{Aes256Gcm, Nonce};

/// Every vector of a set gives the result that Wycheproof states; the counts are asserted, so that
/// a set that shrinks to nothing does not pass. Returns how many were run.
fn check_mac<M: Mac + KeyInit>(name: wycheproof::mac::TestName) -> usize {
    let mut run = 0;
    for group in wycheproof::mac::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let mut mac = <M as KeyInit>::new_from_slice(&test.key).unwrap();
            mac.update(&test.msg);
            let tag = mac.finalize().into_bytes();
            // Truncated tags belong to the suite; the core itself never truncates.
            let matches = tag[..group.tag_size / 8] == test.tag[..];
            assert_eq!(
                matches,
                test.result == TestResult::Valid,
                "{name:?} {}",
                test.tc_id
            );
            run += 1;
        }
    }
    run
}

#[test]
fn hmac() {
    use wycheproof::mac::TestName;
    let counts = [
        check_mac::<Hmac<sha1::Sha1>>(TestName::HmacSha1),
        check_mac::<Hmac<sha2::Sha224>>(TestName::HmacSha224),
        check_mac::<Hmac<Sha256>>(TestName::HmacSha256),
        check_mac::<Hmac<sha2::Sha384>>(TestName::HmacSha384),
        check_mac::<Hmac<sha2::Sha512>>(TestName::HmacSha512),
    ];
    println!("wycheproof HMAC SHA-1, 224, 256, 384, 512: {counts:?}");
    assert_eq!(counts, [170, 172, 174, 174, 174]);
}

#[test]
fn hkdf_sha256() {
    let mut run = 0;
    let name = wycheproof::hkdf::TestName::HkdfSha256;
    for group in wycheproof::hkdf::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let mut okm = vec![0; test.size];
            let made = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm)
                .expand(&test.info, &mut okm)
                .is_ok();
            let agrees = made && okm == test.okm[..];
            assert_eq!(agrees, test.result == TestResult::Valid, "{}", test.tc_id);
            run += 1;
        }
    }
    println!("wycheproof HKDF-SHA256: {run}");
    assert_eq!(run, 86);
}

#[test]
fn aes_256_gcm() {
    let mut run = 0;
    let mut other_sizes = 0;
    let name = wycheproof::aead::TestName::AesGcm;
    for group in wycheproof::aead::TestSet::load(name).unwrap().test_groups {
        // XAES-256-GCM uses AES-256 with nonces of 96 bits and tags of 128, and nothing else.
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            other_sizes += group.tests.len();
            continue;
        }
        for test in group.tests {
            let cipher = Aes256Gcm::new_from_slice(&test.key).unwrap();
            let nonce = Nonce::try_from(&test.nonce[..]).unwrap();
            let sealed = [&test.ct[..], &test.tag[..]].concat();
            let opened = cipher.decrypt(
                &nonce,
                Payload {
                    msg: &sealed,
                    aad: &test.aad,
                },
            );
            if test.result == TestResult::Valid {
                assert_eq!(opened.unwrap(), test.pt[..], "{}", test.tc_id);
                let payload = Payload {
                    msg: &test.pt,
                    aad: &test.aad,
                };
                assert_eq!(
                    cipher.encrypt(&nonce, payload).unwrap(),
                    sealed,
                    "{}",
                    test.tc_id
                );
            } else {
                assert!(opened.is_err(), "{}", test.tc_id);
            }
            run += 1;
        }
    }
    println!("wycheproof AES-256-GCM: {run}, of other sizes: {other_sizes}");
    assert_eq!((run, other_sizes), (66, 250));
}

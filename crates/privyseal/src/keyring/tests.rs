use super::*;
use crate::digest::Digest;

fn key(number: u8) -> SecretKey {
    SecretKey::from_bytes(Digest::Sha256.hash(&[&[number]]).to_vec()).unwrap()
}

#[test]
fn the_primary_comes_first_and_older_keys_follow() {
    let ring = KeyRing::new(key(1)).rotated(key(2)).rotated(key(3));
    let ids: Vec<_> = ring.keys().map(RingKey::id).collect();
    let expected: Vec<_> = [3, 2, 1]
        .map(|fill| KeyRing::new(key(fill)).primary().unwrap().id())
        .into();
    assert_eq!(ids, expected);
    assert_eq!(ring.primary().unwrap().id(), expected[0]);
}

#[test]
fn rotating_back_to_an_old_key_lists_it_once() {
    let ring = KeyRing::new(key(1)).rotated(key(2)).rotated(key(1));
    assert_eq!(ring.keys().len(), 2);
}

#[test]
fn flask_fallbacks_are_tried_from_the_last_ghsa_4grg_w6v8_c28g() {
    let ring = KeyRing::from_flask(key(9), [VerifyKey::from(key(1)), VerifyKey::from(key(2))]);
    let ids: Vec<_> = ring.keys().map(RingKey::id).collect();
    let id = |fill| KeyRing::new(key(fill)).primary().unwrap().id();
    assert_eq!(ids, [id(9), id(2), id(1)]);
}

#[test]
fn a_verify_only_ring_has_no_primary() {
    let ring = KeyRing::verify_only([VerifyKey::from(key(1))]);
    assert!(ring.primary().is_none());
    assert_eq!(ring.keys().len(), 1);
}

#[test]
fn counters_survive_a_rotation() {
    let ring = KeyRing::new(key(1));
    ring.primary().unwrap().count_verification();
    let rotated = ring.rotated(key(2));
    assert_eq!(
        rotated
            .keys()
            .map(RingKey::verifications)
            .collect::<Vec<_>>(),
        [0, 1]
    );
}

#[test]
fn sub_keys_differ_by_field_and_by_where_a_field_ends() {
    let ring = KeyRing::new(key(1));
    let derive = |fields: &[&[u8]]| ring.primary().unwrap().derive(fields);
    assert_ne!(derive(&[b"ab", b"c"]), derive(&[b"a", b"bc"]));
    assert_ne!(derive(&[b"ab"]), derive(&[b"ab", b""]));
    assert_eq!(derive(&[b"ab"]), derive(&[b"ab"]));
}

#[test]
fn debug_does_not_leak_key() {
    let ring = KeyRing::new(key(1));
    let shown = format!("{ring:?}");
    let id = ring.primary().unwrap().id().to_string();
    assert_eq!(
        shown,
        format!(
            "KeyRing {{ signing: Now, keys: [RingKey {{ id: KeyId({id}), verifications: 0, .. }}], \
             off_duty: {{}}, stale: false }}"
        )
    );
}

#[test]
fn lists_are_read_strictly() {
    let parse = |text| parse_key_list(text).map(|list| list.len());
    assert_eq!(parse(r#"["a", "b"]"#), Ok(2));
    assert_eq!(parse("[]"), Ok(0));
    assert_eq!(parse(r#" ["a"] "#), Ok(1));
    for text in ["", "plain", "\"plain\"", "{}", "a,b", "['a']", "[\"a\""] {
        assert_eq!(parse(text), Err(KeyListError::NotAList), "{text}");
    }
    assert_eq!(
        parse(r#"["a", ""]"#),
        Err(KeyListError::EmptyEntry { index: 1 })
    );
    assert_eq!(
        parse(r#"[" "]"#),
        Err(KeyListError::EmptyEntry { index: 0 })
    );
    assert_eq!(
        parse(r#"["a", 1]"#),
        Err(KeyListError::NotText { index: 1 })
    );
    assert_eq!(parse(r#"[["a"]]"#), Err(KeyListError::NotText { index: 0 }));
}

#[test]
fn counters_survive_a_ring_that_was_read_anew() {
    let ring = KeyRing::new(key(1)).rotated(key(2));
    ring.key(ring.keys().nth(1).unwrap().id())
        .unwrap()
        .count_verification();
    let anew = KeyRing::new(key(3)).with_verify_only([key(2).into(), key(1).into()]);
    let counts = |ring: &KeyRing| ring.keys().map(RingKey::verifications).collect::<Vec<_>>();
    assert_eq!(counts(&anew), [0, 0, 0]);

    let going_on = anew.with_counters_of(&ring);
    assert_eq!(counts(&going_on), [0, 0, 1]);
    ring.primary().unwrap().count_verification();
    assert_eq!(counts(&going_on), [0, 1, 1]);
    assert!(going_on.primary().is_some());

    let only = KeyRing::verify_only([key(1).into()]).with_counters_of(&ring);
    assert!(only.primary().is_none());
    assert_eq!(counts(&only), [1]);
}

/// A counter that starts anew makes a key look unused that is in use.
#[test]
fn of_writers_at_the_same_time_none_loses_what_another_has_counted() {
    const WRITERS: u64 = 8;
    let new = KeyRing::new(key(2)).primary().unwrap().id();
    for _ in 0..200 {
        let live = LiveKeyRing::new(KeyRing::new(key(1)));
        let barrier = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| {
                    let ring = KeyRing::new(key(1)).rotated(key(2));
                    barrier.wait();
                    live.replace(ring);
                    live.current().key(new).unwrap().count_verification();
                });
            }
        });
        let counted = live.current().key(new).unwrap().verifications();
        assert_eq!(counted, WRITERS);
    }
}

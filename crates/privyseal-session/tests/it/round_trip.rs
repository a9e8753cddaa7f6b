//! What goes in comes out, whatever it is.

use privyseal::value::{BigInt, DateTime, Dict, Text, Value};
use privyseal::{Timestamp, inspect};
use privyseal_session::LiveKeyRing;
use privyseal_testkit::clock::FakeClock;
use privyseal_testkit::typed::typed_dict;
use proptest::prelude::*;

use crate::browser::{Browser, START, every_mode, open, ring};

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        4 => ".{0,8}".prop_map(Text::from),
        1 => proptest::collection::vec(any::<u16>(), 0..4).prop_map(|units| Text::from_utf16(&units)),
        // What tags and the escape of tags are made of.
        1 => proptest::sample::select(vec![" t", " b", " m", " u", " d", " di", " t__", "_permanent"])
            .prop_map(Text::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i128>().prop_map(Value::from),
        "-?[1-9][0-9]{40,60}".prop_map(|digits| Value::BigInt(BigInt::new(&digits).unwrap())),
        any::<f64>().prop_map(Value::from),
        Just(Value::Float(f64::INFINITY)),
        Just(Value::Float(f64::NAN)),
        text().prop_map(Value::Str),
        text().prop_map(Value::Markup),
        proptest::collection::vec(any::<u8>(), 0..8).prop_map(Value::Bytes),
        any::<[u8; 16]>().prop_map(Value::Uuid),
        // Years of two digits come back as other ones, in Flask and so here.
        (-59_000_000_000_i64..253_402_300_799)
            .prop_map(|seconds| Value::DateTime(DateTime::from_unix_seconds(seconds).unwrap())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Tuple),
            proptest::collection::vec((text(), inner), 0..3)
                .prop_map(|pairs| Value::Dict(pairs.into_iter().collect())),
        ]
    })
}

fn session() -> impl Strategy<Value = Dict> {
    proptest::collection::vec((text(), value()), 1..6).prop_map(|pairs| pairs.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_session_is_read_back_as_it_was_written(session in session()) {
        let keys = LiveKeyRing::new(ring(b'a'));
        for (name, engine) in every_mode(&keys, &FakeClock::at(START)) {
            let mut browser = Browser::new(&engine);
            let ((), written) = browser.visit(|handle| *open(handle) = session.clone());
            prop_assert!(written.is_ok(), "{}: {:?}", name, written);
            let (read, _) = browser.visit(|handle| (*open(handle)).clone());
            // NaN is not equal to itself; its rendering is.
            prop_assert_eq!(typed_dict(&read), typed_dict(&session), "{}", name);
        }
    }
}

#[test]
fn the_owner_of_the_keys_reads_every_cookie() {
    let clock = FakeClock::at(START);
    for (name, engine) in every_mode(&ring(b'a').into(), &clock) {
        let mut browser = Browser::new(&engine);
        browser.set("user", 42);
        let cookie = browser.cookie.as_ref().unwrap();
        let ring = ring(b'a');
        let context = inspect::Context {
            ring: Some(&ring),
            ..inspect::Context::new(Timestamp::from_unix_seconds(START))
        };
        let header = format!("{}={cookie}", engine.cookie().name());
        let report = inspect::cookie_header(&header, &context);
        let token = report.cookies()[0].token();
        assert!(token.is_verified(), "{name}: {token}");
        let held = token.content().unwrap();
        assert!(held.is_json(), "{name}: {token}");
        assert!(
            held.unverified_text().unwrap().contains("\"user\":42"),
            "{name}: {token}"
        );
    }
}

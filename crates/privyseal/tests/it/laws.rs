//! Round trips, and what becomes of a token that was touched.

use std::sync::LazyLock;

use privyseal::encoding::Base64;
use privyseal::value::{DateTime, Dict, Text, Value};
use privyseal::{KeyRing, SecretKey};
use proptest::prelude::*;

use crate::formats::{self, Format, Holds};
use crate::malleable::{self, python_base64};

static RING: LazyLock<KeyRing> = LazyLock::new(|| KeyRing::new(SecretKey::generate().unwrap()));

/// Everything that reads strictly; the sealed format comes last.
static STRICT: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let mut all = formats::signing(&RING, &formats::reading(Base64::Strict));
    all.push(formats::sealed(&RING, formats::SEALED_FOR));
    all
});

/// Everything that has a lenient side.
static LENIENT: LazyLock<Vec<Format>> =
    LazyLock::new(|| formats::signing(&RING, &formats::reading(Base64::PythonLenient)));

/// A few texts to sign; one that is compressed is among them.
static TEXTS: LazyLock<[String; 4]> = LazyLock::new(|| {
    [
        String::new(),
        "v".into(),
        "a.b.c".into(),
        "long ".repeat(40),
    ]
});

/// What happens to a token on its way.
#[derive(Clone, Debug)]
enum Touch {
    Change {
        at: prop::sample::Index,
        byte: u8,
    },
    Insert {
        at: prop::sample::Index,
        bytes: Vec<u8>,
    },
    Remove {
        at: prop::sample::Index,
    },
    Cut {
        at: prop::sample::Index,
    },
    Extend {
        bytes: Vec<u8>,
    },
    Splice {
        from: prop::sample::Index,
        to: prop::sample::Index,
    },
}

impl Touch {
    fn apply(&self, token: &[u8], other: &[u8]) -> Vec<u8> {
        let mut touched = token.to_vec();
        match self {
            Self::Change { at, byte } => touched[at.index(token.len())] = *byte,
            Self::Insert { at, bytes } => {
                let at = at.index(token.len() + 1);
                touched.splice(at..at, bytes.iter().copied());
            }
            Self::Remove { at } => {
                touched.remove(at.index(token.len()));
            }
            Self::Cut { at } => touched.truncate(at.index(token.len())),
            Self::Extend { bytes } => touched.extend(bytes),
            Self::Splice { from, to } => {
                touched.truncate(from.index(token.len()));
                touched.extend(&other[to.index(other.len())..]);
            }
        }
        touched
    }
}

fn touch() -> impl Strategy<Value = Touch> {
    // Characters of tokens, and those that lenient decoders stumble over, more often than others.
    let byte = prop_oneof![
        3 => prop::sample::select(b"ABab019-_+/=. \n~\"{}".to_vec()),
        1 => any::<u8>(),
    ];
    let bytes = prop::collection::vec(byte.clone(), 1..6);
    let at = any::<prop::sample::Index>;
    prop_oneof![
        3 => (at(), byte).prop_map(|(at, byte)| Touch::Change { at, byte }),
        2 => (at(), bytes.clone()).prop_map(|(at, bytes)| Touch::Insert { at, bytes }),
        1 => at().prop_map(|at| Touch::Remove { at }),
        1 => at().prop_map(|at| Touch::Cut { at }),
        2 => bytes.prop_map(|bytes| Touch::Extend { bytes }),
        1 => (at(), at()).prop_map(|(from, to)| Touch::Splice { from, to }),
    ]
}

/// The signed bytes, and the signature as CPython decodes it.
fn essence(token: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let dot = token.iter().rposition(|&byte| byte == b'.')?;
    Some((&token[..dot], python_base64(&token[dot + 1..])?))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn strict_reading_refuses_every_touched_token(
        touch in touch(), text in 0..4_usize, other in 0..4_usize,
    ) {
        for format in LazyLock::force(&STRICT) {
            let token = (format.make)(&TEXTS[text].as_str().into());
            let second = (format.make)(&TEXTS[other].as_str().into());
            let touched = touch.apply(&token, &second);
            if touched != token && touched != second {
                prop_assert_eq!((format.open)(&touched), None, "{} {:?}", format.name, touched);
            }
        }
    }

    #[test]
    fn lenient_reading_accepts_other_spellings_of_a_signature_and_nothing_else(
        touch in touch(), text in 0..4_usize, other in 0..4_usize,
    ) {
        for format in LazyLock::force(&LENIENT) {
            let values = [Value::from(TEXTS[text].as_str()), Value::from(TEXTS[other].as_str())];
            let tokens = [(format.make)(&values[0]), (format.make)(&values[1])];
            let touched = touch.apply(&tokens[0], &tokens[1]);
            let made = tokens.iter().zip(&values)
                .find(|(token, _)| essence(token) == essence(&touched))
                .map(|(_, value)| value.clone());
            prop_assert_eq!((format.open)(&touched), made, "{} {:?}", format.name, touched);
        }
    }

    #[test]
    fn values_survive_a_round_trip(json in json_value(), tagged in tagged_value(), text in any::<String>()) {
        for formats in [&STRICT, &LENIENT] {
            for format in LazyLock::force(formats) {
                let value = match format.holds {
                    Holds::Text => text.as_str().into(),
                    Holds::Json => json.clone(),
                    Holds::Tagged => tagged.clone(),
                };
                let opened = (format.open)(&(format.make)(&value));
                prop_assert_eq!(opened, Some(value), "{}", format.name);
            }
        }
    }
}

#[test]
fn the_listed_spellings_are_accepted_when_lenient_and_refused_when_strict() {
    for text in TEXTS.iter() {
        for (lenient, strict) in LENIENT.iter().zip(STRICT.iter()) {
            assert_eq!(lenient.name, strict.name);
            check_spellings(lenient, strict, text);
        }
    }
}

fn check_spellings(lenient: &Format, strict: &Format, text: &str) {
    let name = &lenient.name;
    let value = Value::from(text);
    let token = String::from_utf8((lenient.make)(&value)).unwrap();
    let (signed, signature) = token.split_at(token.rfind('.').unwrap() + 1);
    for (what, respell) in malleable::ACCEPTED {
        let respelled = format!("{signed}{}", respell(signature));
        assert_ne!(respelled, token, "{what}");
        let opened = (lenient.open)(respelled.as_bytes());
        assert_eq!(opened, Some(value.clone()), "{name}: {what}: {respelled}");
        assert_eq!(
            (strict.open)(respelled.as_bytes()),
            None,
            "{name}: {what}: {respelled}"
        );
    }
    for (what, respell) in malleable::REFUSED {
        let respelled = format!("{signed}{}", respell(signature));
        for format in [lenient, strict] {
            assert_eq!(
                (format.open)(respelled.as_bytes()),
                None,
                "{name}: {what}: {respelled}"
            );
        }
    }
}

#[test]
fn every_other_byte_at_every_place_of_a_sealed_token_is_refused() {
    let format = formats::sealed(&RING, formats::SEALED_FOR);
    let token = (format.make)(&"v".into());
    for at in 0..token.len() {
        for byte in 0..=u8::MAX {
            let mut touched = token.clone();
            touched[at] = byte;
            assert_eq!(
                (format.open)(&touched).is_some(),
                touched == token,
                "{at} {byte}"
            );
        }
    }
}

fn text() -> impl Strategy<Value = Text> {
    // Half surrogate pairs are texts of Python too.
    prop_oneof![
        4 => any::<String>().prop_map(Text::from),
        1 => prop::collection::vec(0xd7f0..0xe010_u16, 0..4).prop_map(|units| Text::from_utf16(&units)),
    ]
}

fn values(
    leaf: impl Strategy<Value = Value> + 'static,
    key: BoxedStrategy<Text>,
) -> impl Strategy<Value = Value> {
    leaf.prop_recursive(4, 24, 6, move |inner| {
        let items = prop::collection::vec(inner.clone(), 0..6);
        prop_oneof![
            items.prop_map(Value::List),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Dict(Dict::from_iter(pairs))),
        ]
    })
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i128>().prop_map(Value::from),
        // NaN is not equal to itself; the tests of `json` have it.
        any::<f64>()
            .prop_filter("NaN", |float| !float.is_nan())
            .prop_map(Value::from),
    ]
}

/// What plain JSON holds. Texts are whole: the URL-safe serializers cannot write half a pair.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![scalar(), any::<String>().prop_map(Value::from)];
    values(leaf, any::<String>().prop_map(Text::from).boxed())
}

/// What a Flask session holds, tags and dicts that look like tags included.
fn tagged_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        scalar(),
        text().prop_map(Value::Str),
        text().prop_map(Value::Markup),
        any::<Vec<u8>>().prop_map(Value::Bytes),
        any::<[u8; 16]>().prop_map(Value::Uuid),
        // Flask reads two-digit years for those before 100.
        (-59_011_459_200..253_402_300_799_i64)
            .prop_map(|seconds| Value::DateTime(DateTime::from_unix_seconds(seconds).unwrap())),
    ];
    let tag = prop::sample::select(vec![" t", " b", " m", " u", " d", " di", " t__", "__"]);
    let key = prop_oneof![3 => text(), 1 => tag.prop_map(Text::from)];
    let value = values(leaf, key.boxed());
    prop_oneof![
        3 => value.boxed(),
        1 => prop::collection::vec(scalar(), 0..4).prop_map(Value::Tuple),
    ]
}

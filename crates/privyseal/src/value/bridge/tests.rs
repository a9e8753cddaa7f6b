use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::json;
use crate::value::{Bytes, DateTime, Dict, Markup, Tuple, Uuid};

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Session {
    user: String,
    huge: u64,
    wide: i128,
    ratio: f64,
    letter: char,
    missing: Option<String>,
    nothing: (),
    pair: (u8, String),
    state: State,
    states: Vec<State>,
    counts: BTreeMap<u32, bool>,
    avatar: Bytes,
    greeting: Markup,
    id: Uuid,
    since: DateTime,
    point: Tuple<i32>,
    anything: Value,
}

#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord, Debug, Clone)]
enum State {
    Unit,
    Newtype(u32),
    Pair(u8, u8),
    Named { a: Option<u8> },
}

fn special() -> Value {
    let all = [
        Value::Tuple(vec![Value::Null, Value::Bytes(b"\xff".to_vec())]),
        Value::Markup("<b>".into()),
        Value::Markup(Text::from_utf16(&[0xd800])),
        Value::Uuid([7; 16]),
        Value::DateTime(DateTime::from_unix_seconds(0).expect("in range")),
        Value::BigInt(BigInt::new(&"9".repeat(100)).expect("big")),
        Value::from(u64::MAX),
        Value::from(i128::MIN),
        Value::from(u128::MAX),
        Value::Str(Text::from_utf16(&[0xd800, 0x61])),
        Value::Float(f64::INFINITY),
    ];
    let mut dict: Dict = [(Text::from_utf16(&[0xdfff]), 1)].into_iter().collect();
    dict.insert("all", all.to_vec());
    dict.into()
}

fn session() -> Session {
    Session {
        user: "Ada".into(),
        huge: u64::MAX,
        wide: i128::MIN,
        ratio: 2.0,
        letter: 'é',
        missing: None,
        nothing: (),
        pair: (1, "b".into()),
        state: State::Unit,
        states: vec![
            State::Newtype(1),
            State::Pair(2, 3),
            State::Named { a: Some(4) },
        ],
        counts: [(7, true)].into(),
        avatar: Bytes(b"\x00\xff".to_vec()),
        greeting: Markup("<i>hi</i>".into()),
        id: Uuid(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes()),
        since: DateTime::from_unix_seconds(951_782_400).expect("in range"),
        point: Tuple(vec![1, 2]),
        anything: special(),
    }
}

#[test]
fn a_typed_session_keeps_every_kind() {
    let value = to_value(&session()).expect("serializable");
    let dict = value.as_dict().expect("a dict");
    for (key, name) in [
        ("avatar", "bytes"),
        ("greeting", "Markup"),
        ("id", "UUID"),
        ("since", "datetime"),
        ("point", "tuple"),
        ("huge", "int"),
        ("pair", "list"),
        ("nothing", "None"),
    ] {
        assert_eq!(dict.get(key).map(Value::type_name), Some(name), "{key}");
    }
    assert_eq!(dict.get("anything"), Some(&special()));
    assert_eq!(
        from_value::<Session>(&value).expect("deserializable"),
        session()
    );
}

#[test]
fn shapes_are_those_of_serde_json() {
    let mut plain = session();
    plain.anything = Value::Null;
    let ours = to_value(&plain.states).expect("serializable");
    let text = json::write(&ours, json::Style::Compact { ascii: false }).expect("plain");
    assert_eq!(
        text,
        serde_json::to_vec(&plain.states).expect("serializable")
    );
    assert_eq!(
        to_value(&plain.counts).ok(),
        Some(Dict::from_iter([("7", true)]).into())
    );
}

#[test]
fn other_formats_see_plain_forms_and_give_them_back() {
    let mut plain = session();
    plain.anything = Value::List(vec![1.into(), "a".into(), Value::Null, 1.5.into()]);
    let text = serde_json::to_string(&plain).expect("serializable");
    assert!(
        text.contains(r#""avatar":[0,255],"greeting":"<i>hi</i>","#),
        "{text}"
    );
    assert!(
        text.contains(r#""id":"01234567-89ab-cdef-0123-456789abcdef""#),
        "{text}"
    );
    assert!(
        text.contains(r#""since":"Tue, 29 Feb 2000 00:00:00 GMT","point":[1,2]"#),
        "{text}"
    );
    assert_eq!(
        serde_json::from_str::<Session>(&text).expect("readable"),
        plain
    );
}

#[test]
fn fields_may_ask_for_less_than_the_value_has() {
    assert_eq!(
        from_value::<String>(&Value::Markup("a".into())),
        Ok("a".into())
    );
    assert_eq!(
        from_value::<Vec<u8>>(&Value::Tuple(vec![1.into()])),
        Ok(vec![1])
    );
    assert_eq!(from_value::<f64>(&Value::Int(3)), Ok(3.0));
    assert_eq!(
        from_value::<f64>(&Value::from(u128::MAX)),
        Ok(3.402_823_669_209_385e38)
    );
    assert_eq!(
        from_value::<String>(&Value::Uuid([0; 16])),
        Ok("00000000-0000-0000-0000-000000000000".into())
    );
    let epoch = Value::DateTime(DateTime::from_unix_seconds(0).expect("in range"));
    assert_eq!(
        from_value::<String>(&epoch),
        Ok("Thu, 01 Jan 1970 00:00:00 GMT".into())
    );
    assert_eq!(from_value::<Option<u8>>(&Value::Null), Ok(None));
}

#[test]
fn what_does_not_fit_is_refused() {
    assert!(from_value::<u8>(&Value::Int(256)).is_err());
    assert!(from_value::<u64>(&Value::from(u128::MAX)).is_err());
    assert!(from_value::<i32>(&Value::Float(1.0)).is_err());
    assert!(from_value::<String>(&Value::Bytes(vec![0xff])).is_err());
    assert!(from_value::<String>(&Value::Str(Text::from_utf16(&[0xd800]))).is_err());
    assert!(from_value::<(u8, u8)>(&vec![Value::Int(1); 3].into()).is_err());
    assert!(from_value::<State>(&"Other".into()).is_err());
    assert!(from_value::<State>(&"Newtype".into()).is_err());
    assert!(from_value::<State>(&Dict::from_iter([("Unit", 1)]).into()).is_err());
    assert!(from_value::<State>(&Dict::from_iter([("Unit", 1), ("b", 2)]).into()).is_err());
    assert!(from_value::<Uuid>(&"0123".into()).is_err());
    assert!(from_value::<Bytes>(&vec![Value::Int(256)].into()).is_err());
    assert!(from_value::<DateTime>(&"1 Jan 2024 0:00".into()).is_err());
    assert!(to_value(&BTreeMap::from([((1, 2), 3)])).is_err());
}

#[test]
fn flattened_leftovers_keep_their_kinds() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Known {
        user: u32,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }
    let mut dict: Dict = [("user", 1)].into_iter().collect();
    dict.insert("all", special());
    let value = Value::from(dict);
    let known: Known = from_value(&value).expect("deserializable");
    assert_eq!(known.rest.get("all"), Some(&special()));
    assert_eq!(to_value(&known).expect("serializable"), value);
}

#[test]
fn names_of_kinds_in_data_mean_nothing() {
    // Nothing that a visitor can send turns text into markup.
    for kind in Kind::ALL {
        let text = format!(r#"{{"{}":"<b>","t":["{0}",3,[3,"<b>"]]}}"#, kind.name());
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value, json::parse(text.as_bytes()).expect("JSON"));
        assert_eq!(to_value(&value).as_ref(), Ok(&value));
        assert_eq!(from_value::<Value>(&value).as_ref(), Ok(&value));
    }
}

/// A format that shows newtypes to `deserialize_any`, with the content of a kind inside.
struct ForeignNewtype;

impl<'de> serde::Deserializer<'de> for ForeignNewtype {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let pair = serde_json::json!([Kind::Markup.number(), "<b>"]);
        visitor
            .visit_newtype_struct(pair)
            .map_err(serde::de::Error::custom)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

#[test]
fn newtypes_of_other_formats_are_their_content() {
    let plain = Value::List(vec![3.into(), "<b>".into()]);
    assert_eq!(Value::deserialize(ForeignNewtype), Ok(plain));
}

#[test]
fn depth_is_bounded() {
    let lists = |depth: usize| (1..depth).fold(Value::List(vec![]), |v, _| Value::List(vec![v]));
    let dicts = |depth: usize| {
        (1..depth).fold(Value::from(Dict::new()), |v, _| {
            Dict::from_iter([("a", v)]).into()
        })
    };
    let tuples = |depth: usize| (1..depth).fold(Value::Tuple(vec![]), |v, _| Value::Tuple(vec![v]));
    let shapes: [&dyn Fn(usize) -> Value; 3] = [&lists, &dicts, &tuples];
    for nested in shapes {
        let deepest = nested(MAX_DEPTH);
        assert_eq!(to_value(&deepest).as_ref(), Ok(&deepest));
        assert_eq!(from_value::<Value>(&deepest).as_ref(), Ok(&deepest));
        let deeper = nested(MAX_DEPTH + 1);
        assert_eq!(to_value(&deeper), Err(ValueError::too_deep()));
        assert_eq!(from_value::<Value>(&deeper), Err(ValueError::too_deep()));
    }
}

proptest! {
    #[test]
    fn every_value_survives_the_bridge(value in crate::formats::flask::tagged::tests::any_value()) {
        prop_assert_eq!(to_value(&value), Ok(value.clone()));
        prop_assert_eq!(from_value::<Value>(&value), Ok(value));
    }
}

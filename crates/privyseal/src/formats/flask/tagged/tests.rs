use proptest::prelude::*;

use super::*;
use crate::json::tests::{any_scalar, any_text};
use crate::json::{MAX_DEPTH, parse};
use crate::value::DateTime;

fn read(text: &str) -> Value {
    loads(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn written(value: &Value) -> String {
    String::from_utf8(dumps(value, true).expect("writable")).expect("ASCII")
}

#[track_caller]
fn refused(text: &str) {
    assert!(parse(text.as_bytes()).is_ok(), "must be JSON");
    let error = loads(text.as_bytes()).expect_err("must be refused");
    assert!(
        error
            .to_string()
            .starts_with("malformed content of the tag \" "),
        "{error}"
    );
}

fn text(text: &str) -> Value {
    text.into()
}

fn dict(key: &str, value: impl Into<Value>) -> Value {
    Value::Dict(Dict::from_iter([(key, value.into())]))
}

#[test]
fn every_kind_has_its_tag() {
    let instant = DateTime::from_unix_seconds(1_709_190_296).expect("in range");
    for (value, json) in [
        (
            Value::Tuple(vec![Value::Tuple(vec![]), 1.into()]),
            r#"{" t":[{" t":[]},1]}"#,
        ),
        (Value::Bytes(b"\xff\x00a>".to_vec()), r#"{" b":"/wBhPg=="}"#),
        (
            Value::Markup("<b>é</b>".into()),
            r#"{" m":"<b>\u00e9</b>"}"#,
        ),
        (
            Value::Uuid([0xab; 16]),
            r#"{" u":"abababababababababababababababab"}"#,
        ),
        (
            Value::Uuid([0; 16]),
            r#"{" u":"00000000000000000000000000000000"}"#,
        ),
        (
            Value::DateTime(instant),
            r#"{" d":"Thu, 29 Feb 2024 07:04:56 GMT"}"#,
        ),
        (dict(" t", 1), r#"{" di":{" t__":1}}"#),
        (
            dict(" di", dict(" d", 1)),
            r#"{" di":{" di__":{" di":{" d__":1}}}}"#,
        ),
        (dict(" t__", 1), r#"{" t__":1}"#),
        (dict(" x", 1), r#"{" x":1}"#),
        (dict(" t\"", 1), r#"{" t\"":1}"#),
        (
            Value::Dict([(" t", 1), (" b", 2)].into_iter().collect()),
            r#"{" b":2," t":1}"#,
        ),
        (
            dict("a", Value::List(vec![Value::Bytes(vec![])])),
            r#"{"a":[{" b":""}]}"#,
        ),
    ] {
        assert_eq!(written(&value), json);
        assert_eq!(read(json), value, "{json}");
    }
}

#[test]
fn keys_are_sorted_on_demand_at_every_level() {
    let value = read(r#"{"b":{" t":[{"d":1,"c":2}]},"a":1}"#);
    assert_eq!(
        dumps(&value, false).expect("ok"),
        br#"{"b":{" t":[{"d":1,"c":2}]},"a":1}"#
    );
    assert_eq!(
        dumps(&value, true).expect("ok"),
        br#"{"a":1,"b":{" t":[{"c":2,"d":1}]}}"#
    );
}

#[test]
fn tags_are_resolved_from_the_inside_out() {
    // The inner content is a tag's result, not JSON, when the outer tag sees it.
    assert_eq!(
        read(r#"{" t":{" b":"AQI="}}"#),
        Value::Tuple(vec![1.into(), 2.into()])
    );
    assert_eq!(
        read(r#"{" b":{" b":"WVE9PQ=="}}"#),
        Value::Bytes(b"a".to_vec())
    );
    assert_eq!(
        read(r#"{" d":{" m":"1 Jan 2024 0:00"}}"#).type_name(),
        "datetime"
    );
    assert_eq!(
        read(r#"{" di":{" t__":{" t":[]}}}"#),
        dict(" t", Value::Tuple(vec![]))
    );
    // Duplicates are gone before tags are looked at: a malformed one that lost does no harm.
    assert_eq!(read(r#"{"a":{" u":"bad"},"a":1}"#), dict("a", 1));
    assert_eq!(read(r#"{" t":[1]," t":[2]}"#), Value::Tuple(vec![2.into()]));
    // Two keys are no tag, nor is a key that only starts like one.
    assert_eq!(read(r#"{" t":5," b":5}"#).as_dict().map(Dict::len), Some(2));
    assert_eq!(read(r#"{" tt":5}"#), dict(" tt", 5));
    assert_eq!(read(r#"{"\u0020t":[]}"#), Value::Tuple(vec![]));
}

#[test]
fn tuples_take_what_python_iterates_over() {
    assert_eq!(
        read(r#"{" t":"aé"}"#),
        Value::Tuple(vec![text("a"), text("é")])
    );
    assert_eq!(read(r#"{" t":{" m":"a"}}"#), Value::Tuple(vec![text("a")]));
    assert_eq!(
        read(r#"{" t":{"a":1,"b":2}}"#),
        Value::Tuple(vec![text("a"), text("b")])
    );
    assert_eq!(read(r#"{" t":{}}"#), Value::Tuple(vec![]));
    for content in [
        "5",
        "null",
        "true",
        "1.5",
        r#"{" u":"00000000000000000000000000000000"}"#,
    ] {
        refused(&format!(r#"{{" t":{content}}}"#));
    }
}

#[test]
fn escaped_dicts_drop_two_characters_and_all_but_the_first_key() {
    assert_eq!(read(r#"{" di":{"aéx":1}}"#), dict("a", 1));
    assert_eq!(read(r#"{" di":{"x":1}}"#), dict("", 1));
    assert_eq!(read(r#"{" di":{"a__":1,"b__":2}}"#), dict("a", 1));
    for content in ["{}", "5", "null", "\"abc\"", "[]", "[\"abc\"]"] {
        refused(&format!(r#"{{" di":{content}}}"#));
    }
}

#[test]
fn bytes_are_mimes_base64_with_padding() {
    assert_eq!(read(r#"{" b":"Y Q=\n="}"#), Value::Bytes(b"a".to_vec()));
    assert_eq!(read(r#"{" b":{" m":"YQ=="}}"#), Value::Bytes(b"a".to_vec()));
    for content in [
        r#""YQ""#,
        r#""Y-_Q""#,
        r#""é""#,
        r#""YQ==é""#,
        "5",
        "null",
        "[]",
    ] {
        refused(&format!(r#"{{" b":{content}}}"#));
    }
}

#[test]
fn markup_is_the_str_of_simple_kinds() {
    for (content, markup) in [
        ("5", "5"),
        ("18446744073709551616", "18446744073709551616"),
        ("null", "None"),
        ("true", "True"),
        ("false", "False"),
        ("1e16", "1e+16"),
        ("NaN", "nan"),
        ("-1e999", "-inf"),
        ("1e999", "inf"),
        (r#"{" m":"a"}"#, "a"),
        (
            r#"{" u":"0123456789abcdef0123456789ABCDEF"}"#,
            "01234567-89ab-cdef-0123-456789abcdef",
        ),
    ] {
        let json = format!(r#"{{" m":{content}}}"#);
        assert_eq!(read(&json), Value::Markup(markup.into()), "{json}");
    }
    for content in [
        "[]",
        "{}",
        r#"{" t":[]}"#,
        r#"{" b":""}"#,
        r#"{" d":"1 Jan 2024 0:00"}"#,
    ] {
        refused(&format!(r#"{{" m":{content}}}"#));
    }
}

#[test]
fn uuids_are_taken_in_every_form_of_pythons_constructor() {
    let uuid = Value::Uuid(0xfe23_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes());
    for content in [
        "fe23456789abcdef0123456789abcdef",
        "FE234567-89AB-CDEF-0123-456789abcdef",
        "{fe234567-89ab-cdef-0123-456789abcdef}",
        "}urn:uuid:fe23456789abcdef0123456789abcdef{",
        "fe23-4-56789abcdef0123456789abcde-f",
        "furn:e2uuid:3456789abcdef0123456789abcdef",
        "fe２3456789abcdef0123456789abcdef",
    ] {
        assert_eq!(read(&format!(r#"{{" u":"{content}"}}"#)), uuid, "{content}");
    }
    let short = Value::Uuid(0xf_u128.to_be_bytes());
    assert_eq!(read(r#"{" u":"0x0000000000000000000000000000_f"}"#), short);
    assert_eq!(read(r#"{" u":" +00000000000000000000000000000f"}"#), short);
    for content in [
        "\"\"",
        "\"xyz\"",
        "\"fe23456789abcdef0123456789abcde\"",
        "\"fe23456789abcdef0123456789abcdef0\"",
        "\"ge23456789abcdef0123456789abcdef\"",
        "\"__23456789abcdef0123456789abcdef\"",
        "\" fe23456789abcdef0123456789abcdef\"",
        "5",
        "null",
        r#"{" u":"fe23456789abcdef0123456789abcdef"}"#,
    ] {
        refused(&format!(r#"{{" u":{content}}}"#));
    }
}

#[test]
fn what_is_no_date_is_null_and_what_is_no_text_is_malformed() {
    for content in [
        r#""2024-02-29T07:04:56Z""#,
        r#""Thu, 30 Feb 2024 07:04:56 GMT""#,
        r#""""#,
        "null",
        "false",
        "0",
        "-0.0",
        "[]",
        "{}",
        r#"{" t":[]}"#,
        r#"{" b":"YQ=="}"#,
    ] {
        assert_eq!(
            read(&format!(r#"{{" d":{content}}}"#)),
            Value::Null,
            "{content}"
        );
    }
    for content in [
        "5",
        "true",
        "1.5",
        "[1]",
        r#"{"a":1}"#,
        r#"{" d":"1 Jan 2024 0:00"}"#,
        r#""1 Jan 2147483648 0:00""#,
        r#""31 Dec 9999 23:59:59 -0001""#,
    ] {
        refused(&format!(r#"{{" d":{content}}}"#));
    }
}

#[test]
fn depth_is_bounded_on_writing_and_on_reading() {
    let nested = |depth: usize| (1..depth).fold(Value::List(vec![]), |v, _| Value::List(vec![v]));
    assert!(dumps(&nested(MAX_WRITE_DEPTH), true).is_ok());
    assert!(dumps(&nested(MAX_WRITE_DEPTH + 1), true).is_err());
    // A tuple is an object and a list, a tagged scalar an object, an escaped dict two.
    let half = MAX_WRITE_DEPTH / 2;
    let tuples = |depth: usize| (1..depth).fold(Value::Tuple(vec![]), |v, _| Value::Tuple(vec![v]));
    assert!(dumps(&tuples(half), true).is_ok());
    assert!(dumps(&tuples(half + 1), true).is_err());
    let escaped = |depth: usize| (0..depth).fold(Value::Null, |v, _| dict(" t", v));
    assert!(dumps(&escaped(half), true).is_ok());
    assert!(dumps(&escaped(half + 1), true).is_err());
    let over = (0..MAX_WRITE_DEPTH).fold(Value::Bytes(vec![]), |v, _| Value::List(vec![v]));
    assert!(dumps(&over, true).is_err());

    let tags = |depth: usize| "{\" t\":[".repeat(depth) + &"]}".repeat(depth);
    let deepest = loads(tags(MAX_DEPTH / 2).as_bytes()).expect("at the bound");
    assert_eq!(deepest.type_name(), "tuple");
    assert!(loads(tags(MAX_DEPTH / 2 + 1).as_bytes()).is_err());
}

pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        4 => any_scalar(),
        1 => any::<Vec<u8>>().prop_map(Value::Bytes),
        1 => any_text().prop_map(Value::Markup),
        1 => any::<[u8; 16]>().prop_map(Value::Uuid),
        // From the year 100 on: the wire format has no years before.
        1 => (-59_011_459_200..=253_402_300_799_i64)
            .prop_filter_map("range", DateTime::from_unix_seconds).prop_map(Value::DateTime),
    ];
    let key = prop_oneof![
        2 => any_text(),
        1 => prop::sample::select(vec![" di", " t", " b", " m", " u", " d", " t__", " di__"])
            .prop_map(Text::from),
    ];
    scalar.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Tuple),
            prop::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|pairs| Value::Dict(Dict::from_iter(pairs))),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_survives(value in any_value(), sort_keys: bool) {
        let json = dumps(&value, sort_keys).expect("writable");
        prop_assert!(json.is_ascii());
        let back = loads(&json).expect("readable");
        prop_assert_eq!(&back, &value);
        prop_assert_eq!(dumps(&back, sort_keys).expect("writable"), json);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = loads(&bytes);
    }

    #[test]
    fn no_content_of_a_tag_panics(
        tag in prop::sample::select(vec![" di", " t", " b", " m", " u", " d"]),
        content in any_value(),
    ) {
        let content = String::from_utf8(dumps(&content, false).expect("writable")).expect("ASCII");
        let _ = loads(format!(r#"{{"{tag}":{content}}}"#).as_bytes());
    }
}

#[test]
fn the_deepest_session_is_read_on_a_two_mebibyte_stack() {
    let work = || {
        // Half of the levels are tags, which are taken away; the other half are lists and dicts.
        let open = "{\" t\":[".repeat(MAX_DEPTH / 2);
        let close = "]}".repeat(MAX_DEPTH / 2);
        let tuples = loads(format!("{open}1{close}").as_bytes()).expect("within the bound");
        let open = "{\"a\":".repeat(MAX_DEPTH);
        let close = "}".repeat(MAX_DEPTH);
        let dicts = loads(format!("{open}1{close}").as_bytes()).expect("within the bound");
        assert_eq!((tuples.clone(), dicts.clone()), (tuples, dicts));
    };
    let thread = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(work)
        .expect("a thread");
    thread.join().expect("no overflow");
}

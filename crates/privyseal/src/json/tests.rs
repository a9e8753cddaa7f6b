use proptest::prelude::*;

use super::*;
use crate::value::{BigInt, Dict, Text, Value};

const COMPACT: Style = Style::Compact { ascii: true };
const RAW: Style = Style::Compact { ascii: false };

fn read(text: &str) -> Value {
    parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn written(value: &Value, options: impl Into<WriteOptions>) -> String {
    String::from_utf8(write(value, options).expect("writable")).expect("UTF-8")
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>, message: &str) {
    let error = parse(text.as_ref()).expect_err("must be refused");
    assert_eq!(error.to_string(), message);
}

#[test]
fn numbers_are_read_as_python_reads_them() {
    assert_eq!(read("-0"), Value::Int(0));
    assert_eq!(read("9223372036854775807"), Value::Int(i64::MAX));
    assert_eq!(read("-9223372036854775808"), Value::Int(i64::MIN));
    let big = BigInt::new("9223372036854775808").expect("big");
    assert_eq!(read("9223372036854775808"), Value::BigInt(big));
    assert_eq!(read("1e2"), Value::Float(100.0));
    assert_eq!(read("1E-2"), Value::Float(0.01));
    assert_eq!(read("1.50e+1"), Value::Float(15.0));
    assert_eq!(read("1e999"), Value::Float(f64::INFINITY));
    assert_eq!(read("-1e999"), Value::Float(f64::NEG_INFINITY));
    assert_eq!(read("1e-999"), Value::Float(0.0));
    assert!(matches!(read("-0.0"), Value::Float(zero) if zero.is_sign_negative()));
    assert!(matches!(read("NaN"), Value::Float(nan) if nan.is_nan()));
    assert_eq!(
        read("[Infinity,-Infinity]").as_list().map(<[Value]>::len),
        Some(2)
    );
    for text in [
        "01", "1.", "1e", "1e+", ".5", "+1", "-", "--1", "0x1", "1_0", "-NaN", "-Inf",
    ] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
        assert!(parse(format!("[{text}]").as_bytes()).is_err(), "[{text}]");
    }
}

#[test]
fn integers_are_bounded() {
    for sign in ["", "-"] {
        let longest = format!("{sign}{}", "7".repeat(MAX_INTEGER_DIGITS));
        assert_eq!(written(&read(&longest), COMPACT), longest);
        refused(longest + "7", "integer of more than 4300 digits at byte 0");
    }
    // Python's bound is on integers only.
    assert!(matches!(
        read(&("7".repeat(MAX_INTEGER_DIGITS + 1) + ".5")),
        Value::Float(_)
    ));
}

#[test]
fn depth_is_bounded_in_both_directions() {
    let lists = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let dicts = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
    for nested in [lists, dicts] {
        let deepest = read(&nested(MAX_DEPTH));
        assert_eq!(written(&deepest, COMPACT), nested(MAX_DEPTH));
        assert!(
            parse(nested(MAX_DEPTH + 1).as_bytes())
                .expect_err("too deep")
                .is_too_deep()
        );
        let deeper = Value::List(vec![deepest]);
        assert!(write(&deeper, COMPACT).expect_err("too deep").is_too_deep());
    }
    // A hostile depth costs nothing.
    assert!(
        parse("[".repeat(1 << 20).as_bytes())
            .expect_err("too deep")
            .is_too_deep()
    );
}

#[test]
fn the_deepest_value_survives_every_recursion_on_a_two_mebibyte_stack() {
    let work = || {
        let text = "[{\"a\":".repeat(MAX_DEPTH / 2) + "1" + &"}]".repeat(MAX_DEPTH / 2);
        let value = read(&text);
        assert_eq!(value.clone(), value);
        assert!(format!("{value:?}").len() > MAX_DEPTH);
        written(&value, COMPACT).len()
    };
    let thread = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(work)
        .expect("a thread");
    assert_eq!(thread.join().expect("no overflow"), MAX_DEPTH / 2 * 8 + 1);
}

#[test]
fn strings_are_read_as_python_reads_them() {
    assert_eq!(
        read(r#""a\"\\\/\b\f\n\r\tA\u00E9é""#),
        "a\"\\/\u{8}\u{c}\n\r\tAéé".into()
    );
    assert_eq!(read("\"\u{7f}\u{2028}\""), "\u{7f}\u{2028}".into());
    assert_eq!(read(r#""\ud83d\ude00""#), "😀".into());
    for (text, units) in [
        (r#""\ud800""#, &[0xd800][..]),
        (r#""\udc00\ud800""#, &[0xdc00, 0xd800]),
        (r#""\ud800\ud83d\uDE00x""#, &[0xd800, 0xd83d, 0xde00, 0x78]),
        (r#""\ud800A""#, &[0xd800, 0x41]),
        (r#""\ud800\n""#, &[0xd800, 0x0a]),
    ] {
        assert_eq!(read(text), Text::from_utf16(units).into(), "{text}");
    }
}

#[test]
fn malformed_strings_are_refused() {
    refused("\"a", "unexpected end at byte 2");
    refused("\"\\", "unexpected end at byte 2");
    refused("\"\\x\"", "invalid escape at byte 2");
    refused("\"\\u12g4\"", "invalid escape at byte 3");
    refused("\"\\u+123\"", "invalid escape at byte 3");
    refused("\"\\ud800\\u12\"", "invalid escape at byte 9");
    refused("\"\t\"", "control character inside a string at byte 1");
    refused("\"a\\n\0\"", "control character inside a string at byte 4");
    refused(b"\"\xed\xa0\x80\"", "not valid UTF-8 at byte 1");
    refused("'a'", "unexpected byte at byte 0");
}

#[test]
fn structure_is_as_strict_as_pythons() {
    assert_eq!(
        written(&read(" [ 1 ,\t{ \"a\" :\r\n2 } , [ ] , { } ] "), COMPACT),
        r#"[1,{"a":2},[],{}]"#
    );
    refused("", "unexpected end at byte 0");
    refused(" ", "unexpected end at byte 1");
    refused("\u{feff}{}", "unexpected byte at byte 0");
    refused("{} x", "data after the value at byte 3");
    refused("1 2", "data after the value at byte 2");
    refused("\u{b}1", "unexpected byte at byte 0");
    for text in [
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1",
        "[",
        "]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{\"a\":}",
        "{a:1}",
        "{1:1}",
        "{,}",
        "{",
        "nul",
        "True",
        "nan",
        "Inf",
        "[1}",
        "{\"a\":1]",
        "//",
        "nulll",
    ] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn of_a_repeated_key_the_last_value_wins_at_the_first_place() {
    let value = read(r#"{"a":1,"b":2,"\u0061":3}"#);
    assert_eq!(written(&value, COMPACT), r#"{"a":3,"b":2}"#);
}

#[test]
fn styles_and_order() {
    let value = read(r#"{"b":[1,true],"a":{"\uffff":null,"\ud83d\ude00":"é\u007f","":1e16}}"#);
    let sorted = WriteOptions {
        style: Style::Python,
        sort_keys: true,
    };
    assert_eq!(
        written(&value, sorted),
        r#"{"a": {"": 1e+16, "\uffff": null, "\ud83d\ude00": "\u00e9\u007f"}, "b": [1, true]}"#
    );
    assert_eq!(
        written(&value, RAW),
        "{\"b\":[1,true],\"a\":{\"\u{ffff}\":null,\"😀\":\"é\u{7f}\",\"\":1e+16}}"
    );
    assert_eq!(
        written(&"\"\\\u{8}\t\n\u{c}\r\u{1f}/".into(), RAW),
        r#""\"\\\b\t\n\f\r\u001f/""#
    );
}

#[test]
fn lone_surrogates_need_escapes() {
    let value = read(r#"{"\udfff":"\ud800"}"#);
    assert_eq!(written(&value, COMPACT), r#"{"\udfff":"\ud800"}"#);
    let error = write(&value, RAW).expect_err("no UTF-8 form");
    assert_eq!(error.to_string(), "text with a lone surrogate is not UTF-8");
    assert_eq!(error.position(), None);
}

#[test]
fn kinds_that_need_tags_have_no_plain_form() {
    for (value, name) in [
        (Value::Tuple(vec![]), "tuple"),
        (Value::Bytes(vec![]), "bytes"),
        (Value::Markup("a".into()), "Markup"),
        (Value::Uuid([0; 16]), "UUID"),
    ] {
        let error = write(&Value::List(vec![value]), COMPACT).expect_err("refused");
        assert_eq!(
            error.to_string(),
            format!("a {name} has no form in plain JSON")
        );
    }
}

/// Text of all widths, quotes, controls and, now and then, a lone surrogate.
pub(crate) fn any_text() -> impl Strategy<Value = Text> {
    prop_oneof![
        4 => "[ -~]{0,12}".prop_map(Text::from),
        2 => any::<String>().prop_map(Text::from),
        1 => prop::collection::vec(any::<u16>(), 0..6).prop_map(|units| Text::from_utf16(&units)),
        1 => prop::collection::vec(0xd7f0..0xe010_u16, 0..6)
            .prop_map(|units| Text::from_utf16(&units)),
    ]
}

/// What plain JSON holds, without NaN, which equals nothing.
pub(crate) fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i128>().prop_map(Value::from),
        any::<f64>().prop_filter_map("NaN", |n| (!n.is_nan()).then_some(Value::Float(n))),
        any_text().prop_map(Value::from),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    any_scalar().prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            prop::collection::vec((any_text(), inner), 0..6)
                .prop_map(|pairs| Value::Dict(Dict::from_iter(pairs))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in any_json(), python: bool, sort_keys: bool) {
        let style = if python { Style::Python } else { COMPACT };
        let text = write(&value, WriteOptions { style, sort_keys }).expect("writable");
        prop_assert!(text.is_ascii());
        let back = parse(&text).expect("readable");
        prop_assert_eq!(&back, &value);
        if !sort_keys {
            prop_assert_eq!(write(&back, style).expect("writable"), text);
        }
        if let Ok(raw) = write(&value, RAW) {
            prop_assert_eq!(parse(&raw).expect("readable"), value);
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = parse(&bytes);
    }

    #[test]
    fn nothing_like_json_panics(text in r#"[\[\]{}:,"\\ u0-9a-fntrNI.eE+\-é]{0,40}"#) {
        if let Ok(value) = parse(text.as_bytes()) {
            prop_assert!(write(&value, COMPACT).is_ok());
        }
    }
}

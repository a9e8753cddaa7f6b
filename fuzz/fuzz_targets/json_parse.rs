//! JSON: what was read writes back, and reads as the same value again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use privyseal::json::{self, Style};

fuzz_target!(|text: &[u8]| {
    let Ok(value) = json::parse(text) else {
        return;
    };
    let written = json::write(&value, Style::Python).expect("what was read has a JSON form");
    assert!(written.is_ascii());
    let again = json::parse(&written).expect("what was written is JSON");
    // By their text: NaN is not equal to itself.
    assert_eq!(format!("{again:?}"), format!("{value:?}"));
    let compact = json::write(&value, Style::Compact { ascii: true }).expect("only spaces differ");
    assert!(compact.len() <= written.len());
});

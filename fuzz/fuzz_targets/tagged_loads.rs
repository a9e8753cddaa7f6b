//! Flask's tagged JSON: what was read settles after one round of writing and reading.
//!
//! Not at once: a year below 100 is read as one of the last or the present century.

#![no_main]

use libfuzzer_sys::fuzz_target;
use privyseal::formats::flask::tagged;

fuzz_target!(|text: &[u8]| {
    let Ok(value) = tagged::loads(text) else {
        return;
    };
    let Ok(written) = tagged::dumps(&value, true) else {
        return;
    };
    assert!(written.is_ascii());
    let second = tagged::loads(&written).expect("what was written is tagged JSON");
    let settled = tagged::dumps(&second, true).expect("what was written once is written again");
    let third = tagged::loads(&settled).expect("what was written is tagged JSON");
    // By their text: NaN is not equal to itself.
    assert_eq!(format!("{third:?}"), format!("{second:?}"));
});

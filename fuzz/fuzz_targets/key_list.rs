//! Lists of keys: what is accepted is a list, and none of its keys is blank.

#![no_main]

use libfuzzer_sys::fuzz_target;
use privyseal::keyring::parse_key_list;

fuzz_target!(|text: &str| {
    match parse_key_list(text) {
        Ok(keys) => {
            assert!(text.trim().starts_with('['));
            assert!(keys.iter().all(|key| !key.trim().is_empty()));
        }
        Err(error) => assert!(!error.hint().is_empty()),
    }
});

//! Explanations of pasted headers: bounded, and nothing steers the terminal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use privyseal::Timestamp;
use privyseal::inspect::{Context, MAX_COOKIES, cookie_header};

fuzz_target!(|text: &str| {
    let context = Context::new(Timestamp::from_unix_seconds(1_700_000_000));
    for text in [text, &format!("Set-Cookie: {text}")] {
        let report = cookie_header(text, &context);
        assert!(report.cookies().len() <= MAX_COOKIES);
        assert!(
            report
                .cookies()
                .iter()
                .all(|cookie| !cookie.token().is_verified())
        );
        let shown = report.to_string();
        assert!(shown.starts_with("NOT VERIFIED"));
        assert!(
            shown
                .chars()
                .all(|character| character == '\n' || !character.is_control())
        );
    }
});

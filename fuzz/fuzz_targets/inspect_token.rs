//! Explanations of tokens: nothing verifies that nobody signed, and nothing steers the terminal.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use privyseal::formats::flask::FlaskSession;
use privyseal::inspect::{self, Context, MAX_SHOWN};
use privyseal::{KeyRing, SecretKey, Timestamp};

/// Any key will do; a fixed one lets seeds be authentic.
const KEY: &str = "c91e07f2a6b34d58f0e29b7a16cd8345";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

static RING: LazyLock<KeyRing> =
    LazyLock::new(|| KeyRing::new(SecretKey::from_hex(KEY).expect("a strong key")));
static FLASK: LazyLock<FlaskSession> = LazyLock::new(|| FlaskSession::new(&RING));

fuzz_target!(|text: &str| {
    let context = Context {
        ring: Some(&RING),
        ..Context::new(NOW)
    };
    let report = inspect::token(text, &context);
    assert!(!report.is_verified());
    check(&report.to_string());

    let signed = FLASK.sign(text.as_bytes(), NOW).expect("the ring signs");
    let report = inspect::token(&signed, &context);
    assert!(report.key().is_some());
    assert!(report.to_string().starts_with("NOT VERIFIED") || FLASK.loads(&signed, NOW).is_ok());
    check(&report.to_string());
});

/// No control character reaches a terminal, and no report is much larger than what it shows.
fn check(report: &str) {
    assert!(
        report
            .chars()
            .all(|character| character == '\n' || !character.is_control())
    );
    // An escaped character takes ten at most.
    assert!(report.len() < 10 * MAX_SHOWN + 4096);
}

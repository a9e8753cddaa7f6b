//! Time arithmetic on hostile numbers: never panics, never wraps, and the standard library's
//! clock type gives back what went in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use privyseal::Timestamp;

fuzz_target!(|numbers: (u64, u64)| {
    let (seconds, delta) = numbers;
    let earlier = Timestamp::from_unix_seconds(seconds);
    let later = earlier.plus_seconds(delta);

    assert_eq!(
        later.seconds_since(earlier),
        Some(delta.min(u64::MAX - seconds))
    );
    assert_eq!(earlier.seconds_since(later).is_some(), earlier == later);
    if let Some(instant) = earlier.to_system_time() {
        assert_eq!(Timestamp::from(instant), earlier);
    }
});

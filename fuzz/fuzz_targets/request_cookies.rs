//! The cookie headers of a request, as the engine finds its own cookie in them, with Werkzeug's rules
//! and without: whatever they hold, nobody is let in who has no key.

#![no_main]

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use privyseal::value::Dict;
use privyseal::{KeyRing, SecretKey};
use privyseal_session::{CookiePolicy, Engine};

static ENGINES: LazyLock<[Engine; 3]> = LazyLock::new(|| {
    let keys = KeyRing::new(SecretKey::generate().expect("randomness"));
    // A short name, which the search finds sooner.
    let cookie = || CookiePolicy::builder("s").build().expect("a good name");
    let flask = CookiePolicy::flask()
        .name("s")
        .build()
        .expect("a good name");
    [
        Engine::sealed(keys.clone()).with_cookie(cookie()),
        Engine::signed(keys.clone()).with_cookie(cookie()),
        Engine::flask(keys).with_cookie(flask),
    ]
});

fuzz_target!(|text: &[u8]| {
    let mut request = HeaderMap::new();
    for line in text.split(|&byte| byte == b'\n').take(100) {
        if let Ok(header) = HeaderValue::from_bytes(line) {
            request.append(COOKIE, header);
        }
    }
    for engine in &*ENGINES {
        let handle = engine.begin(&request);
        let session = ready(handle.open::<Dict>(&request)).expect("no cookie is authentic");
        assert!(session.is_new() && session.is_empty());
        drop(session);
        let mut response = HeaderMap::new();
        ready(handle.commit(StatusCode::OK, &mut response)).expect("nothing to save");
        assert!(!response.contains_key("set-cookie"));
    }
});

/// What a future gives that waits for nothing: these sessions live in cookies.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a session in a cookie waits for nothing"),
    }
}

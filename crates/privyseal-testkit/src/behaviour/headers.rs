//! What a response says about the session.

use std::io::Read as _;

use super::{Application, Mode};
use crate::client::{self, Response, send};

/// Also with a cookie, be it a good one.
pub fn an_untouched_request_gets_no_header(app: &Application) {
    let mut visitors = [app.visitor(), app.visitor_named("ada"), app.visitor()];
    visitors[2].set_cookie("forged");
    for visitor in &mut visitors {
        let response = visitor.get("/untouched");
        assert_eq!(
            (response.status.as_u16(), &*response.body),
            (200, "untouched")
        );
        for name in ["set-cookie", "vary", "cache-control"] {
            assert!(response.all(name).is_empty(), "{name}");
        }
    }
}

/// Whether the session is there or not; and no cookie is set for having looked.
pub fn a_read_says_that_the_answer_depends_on_the_cookie(app: &Application) {
    for mut visitor in [app.visitor(), app.visitor_named("ada")] {
        let response = visitor.act("get:user");
        assert!(response.all("set-cookie").is_empty());
        depends_on_the_cookie(app, &response);
    }
}

/// And keeps the value out of caches.
pub fn a_write_sets_the_cookie_with_every_attribute(app: &Application) {
    let response = app.visitor().act("set:user:ada");
    depends_on_the_cookie(app, &response);
    let cookies = response.all("set-cookie");
    let [cookie] = *cookies else {
        panic!("{cookies:?}");
    };
    let value = cookie.strip_suffix(app.mode.attributes()).unwrap();
    let (name, value) = value.split_once('=').unwrap();
    assert_eq!(name, app.cookie());
    assert!(value.len() > 20 && !value.contains(';'), "{cookie}");
}

/// Otherwise browsers would keep the cookie that they have.
pub fn a_removal_repeats_the_attributes(app: &Application) {
    let removal = "; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0";
    // A session in a store outlives what it holds.
    let emptied = ["end", "set:user:bob,end", "clear", "remove:user"];
    let ends = match app.mode {
        Mode::Stored => 2,
        Mode::Signed | Mode::Sealed | Mode::Flask => 4,
    };
    for steps in &emptied[..ends] {
        let mut visitor = app.visitor_named("ada");
        let response = visitor.act(steps);
        depends_on_the_cookie(app, &response);
        let expected = format!("{}={removal}{}", app.cookie(), app.mode.attributes());
        assert_eq!(response.all("set-cookie"), [expected], "{steps}");
        assert_eq!(visitor.told("get:user,new"), "- true", "{steps}");
    }
}

/// And saves the session as `GET` does.
pub fn head_is_answered_with_the_headers_of_get(app: &Application) {
    let head = |path: &str, cookies: &[(&str, &str)]| {
        let response = send(app.address(), "HEAD", path, cookies, "").unwrap();
        assert_eq!((response.status.as_u16(), &*response.body), (200, ""));
        response
    };
    let written = head("/act/set:user:ada,get:user", &[]);
    depends_on_the_cookie(app, &written);
    let cookie = written.all("set-cookie")[0];
    let (pair, attributes) = cookie.split_at(cookie.find(';').unwrap());
    assert_eq!(attributes, app.mode.attributes());

    let read = head("/act/get:user", &[("Cookie", pair)]);
    depends_on_the_cookie(app, &read);
    assert!(read.all("set-cookie").is_empty());
    let (_, value) = pair.split_once('=').unwrap();
    let mut visitor = app.visitor();
    visitor.set_cookie(value);
    assert_eq!(visitor.told("get:user"), "ada");
}

/// `private` is as good as `no-store`, and `public` is a mistake that would hand the session to
/// others; everything else that the handler said stays.
pub fn what_a_handler_says_of_caches_is_kept_or_made_safe(app: &Application) {
    for (how, made_safe) in [
        ("private", "private, max-age=60"),
        (
            "public",
            app.mode
                .cache_control()
                .first()
                .unwrap_or(&"public, max-age=60"),
        ),
    ] {
        let mut visitor = app.visitor();
        let response = visitor.get(&format!("/caches/{how}/set:user:ada"));
        assert_eq!(response.all("cache-control"), [made_safe]);
        let vary = response.all("vary").join(", ");
        assert_eq!(vary.to_lowercase(), "accept, cookie");
        let cookies = response.all("set-cookie");
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        assert!(cookies.contains(&"theme=dark; Path=/"), "{cookies:?}");
        assert_eq!(visitor.told("get:user"), "ada");
    }
}

/// What one wrote, the other keeps; and there is one cookie.
pub fn two_sessions_of_one_request_are_one(app: &Application) {
    let mut visitor = app.visitor();
    let response = visitor.get("/twice/set:first:1/set:second:2,get:first");
    assert_eq!(response.all("set-cookie").len(), 1);
    assert_eq!(visitor.told("keys"), "first second");
}

/// So the browser has it while the body is still being made, and what the body writes is too late.
pub fn the_cookie_goes_out_before_a_streamed_body(app: &Application) {
    let path = "/stream/set:user:ada";
    let mut connection = client::begin(app.address(), "GET", path, &[], "").unwrap();
    let mut answer = Vec::new();
    while !answer.windows(5).any(|bytes| bytes == b"first") {
        let mut byte = [0];
        connection.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    app.gates.wait_for("stream", 1);
    assert!(String::from_utf8_lossy(&answer).contains(app.cookie()));
    app.gates.open("stream");
    connection.read_to_end(&mut answer).unwrap();
    let response = client::parse(&answer).unwrap();
    assert_eq!(response.body, "firstlast");
    depends_on_the_cookie(app, &response);

    let mut visitor = app.visitor();
    visitor.get("/stream/set:user:ada");
    assert_eq!(visitor.told("keys"), "user");
}

/// That the response is for this cookie only.
pub(super) fn depends_on_the_cookie(app: &Application, response: &Response) {
    let varies = response.all("vary");
    assert_eq!(varies, ["Cookie"], "{:?}", app.mode);
    let control = response.all("cache-control");
    assert_eq!(control, app.mode.cache_control(), "{:?}", app.mode);
}

/// That an error which is not the handler's says nothing but this.
pub(super) fn is_fixed(app: &Application, response: &Response, status: u16, body: &str) {
    assert_eq!((response.status.as_u16(), &*response.body), (status, body));
    assert_eq!(response.all("content-type"), ["text/plain; charset=utf-8"]);
    assert!(response.all("set-cookie").is_empty());
    assert_eq!(response.all("vary"), ["Cookie"]);
    let not_kept = response.all("cache-control") == ["no-store"];
    assert!(not_kept || app.mode == Mode::Flask);
}

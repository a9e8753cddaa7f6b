//! Cookies that are no session.

use privyseal_session::store::Subject;

use super::headers::{depends_on_the_cookie, is_fixed};
use super::{Application, Mode, run};
use crate::client::send;

/// Without an error, and without telling anybody: it is the session of somebody who comes for the
/// first time.
pub fn a_cookie_that_was_tampered_with_is_an_empty_session(app: &Application) {
    let good = app.visitor_named("ada").cookie().to_owned();
    let middle = good.len() / 2;
    let flipped = |at: usize| {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let forged = [
        String::new(),
        "forged".to_owned(),
        "\u{80}\u{ff}".to_owned(),
        "a".repeat(16_384),
        flipped(0),
        flipped(middle),
        // In the last character some bits carry nothing, and Flask's format does not look at them.
        flipped(good.len() - 2),
        good[..middle].to_owned(),
        good[..good.len() - 1].to_owned(),
        good[middle..].to_owned(),
        format!("{good}{good}"),
        format!("{good}.{good}"),
    ];
    for cookie in forged {
        let mut visitor = app.visitor();
        visitor.set_cookie(&cookie);
        let response = visitor.act("get:user,new");
        assert_eq!(response.status, 200, "{cookie}");
        assert_eq!(response.body, "- true", "{cookie}");
        assert!(response.all("set-cookie").is_empty(), "{cookie}");
        depends_on_the_cookie(app, &response);
    }
}

/// Somebody else set one of them, and which one cannot be told. Flask takes the first.
pub fn two_cookies_of_the_name_are_treated_as_the_rules_say_a13(app: &Application) {
    let pair = |name: &str| {
        let visitor = app.visitor_named(name);
        format!("{}={}", app.cookie(), visitor.cookie())
    };
    let (ada, bob) = (pair("ada"), pair("bob"));
    let expected = match app.mode {
        Mode::Flask => "ada",
        Mode::Stored | Mode::Signed | Mode::Sealed => "-",
    };
    let in_one_header = format!("{ada}; {bob}");
    for cookies in [
        &[("Cookie", &*in_one_header)][..],
        &[("Cookie", &ada), ("Cookie", &bob)],
    ] {
        let response = send(app.address(), "GET", "/act/get:user", cookies, "").unwrap();
        assert_eq!(response.body, expected, "{}", cookies.len());
    }
}

/// HTTP/2 and proxies split the header; cookies of others may be anything.
pub fn several_cookie_headers_are_read_as_one(app: &Application) {
    let visitor = app.visitor_named("ada");
    let ours = format!("b=\u{80}; {}={}; c", app.cookie(), visitor.cookie());
    for cookies in [
        &[("Cookie", "a=1"), ("Cookie", &*ours), ("Cookie", "d=4")][..],
        &[("Cookie", &*ours), ("Cookie", "a=1")],
    ] {
        let response = send(app.address(), "GET", "/act/get:user", cookies, "").unwrap();
        assert_eq!(response.body, "ada", "{}", cookies.len());
    }
}

/// Also in those that only read, and for copies of their cookies; but not for good, and nobody
/// else.
pub fn whoever_is_signed_out_everywhere_is_signed_out_in_every_browser(app: &Application) {
    let sign_in = |name: &str| match app.mode {
        Mode::Flask => format!("set:_user_id:{name},set:user:{name}"),
        Mode::Stored | Mode::Signed | Mode::Sealed => format!("signin:{name},set:user:{name}"),
    };
    let mut browsers = ["ada", "ada", "bob"].map(|name| {
        let mut browser = app.visitor();
        browser.act(&sign_in(name));
        assert_eq!(browser.told("get:user"), name);
        browser
    });
    let ada = Subject::new("ada").unwrap();
    run(app.engine.end_all_of(&ada)).unwrap();
    let said = browsers.each_mut().map(|browser| browser.told("get:user"));
    assert_eq!(said, ["-", "-", "bob"]);

    // Flask's cookies are dated to the second, and a sign-in of this one may be from before.
    app.clock.advance(2);
    browsers[0].act(&sign_in("ada"));
    let said = browsers.each_mut().map(|browser| browser.told("get:user"));
    assert_eq!(said, ["ada", "-", "bob"]);
}

/// Not even what the handler wrote before the sign-in. Under Flask's rules, whose sessions know no
/// sign-in, the answer is an error and the session stays as it was.
pub fn whoever_signs_in_after_somebody_else_finds_nothing_of_theirs(app: &Application) {
    let mut browser = app.visitor();
    if app.mode == Mode::Flask {
        browser.act("set:user:ada");
        let response = browser.act("signin:bob,set:user:bob");
        is_fixed(app, &response, 500, "The session could not be saved.");
        assert_eq!(browser.told("get:user"), "ada");
        return;
    }
    browser.act("set:before:1,signin:ada,set:user:ada,count:visits:5,remember,label:phone");
    assert_eq!(browser.told("keys"), "before user visits");
    let said = browser.told("set:late:1,signin:bob,keys,get:user,set:mine:1,count:visits:1");
    assert_eq!(said, "-");
    assert_eq!(browser.told("subject,keys,get:visits"), "bob mine visits 1");
    assert_eq!(browser.told("signin:bob,keys"), "mine visits");
}

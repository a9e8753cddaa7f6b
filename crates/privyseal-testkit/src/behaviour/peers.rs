//! What other libraries of sessions were seen to do wrong.

use super::headers::is_fixed_500;
use super::{Application, Mode};
use crate::client::send;

/// Neither the browser nor anybody who never got the answer.
pub fn peers_3_a_server_error_after_renewal_signs_nobody_out(app: &Application) {
    for path in ["act", "fail"] {
        let mut visitor = app.visitor_named("ada");
        let mut without_the_answer = visitor.clone();
        let response = visitor.get(&format!("/{path}/renew,set:more:1,status:500"));
        assert_eq!(response.status, 500);
        assert_eq!(visitor.told("get:user"), "ada", "{path}");
        assert_eq!(without_the_answer.told("get:user"), "ada", "{path}");
    }
}

/// Somebody who only reads stays signed in past the idle timeout; under Flask's rules a permanent
/// session slides, and one that is not permanent ends with its lifetime.
pub fn peers_4_reading_counts_as_activity(app: &Application) {
    let (steps, seconds) = match app.mode {
        Mode::Flask => ("permanent", 20 * 24 * 3600),
        Mode::Signed | Mode::Sealed => ("save", 20 * 60),
    };
    let mut visitor = app.visitor_named("ada");
    visitor.act(steps);
    for _ in 0..5 {
        app.clock.advance(seconds);
        assert_eq!(visitor.told("get:user"), "ada");
    }
    app.clock.advance(2 * seconds);
    assert_eq!(visitor.told("get:user"), "-");
}

/// The server looks at the time, not at what the browser was told.
pub fn peers_5_a_copy_of_the_cookie_ends_with_its_lifetime(app: &Application) {
    let idle = match app.mode {
        Mode::Flask => 31 * 24 * 3600,
        Mode::Signed | Mode::Sealed => 30 * 60,
    };
    let mut copy = app.visitor_named("ada");
    let kept = copy.cookie().to_owned();
    app.clock.advance(idle - 1);
    assert_eq!(copy.told("get:user"), "ada");
    copy.set_cookie(&kept);
    app.clock.advance(2);
    assert_eq!(copy.told("get:user"), "-");
}

/// Browsers drop a longer cookie in silence; here nothing of the answer goes out that may say
/// "saved", and the session stays as it was.
pub fn peers_6_a_session_that_browsers_would_drop_is_an_error(app: &Application) {
    let mut visitor = app.visitor_named("ada");
    for path in ["act", "fail", "caches/private"] {
        let response = visitor.get(&format!("/{path}/noise:8000,set:user:bob,get:user"));
        is_fixed_500(app, &response, "The session could not be saved.");
        assert_eq!(visitor.told("get:user"), "ada");
    }
    let response = visitor.act("noise:1500");
    assert_eq!(response.status, 200);
    let cookie = response.all("set-cookie")[0];
    assert!(
        cookie.split(';').next().unwrap().len() <= 4097,
        "name, = and value"
    );
    assert_eq!(visitor.told("keys"), "noise user");
}

/// An attacker's session in the browser of somebody who then signs in does not become theirs.
pub fn peers_7_a_planted_session_is_not_signed_in(app: &Application) {
    let mut attacker = app.visitor();
    attacker.act("set:planted:yes");
    let mut victim = attacker.clone();
    victim.act("renew,set:user:ada");
    assert_ne!(victim.cookie(), attacker.cookie());
    assert_eq!(victim.told("get:user"), "ada");
    assert_eq!(attacker.told("get:user"), "-");
}

/// With a `__Host-` name, too: the second request has the session of the first.
pub fn peers_8_the_name_that_is_set_is_the_name_that_is_read(app: &Application) {
    let mut visitor = app.visitor();
    let response = visitor.act("set:user:ada,new");
    assert_eq!(response.body, "true");
    let set = response.all("set-cookie")[0];
    assert_eq!(set.split_once('=').unwrap().0, app.cookie());
    assert_eq!(visitor.told("get:user,new"), "ada false");

    let bare = app.cookie().trim_start_matches("__Host-").to_uppercase();
    let pair = format!("{bare}={}", visitor.cookie());
    let other = send(app.address, "GET", "/act/new", &[("Cookie", &pair)], "").unwrap();
    assert_eq!(other.body, "true", "{bare} is another cookie");
}

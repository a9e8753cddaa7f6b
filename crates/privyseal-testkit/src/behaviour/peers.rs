//! What other libraries of sessions were seen to do wrong.

use std::thread;

use privyseal_session::CookiePolicy;

use super::headers::is_fixed;
use super::{Application, Mode};
use crate::client::send;

/// A slow request that was under way is answered after the sign-out: neither the cookie from
/// before nor one that it hands out opens the session again.
pub fn peers_1_a_late_answer_does_not_undo_a_sign_out(app: &Application) {
    let mut visitor = app.visitor_named("ada");
    let mut slow = visitor.clone();
    let mut copy = visitor.clone();
    thread::scope(|scope| {
        let answer = scope.spawn(|| slow.act("get:user,wait:slow,set:late:1,add:visits:1"));
        app.gates.wait_for("slow", 1);
        visitor.act("end");
        app.gates.open("slow");
        assert_eq!(answer.join().unwrap().body, "ada");
    });
    for visitor in [&mut visitor, &mut slow, &mut copy] {
        assert_eq!(visitor.told("get:user"), "-");
    }
}

/// Of different keys, and of one counter. Sessions in cookies cannot do this: each answer carries
/// a session of its own, and the browser keeps one.
pub fn peers_2_changes_at_the_same_time_are_all_kept(app: &Application) {
    let mut visitor = app.visitor_named("ada");
    thread::scope(|scope| {
        for steps in [
            "set:first:1,count:n:2",
            "set:second:2,count:n:3",
            "remove:user",
        ] {
            let mut browser = visitor.clone();
            scope.spawn(move || browser.told(&format!("get:user,wait:all,{steps}")));
        }
        app.gates.wait_for("all", 3);
        app.gates.open("all");
    });
    assert_eq!(visitor.told("keys"), "first n second");
    assert_eq!(visitor.told("get:n"), "5");
}

/// Neither the browser nor anybody who never got the answer.
pub fn peers_3_a_server_error_after_renewal_signs_nobody_out(app: &Application) {
    for path in ["act", "fail"] {
        for steps in ["renew", "signin:ada"] {
            let mut visitor = app.visitor_named("ada");
            let mut without_the_answer = visitor.clone();
            let response = visitor.get(&format!("/{path}/{steps},status:500"));
            assert_eq!(response.status, 500);
            assert_eq!(visitor.told("get:user"), "ada", "{path} {steps}");
            assert_eq!(without_the_answer.told("get:user"), "ada", "{path} {steps}");
        }
    }
}

/// Somebody who only reads stays signed in past the idle timeout. Under Flask's rules a permanent
/// session slides.
pub fn peers_4_reading_counts_as_activity(app: &Application) {
    let (steps, seconds) = match app.mode {
        Mode::Flask => ("permanent", 20 * DAY),
        Mode::Stored | Mode::Signed | Mode::Sealed => ("save", 20 * MINUTE),
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

/// The longer life is of the session, not of the answer that gave it.
pub fn peers_4_a_remembered_session_stays_so_when_it_is_written(app: &Application) {
    let steps = match app.mode {
        Mode::Flask => "permanent",
        Mode::Stored | Mode::Signed | Mode::Sealed => "remember",
    };
    let mut visitor = app.visitor_named("ada");
    let response = visitor.act(steps);
    assert!(response.all("set-cookie")[0].contains("; Expires="));
    for day in 0..3 {
        app.clock.advance(DAY);
        let response = visitor.act(&format!("set:day:{day}"));
        for cookie in response.all("set-cookie") {
            assert!(cookie.contains("; Expires="), "{day}: {cookie}");
        }
    }
    app.clock.advance(20 * DAY);
    assert_eq!(visitor.told("get:user,get:day"), "ada 2");
}

/// The server looks at the time, not at what the browser was told.
pub fn peers_5_a_copy_of_the_cookie_ends_with_its_lifetime(app: &Application) {
    let idle = match app.mode {
        Mode::Flask => 31 * DAY,
        Mode::Stored | Mode::Signed | Mode::Sealed => 30 * MINUTE,
    };
    let [mut in_time, mut too_late] = [(); 2].map(|()| app.visitor_named("ada"));
    app.clock.advance(idle - 1);
    assert_eq!(in_time.told("get:user"), "ada");
    app.clock.advance(2);
    assert_eq!(too_late.told("get:user,new"), "- true");

    // However busy it is, a session ends. Under Flask's rules a permanent one need not.
    if app.mode != Mode::Flask {
        let mut busy = app.visitor_named("ada");
        for _ in 0..36 {
            assert_eq!(busy.told("get:user"), "ada");
            app.clock.advance(20 * MINUTE);
        }
        app.clock.advance(1);
        assert_eq!(busy.told("get:user"), "-");
    }
}

/// Wherever the session lives.
pub fn peers_5_a_copy_of_the_cookie_ends_when_its_user_signs_out(app: &Application) {
    let mut visitor = app.visitor_named("ada");
    let mut copy = visitor.clone();
    let mut somebody_else = app.visitor_named("bob");
    visitor.act("end");
    assert_eq!(copy.told("get:user,new"), "- true");
    assert_eq!(somebody_else.told("get:user"), "bob");
}

/// Browsers would drop the cookie in silence; here nothing of the answer goes out that may say
/// "saved", and the session stays as it was.
pub fn peers_6_a_session_that_is_too_large_is_an_error(app: &Application) {
    let (fits, too_large) = match app.mode {
        Mode::Stored => (100_000, 1_100_000),
        Mode::Signed | Mode::Sealed | Mode::Flask => (1_500, 8_000),
    };
    let mut visitor = app.visitor_named("ada");
    for path in ["act", "fail", "caches/private"] {
        let response = visitor.get(&format!("/{path}/noise:{too_large},set:user:bob"));
        is_fixed(app, &response, 500, "The session could not be saved.");
        assert_eq!(visitor.told("get:user"), "ada");
    }
    let response = visitor.act(&format!("noise:{fits}"));
    assert_eq!(response.status, 200);
    for cookie in response.all("set-cookie") {
        let (name_and_value, _) = cookie.split_once(';').unwrap();
        assert!(name_and_value.len() <= "=".len() + 4096);
    }
    assert_eq!(visitor.told("keys"), "noise user");
}

/// An attacker's session in the browser of somebody who then signs in does not become theirs.
pub fn peers_7_a_planted_session_is_not_signed_in(app: &Application) {
    let mut attacker = app.visitor();
    attacker.act("set:planted:yes");
    let mut victim = attacker.clone();
    // Flask's rules know no sign-in.
    let sign_in = match app.mode {
        Mode::Flask => "set:user:ada",
        Mode::Stored | Mode::Signed | Mode::Sealed => "signin:ada,set:user:ada",
    };
    victim.act(sign_in);
    assert_ne!(victim.cookie(), attacker.cookie());
    assert_eq!(victim.told("get:user"), "ada");
    assert_eq!(attacker.told("get:user,subject"), "- -");
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
    let other = send(app.address(), "GET", "/act/new", &[("Cookie", &pair)], "").unwrap();
    assert_eq!(other.body, "true", "{bare} is another cookie");
}

/// Of the same application and under the same keys. Flask's format has no place for the name.
pub fn peers_9_a_cookie_is_worth_nothing_under_another_name(app: &Application) {
    let other_name = CookiePolicy::builder("__Host-other").build().unwrap();
    let other = app.beside(|engine| engine.with_cookie(other_name));
    let visitor = app.visitor_named("ada");
    let mut moved = other.visitor();
    moved.set_cookie(visitor.cookie());
    assert_eq!(moved.told("get:user,new"), "- true");
    assert_eq!(other.visitor_named("bob").told("get:user"), "bob");
}

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

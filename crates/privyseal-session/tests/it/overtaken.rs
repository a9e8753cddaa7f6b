//! Requests during which the session got another id.

use privyseal_session::store::Subject;
use privyseal_session::{LiveKeyRing, SessionError};
use privyseal_testkit::clock::FakeClock;

use crate::browser::{Browser, START, open, ring, stored};

const GRACE: i64 = 20;

/// What the slow request knows is not what the store holds, so it has to bring its id again.
#[test]
fn a_write_that_outlasts_the_grace_of_a_renewal_fails_and_leaves_the_new_cookie() {
    let clock = FakeClock::at(START);
    let engine = stored(&LiveKeyRing::new(ring(b'a')), &clock);
    let mut user = Browser::new(&engine);
    user.set("a", 1);
    let mut slow = Browser::with_cookie(&engine, user.cookie.as_deref().unwrap());
    let ((), response) = slow.visit(|visit| {
        let mut session = open(visit);
        user.visit(|visit| open(visit).renew()).1.unwrap();
        clock.advance(GRACE + 1);
        session.insert("b", 1);
    });
    // That no cookie is among the headers of an error is for `visit` to see.
    assert!(matches!(response, Err(SessionError::Conflict)));
    assert_eq!((user.get("a"), user.get("b")), (Some(1), None));
}

#[test]
fn signing_out_with_an_id_from_before_the_sign_in_is_not_said_to_have_worked() {
    let engine = stored(&LiveKeyRing::new(ring(b'a')), &FakeClock::at(START));
    let mut user = Browser::new(&engine);
    user.set("a", 1);
    let mut late = Browser::with_cookie(&engine, user.cookie.as_deref().unwrap());
    let ada = Subject::new("ada").unwrap();
    user.visit(|visit| open(visit).sign_in(ada)).1.unwrap();
    let ((), response) = late.visit(|visit| open(visit).end());
    assert!(matches!(response, Err(SessionError::Conflict)));
    assert_eq!(user.get("a"), Some(1));
}

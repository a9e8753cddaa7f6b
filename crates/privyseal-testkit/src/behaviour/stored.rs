//! What only sessions in a store can do.

use std::thread;
use std::time::{Duration, Instant};

use privyseal_session::store::Subject;

use super::headers::{depends_on_the_cookie, is_fixed};
use super::{Application, run};

/// Each writes a key of its own and counts at one counter.
pub fn sixty_four_writers_of_one_session_lose_nothing(app: &Application) {
    const WRITERS: usize = 64;
    const VISITS: usize = 4;
    let mut visitor = app.visitor_named("ada");
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let mut browser = visitor.clone();
            scope.spawn(move || {
                for visit in 1..=VISITS {
                    browser.told(&format!("count:visits:1,set:writer{writer}:{visit}"));
                    // What it has written it reads.
                    let said = browser.told(&format!("get:writer{writer}"));
                    assert_eq!(said, visit.to_string());
                }
            });
        }
    });
    let visits = (WRITERS * VISITS).to_string();
    assert_eq!(visitor.told("get:visits"), visits);
    // The writers' keys, the counter and the name.
    let keys = visitor.told("keys");
    assert_eq!(keys.split(' ').count(), WRITERS + 2, "{keys}");
}

/// And the others live on.
pub fn one_of_several_sessions_is_ended(app: &Application) {
    let ada = Subject::new("ada").unwrap();
    let mut browsers = ["phone", "laptop", "tablet"].map(|label| {
        let mut browser = app.visitor();
        browser.act(&format!("signin:ada,label:{label}"));
        browser
    });
    let sessions = run(app.engine.sessions_of(&ada)).unwrap();
    let labels = sessions
        .iter()
        .map(|session| session.label.as_deref().unwrap());
    let mut labels: Vec<_> = labels.collect();
    labels.sort_unstable();
    assert_eq!(labels, ["laptop", "phone", "tablet"]);

    let phone = sessions
        .iter()
        .find(|session| session.label.as_deref() == Some("phone"));
    let id = phone.unwrap().id;
    assert!(run(app.engine.end_session_of(&ada, id)).unwrap());
    let said = browsers.each_mut().map(|browser| browser.told("subject"));
    assert_eq!(said, ["-", "ada", "ada"]);
}

/// The first user's request is answered while the second one signs in, and one more after that.
pub fn what_is_saved_during_a_sign_in_as_somebody_else_is_not_theirs(app: &Application) {
    let mut browser = app.visitor();
    browser.act("signin:ada,set:user:ada");
    let mut first = browser.clone();
    thread::scope(|scope| {
        let signs_in = scope.spawn(|| {
            let said = browser.told("signin:bob,set:mine:1,wait:written,get:mine");
            assert_eq!(said, "1");
        });
        app.gates.wait_for("written", 1);
        first.told("set:user:late,count:visits:5,label:late");
        app.gates.open("written");
        signs_in.join().unwrap();
    });
    assert_eq!(browser.told("subject,keys"), "bob mine");
    let refused = first.act("set:user:later");
    is_fixed(
        app,
        &refused,
        409,
        "The session was changed by another request. Try again.",
    );
    assert_eq!(browser.told("subject,keys"), "bob mine");
}

/// Reading and writing, and handlers that answered already: within a second of the store's return
/// everybody is there again.
pub fn an_outage_is_a_fixed_503_and_costs_nobody_the_cookie(app: &Application) {
    let mut visitor = app.visitor_named("ada");
    let body = "The session is unavailable. Try again in a moment.";
    app.outage.begins();
    for path in ["/act/get:user", "/act/set:user:bob", "/act/end", "/typed"] {
        let response = visitor.get(path);
        is_fixed(app, &response, 503, body);
        assert_eq!(response.all("retry-after"), ["5"], "{path}");
    }
    // Somebody new needs the store only when there is something to be saved.
    let response = app.visitor().act("set:user:bob,get:user");
    is_fixed(app, &response, 503, body);
    assert_eq!(response.all("retry-after"), ["5"]);
    assert_eq!(app.visitor().told("get:user"), "-");

    let response = visitor.get("/typed-or-not");
    assert_eq!(response.body, "everybody's");
    depends_on_the_cookie(app, &response);

    app.outage.ends();
    let deadline = Instant::now() + Duration::from_secs(30);
    while visitor.act("get:user").body != "ada" {
        assert!(Instant::now() < deadline, "it does not recover");
        thread::yield_now();
    }
}

/// Whatever cookie it brings.
pub fn a_request_that_needs_no_session_does_not_notice_an_outage(app: &Application) {
    let mut visitor = app.visitor_named("ada");
    app.outage.begins();
    for _ in 0..16 {
        let response = visitor.get("/untouched");
        assert_eq!(
            (response.status.as_u16(), &*response.body),
            (200, "untouched")
        );
        assert!(response.all("vary").is_empty());
    }
    let mut forger = app.visitor();
    forger.set_cookie("forged");
    assert_eq!(forger.told("get:user,new"), "- true");
}

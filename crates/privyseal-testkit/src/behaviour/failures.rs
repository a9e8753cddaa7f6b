//! Handlers that fail, and clients that leave.

use std::io::Read as _;

use super::Application;
use super::headers::{depends_on_the_cookie, is_fixed_500};
use crate::client;

/// Whether the handler returned a response or an `Err`, and for errors of both kinds.
pub fn an_answer_that_is_an_error_keeps_the_session(app: &Application) {
    for (path, status) in [
        ("act", 303),
        ("act", 403),
        ("fail", 403),
        ("act", 503),
        ("fail", 503),
    ] {
        let mut visitor = app.visitor();
        let response = visitor.get(&format!("/{path}/set:user:ada,status:{status}"));
        assert_eq!(response.status, status, "{path}");
        depends_on_the_cookie(app, &response);
        assert_eq!(visitor.told("get:user"), "ada", "{path} {status}");
    }
}

/// The session is not thrown away: a deployment that is put right has lost nothing.
pub fn a_session_of_another_type_is_a_fixed_500(app: &Application) {
    let mut visitor = app.visitor();
    visitor.act("set:number:one");
    let response = visitor.get("/typed");
    is_fixed_500(app, &response, "The session could not be opened.");
    assert_eq!(visitor.told("get:number"), "one");

    visitor.act("add:number:1");
    assert_eq!(visitor.get("/typed").body, "1");
}

/// The answer depends on the cookie all the same.
pub fn a_handler_may_go_on_without_the_session(app: &Application) {
    let mut visitor = app.visitor();
    visitor.act("set:number:one");
    let response = visitor.get("/typed-or-not");
    assert_eq!(
        (response.status.as_u16(), &*response.body),
        (200, "everybody's")
    );
    depends_on_the_cookie(app, &response);

    visitor.act("clear,add:number:1");
    assert_eq!(visitor.get("/typed-or-not").body, "1");
}

/// It is a mistake of the application, of which the client learns no more.
pub fn without_the_layer_the_extractor_answers_a_fixed_500(app: &Application) {
    let response = app.visitor_named("ada").get("/outside");
    assert_eq!(response.status, 500);
    assert_eq!(response.body, "The session could not be opened.");
    assert!(response.all("set-cookie").is_empty());
}

/// Half of a change is none.
pub fn a_handler_that_panics_saves_nothing(app: &Application) {
    let mut visitor = app.visitor_named("ada");
    let before = visitor.cookie().to_owned();
    let response = visitor.act("set:user:bob,panic");
    assert_eq!(response.status, 500);
    assert!(response.all("set-cookie").is_empty());
    depends_on_the_cookie(app, &response);
    assert_eq!(visitor.cookie(), before);
    assert_eq!(visitor.told("get:user"), "ada");
}

/// Neither while the handler is at work nor in the middle of the body.
pub fn a_client_that_leaves_early_does_no_harm(app: &Application) {
    for _ in 0..8 {
        let path = "/act/set:user:ada,wait:work,set:more:1";
        drop(client::begin(app.address, "GET", path, &[], "").unwrap());
        let path = "/stream/set:user:ada";
        let mut connection = client::begin(app.address, "GET", path, &[], "").unwrap();
        connection.read_exact(&mut [0; 16]).unwrap();
        drop(connection);
    }
    let mut visitor = app.visitor_named("bob");
    assert_eq!(visitor.told("get:user"), "bob");
    app.gates.open("work");
    app.gates.open("stream");
    assert_eq!(visitor.told("add:visits:1,get:visits"), "1");
    assert_eq!(visitor.get("/stream/get:user").body, "firstlast");
}

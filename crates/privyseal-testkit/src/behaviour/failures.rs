//! Handlers that fail, and clients that leave.

use std::io::Read as _;

use super::headers::{depends_on_the_cookie, is_fixed};
use super::{Application, Mode};
use crate::client;

/// Whether the handler returned a response or an `Err`.
pub fn an_answer_that_refuses_keeps_the_session(app: &Application) {
    for (path, status) in [("act", 303), ("act", 403), ("fail", 403)] {
        let mut visitor = app.visitor();
        let response = visitor.get(&format!("/{path}/set:user:ada,status:{status}"));
        assert_eq!(response.status, status, "{path}");
        depends_on_the_cookie(app, &response);
        assert_eq!(visitor.told("get:user"), "ada", "{path} {status}");
    }
}

/// But for the sign-out, which holds whatever comes after it. Flask's rules save everything.
pub fn an_answer_that_is_a_server_error_undoes_what_was_written(app: &Application) {
    let is_flask = app.mode == Mode::Flask;
    for (path, status) in [("act", 500), ("act", 503), ("fail", 500), ("fail", 503)] {
        // Two of Flask's cookies that are made in one second with the same content are one.
        app.clock.advance(1);
        let mut visitor = app.visitor_named("ada");
        let response = visitor.get(&format!("/{path}/set:user:bob,status:{status}"));
        assert_eq!(response.status, status, "{path}");
        depends_on_the_cookie(app, &response);
        assert_eq!(response.all("set-cookie").is_empty(), !is_flask);
        let expected = if is_flask { "bob" } else { "ada" };
        assert_eq!(visitor.told("get:user"), expected, "{path} {status}");

        let response = visitor.get(&format!("/{path}/end,status:{status}"));
        assert_eq!(response.status, status, "{path}");
        assert_eq!(visitor.told("get:user,new"), "- true", "{path} {status}");
    }
}

/// The session is not thrown away: a deployment that is put right has lost nothing.
pub fn a_session_of_another_type_is_a_fixed_500(app: &Application) {
    let mut visitor = app.visitor();
    visitor.act("set:number:one");
    let response = visitor.get("/typed");
    is_fixed(app, &response, 500, "The session could not be opened.");
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
        drop(client::begin(app.address(), "GET", path, &[], "").unwrap());
        let path = "/stream/set:user:ada";
        let mut connection = client::begin(app.address(), "GET", path, &[], "").unwrap();
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

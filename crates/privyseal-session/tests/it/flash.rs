//! Messages for the next page.

use privyseal::value::{Dict, Value};
use privyseal::{KeyRing, SecretKey};
use privyseal_session::Engine;
use privyseal_session::flash::{self, Flash, FlashError, MAX_FLASH_LEN, MAX_FLASHES};
use privyseal_testkit::client;
use privyseal_testkit::flask::FlaskApp;
use serde_json::{Value as Json, json};

use crate::browser::{Browser, open};

fn flash(category: &str, message: &str) -> Flash {
    Flash {
        category: category.to_owned(),
        message: message.to_owned(),
        is_markup: false,
    }
}

fn texts(shown: &[Flash]) -> Vec<&str> {
    shown.iter().map(|flash| &*flash.message).collect()
}

#[test]
fn messages_come_back_once_in_their_order() {
    let mut session: Dict = [("user", 7)].into_iter().collect();
    flash::push(&mut session, "message", "one").unwrap();
    flash::push(&mut session, "error", "two").unwrap();
    let expected = [flash("message", "one"), flash("error", "two")];
    assert_eq!(flash::take(&mut session), expected);
    assert_eq!(session, [("user", 7)].into_iter().collect());
    assert_eq!(flash::take(&mut session), []);
}

#[test]
fn only_the_categories_that_were_asked_for_are_taken() {
    let mut session = Dict::new();
    for (category, message) in [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")] {
        flash::push(&mut session, category, message).unwrap();
    }
    assert_eq!(
        texts(&flash::take_of(&mut session, &["a", "x"])),
        ["1", "3"]
    );
    assert_eq!(texts(&flash::take_of(&mut session, &["a"])), [""; 0]);
    assert_eq!(
        texts(&flash::take_of(&mut session, &["c", "b"])),
        ["2", "4"]
    );
    assert!(session.is_empty(), "no empty list is left behind");
}

#[test]
fn a_message_is_bounded_and_a_refused_one_changes_nothing() {
    let mut session = Dict::new();
    let longest = "x".repeat(MAX_FLASH_LEN - "message".len());
    flash::push(&mut session, "message", &longest).unwrap();
    let before = session.clone();
    let refused = flash::push(&mut session, "message", &format!("{longest}x"));
    assert_eq!(refused, Err(FlashError::TooLong { len: 1025 }));
    assert_eq!(session, before);
}

#[test]
fn the_oldest_messages_make_room() {
    let mut session = Dict::new();
    for number in 0..=MAX_FLASHES {
        flash::push(&mut session, "", &number.to_string()).unwrap();
    }
    let shown = flash::take(&mut session);
    assert_eq!(shown.len(), MAX_FLASHES);
    assert_eq!((&*shown[0].message, &*shown[15].message), ("1", "16"));

    // The two newest fill the bound on all of them; a third would not fit.
    for letter in ["a", "b", "c"] {
        flash::push(&mut session, "", &letter.repeat(1024)).unwrap();
    }
    let starts: Vec<String> = flash::take(&mut session)
        .iter()
        .map(|flash| flash.message[..1].to_owned())
        .collect();
    assert_eq!(starts, ["b", "c"]);
}

#[test]
fn what_is_no_message_is_not_shown() {
    let pair = |category: Value, message: Value| Value::Tuple(vec![category, message]);
    let markup = || pair("a".into(), Value::Markup("<b>1</b>".into()));
    let list = || Value::List(vec!["a".into(), "2".into()]);
    let mut session = Dict::new();
    let others = vec![
        markup(),
        Value::Null,
        pair("a".into(), 1.into()),
        pair(Value::Null, "x".into()),
        Value::Tuple(vec!["a".into()]),
        Value::Tuple(vec!["a".into(), "b".into(), "c".into()]),
        list(),
    ];
    session.insert("_flashes", others);
    let shown = flash::take_of(&mut session.clone(), &["a"]);
    assert_eq!(shown, flash::take(&mut session));
    assert_eq!(texts(&shown), ["<b>1</b>", "2"]);
    assert_eq!([shown[0].is_markup, shown[1].is_markup], [true, false]);

    session.insert("_flashes", "no list");
    assert_eq!(flash::take_of(&mut session, &["a"]), []);
    flash::push(&mut session, "a", "1").unwrap();
    assert_eq!(texts(&flash::take(&mut session)), ["1"]);
}

/// What one application says, the other one shows.
#[test]
fn flask_and_the_engine_show_each_others_messages() {
    let key = "uTKq0yXhB2m9ZrVd4sPfLw8oJcNa7eGi";
    let flask = FlaskApp::start(&json!({"SECRET_KEY": key})).unwrap();
    let engine = Engine::flask(KeyRing::new(SecretKey::from_text(key).unwrap()));
    let mut visitor = Browser::new(&engine);

    let said = json!([
        ["message", "Saved."],
        ["error", "Ünïcödé 🦭"],
        ["markup", "<b>Hi</b>"]
    ]);
    let mut browser = client::Browser::default();
    let sent = browser.post(flask.address(), "/flash", &said.to_string());
    assert_eq!(sent.unwrap().body, "flashed");
    visitor.cookie = browser.cookies.remove("session");
    let (shown, _) = visitor.visit(|handle| flash::take(&mut open(handle)));
    let markup = Flash {
        is_markup: true,
        ..flash("markup", "<b>Hi</b>")
    };
    let expected = [
        flash("message", "Saved."),
        flash("error", "Ünïcödé 🦭"),
        markup,
    ];
    assert_eq!(shown, expected);
    assert_eq!(visitor.cookie, None, "nothing else was in the session");

    let ((), saved) = visitor.visit(|handle| {
        let mut session = open(handle);
        flash::push(&mut session, "message", "Saved.").unwrap();
        flash::push(&mut session, "error", "Ünïcödé <🦭>").unwrap();
    });
    saved.unwrap();
    let mut browser = client::Browser::default();
    let cookie = visitor.cookie.take().unwrap();
    browser.cookies.insert("session".to_owned(), cookie);
    let shown = browser.post(flask.address(), "/flashed", "").unwrap();
    let shown: Json = serde_json::from_str(&shown.body).unwrap();
    assert_eq!(
        shown,
        json!([["message", "Saved."], ["error", "Ünïcödé <🦭>"]])
    );
    assert!(browser.cookies.is_empty(), "Flask has shown them all");
}

#[test]
fn debug_does_not_show_the_message() {
    let shown = format!("{:?}", flash("hush", "hush"));
    assert!(!shown.contains("hush"), "{shown}");
}

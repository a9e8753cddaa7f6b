//! Sessions as their operator sees them.

use http::{HeaderMap, StatusCode};
use privyseal::{KeyRing, SecretKey};
use privyseal_session::store::Subject;
use privyseal_session::{Engine, Session};
use privyseal_stores::SqliteStore;

use crate::serve::Server;
use crate::visitor::Visitor;
use crate::{KEY, Place, Ran};

/// The ids that `session list` prints.
fn listed(ran: &Ran) -> Vec<String> {
    let lines = ran.quietly().lines();
    let ids = lines.filter_map(|line| line.strip_prefix("id         "));
    ids.map(str::to_owned).collect()
}

#[test]
fn the_sessions_of_a_user_are_listed_without_what_is_in_them() {
    let place = Place::new();
    let server = Server::start(&place);
    let mut visitors =
        ["Ada", "Ada", "Bob"].map(|name| Visitor::signed_in(&server, "stored", name));
    visitors[0].press(&server, "/note", "note=the+secret+of+Ada");

    let ran = place.run(["session", "list", "--subject", "Ada"]);
    assert_eq!(listed(&ran).len(), 2);
    assert!(
        ran.stdout().contains("label      Another browser\n"),
        "{ran:?}"
    );
    assert!(!ran.stdout().contains("the secret"), "{ran:?}");
    let json = place
        .run(["--json", "session", "list", "--subject", "Ada"])
        .json();
    let session = &json["sessions"][0];
    assert_eq!(session["id"].as_str().unwrap(), listed(&ran)[0]);
    assert!(
        session["began_at"].as_str().unwrap().ends_with('Z'),
        "{json}"
    );
    assert_eq!(session["remembered"], false);

    let nobody = place.run(["session", "list", "--subject", "nobody"]);
    assert_eq!(nobody.quietly(), "no sessions\n");
}

#[test]
fn one_session_is_ended_by_its_id() {
    let place = Place::new();
    let server = Server::start(&place);
    let mut one = Visitor::signed_in(&server, "stored", "Ada");
    let id = listed(&place.run(["session", "list", "--subject", "Ada"]));
    let mut other = Visitor::signed_in(&server, "stored", "Ada");
    let ran = place.run(["session", "end", "--id", &id[0]]);
    assert_eq!(ran.quietly(), "the session has ended\n");
    assert!(!one.is_in(&server) && other.is_in(&server));
    assert_eq!(
        listed(&place.run(["session", "list", "--subject", "Ada"])).len(),
        1
    );
}

#[test]
fn all_sessions_of_a_user_are_ended_in_every_mode_v7_4_5() {
    let place = Place::new();
    let server = Server::start(&place);
    let modes = ["stored", "sealed", "signed", "flask"];
    let mut visitors = modes.map(|mode| Visitor::signed_in(&server, mode, "Ada"));
    let mut bystander = Visitor::signed_in(&server, "stored", "Bob");
    let ran = place.run(["--json", "session", "end", "--subject", "Ada"]);
    assert_eq!(ran.json()["known_sessions"], 1);
    assert!(!visitors[0].is_in(&server), "a row is gone at once");
    for visitor in &mut visitors {
        visitor.wait_until_out(&server);
    }
    assert!(bystander.is_in(&server));
}

/// Signs Ada in to this application, whose sessions are in this file.
async fn sign_in_to(application: &str, place: &Place) {
    let store = SqliteStore::open(place.path("shared.db")).await.unwrap();
    let keys = KeyRing::new(SecretKey::from_text(KEY).unwrap());
    let engine = Engine::stored(keys, store).with_application(application);
    let request = HeaderMap::new();
    let handle = engine.begin(&request);
    let mut session: Session = handle.open(&request).await.unwrap();
    session.sign_in(Subject::new("Ada").unwrap());
    drop(session);
    let answered = handle.commit(StatusCode::OK, &mut HeaderMap::new()).await;
    answered.unwrap();
}

#[test]
fn a_user_is_listed_and_signed_out_in_the_application_that_was_named_only_a14() {
    let place = Place::new();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        for application in ["", "shop", "shop", "forum"] {
            sign_in_to(application, &place).await;
        }
    });
    let run = |verb, named: &[&str]| {
        let user = ["session", verb, "--subject", "Ada"];
        place.run([&user[..], &["--store", "sqlite:shared.db"], named].concat())
    };
    let known = || {
        [
            &[][..],
            &["--application", "shop"],
            &["--application", "forum"],
        ]
        .map(|named| listed(&run("list", named)).len())
    };
    assert_eq!(known(), [1, 2, 1]);
    let ended = run("end", &["--application", "shop"]);
    assert!(ended.quietly().contains("ended 2 sessions"), "{ended:?}");
    assert_eq!(known(), [1, 0, 1]);
    run("end", &[]).quietly();
    assert_eq!(known(), [0, 0, 1]);
}

#[test]
fn everybody_is_signed_out_only_when_it_is_said_twice_v7_4_5() {
    let place = Place::new();
    let server = Server::start(&place);
    let mut visitors = ["stored", "sealed"].map(|mode| Visitor::signed_in(&server, mode, "Ada"));
    for unconfirmed in [&["--all"][..], &["--all", "--confirm", "yes"]] {
        let ran = place.run([&["session", "end"], unconfirmed].concat());
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("--confirm all"), "{ran:?}");
    }
    assert!(visitors.iter_mut().all(|visitor| visitor.is_in(&server)));
    let ran = place.run(["session", "end", "--all", "--confirm", "all"]);
    assert!(ran.quietly().contains("all users"), "{ran:?}");
    for visitor in &mut visitors {
        visitor.wait_until_out(&server);
    }
}

#[test]
fn no_store_is_made_by_looking_for_one() {
    let place = Place::new();
    for arguments in [
        &["session", "list", "--subject", "Ada"][..],
        &[
            "session",
            "end",
            "--subject",
            "Ada",
            "--store",
            "sqlite:none.db",
        ],
        &["session", "list", "--subject", "Ada", "--store", "memory"],
    ] {
        let ran = place.run(arguments.iter().copied());
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert_eq!(ran.stderr.matches("hint: ").count(), 1, "{ran:?}");
    }
    assert_eq!(std::fs::read_dir(place.path(".")).unwrap().count(), 0);
}

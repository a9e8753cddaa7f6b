//! Ended sessions stay ended, in every mode, for whoever kept a copy of the cookie.

use axum::http::StatusCode;
use axum::http::header::LOCATION;

use super::{Browser, Mode};

/// The ids in the list of sessions, and whether each is the one of the page.
fn listed(page: &str) -> Vec<(String, bool)> {
    let (_, list) = page.split_once("<ul class=\"sessions\">").unwrap();
    let (list, _) = list.split_once("</ul>").unwrap();
    list.split("<li")
        .skip(1)
        .map(|row| {
            let (_, id) = row.split_once("<code>").unwrap();
            let (id, _) = id.split_once("</code>").unwrap();
            (id.to_owned(), row.contains("this one"))
        })
        .collect()
}

#[tokio::test]
async fn an_old_cookie_is_refused_after_signing_out_in_every_mode_a9() {
    for mode in Mode::ALL {
        let mut browser = Browser::signed_in(mode).await;
        let kept = browser.cookie(mode).unwrap().to_owned();
        let form = format!("cookie={kept}");
        let before = browser.post(mode, "replay", &form).await;
        assert!(before.text.contains("Accepted: "), "{mode:?}");

        let out = browser.press(mode, "sign-out", "").await;
        assert_eq!(out.status, StatusCode::OK);
        assert_eq!(out.hidden("cookie"), Some(kept.as_str()));
        assert_eq!(browser.cookie(mode), None);
        let after = browser.post(mode, "replay", &form).await;
        assert!(after.text.contains("Refused: "), "{mode:?} {}", after.text);

        // And in the hands of somebody else's browser.
        let mut thief = browser.another();
        thief.cookies.insert(mode.cookie_name().to_owned(), kept);
        assert!(!thief.is_in(mode).await, "{mode:?}");
    }
}

#[tokio::test]
async fn a_copy_from_before_a_change_is_refused_after_signing_out_a9() {
    for mode in [Mode::Stored, Mode::Sealed, Mode::Signed] {
        let mut browser = Browser::signed_in(mode).await;
        let kept = browser.cookie(mode).unwrap().to_owned();
        browser.press(mode, "note", "note=changed").await;
        browser.press(mode, "sign-out", "").await;
        browser.cookies.insert(mode.cookie_name().to_owned(), kept);
        assert!(!browser.is_in(mode).await, "{mode:?}");
    }
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_of_the_user_in_every_mode_v7_4_2() {
    for mode in Mode::ALL {
        let mut here = Browser::new().await;
        let mut there = here.another();
        let mut somebody_else = here.another();
        for each in Mode::ALL {
            here.sign_in(each).await;
            there.sign_in(each).await;
            somebody_else.post(each, "sign-in", "name=Bob").await;
        }
        let kept = here.cookies.clone();
        let out = here.press(mode, "sign-out-everywhere", "").await;
        assert!(out.text.contains("Signed out everywhere"), "{}", out.text);
        here.cookies = kept;
        for each in Mode::ALL {
            assert!(!here.is_in(each).await, "{mode:?} {each:?} here");
            assert!(!there.is_in(each).await, "{mode:?} {each:?} there");
            assert!(somebody_else.is_in(each).await, "{mode:?} {each:?}");
        }
    }
}

/// Flask's cookies say in whole seconds when they were made, and nothing else, so that those of the
/// next two seconds count as made before; the page says to wait.
#[tokio::test]
async fn whoever_signs_in_again_at_once_is_let_in_except_under_flasks_rules() {
    for mode in [Mode::Stored, Mode::Sealed, Mode::Signed] {
        let mut browser = Browser::signed_in(mode).await;
        browser.press(mode, "sign-out-everywhere", "").await;
        browser.sign_in(mode).await;
        assert!(browser.is_in(mode).await, "{mode:?}");
    }
}

#[tokio::test]
async fn the_list_has_every_session_of_the_user_and_ends_the_one_that_is_chosen_v7_5_2() {
    let mode = Mode::Stored;
    let mut here = Browser::signed_in(mode).await;
    let mut there = here.another();
    there.sign_in(mode).await;
    let mut somebody_else = here.another();
    somebody_else.post(mode, "sign-in", "name=Bob").await;

    let list = listed(&here.get("/stored").await.text);
    assert_eq!(list.len(), 2);
    let own = |list: &[(String, bool)]| {
        let mut own = list.iter().filter(|(_, is_this)| *is_this);
        let found = own.next().unwrap().0.clone();
        assert!(own.next().is_none());
        found
    };
    let other = own(&listed(&there.get("/stored").await.text));
    assert_ne!(own(&list), other);

    let form = format!("id={other}");
    let answer = here.press(mode, "sign-out-one", &form).await;
    assert_eq!(answer.headers[LOCATION], "/stored#sessions");
    let page = here.get("/stored").await;
    assert!(page.text.contains("That session was signed out."));
    assert_eq!(listed(&page.text), [(own(&list), true)]);
    assert!(!here.get("/stored").await.text.contains("was signed out."));
    assert!(!there.is_in(mode).await);
    assert!(somebody_else.is_in(mode).await);
}

#[tokio::test]
async fn nobody_ends_the_session_of_somebody_else_v7_5_2() {
    let mode = Mode::Stored;
    let mut ada = Browser::signed_in(mode).await;
    let id = listed(&ada.get("/stored").await.text)[0].0.clone();
    let mut bob = ada.another();
    bob.post(mode, "sign-in", "name=Bob").await;
    for form in [format!("id={id}"), "id=x".to_owned(), String::new()] {
        bob.press(mode, "sign-out-one", &form).await;
        let page = bob.get("/stored").await.text;
        assert!(page.contains("had ended already"), "{form}");
    }
    assert!(ada.is_in(mode).await);
    let mut stranger = ada.another();
    let answer = stranger
        .post(mode, "sign-out-one", &format!("id={id}"))
        .await;
    assert_eq!(answer.headers[LOCATION], "/stored");
    assert!(ada.is_in(mode).await);
}

#[tokio::test]
async fn signing_out_the_others_leaves_this_one_v7_4_3() {
    let mode = Mode::Stored;
    let mut here = Browser::signed_in(mode).await;
    assert!(
        !here
            .get("/stored")
            .await
            .text
            .contains("Sign out the others")
    );
    let (mut second, mut third) = (here.another(), here.another());
    second.sign_in(mode).await;
    third.sign_in(mode).await;
    assert!(
        here.get("/stored")
            .await
            .text
            .contains("Sign out the others")
    );
    here.press(mode, "sign-out-others", "").await;
    let page = here.get("/stored").await.text;
    assert!(page.contains("2 other sessions were signed out."), "{page}");
    assert!(here.is_in(mode).await && !second.is_in(mode).await && !third.is_in(mode).await);
}

#[tokio::test]
async fn the_modes_without_a_store_say_why_they_have_no_list() {
    for mode in [Mode::Sealed, Mode::Signed, Mode::Flask] {
        let mut browser = Browser::signed_in(mode).await;
        let page = browser.get(mode.path()).await.text;
        assert!(page.contains("There is no list in this mode"), "{mode:?}");
        for path in ["sign-out-one", "sign-out-others"] {
            let answer = browser.press(mode, path, "").await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn a_form_without_the_token_of_its_session_changes_nothing_v3_5_1() {
    for mode in [Mode::Stored, Mode::Sealed, Mode::Signed] {
        let mut browser = Browser::signed_in(mode).await;
        let mut other = browser.another();
        other.sign_in(mode).await;
        let foreign = other.get(mode.path()).await;
        let foreign = foreign.hidden("csrf").unwrap();
        // Signing in again is another session as far as forms are concerned.
        let old = browser.get(mode.path()).await;
        browser.sign_in(mode).await;
        let old = old.hidden("csrf").unwrap();
        let paths = ["note", "rotate", "sign-out", "sign-out-everywhere"];
        let stored = ["sign-out-one", "sign-out-others"];
        let stored = stored.iter().filter(|_| mode.is_stored());
        for path in paths.iter().chain(stored) {
            for form in [
                "",
                "csrf=",
                &format!("csrf={foreign}"),
                &format!("csrf={old}"),
            ] {
                let answer = browser.post(mode, path, &format!("note=x&{form}")).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{mode:?} {path}");
                assert!(answer.text.contains("out of date"));
            }
        }
        assert!(browser.is_in(mode).await && other.is_in(mode).await);
        assert_eq!(browser.get(mode.path()).await.keys().len(), 1);
    }
}

#[tokio::test]
async fn what_is_no_cookie_is_not_presented() {
    let mut browser = Browser::new().await;
    for form in ["", "cookie=", "cookie=a%0d%0ab", "cookie=a%3Bb"] {
        let answer = browser.post(Mode::Stored, "replay", form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
    }
}

//! Each flow through the router, with a browser of a few lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN,
    REFERRER_POLICY, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Request, StatusCode};
use tempfile::TempDir;
use tower::ServiceExt;

use super::mode::Mode;
use super::{MAX_BODY, router};
use crate::{Options, StoreUrl};

mod signing_out;

const HOST_NAME: &str = "localhost:8080";

/// Keeps cookies, follows nothing, and sends `Origin` as browsers do.
struct Browser {
    router: Router,
    cookies: BTreeMap<String, String>,
    data: Arc<TempDir>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Browser {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let store: StoreUrl = "memory".parse().unwrap();
        let options = Options::prepare_with(data.path(), &store).await.unwrap();
        Self {
            router: router(&options.keys, &options.sessions),
            cookies: BTreeMap::new(),
            data: Arc::new(data),
        }
    }

    async fn signed_in(mode: Mode) -> Self {
        let mut browser = Self::new().await;
        browser.sign_in(mode).await;
        browser
    }

    /// Another browser of the same user, without a cookie yet.
    fn another(&self) -> Self {
        Self {
            router: self.router.clone(),
            cookies: BTreeMap::new(),
            data: Arc::clone(&self.data),
        }
    }

    async fn sign_in(&mut self, mode: Mode) {
        let answer = self.post(mode, "sign-in", "name=Ada+%3Ci%3E").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.headers[LOCATION], mode.path());
    }

    /// Whether the page of the mode shows somebody signed in.
    async fn is_in(&mut self, mode: Mode) -> bool {
        let page = self.get(mode.path()).await;
        assert_eq!(page.status, StatusCode::OK);
        page.text.contains("id=\"visitor-name\"")
    }

    /// A post with the token that the page of the mode has, if it has one.
    async fn press(&mut self, mode: Mode, path: &str, form: &str) -> Answer {
        let page = self.get(mode.path()).await;
        let token = page.hidden("csrf").unwrap_or_default();
        self.post(mode, path, &format!("{form}&csrf={token}")).await
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    async fn post(&mut self, mode: Mode, path: &str, form: &str) -> Answer {
        let request = Request::post(format!("{}/{path}", mode.path()))
            .header(ORIGIN, format!("http://{HOST_NAME}"))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.send(request).await
    }

    async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let headers = request.headers_mut();
        headers.insert(HOST, HOST_NAME.parse().unwrap());
        if !cookies.is_empty() {
            headers.insert(COOKIE, cookies.join("; ").parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            let (value, attributes) = rest.split_once("; ").unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    fn cookie(&self, mode: Mode) -> Option<&str> {
        self.cookies.get(mode.cookie_name()).map(String::as_str)
    }
}

impl Answer {
    fn set_cookie(&self) -> Option<&str> {
        self.headers
            .get(SET_COOKIE)
            .map(|cookie| cookie.to_str().unwrap())
    }

    /// The value of the first hidden field of this name.
    fn hidden(&self, name: &str) -> Option<&str> {
        let start = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
        let (_, rest) = self.text.split_once(&start)?;
        Some(rest.split_once('"').unwrap().0)
    }

    /// The ids in the table of keys, and whether each made the cookie.
    fn keys(&self) -> Vec<(String, bool)> {
        let (_, table) = self.text.split_once("The ring, in the order").unwrap();
        let (_, rows) = table.split_once("<tbody>").unwrap();
        let (rows, _) = rows.split_once("</tbody>").unwrap();
        rows.split("<tr")
            .skip(1)
            .map(|row| {
                let (_, id) = row.split_once("<code>").unwrap();
                let (id, _) = id.split_once("</code>").unwrap();
                (id.to_owned(), row.contains("verified by this key"))
            })
            .collect()
    }
}

#[tokio::test]
async fn signing_in_makes_a_session_in_a_cookie_with_its_attributes() {
    for mode in Mode::ALL {
        let mut browser = Browser::new().await;
        let before = browser.get(mode.path()).await;
        assert!(before.text.contains("There is no password"), "{mode:?}");
        assert_eq!(before.set_cookie(), None);

        let answer = browser.post(mode, "sign-in", "name=Ada+%3Ci%3E").await;
        let cookie = answer.set_cookie().unwrap();
        assert!(cookie.starts_with(&format!("{}=", mode.cookie_name())));
        assert!(
            cookie.ends_with(&format!("; {}", mode.attributes())),
            "{cookie}"
        );

        let page = browser.get(mode.path()).await;
        assert!(page.text.contains("Ada &#60;i&#62;"), "{}", page.text);
        assert!(!page.text.contains("<i>"));
        // The parts, without their markup, are the cookie.
        let (_, shown) = page.text.split_once("<code class=\"cookie\">").unwrap();
        let (shown, _) = shown.split_once("</code>").unwrap();
        assert_eq!(without_tags(shown), browser.cookie(mode).unwrap());
    }
}

#[tokio::test]
async fn a_thief_reads_signed_sessions_and_not_sealed_ones() {
    for mode in Mode::ALL {
        let mut browser = Browser::signed_in(mode).await;
        browser.press(mode, "note", "note=my+secret").await;
        let page = browser.get(mode.path()).await;
        let (_, thief) = page.text.split_once("What a thief reads").unwrap();
        let (thief, _) = thief.split_once("</section>").unwrap();
        assert_eq!(thief.contains("my secret"), mode.is_readable(), "{thief}");
        assert_eq!(
            thief.contains("Nothing of the session"),
            !mode.is_readable()
        );
    }
}

#[tokio::test]
async fn names_and_notes_out_of_bounds_are_refused_and_change_nothing() {
    let mut browser = Browser::new().await;
    let longest = format!("name={}", "a".repeat(40));
    for form in ["", "name=", "name=++", &format!("{longest}a")] {
        let answer = browser.post(Mode::Sealed, "sign-in", form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        assert!(answer.text.contains("id=\"problem\""), "{form}");
        assert_eq!(answer.set_cookie(), None);
    }
    let answer = browser.post(Mode::Sealed, "sign-in", &longest).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);

    let note = format!("note={}", "a".repeat(141));
    let answer = browser.press(Mode::Sealed, "note", &note).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("id=\"problem\""));
    assert_eq!(answer.set_cookie(), None);
}

#[tokio::test]
async fn the_longest_name_and_note_fit_the_cookie() {
    for mode in Mode::ALL {
        let mut browser = Browser::new().await;
        // Twelve bytes each in JSON, and no two alike, so that they do not compress well.
        let letters = |count: u32, from: u32| -> String {
            let emoji = (0..count).map(|n| char::from_u32(0x1f300 + from + n).unwrap());
            emoji.flat_map(percent_encoded).collect()
        };
        let name = format!("name={}", letters(40, 0));
        let note = format!("note={}", letters(140, 40));
        assert_eq!(
            browser.post(mode, "sign-in", &name).await.status,
            StatusCode::SEE_OTHER
        );
        assert_eq!(
            browser.press(mode, "note", &note).await.status,
            StatusCode::SEE_OTHER
        );
        assert!(browser.get(mode.path()).await.text.contains('\u{1f3b3}'));
    }
}

#[tokio::test]
async fn a_note_is_for_those_who_are_signed_in() {
    let mut browser = Browser::new().await;
    let answer = browser.post(Mode::Sealed, "note", "note=x").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.set_cookie(), None);
}

#[tokio::test]
async fn every_changed_character_is_refused() {
    for mode in Mode::ALL {
        let mut browser = Browser::signed_in(mode).await;
        let len = browser.cookie(mode).unwrap().len();
        for at in 1..=len {
            let page = browser
                .get(&format!("{}/change?at={at}", mode.path()))
                .await;
            assert_eq!(page.status, StatusCode::OK);
            assert_eq!(page.text.matches("Accepted: the session of Ada").count(), 1);
            assert_eq!(
                page.text.matches("Refused: a new, empty session").count(),
                1
            );
            assert_eq!(page.text.matches("<mark>").count(), 1);
        }
        for at in ["0".to_owned(), (len + 1).to_string(), "x".to_owned()] {
            let page = browser
                .get(&format!("{}/change?at={at}", mode.path()))
                .await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{at}");
        }
    }
}

#[tokio::test]
async fn a_cookie_that_was_changed_in_the_browser_opens_nothing() {
    for mode in Mode::ALL {
        let mut browser = Browser::signed_in(mode).await;
        let cookie = browser.cookies.get_mut(mode.cookie_name()).unwrap();
        let other = if cookie.starts_with('A') { "B" } else { "A" };
        cookie.replace_range(..1, other);
        let page = browser.get(mode.path()).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("The cookie was refused."), "{mode:?}");
        assert!(!page.text.contains("Ada"));
        let change = browser.get(&format!("{}/change?at=1", mode.path())).await;
        assert_eq!(change.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn rotation_keeps_everybody_signed_in_and_reissues_the_cookie() {
    for mode in [Mode::Stored, Mode::Sealed, Mode::Signed] {
        let mut browser = Browser::signed_in(mode).await;
        let [(old, true)] = &browser.get(mode.path()).await.keys()[..] else {
            panic!("one key, which made the cookie");
        };

        let answer = browser.press(mode, "rotate", "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let first = browser.get(mode.path()).await;
        assert!(first.text.contains("you are still signed in"), "{mode:?}");
        let [(new, false), (verifier, true)] = &first.keys()[..] else {
            panic!("two keys, the older of which made the cookie");
        };
        assert_eq!(verifier, old);
        assert!(first.set_cookie().is_some());

        let second = browser.get(mode.path()).await;
        assert!(!second.text.contains("you are still signed in"));
        assert_eq!(second.keys(), [(new.clone(), true), (old.clone(), false)]);
        assert_eq!(second.set_cookie(), None);
    }
}

#[tokio::test]
async fn under_flasks_rules_the_cookie_moves_to_the_new_key_when_the_session_changes() {
    let mode = Mode::Flask;
    let mut browser = Browser::signed_in(mode).await;
    browser.press(mode, "rotate", "").await;
    for _ in 0..2 {
        let page = browser.get(mode.path()).await;
        assert!(page.text.contains("you are still signed in"));
        assert_eq!(page.set_cookie(), None);
    }
    browser.press(mode, "note", "note=x").await;
    let keys = browser.get(mode.path()).await.keys();
    assert_eq!(
        keys.iter().map(|key| key.1).collect::<Vec<_>>(),
        [true, false]
    );
}

#[tokio::test]
async fn the_counters_of_old_keys_survive_a_rotation() {
    let mode = Mode::Sealed;
    let mut browser = Browser::signed_in(mode).await;
    browser.press(mode, "rotate", "").await;
    let page = browser.get(mode.path()).await.text;
    let counts: Vec<_> = page
        .split("<td class=\"number\">")
        .skip(1)
        .map(|rest| rest.split_once('<').unwrap().0.to_owned())
        .collect();
    assert_eq!(counts, ["0", "4"]); // three cookies, and the token of a form
}

#[tokio::test]
async fn a_stranger_cannot_rotate() {
    let mut browser = Browser::new().await;
    browser.post(Mode::Sealed, "rotate", "").await;
    browser.post(Mode::Sealed, "sign-in", "name=Ada").await;
    assert_eq!(browser.get("/sealed").await.keys().len(), 1);
}

#[tokio::test]
async fn signing_out_removes_the_cookie_with_the_same_attributes() {
    for mode in Mode::ALL {
        let mut browser = Browser::signed_in(mode).await;
        let answer = browser.press(mode, "sign-out", "").await;
        let removal = answer.set_cookie().unwrap();
        assert_eq!(
            removal,
            format!(
                "{}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; {}",
                mode.cookie_name(),
                mode.attributes()
            )
        );
        assert!(answer.text.contains("A copy that somebody kept"));
        assert!(browser.get(mode.path()).await.text.contains("no password"));
    }
}

#[tokio::test]
async fn requests_of_other_sites_change_nothing() {
    for mode in Mode::ALL {
        let mut browser = Browser::signed_in(mode).await;
        for path in [
            "sign-in",
            "note",
            "rotate",
            "sign-out",
            "sign-out-one",
            "sign-out-others",
            "sign-out-everywhere",
            "replay",
        ] {
            let request = Request::post(format!("{}/{path}", mode.path()))
                .header("sec-fetch-site", "cross-site")
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from("name=Mallory&note=Mallory"))
                .unwrap();
            let answer = browser.send(request).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            assert_eq!(answer.set_cookie(), None);
        }
        let page = browser.get(mode.path()).await;
        assert!(page.text.contains("Ada") && !page.text.contains("Mallory"));
        assert_eq!(page.keys().len(), 1);
    }
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let mut browser = Browser::signed_in(Mode::Sealed).await;
    let mut answers = Vec::new();
    for path in [
        "/",
        "/sealed",
        "/signed",
        "/sealed/change?at=1",
        "/stored",
        "/healthz",
        "/style.css",
        "/icon.svg",
        "/nothing",
        "/sealed/nothing",
        "/sealed/rotate", // GET
    ] {
        answers.push((path, browser.get(path).await));
    }
    answers.push((
        "sign-in",
        browser.post(Mode::Flask, "sign-in", "name=x").await,
    ));
    let foreign = Request::post("/sealed/rotate").body(Body::empty()).unwrap();
    answers.push(("foreign", browser.send(foreign).await));
    for (path, answer) in answers {
        let headers = &answer.headers;
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[REFERRER_POLICY], "same-origin", "{path}");
        assert!(!answer.text.contains("style=\""), "{path}");
        assert!(!answer.text.contains("<script"), "{path}");
    }
}

#[tokio::test]
async fn only_answers_that_depend_on_the_session_say_so() {
    let mut browser = Browser::signed_in(Mode::Sealed).await;
    browser.post(Mode::Flask, "sign-in", "name=Ada").await;
    for path in ["/stored", "/sealed", "/signed", "/sealed/change?at=1"] {
        let headers = browser.get(path).await.headers;
        assert_eq!(headers[VARY], "Cookie", "{path}");
        assert_eq!(headers[CACHE_CONTROL], "no-store", "{path}");
    }
    // Flask says no more than this.
    assert_eq!(browser.get("/flask").await.headers[VARY], "Cookie");
    for path in ["/", "/healthz", "/style.css", "/icon.svg"] {
        let headers = browser.get(path).await.headers;
        assert_eq!(headers.get(VARY), None, "{path}");
        assert_eq!(headers.get(CACHE_CONTROL), None, "{path}");
    }
}

#[tokio::test]
async fn a_form_of_the_longest_body_is_read_and_a_longer_one_is_not() {
    let mut browser = Browser::new().await;
    let form = |len: usize| format!("name={}", "a".repeat(len - "name=".len()));
    let longest = browser.post(Mode::Sealed, "sign-in", &form(MAX_BODY)).await;
    assert_eq!(longest.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(longest.text.contains("at most 40 characters"));
    let longer = browser
        .post(Mode::Sealed, "sign-in", &form(MAX_BODY + 1))
        .await;
    assert_eq!(longer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn no_page_shows_a_key() {
    let mut browser = Browser::signed_in(Mode::Signed).await;
    browser.press(Mode::Signed, "rotate", "").await;
    let mut shown = String::new();
    for path in ["/", "/signed", "/signed/change?at=5", "/stored"] {
        shown += &browser.get(path).await.text;
    }
    for number in ["0001", "0002"] {
        let path = browser.data.path().join(format!("keys/{number}.key"));
        let key = std::fs::read_to_string(path).unwrap();
        assert!(!shown.contains(key.trim_end()));
    }
}

fn without_tags(html: &str) -> String {
    let text = html
        .split('<')
        .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    text.collect()
}

fn percent_encoded(character: char) -> Vec<char> {
    let mut bytes = [0; 4];
    let bytes = character.encode_utf8(&mut bytes).bytes();
    bytes
        .flat_map(|byte| format!("%{byte:02X}").chars().collect::<Vec<_>>())
        .collect()
}

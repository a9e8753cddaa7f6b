use std::collections::BTreeMap;

use http::header::COOKIE;
use privyseal::sealed::{Context, Sealer, SessionId};
use privyseal::{KeyRing, MaxAge, SecretKey, Timestamp};
use proptest::prelude::*;

use super::*;

const NAME: &str = "__Host-id";
/// What fits into one chunk of this name.
const ROOM: usize = MAX_COOKIE_LEN - NAME.len() - SUFFIX_LEN;
/// The longest value in eight of them.
const LONGEST: usize = MAX_CHUNKS * ROOM - MARK_LEN;
const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn policy() -> CookiePolicy {
    CookiePolicy::builder(NAME).build().unwrap()
}

/// A value whose every place tells where it is.
fn value(len: usize) -> String {
    (0..len)
        .map(|at| char::from(b'a' + u8::try_from(at / 7 % 26).unwrap()))
        .collect()
}

/// A browser that keeps cookies by name, and drops those that are too large in silence.
#[derive(Clone, Debug, Default)]
struct Jar(BTreeMap<String, String>);

impl Jar {
    fn keep(&mut self, cookies: SetCookies) {
        for cookie in headers(cookies) {
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.0.remove(name);
            } else if name.len() + value.len() <= 4096 {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// What it sends, in one header; `reversed` is as good an order as any.
    fn send(&self, reversed: bool) -> HeaderMap {
        let mut pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if reversed {
            pairs.reverse();
        }
        request(&[&pairs.join("; ")])
    }

    fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// The request, then the response that writes this value.
    fn write(&mut self, value: &str) {
        let request = self.send(false);
        let came = policy().find_session(&request, true).came;
        self.keep(write(value, came).unwrap());
    }

    fn read(&self) -> Option<String> {
        read(&self.send(false))
    }
}

fn headers(cookies: SetCookies) -> Vec<String> {
    let mut response = HeaderMap::new();
    cookies.append_to(&mut response);
    let headers = response.get_all(SET_COOKIE).iter();
    headers
        .inspect(|cookie| assert!(cookie.is_sensitive()))
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect()
}

fn request(cookies: &[&str]) -> HeaderMap {
    cookies
        .iter()
        .map(|cookie| (COOKIE, HeaderValue::from_str(cookie).unwrap()))
        .collect()
}

fn write(value: &str, came: Came) -> Result<SetCookies, SessionError> {
    policy().write_session(value, Lifetime::BrowserSession, came, true)
}

fn read(request: &HeaderMap) -> Option<String> {
    let policy = policy();
    let found = policy.find_session(request, true);
    assert!(found.rival.is_none(), "one form of the session only");
    found.value.map(Cow::into_owned)
}

/// The chunks of a value of that length.
fn chunks(value: &str) -> Vec<String> {
    let cookies = headers(write(value, Came::default()).unwrap());
    let pair = |cookie: &String| cookie.split_once("; ").unwrap().0.to_owned();
    cookies.iter().map(pair).collect()
}

fn joined(chunks: &[&str]) -> Option<String> {
    read(&request(&[&chunks.join("; ")]))
}

#[test]
fn one_cookie_holds_4096_bytes_and_each_chunk_does_a17() {
    let one = chunks(&value(4096 - NAME.len()));
    assert_eq!(one.len(), 1);
    assert!(one[0].starts_with("__Host-id=a"));
    let two = chunks(&value(4097 - NAME.len()));
    assert_eq!(two.len(), 2);
    assert!(two[0].starts_with("__Host-id.0=2~a"));
    assert!(two[1].starts_with("__Host-id.1="));
    for count in 2..=MAX_CHUNKS {
        let longest = count * ROOM - MARK_LEN;
        let full = chunks(&value(longest));
        assert_eq!(full.len(), count);
        for chunk in &full {
            assert_eq!(chunk.len() - "=".len(), 4096, "{count}");
        }
        if count < MAX_CHUNKS {
            let more = chunks(&value(longest + 1));
            assert_eq!(more.len(), count + 1);
            let (last, others) = more.split_last().unwrap();
            assert_eq!(last.split_once('=').unwrap().1.len(), 1);
            assert!(others.iter().all(|chunk| chunk.len() == 4097));
        }
    }
}

#[test]
fn one_byte_more_than_eight_chunks_hold_is_an_error_that_tells_both_sizes_a17() {
    assert_eq!(chunks(&value(LONGEST)).len(), 8);
    let refused = write(&value(LONGEST + 1), Came::default()).unwrap_err();
    assert!(matches!(
        refused,
        SessionError::TooLarge {
            size: 32_769,
            limit: 32_768
        }
    ));
    let name = "n".repeat(4093);
    let policy = CookiePolicy::builder(name).build().unwrap();
    let refused = policy.write_session(&value(10), Lifetime::BrowserSession, Came::default(), true);
    assert!(matches!(refused, Err(SessionError::TooLarge { size, limit }) if size > limit));
}

#[test]
fn without_permission_nothing_is_written_in_chunks_and_none_are_read() {
    let (policy, flask) = (
        policy(),
        CookiePolicy::flask()
            .name(NAME)
            .secure(true)
            .build()
            .unwrap(),
    );
    let long = value(5000);
    let in_chunks = request(&[&chunks(&long).join("; ")]);
    for (policy, allowed) in [(&policy, false), (&flask, true)] {
        let refused =
            policy.write_session(&long, Lifetime::BrowserSession, Came::default(), allowed);
        assert!(matches!(
            refused,
            Err(SessionError::TooLarge {
                size: 5009,
                limit: 4096
            })
        ));
        let found = policy.find_session(&in_chunks, allowed);
        assert!(found.value.is_none() && found.came == Came::default());
        let one = request(&["__Host-id=x"]);
        let found = policy.find_session(&one, allowed);
        assert_eq!(found.value.as_deref(), Some("x"));
    }
}

/// The usual case copies nothing, whether chunks are allowed or not.
#[test]
fn one_cookie_is_found_and_written_without_a_copy_or_a_list() {
    let (policy, request) = (policy(), request(&["a=1; __Host-id=x; b=2"]));
    for allowed in [true, false] {
        let found = policy.find_session(&request, allowed);
        assert!(matches!(found.value, Some(Cow::Borrowed("x"))));
        let written = policy.write_session("y", Lifetime::BrowserSession, found.came, allowed);
        assert_eq!(written.unwrap().more.capacity(), 0);
    }
}

#[test]
fn chunks_have_the_attributes_of_the_cookie() {
    let policy = CookiePolicy::builder("id")
        .domain("example.org")
        .path("/shop")
        .build()
        .unwrap();
    let lifetime = Lifetime::Until(NOW);
    let attributes = |cookies| -> Vec<String> {
        let cookies: Vec<String> = headers(cookies);
        let after = |cookie: &String| cookie.split_once("; ").unwrap().1.to_owned();
        cookies.iter().map(after).collect()
    };
    let write = |value: &str| {
        let cookies = policy.write_session(value, lifetime, Came::default(), true);
        attributes(cookies.unwrap())
    };
    let (one, three) = (write("x"), write(&value(9000)));
    assert_eq!(three, [&*one[0], &*one[0], &*one[0]]);
    assert_eq!(
        headers(policy.remove_session(Came::chunks(2)).unwrap()),
        [0, 1].map(|n| format!(
            "id.{n}=; Domain=example.org; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; \
             Secure; HttpOnly; Path=/shop; SameSite=Lax"
        ))
    );
}

#[test]
fn chunks_are_read_in_any_order_and_from_any_headers() {
    let long = value(9000);
    let chunks = chunks(&long);
    let [a, b, c] = [0, 1, 2].map(|at| chunks[at].as_str());
    for order in [
        [a, b, c],
        [a, c, b],
        [b, a, c],
        [b, c, a],
        [c, a, b],
        [c, b, a],
    ] {
        assert_eq!(joined(&order).as_deref(), Some(&*long));
        assert_eq!(read(&request(&order)).as_deref(), Some(&*long));
        let among_others = ["a=1", order[0], "__Host-id.x=1", order[1], order[2], ".0=1"];
        assert_eq!(joined(&among_others).as_deref(), Some(&*long));
    }
}

#[test]
fn a_chunk_that_is_missing_or_twice_there_is_no_session_a13() {
    let chunks = chunks(&value(9000));
    let all: Vec<&str> = chunks.iter().map(String::as_str).collect();
    for at in 0..all.len() {
        let mut without = all.clone();
        without.remove(at);
        assert_eq!(joined(&without), None, "without {at}");
        let mut twice = all.clone();
        twice.push(all[at]);
        assert_eq!(joined(&twice), None, "{at} twice");
        let mut planted = all.clone();
        let name = all[at].split_once('=').unwrap().0;
        let other = format!("{name}=x");
        planted.insert(0, &other);
        assert_eq!(joined(&planted), None, "another {at}");
    }
    // Nor does a doubled chunk make room for a planted cookie.
    let planted = [&all[..], &[all[1], "__Host-id=planted"]].concat();
    assert_eq!(joined(&planted), None);
}

#[test]
fn a_chunk_left_over_from_a_longer_session_is_ignored() {
    let long = value(5000);
    let chunks = chunks(&long);
    let with_stale = [
        &*chunks[0],
        &*chunks[1],
        "__Host-id.2=stale",
        "__Host-id.7=",
    ];
    assert_eq!(joined(&with_stale).as_deref(), Some(&*long));
}

#[test]
fn a_first_chunk_without_a_count_from_2_to_8_is_none() {
    let rest = ["", ".1=b", ".2=b", ".3=b", ".4=b", ".5=b", ".6=b", ".7=b"].join("; __Host-id");
    for good in ["2~a", "8~a"] {
        assert!(joined(&[&format!("__Host-id.0={good}{rest}")]).is_some());
    }
    for bad in [
        "", "~", "a", "2", "2a", "~a", "0~a", "1~a", "9~a", "12~a", "02~a", "+2~a", "\"2~a\"",
    ] {
        assert_eq!(
            joined(&[&format!("__Host-id.0={bad}{rest}")]),
            None,
            "{bad}"
        );
    }
    for other in [
        "__Host-id.00",
        "__Host-id.",
        "__host-id.0",
        "__Host-id0",
        "__Host-id-0",
        "\u{a0}__Host-id.0",
    ] {
        let cookie = format!("{other}=2~a{rest}");
        let header = HeaderValue::from_bytes(cookie.as_bytes()).unwrap();
        let request = HeaderMap::from_iter([(COOKIE, header)]);
        assert_eq!(read(&request), None, "{other}");
    }
    assert_eq!(joined(&["__Host-id.0=2~; __Host-id.1="]), None);
}

#[test]
fn the_bound_of_64_kib_holds_for_chunks_too() {
    let chunks = chunks(&value(5000)).join("; ");
    let filler = |len: usize| format!("a={}", "x".repeat(len - 2));
    let at_most = crate::cookie::read::MAX_HEADER_LEN - chunks.len();
    assert!(read(&request(&[&chunks, &filler(at_most)])).is_some());
    assert!(read(&request(&[&chunks, &filler(at_most + 1)])).is_none());
}

#[test]
fn what_came_and_is_not_needed_is_removed_and_nothing_else() {
    let mut jar = Jar::default();
    let steps: [(usize, &[&str]); 6] = [
        (100, &["__Host-id"]),
        (9000, &["__Host-id.0", "__Host-id.1", "__Host-id.2"]),
        (5000, &["__Host-id.0", "__Host-id.1"]),
        (
            13_000,
            &["__Host-id.0", "__Host-id.1", "__Host-id.2", "__Host-id.3"],
        ),
        (4000, &["__Host-id"]),
        (5000, &["__Host-id.0", "__Host-id.1"]),
    ];
    for (len, names) in steps {
        jar.write(&value(len));
        assert_eq!(jar.names(), names);
        assert_eq!(jar.read(), Some(value(len)));
    }

    let sent = |len: usize, cookies: &str| -> Vec<String> {
        let came = policy().find_session(&request(&[cookies]), true).came;
        let cookies = headers(write(&value(len), came).unwrap());
        let short = |cookie: &String| {
            let removes = cookie.contains("Max-Age=0");
            let name = cookie.split_once('=').unwrap().0;
            format!("{}{name}", if removes { "-" } else { "+" })
        };
        cookies.iter().map(short).collect()
    };
    assert_eq!(sent(10, ""), ["+__Host-id"]);
    assert_eq!(sent(10, "__Host-id=x"), ["+__Host-id"]);
    assert_eq!(
        sent(10, "__Host-id.3=x; __Host-id.0=2~a; __Host-id.8=x"),
        ["+__Host-id", "-__Host-id.0", "-__Host-id.3"]
    );
    assert_eq!(
        sent(
            5000,
            "__Host-id=x; __Host-id=y; __Host-id.1=x; __Host-id.7=x; __Host-id.7=y"
        ),
        ["+__Host-id.0", "+__Host-id.1", "-__Host-id.7", "-__Host-id"]
    );
}

#[test]
fn an_ended_session_leaves_no_cookie_behind() {
    for len in [10, 5000, LONGEST] {
        let mut jar = Jar::default();
        jar.0.insert("other".to_owned(), "1".to_owned());
        jar.write(&value(len));
        let came = policy().find_session(&jar.send(false), true).came;
        jar.keep(policy().remove_session(came).unwrap());
        assert_eq!(jar.names(), ["other"], "{len}");
    }
    let removal = headers(policy().remove_session(Came::default()).unwrap());
    assert_eq!(removal.len(), 1);
    assert!(removal[0].starts_with("__Host-id=; "));
}

/// Sealed tokens, of which `name` and `name.0` may hold different ones.
struct Tokens {
    sealer: Sealer,
}

impl Tokens {
    fn new() -> Self {
        let context = Context {
            purpose: "session",
            cookie_name: NAME,
            application: "",
        };
        let key = SecretKey::generate().unwrap();
        Self {
            sealer: Sealer::new(&KeyRing::new(key), context),
        }
    }

    fn token(&self, id: u8, after: u64, len: usize) -> String {
        let id = SessionId::from_bytes([id; 16]);
        let now = NOW.plus_seconds(after);
        self.sealer
            .seal(&vec![id.as_bytes()[0]; len], id, now, &mut rand::rng())
            .unwrap()
    }

    /// The session of a request: its letter and how long after the start its token was issued.
    fn open(&self, cookies: &[String]) -> Option<(u8, u64)> {
        let policy = policy();
        let request = request(&[&cookies.join("; ")]);
        let found = policy.find_session(&request, true);
        let open = |token: &str| -> Result<_, std::convert::Infallible> {
            let day = MaxAge::from_seconds(86_400);
            Ok(self.sealer.open(token, day, NOW.plus_seconds(1000)).ok())
        };
        let opened = found
            .open(open, |opened| Some((opened.session_id, opened.issued_at)))
            .unwrap_or_else(|error| match error {});
        opened.map(|opened| {
            let after = opened.issued_at.seconds_since(NOW).unwrap();
            (opened.data()[0], after)
        })
    }
}

#[test]
fn chunks_of_two_sessions_or_two_moments_do_not_mix_a5() {
    let tokens = Tokens::new();
    let first = chunks(&tokens.token(b'a', 0, 7000));
    for other in [
        tokens.token(b'a', 0, 7000),
        tokens.token(b'a', 1, 7000),
        tokens.token(b'b', 0, 7000),
    ] {
        let other = chunks(&other);
        assert_eq!([first.len(), other.len()], [3, 3]);
        assert!(tokens.open(&first).is_some() && tokens.open(&other).is_some());
        for mix in 1..(1 << first.len()) - 1 {
            let mixed: Vec<String> = (0..first.len())
                .map(|at| if mix >> at & 1 == 0 { &first } else { &other }[at].clone())
                .collect();
            assert_eq!(tokens.open(&mixed), None, "{mix:b}");
        }
    }
    // Nor does a changed count make another session of the same chunks.
    for count in 2..=8 {
        let mut changed = first.clone();
        changed[0] = changed[0].replace("=3~", &format!("={count}~"));
        assert_eq!(tokens.open(&changed).is_some(), count == first.len());
    }
}

#[test]
fn one_cookie_and_chunks_of_one_session_are_ours_and_the_newer_holds() {
    let tokens = Tokens::new();
    let both = |whole: String, chunked: String| {
        let mut cookies = chunks(&chunked);
        cookies.push(format!("{NAME}={whole}"));
        tokens.open(&cookies)
    };
    let (short, long) = (10, 6000);
    let case = |whole, chunked| {
        both(
            tokens.token(b'a', whole, short),
            tokens.token(b'a', chunked, long),
        )
    };
    assert_eq!(case(5, 3), Some((b'a', 5)));
    assert_eq!(case(3, 5), Some((b'a', 5)));
    assert_eq!(case(4, 4), Some((b'a', 4)));
    // One that does not open is no rival.
    assert_eq!(
        both("forged".to_owned(), tokens.token(b'a', 3, long)),
        Some((b'a', 3))
    );
    assert_eq!(
        both(tokens.token(b'a', 3, short), value(6000)),
        Some((b'a', 3))
    );
    assert_eq!(
        both(String::new(), tokens.token(b'a', 3, long)),
        Some((b'a', 3))
    );
    assert_eq!(both("forged".to_owned(), value(6000)), None);
}

#[test]
fn a_session_planted_beside_another_is_not_trusted_a13() {
    let tokens = Tokens::new();
    for (whole, chunked, age) in [
        (b'v', b'p', 0),
        (b'p', b'v', 0),
        (b'v', b'p', 9),
        (b'p', b'v', 9),
    ] {
        let mut cookies = chunks(&tokens.token(chunked, 5, 6000));
        cookies.push(format!("{NAME}={}", tokens.token(whole, age, 10)));
        assert_eq!(tokens.open(&cookies), None);
    }
}

#[test]
fn the_response_to_both_forms_leaves_one() {
    for len in [10, 6000] {
        let mut jar = Jar::default();
        jar.write(&value(9000));
        jar.0.insert(NAME.to_owned(), "x".to_owned());
        jar.write(&value(len));
        assert_eq!(jar.read(), Some(value(len)), "{len}");
    }
}

proptest! {
    /// Whatever came before it, a browser gives back the value that was written last.
    #[test]
    fn every_token_survives_in_the_browser(
        values in proptest::collection::vec(("[A-Za-z0-9._-]{1,9}", 1..LONGEST), 1..5),
        reversed: bool,
    ) {
        let mut jar = Jar::default();
        for (text, len) in values {
            let value: String = text.chars().cycle().take(len).collect();
            jar.write(&value);
            prop_assert_eq!(read(&jar.send(reversed)), Some(value));
        }
    }

    /// Whatever the headers hold, finding the session does not panic, and what is found was sent.
    #[test]
    fn nothing_is_found_that_was_not_sent(headers in proptest::collection::vec(
        "((__Host-id(\\.[0-9])?|a)=([2-8]?~)?[a-c]{0,3}(; )?){0,5}", 0..4,
    )) {
        let sent: Vec<&str> = headers.iter().map(String::as_str).collect();
        let (policy, request) = (policy(), request(&sent));
        let found = policy.find_session(&request, true);
        let all = sent.concat();
        for text in found.value.iter().map(AsRef::as_ref).chain(found.rival.as_deref()) {
            prop_assert!(!text.is_empty() && text.chars().all(|c| all.contains(c)));
        }
    }
}

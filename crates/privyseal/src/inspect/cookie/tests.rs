use super::*;
use crate::{KeyRing, Timestamp, VerifyKey};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const FLASK: &str = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

fn inspected(text: &str) -> CookieReport {
    cookie_header(text, &Context::new(NOW))
}

/// The weaknesses of the one cookie of a `Set-Cookie` line.
fn weaknesses(line: &str) -> Vec<Weakness> {
    let report = inspected(&format!("Set-Cookie: {line}"));
    assert_eq!(report.cookies().len(), 1, "{line}");
    report.cookies()[0].weaknesses().to_vec()
}

#[test]
fn a_good_cookie_has_no_weakness() {
    let good = "__Host-id=abc; Secure; HttpOnly; Path=/; SameSite=Lax";
    assert_eq!(weaknesses(good), []);
    assert_eq!(weaknesses(&good.to_lowercase()), []);
}

#[test]
fn every_weakness_is_found() {
    use Weakness::*;
    let long_path = "p".repeat(1024);
    for (line, expected) in [
        (
            "__Host-id=a; HttpOnly; Path=/; SameSite=Lax",
            vec![NotSecure, HostPrefixBroken],
        ),
        (
            "__Secure-id=a; HttpOnly; SameSite=Lax",
            vec![NotSecure, SecurePrefixBroken],
        ),
        (
            "__Http-id=a; Secure; SameSite=Lax",
            vec![NotHttpOnly, HttpPrefixBroken],
        ),
        (
            "__Host-id=a; Secure; Path=/; SameSite=Lax",
            vec![NotHttpOnly],
        ),
        ("__Host-id=a; Secure; HttpOnly; Path=/", vec![NoSameSite]),
        (
            "__Host-id=a; Secure; HttpOnly; Path=/; SameSite=No",
            vec![UnknownSameSite],
        ),
        (
            "__Host-id=a; Secure; HttpOnly; SameSite=Lax",
            vec![HostPrefixBroken],
        ),
        (
            "__host-id=a; Secure; HttpOnly; Path=/x; SameSite=Lax",
            vec![HostPrefixBroken],
        ),
        (
            "__Host-id=a; Secure; HttpOnly; Path=/; SameSite=Lax; Domain=example.org",
            vec![HostPrefixBroken, DomainSet],
        ),
        (
            "__Host-id=a; Secure; HttpOnly; Path=/; SameSite=Lax; Domain=",
            vec![],
        ),
        (
            "id=a; HttpOnly; SameSite=None; Partitioned",
            vec![
                NotSecure,
                SameSiteNoneWithoutSecure,
                PartitionedWithoutSecure,
                NoPrefix,
            ],
        ),
        (
            "__Secure-id=a; Secure; HttpOnly; SameSite=None; Partitioned",
            vec![],
        ),
        (
            &format!("__Secure-id=a; Secure; HttpOnly; SameSite=Lax; Path={long_path}/"),
            vec![PathTooLong],
        ),
        (
            &format!("__Secure-id=a; Secure; HttpOnly; SameSite=Lax; Path={long_path}"),
            vec![],
        ),
        (
            "=__Host-id; Secure; HttpOnly; SameSite=Lax",
            vec![NamelessPrefix, NoPrefix],
        ),
        (
            "\u{2000}__Host-id=a; Secure; HttpOnly; SameSite=Lax; Path=/",
            vec![OddCharacter, NoPrefix],
        ),
    ] {
        assert_eq!(weaknesses(line), expected, "{line}");
    }
}

#[test]
fn a_life_of_400_days_is_the_longest() {
    let has = |attributes: &str| {
        weaknesses(&format!("id=a; {attributes}")).contains(&Weakness::LivesTooLong)
    };
    assert!(!has("Max-Age=34560000"));
    assert!(has("Max-Age=34560001"));
    assert!(has("Max-Age=99999999999999999999"));
    assert!(!has("Max-Age=-99999999999999999999"));
    assert!(!has("Max-Age=-"));
    assert!(!has("Max-Age=1e9"));
    // 1700000000 + 400 days is 2024-12-18 22:13:20.
    assert!(!has("Expires=Wed, 18 Dec 2024 22:13:20 GMT"));
    assert!(has("Expires=Wed, 18 Dec 2024 22:13:21 GMT"));
    assert!(has("Expires=Wed, 18-Dec-2024 22:13:21 GMT"));
    assert!(!has("Expires=Wed, 18 Dec 2024 22:13:21 GMT; Max-Age=1"));
    assert!(!has("Expires=never"));
}

#[test]
fn the_end_of_time_is_no_trouble_for_the_first_of_dates() {
    let header = "Set-Cookie: id=a; Expires=Mon, 01 Jan 0001 00:00:00 GMT";
    for now in [i64::MAX.unsigned_abs(), u64::MAX] {
        let context = Context::new(Timestamp::from_unix_seconds(now));
        let report = cookie_header(header, &context);
        assert!(
            !report.cookies()[0]
                .weaknesses()
                .contains(&Weakness::LivesTooLong)
        );
    }
}

#[test]
fn name_and_value_have_4096_bytes_together() {
    let has = |len: usize| {
        weaknesses(&format!("id={}", "a".repeat(len - 2))).contains(&Weakness::TooLarge)
    };
    assert!(!has(4096));
    assert!(has(4097));
}

#[test]
fn a_name_that_comes_twice_is_named() {
    let report = inspected("Cookie: a=1; b=2; a=3");
    let found: Vec<_> = report
        .cookies()
        .iter()
        .map(CookieEntry::weaknesses)
        .collect();
    let twice = &[Weakness::DuplicateName][..];
    assert_eq!(found, [twice, &[], twice]);
    // Names are case-sensitive.
    assert!(
        inspected("Cookie: a=1; A=3").cookies()[0]
            .weaknesses()
            .is_empty()
    );
}

#[test]
fn headers_are_told_apart_with_and_without_their_name() {
    use HeaderKind::{Cookie, SetCookie};
    for (text, kind, cookies) in [
        ("Cookie: a=1; b=2", Cookie, 2),
        ("cookie:a=1", Cookie, 1),
        ("COOKIE: a=1; secure", Cookie, 2),
        ("a=1; b=2;", Cookie, 2),
        ("a=1", Cookie, 1),
        ("a=1; HttpOnly", SetCookie, 1),
        ("a=1; path=/", SetCookie, 1),
        ("Set-Cookie: a=1", SetCookie, 1),
        (
            "set-cookie: a=1; Secure\r\nSet-Cookie: b=2\r\n",
            SetCookie,
            2,
        ),
        ("", Cookie, 0),
        (" ; ;; ", Cookie, 0),
    ] {
        let report = inspected(text);
        assert_eq!(
            (report.kind(), report.cookies().len()),
            (kind, cookies),
            "{text:?}"
        );
    }
}

#[test]
fn the_value_is_inspected_as_a_token() {
    let ring = KeyRing::verify_only([VerifyKey::danger_accept_weak("dev").unwrap()]);
    let context = Context {
        ring: Some(&ring),
        ..Context::new(NOW)
    };
    for header in [
        format!("Cookie: session={FLASK}"),
        format!("Cookie: session=\"{FLASK}\""),
        format!("session={FLASK}; HttpOnly; Path=/"),
    ] {
        let report = cookie_header(&header, &context);
        assert!(report.cookies()[0].token().is_verified(), "{header}");
        assert!(
            report.to_string().starts_with("VERIFIED: every cookie"),
            "{report}"
        );
    }
    let report = cookie_header(&format!("Cookie: session={FLASK}; other=1"), &context);
    assert!(report.to_string().starts_with("NOT VERIFIED: "), "{report}");
    assert!(
        report
            .to_string()
            .contains("1 of 2 in this Cookie header verified"),
        "{report}"
    );
}

#[test]
fn a_header_is_cut_at_its_bounds() {
    let cookies = |count: usize| inspected(&"a=1;".repeat(count));
    assert!(!cookies(MAX_COOKIES).is_cut());
    let report = cookies(MAX_COOKIES + 1);
    assert!(report.is_cut() && report.cookies().len() == MAX_COOKIES);
    assert!(report.to_string().contains("- cut: only"));

    let long = |len: usize| inspected(&format!("a={}", "é".repeat(len / 2 - 1)));
    assert!(!long(MAX_HEADER_LEN).is_cut());
    assert!(long(MAX_HEADER_LEN + 2).is_cut());
}

#[test]
fn an_escape_sequence_in_a_name_is_escaped() {
    let report = inspected("Set-Cookie: \u{1b}[2Ja=\u{7}; Pa\u{1b}th=\u{9b}");
    let shown = report.to_string();
    assert!(
        shown
            .chars()
            .all(|character| character == '\n' || !character.is_control()),
        "{shown:?}"
    );
    assert!(
        report.cookies()[0]
            .weaknesses()
            .contains(&Weakness::OddCharacter)
    );
}

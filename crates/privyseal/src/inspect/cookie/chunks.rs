//! A token in several cookies, `name.0` to `name.7`, of which the first begins with their number:
//! `name.0=3~...`.

use crate::inspect::cookie::Parsed;
use crate::inspect::{self, Context, Finding, Format, Report};

/// The explanation of a cookie that carries a part of a token; `None` when it carries none.
///
/// That of the first part is the explanation of the token put together. The others are verified
/// where it is.
pub(super) fn inspect(
    cookie: &Parsed<'_>,
    all: &[Parsed<'_>],
    context: &Context<'_>,
) -> Option<Report> {
    let (name, place) = name_and_place(cookie.name)?;
    let (count, first) = count_and_first(only(all, name, 0).ok()?)?;
    if place >= count {
        return None;
    }
    let mut chunk = Report::new(Format::Chunk, context.now);
    chunk.part(
        "part",
        cookie.value.len(),
        format!("number {} of {count}", place + 1),
    );
    let rest: Result<String, usize> = (1..count).map(|place| only(all, name, place)).collect();
    let rest = match rest {
        Ok(rest) => rest,
        Err(place) => {
            let name = format!("{name}.{place}");
            chunk.add(Finding::ChunkMissing { name });
            return Some(chunk);
        }
    };
    let own = Context {
        cookie_name: name,
        ..*context
    };
    let mut whole = inspect::token(&format!("{first}{rest}"), &own);
    if place == 0 {
        whole.add(Finding::PutTogether { cookies: count });
        return Some(whole);
    }
    if whole.is_verified() {
        chunk.key = whole.key;
    }
    chunk.add(Finding::PartOf {
        first: format!("{name}.0"),
    });
    Some(chunk)
}

/// What stands before the place in the name, and the place.
fn name_and_place(name: &str) -> Option<(&str, usize)> {
    let (name, place) = name.rsplit_once('.')?;
    match place.as_bytes() {
        [digit @ b'0'..=b'7'] => Some((name, usize::from(digit - b'0'))),
        _ => None,
    }
}

/// How many parts the first one says there are, and what follows its mark.
fn count_and_first(value: &str) -> Option<(usize, &str)> {
    let (count, first) = value.split_once('~')?;
    match count.as_bytes() {
        [digit @ b'2'..=b'8'] => Some((usize::from(digit - b'0'), first)),
        _ => None,
    }
}

/// The value of the one cookie of this place. A second one makes all of them unusable, as somebody
/// else set one of the two.
///
/// # Errors
/// The place, where there is none or several.
fn only<'t>(all: &[Parsed<'t>], name: &str, place: usize) -> Result<&'t str, usize> {
    let mut found = all
        .iter()
        .filter(|cookie| name_and_place(cookie.name) == Some((name, place)));
    match (found.next(), found.next()) {
        (Some(cookie), None) => Ok(cookie.value),
        _ => Err(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{CookieReport, cookie_header};
    use crate::sealed::{self, Sealer, SessionId};
    use crate::{KeyRing, SecretKey, Timestamp};

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    fn inspected(text: &str, ring: &KeyRing) -> CookieReport {
        let context = Context {
            ring: Some(ring),
            ..Context::new(NOW)
        };
        cookie_header(text, &context)
    }

    /// A sealed token of the cookie `id` in three parts.
    fn chunks(ring: &KeyRing) -> [String; 3] {
        let signed_for = sealed::Context {
            purpose: "session",
            cookie_name: "id",
            application: "",
        };
        let id = SessionId::from_bytes([7; 16]);
        let token = Sealer::new(ring, signed_for)
            .seal(b"a large cart", id, NOW, &mut rand::rng())
            .unwrap();
        let (first, rest) = token.split_at(40);
        let (second, third) = rest.split_at(40);
        [
            format!("id.0=3~{first}"),
            format!("id.1={second}"),
            format!("id.2={third}"),
        ]
    }

    fn codes(report: &CookieReport) -> Vec<Vec<&'static str>> {
        let findings = |cookie: &inspect::CookieEntry| {
            let findings = cookie.token().findings().iter();
            findings.map(Finding::code).collect()
        };
        report.cookies().iter().map(findings).collect()
    }

    #[test]
    fn a_token_in_several_cookies_is_put_together() {
        let ring = KeyRing::new(SecretKey::generate().unwrap());
        let [first, second, third] = chunks(&ring);
        for header in [
            format!("Cookie: {first}; {second}; {third}"),
            format!("Set-Cookie: {first}; Path=/\nSet-Cookie: {second}\nSet-Cookie: {third}"),
        ] {
            let report = inspected(&header, &ring);
            let token = report.cookies()[0].token();
            assert_eq!(token.format(), Format::Sealed);
            assert_eq!(token.content().unwrap().unverified_bytes(), b"a large cart");
            assert_eq!(
                codes(&report),
                [
                    vec!["age_not_checked", "put_together"],
                    vec!["part_of"],
                    vec!["part_of"]
                ]
            );
            let text = report.to_string();
            assert!(text.starts_with("VERIFIED: every cookie"), "{text}");
            assert!(text.contains("\npart       number 2 of 3\n"), "{text}");
        }
        let report = inspected(&format!("Cookie: {third}; {second}; {first}"), &ring);
        assert!(report.cookies()[2].token().is_verified(), "{report}");

        let other = KeyRing::new(SecretKey::generate().unwrap());
        let report = inspected(&format!("Cookie: {first}; {second}; {third}"), &other);
        let verified = |cookie: &inspect::CookieEntry| cookie.token().is_verified();
        assert!(!report.cookies().iter().any(verified), "{report}");
    }

    #[test]
    fn a_token_of_which_a_part_is_missing_or_doubled_is_not_put_together() {
        let ring = KeyRing::new(SecretKey::generate().unwrap());
        let [first, second, third] = chunks(&ring);
        let report = inspected(&format!("{first}; {third}"), &ring);
        assert_eq!(codes(&report), [["chunk_missing"], ["chunk_missing"]]);
        assert!(report.to_string().contains("cookie id.1 is missing"));
        let report = inspected(&format!("{first}; {second}; {third}; {third}"), &ring);
        assert_eq!(codes(&report), [["chunk_missing"]; 4]);
    }

    #[test]
    fn what_only_looks_like_a_part_is_explained_by_itself() {
        let ring = KeyRing::new(SecretKey::generate().unwrap());
        let [first, second, third] = chunks(&ring);
        let whole = format!("{first}; {second}; {third}");
        for other in ["id.3=left-over", "id=whole", "id.10=x", "other.1=x"] {
            let report = inspected(&format!("{whole}; {other}"), &ring);
            assert!(report.cookies()[0].token().is_verified(), "{report}");
            assert_eq!(codes(&report)[3], ["not_recognised"], "{other}");
        }
        for unmarked in ["id.0=1~a; id.1=b", "id.0=9~a; id.1=b", "id.0=a; id.1=b"] {
            let report = inspected(unmarked, &ring);
            assert_eq!(codes(&report), [["not_recognised"]; 2], "{unmarked}");
        }
    }
}

//! A pasted `Cookie` or `Set-Cookie` header.

mod chunks;
mod weakness;

use std::fmt;

use crate::inspect::content::Shown;
use crate::inspect::{self, Context, Report};

pub use weakness::Weakness;

/// The longest header in bytes that is looked into.
pub const MAX_HEADER_LEN: usize = 64 * 1024;

/// How many cookies of a header are looked into at most.
pub const MAX_COOKIES: usize = 200;

/// The explanation of a header, cookie by cookie.
#[derive(Clone, Debug)]
pub struct CookieReport {
    kind: HeaderKind,
    cookies: Vec<CookieEntry>,
    is_cut: bool,
}

/// Which header was pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderKind {
    /// What a browser sends: names and values only.
    Cookie,
    /// What a server sends: one cookie a line, with attributes.
    SetCookie,
}

/// One cookie of a header.
#[derive(Clone, Debug)]
pub struct CookieEntry {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) attributes: Vec<(String, Option<String>)>,
    token: Report,
    weaknesses: Vec<Weakness>,
}

/// Explains a pasted header, with or without its name, in one line or several.
///
/// Each cookie's value is explained like [`inspect::token`](crate::inspect::token), with the
/// cookie's name as that of the context. A session in several cookies is put together. For `Set-Cookie` the attributes are judged as well.
///
/// # Examples
/// ```
/// use privyseal::Timestamp;
/// use privyseal::inspect::{Context, HeaderKind, Weakness, cookie_header};
///
/// let context = Context::new(Timestamp::from_unix_seconds(1_700_000_000));
/// let report = cookie_header("Set-Cookie: id=abc; Path=/; HttpOnly; SameSite=None", &context);
/// assert_eq!(report.kind(), HeaderKind::SetCookie);
/// let weaknesses = report.cookies()[0].weaknesses();
/// assert!(weaknesses.contains(&Weakness::SameSiteNoneWithoutSecure));
/// ```
pub fn cookie_header(text: &str, context: &Context<'_>) -> CookieReport {
    let (text, mut is_cut) = bounded(text);
    let mut kind = None;
    let mut cookies = Vec::new();
    for line in text.lines() {
        let line = line.trim_matches([' ', '\t']);
        if line.is_empty() {
            continue;
        }
        let (named, rest) = header_name(line);
        let line_kind = named.or(kind).unwrap_or_else(|| guess(rest));
        kind.get_or_insert(line_kind);
        match line_kind {
            HeaderKind::SetCookie => cookies.push(set_cookie(rest)),
            HeaderKind::Cookie => {
                cookies.extend(rest.split(';').filter(|pair| !is_blank(pair)).map(pair_of));
            }
        }
    }
    is_cut |= cookies.len() > MAX_COOKIES;
    cookies.truncate(MAX_COOKIES);
    let kind = kind.unwrap_or(HeaderKind::Cookie);
    let entries = cookies.iter().map(|parsed| {
        let own = Context {
            cookie_name: parsed.name,
            ..*context
        };
        let mut entry = CookieEntry {
            name: parsed.name.to_owned(),
            value: parsed.value.to_owned(),
            attributes: parsed.attributes.clone(),
            token: chunks::inspect(parsed, &cookies, context)
                .unwrap_or_else(|| inspect::token(unquoted(parsed.value), &own)),
            weaknesses: Vec::new(),
        };
        let same_name = cookies.iter().filter(|other| other.name == parsed.name);
        entry.weaknesses = weakness::of(&entry, kind, same_name.count(), context.now);
        entry
    });
    CookieReport {
        kind,
        cookies: entries.collect(),
        is_cut,
    }
}

impl CookieReport {
    /// Which header it is, by its name or else by its attributes.
    pub fn kind(&self) -> HeaderKind {
        self.kind
    }

    /// The cookies in their order.
    pub fn cookies(&self) -> &[CookieEntry] {
        &self.cookies
    }

    /// Whether the text was longer than [`MAX_HEADER_LEN`] or held more than [`MAX_COOKIES`], so
    /// that its end was not looked into.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl fmt::Display for CookieReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.cookies.len();
        let verified = self
            .cookies
            .iter()
            .filter(|cookie| cookie.token.is_verified())
            .count();
        let header = match self.kind {
            HeaderKind::Cookie => "Cookie",
            HeaderKind::SetCookie => "Set-Cookie",
        };
        if all > 0 && verified == all {
            write!(f, "VERIFIED: every cookie of this {header} header ({all})")?;
        } else {
            write!(
                f,
                "NOT VERIFIED: nothing below is to be trusted unless it says so itself; {verified} \
                 of {all} in this {header} header verified"
            )?;
        }
        if self.is_cut {
            write!(
                f,
                "\n- cut: only {MAX_HEADER_LEN} bytes and {MAX_COOKIES} cookies are looked into"
            )?;
        }
        self.cookies
            .iter()
            .try_for_each(|cookie| write!(f, "\n\n{cookie}"))
    }
}

impl CookieEntry {
    /// The name, byte for byte.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value's explanation.
    pub fn token(&self) -> &Report {
        &self.token
    }

    /// The attributes in their order, with their values.
    pub fn attributes(&self) -> &[(String, Option<String>)] {
        &self.attributes
    }

    /// What is weak about name and attributes.
    pub fn weaknesses(&self) -> &[Weakness] {
        &self.weaknesses
    }

    /// The value of the last attribute of the name, as browsers take it; empty where the attribute
    /// has none.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter().rev();
        let (_, value) = attributes.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for CookieEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.name.len() + self.value.len();
        write!(
            f,
            "cookie     {} ({bytes} bytes)\n{}",
            Shown(&self.name),
            self.token
        )?;
        for (name, value) in &self.attributes {
            write!(f, "\nattribute  {}", Shown(name))?;
            if let Some(value) = value {
                write!(f, "={}", Shown(value))?;
            }
        }
        self.weaknesses
            .iter()
            .try_for_each(|weakness| write!(f, "\n! {weakness}\n  fix: {}", weakness.fix()))
    }
}

/// A cookie as it stands in the text.
struct Parsed<'t> {
    name: &'t str,
    value: &'t str,
    attributes: Vec<(String, Option<String>)>,
}

fn pair_of(pair: &str) -> Parsed<'_> {
    // Spaces and tabs only: trimming more would make `U+2000 __Host-id` the name `__Host-id`.
    let pair = pair.trim_matches([' ', '\t']);
    // A pair without `=` is a nameless cookie (RFC 6265bis, 5.6).
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    Parsed {
        name: name.trim_matches([' ', '\t']),
        value: value.trim_matches([' ', '\t']),
        attributes: Vec::new(),
    }
}

fn set_cookie(line: &str) -> Parsed<'_> {
    let mut pieces = line.split(';');
    let mut parsed = pair_of(pieces.next().unwrap_or_default());
    parsed.attributes = pieces
        .filter(|piece| !is_blank(piece))
        .take(MAX_COOKIES)
        .map(|piece| match piece.split_once('=') {
            Some((name, value)) => (name.trim().to_owned(), Some(value.trim().to_owned())),
            None => (piece.trim().to_owned(), None),
        })
        .collect();
    parsed
}

/// The kind that the header's own name tells, and the rest of the line.
fn header_name(line: &str) -> (Option<HeaderKind>, &str) {
    for (name, kind) in [
        ("set-cookie:", HeaderKind::SetCookie),
        ("cookie:", HeaderKind::Cookie),
    ] {
        if let Some((start, rest)) = line.split_at_checked(name.len())
            && start.eq_ignore_ascii_case(name)
        {
            return (Some(kind), rest);
        }
    }
    (None, line)
}

/// A line with an attribute behind its first pair is `Set-Cookie`.
fn guess(line: &str) -> HeaderKind {
    const ATTRIBUTES: [&str; 9] = [
        "path",
        "domain",
        "expires",
        "max-age",
        "secure",
        "httponly",
        "samesite",
        "partitioned",
        "priority",
    ];
    let is_attribute = |piece: &str| {
        let name = piece.split('=').next().unwrap_or_default().trim();
        ATTRIBUTES
            .iter()
            .any(|attribute| name.eq_ignore_ascii_case(attribute))
    };
    if line.split(';').skip(1).any(is_attribute) {
        HeaderKind::SetCookie
    } else {
        HeaderKind::Cookie
    }
}

fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value)
}

fn is_blank(text: &str) -> bool {
    text.trim_matches([' ', '\t']).is_empty()
}

/// The text within the bound, and whether it was cut.
fn bounded(text: &str) -> (&str, bool) {
    if text.len() <= MAX_HEADER_LEN {
        return (text, false);
    }
    let end = text.floor_char_boundary(MAX_HEADER_LEN);
    (text.get(..end).unwrap_or_default(), true)
}

#[cfg(test)]
mod tests;

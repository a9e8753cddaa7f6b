//! Explains a token to a human without trusting it.
//!
//! Everything else in this crate answers a token with yes or with one opaque error, because the
//! one who sent it may be an attacker. This module is for the other side: the owner of the key who
//! wants to know what a token is, what it holds, when it was made, which key made it and why it is
//! refused. It reads tokens before any signature holds, within stated bounds, and says in its
//! first line whether what follows may be believed.
//!
//! # Security
//! A report is for the eyes of those who hold the key. Do not build decisions on it, and do not
//! send it to the client that sent the token: use [`formats`](crate::formats) and
//! [`sealed`](crate::sealed) for that.
//!
//! # Examples
//! ```
//! use privyseal::Timestamp;
//! use privyseal::inspect::{self, Context, Format};
//!
//! let context = Context::new(Timestamp::from_unix_seconds(1_700_000_060));
//! let report = inspect::token("eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk", &context);
//! assert!(!report.is_verified());
//! assert_eq!(report.format(), Format::Flask);
//! assert!(report.to_string().starts_with("NOT VERIFIED: nothing below is to be trusted"));
//! assert!(report.to_string().contains("2023-11-14T22:13:20Z, 1 minute ago"));
//! ```

mod content;
mod cookie;
mod finding;
mod format;
mod reference;
mod report;
mod sealed;
mod shape;
mod signed;
mod when;

use crate::{KeyRing, MaxAge, Timestamp};

pub use content::{MAX_SHOWN, UnverifiedContent};
pub use cookie::{
    CookieEntry, CookieReport, HeaderKind, MAX_COOKIES, MAX_HEADER_LEN, Weakness, cookie_header,
};
pub use finding::Finding;
pub use format::Format;
pub use report::{KeyMatch, Part, Report};

/// The longest token in bytes that is looked into.
pub const MAX_TOKEN_LEN: usize = 64 * 1024;

/// What is known about a token beside its text.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The present time, for ages.
    pub now: Timestamp,
    /// The keys that may have made the token. Their counters do not count inspections.
    pub ring: Option<&'a KeyRing>,
    /// How old the token may be; without it no age is refused.
    pub max_age: Option<MaxAge>,
    /// The salt of an itsdangerous token. Without it the well-known ones are tried.
    pub salt: Option<&'a [u8]>,
    /// The purpose of a sealed token. That of a reference is `stored session`.
    pub purpose: &'a str,
    /// The name of the cookie of a sealed token or a reference; [`cookie_header`] takes it from the header.
    pub cookie_name: &'a str,
    /// The application of a sealed token or a reference.
    pub application: &'a str,
}

impl Context<'_> {
    /// A context without keys, at this time, for sealed tokens of the purpose `session`.
    pub const fn new(now: Timestamp) -> Self {
        Self {
            now,
            ring: None,
            max_age: None,
            salt: None,
            purpose: "session",
            cookie_name: "",
            application: "",
        }
    }
}

/// Explains a token of any format.
///
/// White space around the text is ignored, and said so. No text makes this fail; what is not
/// recognised is reported as [`Format::Unknown`].
pub fn token(text: &str, context: &Context<'_>) -> Report {
    let trimmed = text.trim_ascii();
    let mut report = if trimmed.len() > MAX_TOKEN_LEN {
        let mut report = Report::new(Format::Unknown, context.now);
        report.add(Finding::TooLong {
            bytes: trimmed.len(),
        });
        report
    } else {
        recognise(trimmed, context)
    };
    if trimmed.len() != text.len() {
        report.add(Finding::SurroundingSpace);
    }
    report
}

/// Shapes that cannot be anything else come first, guesses last.
fn recognise(text: &str, context: &Context<'_>) -> Report {
    let by_shape = |format| shape::report(format, text, context.now);
    if let Some(format) = shape::marked(text) {
        return by_shape(format);
    }
    if let Some(report) = sealed::inspect(text, context) {
        return report;
    }
    if let Some(report) = reference::inspect(text, context) {
        return report;
    }
    if let Some(report) = signed::inspect(text.as_bytes(), context) {
        return report;
    }
    by_shape(if shape::is_opaque_id(text) {
        Format::OpaqueId
    } else {
        Format::Unknown
    })
}

#[cfg(test)]
mod tests;

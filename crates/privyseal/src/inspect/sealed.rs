//! Sealed tokens of this crate.

use crate::encoding::Base64;
use crate::inspect::content::Shown;
use crate::inspect::when::Utc;
use crate::inspect::{Context, Finding, Format, KeyMatch, Report, UnverifiedContent};
use crate::sealed::{self, Sealer};
use crate::{KeyRing, Timestamp, json};

/// The report of a sealed token; `None` when the text is none.
///
/// One in 256 long random texts looks like one as well; there is no content to mistake.
pub(super) fn inspect(text: &str, context: &Context<'_>) -> Option<Report> {
    let bytes = decoded(text)?;
    let id = sealed::named_key(&bytes)?;

    let mut report = Report::new(Format::Sealed, context.now);
    report.named_key = Some(id);
    report.part("version", 1, "1");
    report.part("key id", 8, id.to_string());
    report.part("nonce", 24, "24 bytes, random");
    let ciphertext = bytes.len().saturating_sub(sealed::OVERHEAD);
    report.part(
        "ciphertext",
        ciphertext + 24,
        format!("XAES-256-GCM over time, session id and {ciphertext} bytes of data"),
    );
    report.part("tag", 16, "16 bytes");

    if Base64::Strict.decode(text.as_bytes()).is_none() {
        report.add(Finding::NotBase64 {
            part: "token (base64url without padding, unused bits zero)",
        });
    }
    match context.ring {
        None => report.add(Finding::NoKeys),
        Some(ring) => open(text, context, &ring.uncounted(), &mut report),
    }
    Some(report)
}

/// The bytes behind a text of base64 only, in whichever spelling.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    let looks_like_base64 = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte));
    Base64::PythonLenient
        .decode(text.as_bytes())
        .filter(|_| looks_like_base64)
}

fn open(text: &str, context: &Context<'_>, ring: &KeyRing, report: &mut Report) {
    let Some((position, key)) = report.find_named_key(ring) else {
        return;
    };
    let sealed_for = sealed::Context {
        purpose: context.purpose,
        cookie_name: context.cookie_name,
        application: context.application,
    };
    let described = format!(
        "purpose \"{}\", cookie \"{}\", application \"{}\"",
        Shown(context.purpose),
        Shown(context.cookie_name),
        Shown(context.application)
    );
    let Ok(opened) = Sealer::new(ring, sealed_for).open_sealed(text) else {
        report.add(Finding::SealBroken { context: described });
        return;
    };
    let key = KeyMatch {
        id: key.id(),
        position,
        settings: described,
    };
    report.made_by(key, context);
    report.check_age(opened.issued_at, context);
    let data = match session(opened.data()) {
        Some((began, json)) => {
            report.part("began", 8, Utc(began).to_string());
            json
        }
        None => opened.data(),
    };
    report.content = Some(UnverifiedContent::new(data, json::parse(data).is_ok()));
}

/// What the session engine seals: eight bytes that say when the session began, and a JSON object.
fn session(data: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (began, json) = data.split_first_chunk()?;
    let is_session = json.starts_with(b"{") && json::parse(json).is_ok();
    is_session.then_some((
        Timestamp::from_unix_seconds(u64::from_be_bytes(*began)),
        json,
    ))
}

//! References to stored sessions.

use crate::KeyRing;
use crate::encoding::Base64;
use crate::inspect::content::Shown;
use crate::inspect::sealed::decoded;
use crate::inspect::{Context, Finding, Format, KeyMatch, Report};
use crate::reference::{self, ReferenceSigner, Secret};
use crate::sealed::{self, SessionId};

/// The report of a reference; `None` when the text is none.
///
/// One in 256 random texts of its length looks like one as well; there is no content to mistake.
/// The secret, which opens the session, is in no part of the report.
pub(super) fn inspect(text: &str, context: &Context<'_>) -> Option<Report> {
    let bytes = decoded(text)?;
    let (key, session) = reference::named(&bytes)?;

    let mut report = Report::new(Format::Reference, context.now);
    report.named_key = Some(key);
    report.part("version", 1, "2");
    report.part("key id", 8, key.to_string());
    report.part(
        "session id",
        SessionId::LEN,
        format!("{session}, which names the session and opens nothing"),
    );
    report.part("secret", Secret::LEN, "32 bytes, not shown");
    report.part("tag", 32, "32 bytes: HMAC-SHA256");

    if Base64::Strict.decode(text.as_bytes()).is_none() {
        report.add(Finding::NotBase64 {
            part: "token (base64url without padding, unused bits zero)",
        });
    }
    match context.ring {
        None => report.add(Finding::NoKeys),
        Some(ring) => verify(text, context, &ring.uncounted(), &mut report),
    }
    report.add(Finding::InStore);
    Some(report)
}

fn verify(text: &str, context: &Context<'_>, ring: &KeyRing, report: &mut Report) {
    let Some((position, key)) = report.find_named_key(ring) else {
        return;
    };
    let signed_for = sealed::Context {
        purpose: PURPOSE,
        cookie_name: context.cookie_name,
        application: context.application,
    };
    let described = format!(
        "purpose \"{PURPOSE}\", cookie \"{}\", application \"{}\"",
        Shown(context.cookie_name),
        Shown(context.application)
    );
    if ReferenceSigner::new(ring, signed_for).verify(text).is_err() {
        report.add(Finding::BadSignature {
            keys: 1,
            settings: vec![described],
        });
        return;
    }
    let key = KeyMatch {
        id: key.id(),
        position,
        settings: described,
    };
    report.made_by(key, context);
}

/// What the session engine signs references for.
const PURPOSE: &str = "stored session";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::token;
    use crate::{SecretKey, Timestamp};

    const SESSION: SessionId = SessionId::from_bytes([7; 16]);

    fn ring() -> KeyRing {
        KeyRing::new(SecretKey::generate().unwrap())
    }

    fn context(ring: Option<&KeyRing>) -> Context<'_> {
        Context {
            ring,
            cookie_name: "__Host-id",
            application: "shop",
            ..Context::new(Timestamp::from_unix_seconds(1_700_000_000))
        }
    }

    fn reference(ring: &KeyRing) -> String {
        let signed_for = sealed::Context {
            purpose: "stored session",
            cookie_name: "__Host-id",
            application: "shop",
        };
        let signer = ReferenceSigner::new(ring, signed_for);
        let secret = Secret::random(&mut rand::rng()).unwrap();
        signer.sign(SESSION, &secret).unwrap()
    }

    fn codes(report: &Report) -> Vec<&'static str> {
        report.findings().iter().map(Finding::code).collect()
    }

    #[test]
    fn a_reference_names_its_key_and_its_session() {
        let ring = ring();
        let id = ring.primary().unwrap().id();
        let report = token(&reference(&ring), &context(None));
        assert_eq!(report.unverified_key_id(), Some(id));
        assert_eq!(
            report.to_string(),
            format!(
                "NOT VERIFIED: nothing below is to be trusted\n\
                 format     privyseal reference to a stored session\n\
                 version    2\n\
                 key id     {id}\n\
                 session id 07070707070707070707070707070707, which names the session and opens \
                 nothing\n\
                 secret     32 bytes, not shown\n\
                 tag        32 bytes: HMAC-SHA256\n\
                 key        needs the key it names, for one cookie name and application\n\
                 - no key was given, so nothing could be checked\n\
                 - what the session holds, how old it is and whether it still lives is in the store"
            )
        );
    }

    #[test]
    fn a_key_of_the_ring_verifies_a_reference_and_is_not_counted() {
        let old = ring();
        let text = reference(&old);
        let report = token(&text, &context(Some(&old)));
        assert!(report.is_verified(), "{report}");
        assert_eq!(codes(&report), ["in_store"]);
        assert_eq!(old.primary().unwrap().verifications(), 0);

        let ring = old.rotated(SecretKey::generate().unwrap());
        let report = token(&text, &context(Some(&ring)));
        assert!(report.is_verified(), "{report}");
        assert_eq!(codes(&report), ["old_key", "in_store"]);
        let key = report.key().unwrap();
        assert_eq!(key.position, 1);
        assert_eq!(
            key.settings,
            "purpose \"stored session\", cookie \"__Host-id\", application \"shop\""
        );
    }

    #[test]
    fn a_reference_that_is_not_authentic_says_why() {
        let ring = ring();
        let text = reference(&ring);
        let report = token(&text, &context(Some(&self::ring())));
        assert_eq!(codes(&report), ["unknown_key", "in_store"]);

        let of_another_cookie = Context {
            cookie_name: "id",
            ..context(Some(&ring))
        };
        let mut changed = text.clone();
        let other = if &text[60..61] == "A" { "B" } else { "A" };
        changed.replace_range(60..61, other);
        for report in [
            token(&text, &of_another_cookie),
            token(&changed, &context(Some(&ring))),
        ] {
            assert!(!report.is_verified() && report.key().is_none(), "{report}");
            assert_eq!(codes(&report), ["bad_signature", "in_store"]);
        }
        let report = token(&format!("{text}="), &context(Some(&ring)));
        assert_eq!(report.format(), Format::Reference);
        assert!(!report.is_verified() && codes(&report).contains(&"not_base64"));
    }

    #[test]
    fn a_text_of_another_length_or_version_is_no_reference() {
        let of = |version, len| {
            let mut bytes = vec![0; len];
            bytes[0] = version;
            token(&crate::encoding::encode(&bytes), &context(None)).format()
        };
        assert_eq!(of(2, 89), Format::Reference);
        assert_eq!(of(2, 88), Format::OpaqueId);
        assert_eq!(of(2, 90), Format::OpaqueId);
        assert_eq!(of(1, 89), Format::Sealed);
        assert_eq!(of(3, 89), Format::OpaqueId);
    }

    #[test]
    fn no_report_contains_the_secret() {
        let ring = ring();
        let text = reference(&ring);
        let bytes = Base64::Strict.decode(text.as_bytes());
        let secret: [u8; 16] = bytes.unwrap()[25..41].try_into().unwrap();
        let hex = SessionId::from_bytes(secret).to_string();
        for ring in [None, Some(&ring), Some(&self::ring())] {
            let report = token(&text, &context(ring));
            let shown = format!("{report} {report:?}");
            // Any stretch of the secret, as it stands in the token, in hexadecimal, or as numbers.
            assert!(!shown.contains(&text[40..50]), "{shown}");
            assert!(!shown.contains(&hex[8..20]), "{shown}");
            let numbers = format!("{:?}", &secret[4..10]);
            assert!(!shown.contains(numbers.trim_matches(['[', ']'])), "{shown}");
        }
    }
}

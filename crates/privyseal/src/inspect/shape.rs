//! Formats that this version cannot check, recognised by the shape of their text.

use crate::Timestamp;
use crate::encoding::Base64;
use crate::inspect::{Finding, Format, Report};
use crate::json;
use crate::value::Value;

/// The format of a text with marks that no other format has.
pub(super) fn marked(text: &str) -> Option<Format> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
    if starts(&["Fe26.1*", "Fe26.2*"]) {
        Some(Format::Iron)
    } else if starts(&["SFMyNTY.", "SFMzODQ.", "SFM1MTI."]) {
        Some(Format::PhoenixSigned)
    } else if starts(&["XCP.", "QTEyOEdDTQ."]) {
        Some(Format::PhoenixEncrypted)
    } else if is_express(text) {
        Some(Format::Express)
    } else if is_django(text) {
        Some(Format::Django)
    } else if is_laravel(text) {
        Some(Format::Laravel)
    } else if is_jwt(text) {
        Some(Format::Jwt)
    } else {
        rails(text)
    }
}

/// A report that says no more than what the text looks like.
pub(super) fn report(format: Format, text: &str, now: Timestamp) -> Report {
    let mut report = Report::new(format, now);
    report.part("text", text.len(), format!("{} characters", text.len()));
    report.add(match format {
        Format::Unknown => Finding::NotRecognised,
        Format::OpaqueId => Finding::NothingToCheck,
        _ => Finding::NotSupported,
    });
    report
}

/// A name without content: 16 to 128 characters of hexadecimal, base64url or a UUID.
pub(super) fn is_opaque_id(text: &str) -> bool {
    (16..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// `s:value.signature`, often with the colon percent-encoded.
fn is_express(text: &str) -> bool {
    ["s:", "s%3A", "s%3a"].iter().any(|prefix| {
        text.strip_prefix(prefix)
            .is_some_and(|signed| signed.contains('.'))
    })
}

/// `value:timestamp in base 62:43 characters of HMAC-SHA256`.
fn is_django(text: &str) -> bool {
    let mut parts = text.rsplitn(3, ':');
    let (signature, stamp, value) = (parts.next(), parts.next(), parts.next());
    let signature = signature.and_then(|text| Base64::Strict.decode(text.as_bytes()));
    signature.is_some_and(|bytes| bytes.len() == 32)
        && value.is_some()
        && stamp.is_some_and(|stamp| {
            (1..=7).contains(&stamp.len()) && stamp.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Base64 of `{"iv":..,"value":..,"mac":..}`.
fn is_laravel(text: &str) -> bool {
    let unescaped = unescape(text);
    text.starts_with("eyJ")
        && object(&unescaped).is_some_and(|object| {
            let has = |key| matches!(&object, Value::Dict(dict) if dict.contains_key(key));
            has("iv") && has("value") && has("mac")
        })
}

/// A header with `alg`, and a payload that is an object; five parts when encrypted.
fn is_jwt(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').take(6).collect();
    let header = parts.first().and_then(|header| object(header));
    let has_algorithm = matches!(header, Some(Value::Dict(dict)) if dict.get("alg").is_some_and(|alg| alg.as_str().is_some()));
    match parts.as_slice() {
        [_, payload, _] => has_algorithm && object(payload).is_some(),
        [_, _, _, _, _] => has_algorithm,
        _ => false,
    }
}

/// `data--hexadecimal` when signed, `ciphertext--iv--tag` when encrypted.
fn rails(text: &str) -> Option<Format> {
    let unescaped = unescape(text);
    let parts: Vec<_> = unescaped.split("--").collect();
    let is_base64 = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
    };
    match parts.as_slice() {
        [data, mac]
            if is_base64(data)
                && [40, 64, 128].contains(&mac.len())
                && mac.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            Some(Format::RailsSigned)
        }
        // 12 bytes of nonce and 16 of tag, padded.
        [data, iv, tag]
            if is_base64(data)
                && is_base64(iv)
                && iv.len() == 16
                && is_base64(tag)
                && tag.len() == 24 =>
        {
            Some(Format::RailsEncrypted)
        }
        _ => None,
    }
}

/// The JSON object behind base64 of either alphabet.
fn object(text: &str) -> Option<Value> {
    let bytes = Base64::PythonLenient.decode(text.as_bytes())?;
    // A look at the ends spares the parser what cannot be an object.
    if bytes.first() != Some(&b'{') || bytes.last() != Some(&b'}') {
        return None;
    }
    json::parse(&bytes)
        .ok()
        .filter(|value| matches!(value, Value::Dict(_)))
}

/// The percent-encoding that frameworks put around base64 in a cookie.
fn unescape(text: &str) -> String {
    [
        ("%2B", "+"),
        ("%2F", "/"),
        ("%3D", "="),
        ("%2b", "+"),
        ("%2f", "/"),
        ("%3d", "="),
    ]
    .iter()
    .fold(text.to_owned(), |text, (escape, character)| {
        text.replace(escape, character)
    })
}

//! What itsdangerous and Flask sign: `payload.timestamp.signature`.

use crate::digest::Digest;
use crate::encoding::{self, Base64};
use crate::formats::flask::tagged;
use crate::formats::itsdangerous::{
    self, DEFAULT_INFLATE_LIMIT, KeyDerivation, Options, PayloadError, Stamp, TimestampSigner,
};
use crate::inspect::content::Shown;
use crate::inspect::{Context, Finding, Format, KeyMatch, Report, UnverifiedContent};
use crate::keyring::RingKey;
use crate::value::Value;
use crate::{KeyId, KeyRing, Timestamp, json};

/// The report of a token with a signature behind its last dot; `None` when the text is none.
pub(super) fn inspect(token: &[u8], context: &Context<'_>) -> Option<Report> {
    let mut anatomy = Anatomy::of(token)?;
    let (tried, key) = anatomy.find_key(context);
    let maker = key.as_ref().map(|(_, maker)| *maker);
    anatomy.settle(maker);
    let mut report = Report::new(anatomy.format(maker), context.now);

    anatomy.describe(&mut report);
    match (context.ring, key) {
        (None, _) => report.add(Finding::NoKeys),
        (Some(_), Some((key, _))) => {
            report.made_by(key, context);
        }
        // A signature of no hash's length was not tried, and is reported with its part.
        (Some(ring), None) if !tried.is_empty() => {
            anatomy.explain_refusal(&mut report, context, ring, tried);
        }
        (Some(_), None) => {}
    }
    match (anatomy.stamp, maker) {
        (Some((_, signed_at)), _) => report.check_age(signed_at, context),
        (None, Some(Maker::Flask)) => report.add(Finding::NoTimestamp),
        (None, _) => {}
    }
    anatomy.read(&mut report);
    if anatomy.kind == Payload::Raw && maker == Some(Maker::Serializer) {
        let why = "neither JSON nor base64 of JSON".to_owned();
        report.add(Finding::BadJson { why });
    }
    if report.format() == Format::Starlette {
        report.add(Finding::NotSupported);
    }
    Some(report)
}

/// The parts of a token, split as its text suggests.
struct Anatomy<'t> {
    /// Everything that the signature covers.
    signed: &'t [u8],
    payload: &'t [u8],
    kind: Payload,
    stamp: Option<(&'t [u8], Timestamp)>,
    signature: &'t [u8],
    mac: Option<Vec<u8>>,
}

/// How the payload is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payload {
    /// Base64url of JSON.
    UrlSafe,
    /// A dot, and base64url of zlib data.
    Compressed,
    /// JSON as it is.
    Json,
    /// Padded base64 of JSON with spaces.
    Starlette,
    /// Any bytes.
    Raw,
}

impl<'t> Anatomy<'t> {
    fn of(token: &'t [u8]) -> Option<Self> {
        let (signed, signature) = split(token)?;
        let mac = Base64::PythonLenient.decode(signature);
        let stamped = split(signed).and_then(|(value, stamp)| {
            let at = decode_stamp(stamp)?;
            let plausible = (YEAR_2000..YEAR_2100).contains(&at.unix_seconds());
            let holds_json = !matches!(Payload::of(value), Payload::Raw);
            (plausible || holds_json).then_some((value, stamp, at))
        });
        let payload = stamped.map_or(signed, |(value, ..)| value);
        let kind = Payload::of(payload);
        let anatomy = Self {
            signed,
            payload,
            kind,
            stamp: stamped.map(|(_, stamp, at)| (stamp, at)),
            signature,
            mac,
        };
        // A dot is in many texts: a signature's length or a payload and a date make it a token.
        let has_mac = anatomy.digest().is_some();
        let has_rest = anatomy.stamp.is_some() && kind != Payload::Raw;
        (has_mac || has_rest).then_some(anatomy)
    }

    fn digest(&self) -> Option<Digest> {
        let length = self.mac.as_ref()?.len();
        Digest::ALL
            .into_iter()
            .find(|digest| digest.output_len() == length)
    }

    /// The key that made the signature, and what it was taken for; or the settings that were tried.
    fn find_key(&self, context: &Context<'_>) -> (Vec<String>, Option<(KeyMatch, Maker)>) {
        let (Some(ring), Some(mac), Some(digest)) = (context.ring, &self.mac, self.digest()) else {
            return (Vec::new(), None);
        };
        let settings = Setting::candidates(context, digest);
        for setting in &settings {
            for (position, key) in ring.keys().enumerate() {
                if self.is_made_by(key, setting, mac) {
                    let key = KeyMatch {
                        id: key.id(),
                        position,
                        settings: setting.described(),
                    };
                    return (Vec::new(), Some((key, setting.maker)));
                }
            }
        }
        (settings.iter().map(Setting::described).collect(), None)
    }

    fn is_made_by(&self, key: &RingKey, setting: &Setting, mac: &[u8]) -> bool {
        // Not the signer itself: it would count the look as a use of the key.
        let prepared = setting.options.prepare(key.material(), &setting.salt);
        prepared.verify(self.signed, mac)
    }

    /// Why no key that verifies made the signature.
    fn explain_refusal(
        &self,
        report: &mut Report,
        context: &Context<'_>,
        ring: &KeyRing,
        tried: Vec<String>,
    ) {
        if let Some(id) = self.find_suspended_key(context, ring) {
            return report.add(Finding::SuspendedKey { id });
        }
        report.add(Finding::BadSignature {
            keys: ring.keys().len(),
            settings: tried,
        });
        if ring.may_lack_keys() {
            report.add(Finding::KeysOutOfReach);
        }
    }

    /// The key in quarantine that made the signature.
    fn find_suspended_key(&self, context: &Context<'_>, ring: &KeyRing) -> Option<KeyId> {
        let mac = self.mac.as_ref()?;
        let settings = Setting::candidates(context, self.digest()?);
        let is_maker = |key: &&RingKey| {
            let mut settings = settings.iter();
            settings.any(|setting| self.is_made_by(key, setting, mac))
        };
        ring.suspended().find(is_maker).map(RingKey::id)
    }

    /// Who made the token knows better than the text looks how its parts are to be read.
    fn settle(&mut self, maker: Option<Maker>) {
        match maker {
            Some(Maker::Flask) => {
                let stamped = split(self.signed)
                    .and_then(|(value, stamp)| Some((value, (stamp, decode_stamp(stamp)?))));
                self.payload = stamped.map_or(self.signed, |(value, _)| value);
                self.stamp = stamped.map(|(_, stamp)| stamp);
                self.kind = if self.payload.starts_with(b".") {
                    Payload::Compressed
                } else {
                    Payload::UrlSafe
                };
            }
            Some(Maker::Serializer) if self.kind == Payload::Starlette => {
                self.kind = Payload::UrlSafe;
            }
            _ => {}
        }
    }

    fn format(&self, maker: Option<Maker>) -> Format {
        if maker == Some(Maker::Flask) {
            return Format::Flask;
        }
        match (self.kind, self.stamp.is_some()) {
            (Payload::Starlette, true) if maker.is_none() => Format::Starlette,
            (Payload::UrlSafe | Payload::Compressed, true)
                if maker.is_none() && self.holds_a_dict() =>
            {
                Format::Flask
            }
            (Payload::UrlSafe | Payload::Compressed, true) => Format::UrlSafeTimedSerializer,
            (Payload::UrlSafe | Payload::Compressed, false) => Format::UrlSafeSerializer,
            (Payload::Json, true) => Format::TimedSerializer,
            (Payload::Json, false) => Format::Serializer,
            (Payload::Raw | Payload::Starlette, true) => Format::TimestampSigner,
            (Payload::Raw | Payload::Starlette, false) => Format::Signer,
        }
    }

    fn holds_a_dict(&self) -> bool {
        itsdangerous::inflate(self.payload, Base64::PythonLenient, DEFAULT_INFLATE_LIMIT)
            .is_ok_and(|json| json.starts_with(b"{"))
    }

    /// The parts, and whether each is spelled as it is written.
    fn describe(&self, report: &mut Report) {
        let kind = match self.kind {
            Payload::UrlSafe => "JSON in base64url",
            Payload::Compressed => "compressed JSON in base64url",
            Payload::Json => "JSON",
            Payload::Starlette => "JSON in padded base64",
            Payload::Raw => "text or bytes",
        };
        let length = self.payload.len();
        report.part("payload", length, format!("{length} characters, {kind}"));
        if let Some(body) = self.encoded_payload()
            && is_another_spelling(body)
        {
            report.add(Finding::NonCanonical { part: "payload" });
        }
        if let Some((stamp, at)) = self.stamp {
            let meaning = format!("{} characters, {at} s after 1970", stamp.len());
            report.part("timestamp", stamp.len(), meaning);
            report.issued_at = Some(at);
            let mut canonical = String::new();
            Stamp::new(at).push_to(&mut canonical);
            if canonical.as_bytes() != stamp {
                report.add(Finding::NonCanonical { part: "timestamp" });
            }
            if at.unix_seconds() > TimestampSigner::MAX_DATE {
                report.add(Finding::TimestampOutOfRange);
            }
        }
        let length = self.signature.len();
        let bytes = self.mac.as_ref().map(Vec::len);
        let meaning = match (bytes, self.digest()) {
            (Some(bytes), Some(digest)) => {
                format!(
                    "{length} characters, {bytes} bytes: HMAC-{}",
                    hash_name(digest)
                )
            }
            (Some(bytes), None) => format!("{length} characters, {bytes} bytes"),
            (None, _) => format!("{length} characters"),
        };
        report.part("signature", length, meaning);
        match (bytes, self.digest()) {
            (None, _) => report.add(Finding::NotBase64 { part: "signature" }),
            (Some(bytes), None) => report.add(Finding::SignatureLength { bytes }),
            _ if is_another_spelling(self.signature) => {
                report.add(Finding::NonCanonical { part: "signature" });
            }
            _ => {}
        }
    }

    /// The base64url text of the payload, if it is such.
    fn encoded_payload(&self) -> Option<&'t [u8]> {
        match self.kind {
            Payload::UrlSafe => Some(self.payload),
            Payload::Compressed => self.payload.strip_prefix(b"."),
            _ => None,
        }
    }

    /// The content, inflated within the bound, and what is wrong with it.
    fn read(&self, report: &mut Report) {
        if !matches!(self.kind, Payload::UrlSafe | Payload::Compressed) {
            let bytes = match self.kind {
                Payload::Starlette => Base64::PythonLenient.decode(self.payload),
                _ => None,
            };
            let bytes = bytes.as_deref().unwrap_or(self.payload);
            let is_json = self.kind != Payload::Raw;
            report.content = Some(UnverifiedContent::new(bytes, is_json));
            report.add(Finding::Readable);
            return;
        }
        match itsdangerous::inflate(self.payload, Base64::PythonLenient, DEFAULT_INFLATE_LIMIT) {
            Ok(json) => {
                let problem = problem(report.format(), &json);
                report.content = Some(UnverifiedContent::new(&json, json::parse(&json).is_ok()));
                report.add(Finding::Readable);
                if let Some(problem) = problem {
                    report.add(problem);
                }
                if self.kind == Payload::Compressed && self.has_trailing_bytes() {
                    report.add(Finding::TrailingBytes);
                }
            }
            Err(PayloadError::Base64) => report.add(Finding::NotBase64 { part: "payload" }),
            Err(PayloadError::TooLarge { limit }) => {
                report.add(Finding::InflatesTooLarge { limit });
            }
            Err(_) => report.add(Finding::NotZlib),
        }
    }

    /// Whether the zlib stream ends before the data does: then it inflates without the last byte.
    fn has_trailing_bytes(&self) -> bool {
        let body = self.encoded_payload().unwrap_or_default();
        let Some(mut data) = Base64::PythonLenient.decode(body) else {
            return false;
        };
        data.pop();
        let shorter = format!(".{}", encoding::encode(&data));
        itsdangerous::inflate(shorter.as_bytes(), Base64::Strict, DEFAULT_INFLATE_LIMIT).is_ok()
    }
}

impl Payload {
    fn of(value: &[u8]) -> Self {
        if let Some(body) = value.strip_prefix(b".") {
            let zlib = Base64::PythonLenient.decode(body);
            return match zlib.as_deref() {
                // The method and a window that fits: RFC 1950.
                Some([first, ..]) if first & 0x0f == 8 => Self::Compressed,
                _ => Self::Raw,
            };
        }
        if json::parse(value).is_ok() {
            return Self::Json;
        }
        let Some(bytes) = Base64::PythonLenient.decode(value) else {
            return Self::Raw;
        };
        let starts_like_json = bytes.first().is_some_and(|byte| b"{[\"".contains(byte));
        if !starts_like_json && json::parse(&bytes).is_err() {
            return Self::Raw;
        }
        let has_spaces = bytes.windows(3).any(|run| run == b"\": ");
        if starts_like_json
            && value.len().is_multiple_of(4)
            && (value.ends_with(b"=") || has_spaces)
        {
            Self::Starlette
        } else {
            Self::UrlSafe
        }
    }
}

/// One way in which a signing key is made from a secret key.
struct Setting {
    name: &'static str,
    maker: Maker,
    salt: Vec<u8>,
    options: Options,
}

/// What signs with such settings: a salt that the caller gave may be that of any class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    Flask,
    Serializer,
    Signer,
    Any,
}

impl Setting {
    /// The well-known settings; or all derivations under the salt that was given.
    fn candidates(context: &Context<'_>, digest: Digest) -> Vec<Self> {
        let setting = |name, maker, key_derivation, salt: &[u8]| Self {
            name,
            maker,
            salt: salt.to_vec(),
            options: Options {
                key_derivation,
                digest,
                ..Options::default()
            },
        };
        let other = Maker::Serializer;
        let Some(salt) = context.salt else {
            return vec![
                setting(
                    "Flask",
                    Maker::Flask,
                    KeyDerivation::Hmac,
                    b"cookie-session",
                ),
                setting(
                    "itsdangerous serializer",
                    other,
                    KeyDerivation::DjangoConcat,
                    b"itsdangerous",
                ),
                setting(
                    "itsdangerous signer",
                    Maker::Signer,
                    KeyDerivation::DjangoConcat,
                    b"itsdangerous.Signer",
                ),
                setting(
                    "Flask-WTF",
                    other,
                    KeyDerivation::DjangoConcat,
                    b"wtf-csrf-token",
                ),
                setting(
                    "Flask-Session",
                    Maker::Signer,
                    KeyDerivation::Hmac,
                    b"flask-session",
                ),
            ];
        };
        let by_hmac = if salt == b"cookie-session" {
            Maker::Flask
        } else {
            Maker::Any
        };
        vec![
            setting(
                "itsdangerous",
                Maker::Any,
                KeyDerivation::DjangoConcat,
                salt,
            ),
            setting("itsdangerous", by_hmac, KeyDerivation::Hmac, salt),
            setting("itsdangerous", Maker::Any, KeyDerivation::Concat, salt),
            setting("itsdangerous", Maker::Any, KeyDerivation::None, salt),
        ]
    }

    fn described(&self) -> String {
        let derivation = match self.options.key_derivation {
            KeyDerivation::Concat => "concat",
            KeyDerivation::DjangoConcat => "django-concat",
            KeyDerivation::Hmac => "hmac",
            KeyDerivation::None => "none",
        };
        let salt = String::from_utf8_lossy(&self.salt);
        format!("{} (salt \"{}\", {derivation})", self.name, Shown(&salt))
    }
}

/// What Flask or itsdangerous would say about the JSON.
fn problem(format: Format, json: &[u8]) -> Option<Finding> {
    let loaded = if format == Format::Flask {
        tagged::loads(json).map_err(|error| error.to_string())
    } else {
        json::parse(json).map_err(|error| error.to_string())
    };
    match loaded {
        Err(why) => Some(Finding::BadJson { why }),
        Ok(Value::Dict(_)) => None,
        Ok(_) if format == Format::Flask => Some(Finding::NotADict),
        Ok(_) => None,
    }
}

fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().rposition(|&byte| byte == b'.')?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn decode_stamp(stamp: &[u8]) -> Option<Timestamp> {
    Stamp::decode(stamp, Base64::PythonLenient)
}

/// Whether the text is base64 that is not spelled as we write it.
fn is_another_spelling(text: &[u8]) -> bool {
    Base64::Strict.decode(text).is_none() && Base64::PythonLenient.decode(text).is_some()
}

const fn hash_name(digest: Digest) -> &'static str {
    match digest {
        Digest::Sha1 => "SHA1",
        Digest::Sha224 => "SHA224",
        Digest::Sha256 => "SHA256",
        Digest::Sha384 => "SHA384",
        Digest::Sha512 => "SHA512",
    }
}

const YEAR_2000: u64 = 946_684_800;
const YEAR_2100: u64 = 4_102_444_800;

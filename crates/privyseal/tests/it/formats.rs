//! Every format of the core behind one face, for laws that hold for all of them.

use privyseal::digest::Digest;
use privyseal::encoding::Base64;
use privyseal::formats::flask::{FlaskOptions, FlaskSession};
use privyseal::formats::itsdangerous::{
    Options, Serializer, Signer, TimedSerializer, TimestampSigner, UrlSafeSerializer,
    UrlSafeTimedSerializer,
};
use privyseal::sealed::{Context, Sealer, SessionId};
use privyseal::value::Value;
use privyseal::{KeyRing, MaxAge, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
pub(crate) const HOUR: MaxAge = MaxAge::from_seconds(3600);
pub(crate) const SEALED_FOR: Context<'static> = Context {
    purpose: "session",
    cookie_name: "__Host-id",
    application: "shop",
};

/// Makes a token of a value.
pub(crate) type Make = Box<dyn Fn(&Value) -> Vec<u8> + Send + Sync>;
/// The value of a token, or nothing.
pub(crate) type Open = Box<dyn Fn(&[u8]) -> Option<Value> + Send + Sync>;

/// A format with its settings and keys.
pub(crate) struct Format {
    pub(crate) name: String,
    /// Whether it holds every value, or text alone.
    pub(crate) holds: Holds,
    pub(crate) make: Make,
    pub(crate) open: Open,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Text,
    Json,
    Tagged,
}

impl Format {
    fn new(
        name: &str,
        holds: Holds,
        make: impl Fn(&Value) -> Vec<u8> + Send + Sync + 'static,
        open: impl Fn(&[u8]) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            holds,
            make: Box::new(make),
            open: Box::new(open),
        }
    }
}

/// The formats that sign, with these settings of itsdangerous.
pub(crate) fn signing(ring: &KeyRing, options: &Options) -> Vec<Format> {
    let flask = |name, digest| {
        let flask_options = FlaskOptions {
            digest,
            base64: options.base64,
            ..FlaskOptions::default()
        };
        flask_session(name, ring, &flask_options)
    };
    let mut all = itsdangerous(ring, options);
    all.push(flask("Flask", Digest::Sha1));
    all.push(flask("Flask with SHA-256", Digest::Sha256));
    all
}

/// The six classes of itsdangerous.
pub(crate) fn itsdangerous(ring: &KeyRing, options: &Options) -> Vec<Format> {
    let signer = Signer::new(ring, options).unwrap();
    let timestamp = TimestampSigner::new(ring, options).unwrap();
    let serializer = Serializer::new(ring, options).unwrap();
    let timed = TimedSerializer::new(ring, options).unwrap();
    let url_safe = UrlSafeSerializer::new(ring, options).unwrap();
    let url_safe_timed = UrlSafeTimedSerializer::new(ring, options).unwrap();
    let (signs, stamps) = (signer.clone(), timestamp.clone());
    let (dumps, timed_dumps) = (serializer.clone(), timed.clone());
    let (url_dumps, url_timed_dumps) = (url_safe.clone(), url_safe_timed.clone());
    vec![
        Format::new(
            "Signer",
            Holds::Text,
            move |value| signs.sign(value.as_str().unwrap().as_bytes()).unwrap(),
            move |token| Some(text(signer.unsign(token).ok()?.value)),
        ),
        Format::new(
            "TimestampSigner",
            Holds::Text,
            move |value| {
                stamps
                    .sign(value.as_str().unwrap().as_bytes(), NOW)
                    .unwrap()
            },
            move |token| Some(text(timestamp.unsign(token, Some(HOUR), NOW).ok()?.value)),
        ),
        Format::new(
            "Serializer",
            Holds::Json,
            move |value| dumps.dumps(value).unwrap().into_bytes(),
            move |token| serializer.loads(token).ok(),
        ),
        Format::new(
            "TimedSerializer",
            Holds::Json,
            move |value| timed_dumps.dumps(value, NOW).unwrap().into_bytes(),
            move |token| Some(timed.loads(token, Some(HOUR), NOW).ok()?.value),
        ),
        Format::new(
            "URLSafeSerializer",
            Holds::Json,
            move |value| url_dumps.dumps(value).unwrap().into_bytes(),
            move |token| url_safe.loads(token).ok(),
        ),
        Format::new(
            "URLSafeTimedSerializer",
            Holds::Json,
            move |value| url_timed_dumps.dumps(value, NOW).unwrap().into_bytes(),
            move |token| Some(url_safe_timed.loads(token, Some(HOUR), NOW).ok()?.value),
        ),
    ]
}

/// Flask's session cookie.
pub(crate) fn flask_session(name: &str, ring: &KeyRing, options: &FlaskOptions) -> Format {
    let session = FlaskSession::with_options(ring, options);
    let dumps = session.clone();
    Format::new(
        name,
        Holds::Tagged,
        move |value| dumps.dumps(value, NOW).unwrap().into_bytes(),
        move |token| {
            let like_python = session
                .loads_like_python(token, NOW)
                .ok()
                .map(|it| it.value);
            // The two ways in agree on every token that is text at all.
            if let Ok(token) = std::str::from_utf8(token) {
                assert_eq!(
                    session.loads(token, NOW).ok().map(|it| it.value),
                    like_python
                );
            }
            like_python
        },
    )
}

/// Sealed tokens.
pub(crate) fn sealed(ring: &KeyRing, context: Context<'_>) -> Format {
    let sealer = Sealer::new(ring, context);
    let seals = sealer.clone();
    let name = format!(
        "sealed for {} {} {}",
        context.purpose, context.cookie_name, context.application
    );
    Format::new(
        &name,
        Holds::Text,
        move |value| {
            let data = value.as_str().unwrap().as_bytes();
            let mut random = rand::rng();
            let id = SessionId::random(&mut random).unwrap();
            seals.seal(data, id, NOW, &mut random).unwrap().into_bytes()
        },
        move |token| {
            let token = std::str::from_utf8(token).ok()?;
            Some(text(sealer.open(token, HOUR, NOW).ok()?.data()))
        },
    )
}

/// The default settings with this reading of base64.
pub(crate) fn reading(base64: Base64) -> Options {
    Options {
        base64,
        ..Options::default()
    }
}

fn text(bytes: &[u8]) -> Value {
    std::str::from_utf8(bytes).map_or_else(|_| Value::Bytes(bytes.to_vec()), Value::from)
}

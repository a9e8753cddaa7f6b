//! The formats that are told apart.

use std::fmt;

/// What a token is, as far as its text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Flask's session cookie.
    Flask,
    /// `itsdangerous.URLSafeTimedSerializer`.
    UrlSafeTimedSerializer,
    /// `itsdangerous.URLSafeSerializer`.
    UrlSafeSerializer,
    /// `itsdangerous.TimedSerializer`.
    TimedSerializer,
    /// `itsdangerous.Serializer`.
    Serializer,
    /// `itsdangerous.TimestampSigner`.
    TimestampSigner,
    /// `itsdangerous.Signer`.
    Signer,
    /// A sealed token of this crate, version 1.
    Sealed,
    /// A reference token of this crate, which names and opens a session in a store.
    Reference,
    /// A part of a token of this crate that is too long for one cookie.
    Chunk,
    /// `django.core.signing`: `value:timestamp:signature`.
    Django,
    /// A JSON Web Token, signed or encrypted.
    Jwt,
    /// A signed cookie of Ruby on Rails.
    RailsSigned,
    /// An encrypted cookie of Ruby on Rails.
    RailsEncrypted,
    /// A signed cookie of Express: `s:value.signature`.
    Express,
    /// A sealed object of `@hapi/iron`: `iron-session`.
    Iron,
    /// An encrypted cookie of Laravel.
    Laravel,
    /// A message of Phoenix or Plug, signed.
    PhoenixSigned,
    /// A message of Phoenix or Plug, encrypted.
    PhoenixEncrypted,
    /// The session cookie of Starlette's `SessionMiddleware`.
    Starlette,
    /// A random name of something that is stored elsewhere.
    OpaqueId,
    /// None of these.
    Unknown,
}

impl Format {
    /// The name in `snake_case`, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Flask => "flask",
            Self::UrlSafeTimedSerializer => "itsdangerous_url_safe_timed_serializer",
            Self::UrlSafeSerializer => "itsdangerous_url_safe_serializer",
            Self::TimedSerializer => "itsdangerous_timed_serializer",
            Self::Serializer => "itsdangerous_serializer",
            Self::TimestampSigner => "itsdangerous_timestamp_signer",
            Self::Signer => "itsdangerous_signer",
            Self::Sealed => "privyseal_sealed_v1",
            Self::Reference => "privyseal_reference_v2",
            Self::Chunk => "privyseal_chunk",
            Self::Django => "django",
            Self::Jwt => "jwt",
            Self::RailsSigned => "rails_signed",
            Self::RailsEncrypted => "rails_encrypted",
            Self::Express => "express",
            Self::Iron => "iron",
            Self::Laravel => "laravel",
            Self::PhoenixSigned => "phoenix_signed",
            Self::PhoenixEncrypted => "phoenix_encrypted",
            Self::Starlette => "starlette",
            Self::OpaqueId => "opaque_id",
            Self::Unknown => "unknown",
        }
    }

    /// Whether this crate can check such a token; the others are only recognised.
    pub const fn is_supported(self) -> bool {
        matches!(
            self,
            Self::Flask
                | Self::UrlSafeTimedSerializer
                | Self::UrlSafeSerializer
                | Self::TimedSerializer
                | Self::Serializer
                | Self::TimestampSigner
                | Self::Signer
                | Self::Sealed
                | Self::Reference
        )
    }

    /// Which key must have made such a token; `None` where no key makes it.
    pub const fn key_needed(self) -> Option<&'static str> {
        Some(match self {
            Self::Flask => "SECRET_KEY, or one of SECRET_KEY_FALLBACKS",
            Self::UrlSafeTimedSerializer
            | Self::UrlSafeSerializer
            | Self::TimedSerializer
            | Self::Serializer
            | Self::TimestampSigner
            | Self::Signer => "the secret key, under the salt that the application uses",
            Self::Sealed => "the key it names, for one purpose, cookie name and application",
            Self::Reference => "the key it names, for one cookie name and application",
            Self::Django => "SECRET_KEY, under the salt of the part of Django that made it",
            Self::Jwt => "the key of the issuer; its header says which, and is not to be believed",
            Self::RailsSigned | Self::RailsEncrypted => "a key stretched from secret_key_base",
            Self::Express => "the secret of cookie-parser or express-session",
            Self::Iron => "the password of iron-session, 32 characters or more",
            Self::Laravel => "APP_KEY, or one of APP_PREVIOUS_KEYS",
            Self::PhoenixSigned | Self::PhoenixEncrypted => {
                "a key stretched from secret_key_base and the salt of the endpoint"
            }
            Self::Starlette => "the secret_key of SessionMiddleware",
            Self::Chunk | Self::OpaqueId | Self::Unknown => return None,
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flask => "Flask session cookie",
            Self::UrlSafeTimedSerializer => "itsdangerous URLSafeTimedSerializer",
            Self::UrlSafeSerializer => "itsdangerous URLSafeSerializer",
            Self::TimedSerializer => "itsdangerous TimedSerializer",
            Self::Serializer => "itsdangerous Serializer",
            Self::TimestampSigner => "itsdangerous TimestampSigner",
            Self::Signer => "itsdangerous Signer",
            Self::Sealed => "privyseal sealed token, version 1",
            Self::Reference => "privyseal reference to a stored session",
            Self::Chunk => "part of a token in several cookies",
            Self::Django => "Django signed value",
            Self::Jwt => "JSON Web Token",
            Self::RailsSigned => "Ruby on Rails signed cookie",
            Self::RailsEncrypted => "Ruby on Rails encrypted cookie",
            Self::Express => "Express signed cookie",
            Self::Iron => "iron-session sealed cookie",
            Self::Laravel => "Laravel encrypted cookie",
            Self::PhoenixSigned => "Phoenix signed token",
            Self::PhoenixEncrypted => "Phoenix encrypted token",
            Self::Starlette => "Starlette session cookie",
            Self::OpaqueId => "opaque identifier",
            Self::Unknown => "unknown",
        })
    }
}

//! The flags that say what a token is.

use anyhow::Result;
use clap::{Args, ValueEnum};
use privyseal::Timestamp;
use privyseal::digest::Digest;
use privyseal::formats::flask::FlaskOptions;
use privyseal::formats::itsdangerous::{KeyDerivation, Options};
use privyseal::sealed::Context;
use serde::Serialize;

use crate::clock;
use crate::failure::Failure;

/// The format of a token and its settings.
#[derive(Args, Debug)]
#[command(next_help_heading = "Format")]
pub(crate) struct FormatFlags {
    /// The format of the token
    #[arg(long, value_name = "FORMAT", default_value = "flask")]
    pub(crate) format: Format,
    /// Salt [default: that of the format]
    #[arg(long, value_name = "TEXT")]
    salt: Option<String>,
    /// itsdangerous: how the signing key is made [default: django-concat]
    #[arg(long, value_name = "NAME")]
    key_derivation: Option<Derivation>,
    /// itsdangerous: the hash function [default: sha1]
    #[arg(long, value_name = "NAME")]
    digest: Option<Hash>,
    /// itsdangerous: the class that makes the token [default: url-safe-timed]
    #[arg(long, value_name = "NAME")]
    serializer: Option<Serializer>,
    /// sealed: name of the cookie that carries the token [default: empty]
    #[arg(long, value_name = "NAME")]
    cookie_name: Option<String>,
    /// sealed: the application [default: empty]
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    /// sealed: the purpose [default: session]
    #[arg(long, value_name = "NAME")]
    purpose: Option<String>,
    /// The present time in seconds since 1970, in place of the clock's
    #[arg(long, value_name = "SECONDS")]
    now: Option<u64>,
}

/// The format of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// Flask's session cookie
    Flask,
    /// The same with SHA-256
    FlaskSha256,
    /// The classes of itsdangerous
    Itsdangerous,
    /// Sealed token: encrypted
    Sealed,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Derivation {
    Concat,
    DjangoConcat,
    Hmac,
    None,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// The class of itsdangerous that makes a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Serializer {
    /// `Signer`: a text
    Signer,
    /// `TimestampSigner`: a text and a time
    Timestamp,
    /// `Serializer`: JSON
    Json,
    /// `TimedSerializer`: JSON and a time
    Timed,
    /// `URLSafeSerializer`
    UrlSafe,
    /// `URLSafeTimedSerializer`
    UrlSafeTimed,
}

impl Serializer {
    pub(crate) fn is_timed(self) -> bool {
        matches!(self, Self::Timestamp | Self::Timed | Self::UrlSafeTimed)
    }
}

impl FormatFlags {
    /// Refuses flags that have no meaning for the format.
    pub(crate) fn check(&self) -> Result<()> {
        let foreign = match self.format {
            Format::Flask | Format::FlaskSha256 => self.itsdangerous_flag().or(self.sealed_flag()),
            Format::Itsdangerous => self.sealed_flag(),
            Format::Sealed => {
                let salt = self.salt.is_some().then_some("--salt");
                salt.or(self.itsdangerous_flag())
            }
        };
        match foreign {
            None => Ok(()),
            Some(flag) => Err(Failure::new(
                format!("{flag} has no meaning for this format"),
                "give --format, or leave the flag away",
            )
            .into()),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
            .map_or_else(clock::now, Timestamp::from_unix_seconds)
    }

    pub(crate) fn salt(&self) -> Option<&[u8]> {
        self.salt.as_deref().map(str::as_bytes)
    }

    pub(crate) fn serializer(&self) -> Serializer {
        self.serializer.unwrap_or(Serializer::UrlSafeTimed)
    }

    pub(crate) fn flask(&self) -> FlaskOptions {
        let mut options = match self.format {
            Format::FlaskSha256 => FlaskOptions::sha256(),
            _ => FlaskOptions::default(),
        };
        if let Some(salt) = self.salt() {
            options.salt = salt.to_vec();
        }
        options
    }

    pub(crate) fn itsdangerous(&self) -> Options {
        Options {
            salt: self.salt().map(<[u8]>::to_vec),
            key_derivation: match self.key_derivation {
                Some(Derivation::Concat) => KeyDerivation::Concat,
                Some(Derivation::DjangoConcat) | None => KeyDerivation::DjangoConcat,
                Some(Derivation::Hmac) => KeyDerivation::Hmac,
                Some(Derivation::None) => KeyDerivation::None,
            },
            digest: match self.digest {
                Some(Hash::Sha1) | None => Digest::Sha1,
                Some(Hash::Sha224) => Digest::Sha224,
                Some(Hash::Sha256) => Digest::Sha256,
                Some(Hash::Sha384) => Digest::Sha384,
                Some(Hash::Sha512) => Digest::Sha512,
            },
            ..Options::default()
        }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            purpose: self.purpose.as_deref().unwrap_or("session"),
            cookie_name: self.cookie_name.as_deref().unwrap_or_default(),
            application: self.application.as_deref().unwrap_or_default(),
        }
    }

    fn itsdangerous_flag(&self) -> Option<&'static str> {
        let derivation = self.key_derivation.map(|_| "--key-derivation");
        let digest = self.digest.map(|_| "--digest");
        derivation
            .or(digest)
            .or(self.serializer.map(|_| "--serializer"))
    }

    fn sealed_flag(&self) -> Option<&'static str> {
        let cookie_name = self.cookie_name.as_ref().map(|_| "--cookie-name");
        let application = self.application.as_ref().map(|_| "--application");
        cookie_name
            .or(application)
            .or(self.purpose.as_ref().map(|_| "--purpose"))
    }
}

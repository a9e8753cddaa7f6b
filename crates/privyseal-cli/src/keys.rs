//! The flags that say where keys are; none of them carries one.

use std::fs::File;
use std::io;
#[cfg(unix)]
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use privyseal::KeyRing;
use privyseal::secret::{KeyEncoding, VerifyKey};
use privyseal_keys::{KeyText, Origin, SourceError, credential_path};

use crate::failure::{self, Failure};
#[cfg(unix)]
use crate::prompt;

/// How the text of a key stands for its bytes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Encoding {
    /// The text itself is the key, as Flask takes it
    Text,
    Hex,
    Base64,
    #[value(alias = "urlsafe")]
    Base64url,
}

impl From<Encoding> for KeyEncoding {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Text => Self::Text,
            Encoding::Hex => Self::Hex,
            Encoding::Base64 => Self::Base64,
            Encoding::Base64url => Self::Base64Url,
        }
    }
}

/// Where the keys are.
#[derive(Args, Debug)]
#[command(next_help_heading = "Keys")]
pub(crate) struct KeyFlags {
    /// File that holds a key, `-` for standard input or a prompt; the first key signs, further ones verify
    ///
    /// Without this and --key-fd, the key is $CREDENTIALS_DIRECTORY/secret_key, where systemd puts
    /// the credential of that name. One line break at the end of a file is no part of its key.
    #[arg(long = "key-file", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Number of an open file descriptor to read a key from; comes after the key files
    #[arg(long = "key-fd", value_name = "N")]
    descriptors: Vec<u32>,
    /// How the text of the keys stands for their bytes
    #[arg(long = "key-encoding", value_name = "ENCODING", default_value = "text")]
    encoding: Encoding,
}

/// Where the keys are, for commands that only look.
#[derive(Args, Debug)]
pub(crate) struct VerifyFlags {
    #[command(flatten)]
    keys: KeyFlags,
    /// Accept keys that are too weak to sign with; whoever guesses them can forge tokens
    #[arg(long, help_heading = "Keys")]
    danger_accept_weak_key: bool,
}

impl KeyFlags {
    /// A ring that signs with the first key.
    pub(crate) fn signing_ring(&self) -> Result<KeyRing> {
        let mut texts = self.required()?.into_iter();
        let first = texts.next().ok_or_else(no_key)?;
        let ring = KeyRing::new(first.secret_key(self.encoding.into())?);
        let older = texts.map(|text| Ok(text.secret_key(self.encoding.into())?.into()));
        Ok(ring.with_verify_only(older.collect::<Result<Vec<VerifyKey>>>()?))
    }

    /// Whether standard input is taken.
    pub(crate) fn use_stdin(&self) -> bool {
        self.files.iter().any(|path| path == Path::new("-"))
    }

    fn required(&self) -> Result<Vec<KeyText>> {
        let texts = self.texts()?;
        if texts.is_empty() {
            return Err(no_key().into());
        }
        Ok(texts)
    }

    fn texts(&self) -> Result<Vec<KeyText>> {
        let standard_inputs = self.files.iter().filter(|path| *path == Path::new("-"));
        if standard_inputs.count() > 1 {
            return Err(Failure::new(
                "standard input can hold one key only",
                "give further keys with --key-file PATH or --key-fd N",
            )
            .into());
        }
        let mut texts = Vec::new();
        for path in &self.files {
            texts.push(read_file_or_stdin(path)?);
        }
        for &number in &self.descriptors {
            texts.push(read_descriptor(number)?);
        }
        if texts.is_empty()
            && let Some(path) =
                credential_path("secret_key").filter(|path| !matches!(path.try_exists(), Ok(false)))
        {
            texts.push(KeyText::from_file(path)?);
        }
        for text in &texts {
            text.warning().into_iter().for_each(failure::warn_of_key);
        }
        Ok(texts)
    }
}

impl VerifyFlags {
    /// A ring that verifies.
    pub(crate) fn ring(&self) -> Result<KeyRing> {
        self.verify_only(self.keys.required()?)
    }

    /// A ring that verifies, if there are keys.
    pub(crate) fn optional_ring(&self) -> Result<Option<KeyRing>> {
        let texts = self.keys.texts()?;
        let given = !texts.is_empty();
        given.then(|| self.verify_only(texts)).transpose()
    }

    /// Whether standard input is taken.
    pub(crate) fn use_stdin(&self) -> bool {
        self.keys.use_stdin()
    }

    fn verify_only(&self, texts: Vec<KeyText>) -> Result<KeyRing> {
        let encoding = self.keys.encoding.into();
        let keys = texts.into_iter().map(|text| {
            if !self.danger_accept_weak_key {
                return Ok(text.secret_key(encoding)?.into());
            }
            let (key, warning) = text.danger_accept_weak(encoding)?;
            warning.iter().for_each(failure::warn_of_key);
            Ok(key)
        });
        Ok(KeyRing::verify_only(
            keys.collect::<Result<Vec<VerifyKey>>>()?,
        ))
    }
}

/// Reads a key from a file, or for `-` from standard input, where a terminal is asked for it.
pub(crate) fn read_file_or_stdin(path: &Path) -> Result<KeyText, SourceError> {
    if path != Path::new("-") {
        return KeyText::from_file(path);
    }
    #[cfg(unix)]
    if io::stdin().is_terminal() {
        return prompt::key();
    }
    KeyText::from_reader(io::stdin().lock(), Origin::StandardInput)
}

/// The kernel opens the descriptor anew by its path, so no unsafe code is needed for it.
fn read_descriptor(number: u32) -> Result<KeyText, SourceError> {
    let origin = Origin::Descriptor(number);
    match File::open(format!("/dev/fd/{number}")) {
        Ok(file) => KeyText::from_reader(file, origin),
        Err(source) => Err(SourceError::Unreadable { origin, source }),
    }
}

fn no_key() -> Failure {
    Failure::new(
        "no secret key was given",
        "give --key-file PATH; `privyseal key generate -o PATH` makes a key",
    )
}

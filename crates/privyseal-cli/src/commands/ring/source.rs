//! A key that is brought into a ring: from a file, the environment or standard input.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Result;
use clap::Args;
use privyseal::SecretKey;
use privyseal_keys::{KeyText, Origin, SourceError};
use zeroize::Zeroizing;

use crate::failure::{self, Failure};
use crate::keys::{Encoding, read_file_or_stdin};

/// Where the key is; no flag carries it.
#[derive(Args, Debug)]
#[command(next_help_heading = "Key")]
pub(in crate::commands) struct Source {
    /// Where the key is: a file, env:NAME, or `-` for standard input or a prompt
    #[arg(long, value_name = "FILE|env:NAME")]
    from: String,
    /// How the text of the key stands for its bytes
    #[arg(long = "key-encoding", value_name = "ENCODING", default_value = "text")]
    encoding: Encoding,
    /// Take a key that is too weak to sign with; whoever guesses it can forge sessions until its end
    #[arg(long)]
    danger_accept_weak_key: bool,
}

impl Source {
    /// The bytes of the key.
    pub(in crate::commands) fn read(&self) -> Result<Zeroizing<Vec<u8>>> {
        let text = read(&self.from)?;
        if !self.danger_accept_weak_key {
            let key = text.secret_key(self.encoding.into())?;
            return Ok(Zeroizing::new(key.expose_bytes().to_vec()));
        }
        let (_, weakness) = text.danger_accept_weak(self.encoding.into())?;
        match weakness {
            None => {
                let key = text.secret_key(self.encoding.into())?;
                Ok(Zeroizing::new(key.expose_bytes().to_vec()))
            }
            Some(warning) => {
                failure::warn_of_key(&warning);
                // What is weak is taken as text only.
                Ok(Zeroizing::new(text.text()?.as_bytes().to_vec()))
            }
        }
    }
}

/// The key at this place, if it is fit to sign.
pub(super) fn signing_key(from: &str, encoding: Encoding) -> Result<SecretKey> {
    Ok(read(from)?.secret_key(encoding.into())?)
}

fn read(from: &str) -> Result<KeyText> {
    let text = match from.strip_prefix("env:") {
        Some(name) => KeyText::from_env(name)?,
        None => match read_file_or_stdin(Path::new(from)) {
            // What is no file may be the key itself, which is not said again.
            Err(SourceError::Unreadable {
                origin: Origin::File(_),
                source,
            }) if source.kind() == ErrorKind::NotFound => {
                return Err(Failure::new(
                    "there is no such file as the one that the key should come from",
                    "name a file, env:NAME, or `-`; if that was the key itself, others may have \
                     seen it on the command line",
                )
                .into());
            }
            text => text?,
        },
    };
    text.warning().into_iter().for_each(failure::warn_of_key);
    Ok(text)
}

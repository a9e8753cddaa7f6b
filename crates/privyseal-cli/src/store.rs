//! The flags that say where sessions are; none of them carries a password.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};
use clap::Args;
use privyseal_keys::credential_path;
use privyseal_server::StoreUrl;
use zeroize::Zeroizing;

use crate::failure::{self, Failure};

/// Where the sessions are.
#[derive(Args, Debug)]
pub(crate) struct StoreFlags {
    /// Store of the sessions: sqlite:PATH, memory, postgres://, mysql://, redis:// or rediss:// [default: sessions.db in the data directory]
    ///
    /// A URL with a password does not belong on a command line, which other users of the machine
    /// can see: give it with --store-file, or as the systemd credential `store_url`.
    #[arg(long = "store", value_name = "URL", help_heading = "Sessions")]
    url: Option<Unread>,
    /// File that holds the URL of the store, `-` for standard input
    ///
    /// Without this and --store, the URL is in $CREDENTIALS_DIRECTORY/store_url, if that is there.
    #[arg(
        long = "store-file",
        value_name = "PATH",
        conflicts_with = "url",
        help_heading = "Sessions"
    )]
    file: Option<PathBuf>,
}

/// A text that may hold a password, so that neither our errors nor those of clap may quote it.
#[derive(Clone)]
pub(crate) struct Unread(pub(crate) String);

impl From<String> for Unread {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unread(..)")
    }
}

impl StoreFlags {
    /// The URL that was given, or that of the SQLite file in the data directory.
    pub(crate) fn url(&self, data_directory: &Path) -> Result<StoreUrl> {
        let given = self.given()?;
        Ok(given.unwrap_or_else(|| StoreUrl::in_directory(data_directory)))
    }

    /// The URL that was given, if one was.
    pub(crate) fn given(&self) -> Result<Option<StoreUrl>> {
        if let Some(Unread(url)) = &self.url {
            let url: StoreUrl = url.parse()?;
            return if url.has_password() {
                Err(password_in_sight().into())
            } else {
                Ok(Some(url))
            };
        }
        if let Some(path) = &self.file {
            return read(path, WHAT, StoreUrl::has_password).map(Some);
        }
        let credential = credential_path("store_url");
        match credential.filter(|path| !matches!(path.try_exists(), Ok(false))) {
            Some(path) => read(&path, WHAT, StoreUrl::has_password).map(Some),
            None => Ok(None),
        }
    }
}

/// Reads a URL from a file, or for `-` from standard input.
pub(crate) fn read<U>(path: &Path, what: &str, has_password: fn(&U) -> bool) -> Result<U>
where
    U: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    if path == Path::new("-") {
        let text = text(io::stdin().lock());
        return Ok(text
            .with_context(|| format!("could not read {what} from standard input"))?
            .trim()
            .parse()?);
    }
    let failed = || format!("could not read {what} from {}", path.display());
    let file = File::open(path).with_context(failed)?;
    let mode = open_to_others(&file);
    let url: U = text(file)
        .with_context(failed)?
        .trim()
        .parse()
        .with_context(failed)?;
    if let Some(mode) = mode.filter(|_| has_password(&url)) {
        let path = path.display();
        failure::warn(
            &format!(
                "{path} holds a password and is open to others than its owner (mode {mode:04o})"
            ),
            &format!("run `chmod 600 {path}`"),
        );
    }
    Ok(url)
}

fn text(from: impl Read) -> io::Result<Zeroizing<String>> {
    // All the room at once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * MAX_URL_BYTES));
    from.take(MAX_URL_BYTES as u64 + 1)
        .read_to_string(&mut text)?;
    if text.len() > MAX_URL_BYTES {
        return Err(io::Error::other("it is longer than any such URL"));
    }
    Ok(text)
}

/// The permission bits of a regular file that others than its owner may read or write.
#[cfg(unix)]
fn open_to_others(file: &File) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file.metadata().ok()?;
    let mode = metadata.permissions().mode() & 0o7777;
    (metadata.is_file() && mode & 0o066 != 0).then_some(mode)
}

/// Only Unix says in three digits who may read a file.
#[cfg(not(unix))]
fn open_to_others(_: &File) -> Option<u32> {
    None
}

fn password_in_sight() -> Failure {
    Failure::new(
        "the URL of the store holds a password, and other users of this machine can see it on a \
         command line",
        "change the password if the machine is shared; put the URL into a file that only you can \
         read, and give --store-file PATH",
    )
}

/// Where keys and sessions are unless a flag says otherwise.
pub(crate) const DATA_DIRECTORY: &str = "./privyseal-data";

const WHAT: &str = "the URL of the store";

const MAX_URL_BYTES: usize = 4096;

//! A key-encryption key in a file of this machine.

use std::fmt;
use std::future::ready;
use std::path::Path;

use privyseal::SecretKey;
use zeroize::Zeroizing;

use super::seal::{self, Key};
use super::{Kek, KekError, KekFuture, KekId, private};
use crate::{Overwrite, SourceError, write_key_file};

/// A key-encryption key in a local file: 32 random bytes.
///
/// For rings in databases and on network file systems, whose administrators and backups must not
/// have the keys. The file is the same on every node, lies where the ring does not, and is read
/// once. It has one line, `privyseal-kek-1` and the key in hexadecimal, so that it is not taken for
/// another kind of key.
///
/// # Security
/// The file is refused if others than its owner can read or write it. Without it every key of the
/// ring is lost, so it belongs into a backup that is not the one of the ring.
///
/// # Examples
/// ```
/// use privyseal_keys::kek::{FileKek, Kek};
///
/// # let place = tempfile::tempdir()?;
/// # let path = place.path().join("kek");
/// let made = FileKek::create(&path)?; // once
/// let kek = FileKek::open(&path)?; // on every node
/// assert_eq!(kek.id(), made.id());
/// assert!(FileKek::create(&path).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FileKek {
    id: KekId,
    key: Key,
}

impl FileKek {
    /// Makes a key and its file, which must not be there yet.
    ///
    /// # Errors
    /// When there is such a file, it cannot be written, or there is no randomness.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, KekError> {
        let key = SecretKey::generate().map_err(SourceError::Generate)?;
        let hex = key.expose_hex();
        // Of the right size from the start: a buffer that grows leaves copies of keys behind.
        let mut line = Zeroizing::new(Vec::with_capacity(MAGIC.len() + hex.len() + 1));
        for part in [MAGIC, &hex, "\n"] {
            line.extend_from_slice(part.as_bytes());
        }
        write_key_file(path, &line, Overwrite::Never)?;
        Ok(Self::new(&key))
    }

    /// Reads the key from its file.
    ///
    /// # Errors
    /// When it cannot be read, is open to others than its owner, or holds something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, KekError> {
        let path = path.as_ref();
        let text = private::text(path)?;
        let hex = text.text()?.strip_prefix(MAGIC);
        let key = hex.and_then(|hex| SecretKey::from_hex(hex).ok());
        key.filter(|key| key.expose_bytes().len() == seal::KEY_LEN)
            .map(|key| Self::new(&key))
            .ok_or_else(|| KekError::NotOne {
                path: path.to_owned(),
                what: "key-encryption key",
            })
    }

    fn new(key: &SecretKey) -> Self {
        let secret = key.expose_bytes();
        let name = seal::derive(secret, &[b"privyseal/v1/file-kek/id"]);
        let name = name.iter().take(NAME_LEN);
        let id = name.fold(String::from("file:"), |id, byte| format!("{id}{byte:02x}"));
        Self {
            id: KekId::of_ours(id),
            key: seal::derive(secret, &[b"privyseal/v1/file-kek/wrap"]),
        }
    }
}

impl Kek for FileKek {
    fn id(&self) -> &KekId {
        &self.id
    }

    fn wrap<'a>(&'a self, secret: &'a [u8], associated: &'a [u8]) -> KekFuture<'a, Vec<u8>> {
        Box::pin(ready(seal::seal(&self.key, secret, associated)))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        associated: &'a [u8],
    ) -> KekFuture<'a, Zeroizing<Vec<u8>>> {
        let secret = seal::open(&self.key, wrapped, associated);
        Box::pin(ready(secret.ok_or(KekError::Corrupt)))
    }
}

impl fmt::Debug for FileKek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKek")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What the line of a file begins with.
const MAGIC: &str = "privyseal-kek-1 ";

/// How many bytes of a derived value name a key.
const NAME_LEN: usize = 8;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_no_key_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("kek");
        FileKek::create(&path).unwrap();
        let line = fs::read_to_string(&path).unwrap();
        assert_eq!(line.len(), MAGIC.len() + 64 + 1);
        for (content, is_one) in [
            (line.clone(), true),
            (line.trim_end().to_owned(), true),
            (line.replace('\n', "\r\n"), true),
            (line.replace("kek-1", "kek-2"), false),
            (line.replace("privyseal-kek-1 ", ""), false),
            (format!("{line}\n"), false),
            (format!(" {line}"), false),
            (line.trim_end()[..MAGIC.len() + 62].to_owned(), false),
            (format!("{}00", line.trim_end()), false),
            (format!("{MAGIC}{}", "00".repeat(32)), false),
            (String::new(), false),
        ] {
            fs::write(&path, &content).unwrap();
            assert_eq!(FileKek::open(&path).is_ok(), is_one, "{content:?}");
        }
    }

    #[test]
    fn debug_does_not_leak_key() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("kek");
        let kek = FileKek::create(&path).unwrap();
        let line = fs::read_to_string(&path).unwrap();
        let shown = format!("{kek:?}");
        assert!(shown.contains(kek.id().as_str()), "{shown}");
        assert!(!shown.contains("key:"), "{shown}");
        assert!(!line.contains(&kek.id().as_str()[5..]), "a name is derived");
    }
}

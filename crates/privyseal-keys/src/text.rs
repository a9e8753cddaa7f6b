//! The text of a key as a source holds it, before anyone has judged it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use privyseal::secret::{Assessment, KeyEncoding, SecretKey, VerifyKey, assess};
use zeroize::Zeroizing;

use crate::mount::Mounts;
use crate::{Origin, SourceError, Warning};

/// The most bytes that a source of a key may hold: 64 KiB.
pub const MAX_KEY_BYTES: usize = 64 * 1024;

/// What a source holds in place of a key: any bytes, not judged yet, and wiped when dropped.
///
/// # Examples
/// ```
/// use privyseal::secret::KeyEncoding;
/// use privyseal_keys::{KeyText, Origin};
///
/// let pipe = "c47f2be05d98a1637e0fb3c2d15a8964\n".as_bytes();
/// let text = KeyText::from_reader(pipe, Origin::StandardInput)?;
/// let key = text.secret_key(KeyEncoding::Text)?;
/// assert_eq!(key.assessment().length(), 32); // the line break at the end is not part of it
/// assert!(text.secret_key(KeyEncoding::Base64Url).is_ok());
/// # Ok::<(), privyseal_keys::SourceError>(())
/// ```
pub struct KeyText {
    bytes: Zeroizing<Vec<u8>>,
    origin: Origin,
    warning: Option<Warning>,
}

impl KeyText {
    /// Reads a key file, without the line break at its end.
    ///
    /// # Errors
    /// When it cannot be read or holds more than [`MAX_KEY_BYTES`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SourceError> {
        Self::from_file_at(path.as_ref(), path.as_ref())
    }

    /// Reads a key file, and calls it by another name.
    pub(crate) fn from_file_at(path: &Path, name: &Path) -> Result<Self, SourceError> {
        let origin = Origin::File(name.to_owned());
        let opened = File::open(path).and_then(|file| Ok((open_to_others(&file)?, file)));
        let (mode, file) = opened.map_err(|source| SourceError::Unreadable {
            origin: origin.clone(),
            source,
        })?;
        let warning = match mode {
            Some(mode) if !is_mounted_secret(path, &file) => Some(Warning::OpenToOthers {
                path: name.to_owned(),
                mode,
            }),
            _ => None,
        };
        Ok(Self {
            warning,
            ..Self::from_reader(file, origin)?
        })
    }

    /// Reads a key from a pipe or anything else, without the line break at its end.
    ///
    /// # Errors
    /// When it cannot be read or holds more than [`MAX_KEY_BYTES`].
    pub fn from_reader(reader: impl Read, origin: Origin) -> Result<Self, SourceError> {
        // All the room at once: a buffer that grows leaves copies of the key behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_KEY_BYTES + 64));
        let limit = MAX_KEY_BYTES as u64 + 1;
        match reader.take(limit).read_to_end(&mut bytes) {
            Err(source) => return Err(SourceError::Unreadable { origin, source }),
            Ok(read) if read > MAX_KEY_BYTES => {
                return Err(SourceError::TooLarge {
                    origin,
                    limit: MAX_KEY_BYTES,
                });
            }
            Ok(_) => {}
        }
        if bytes.ends_with(b"\n") {
            bytes.pop();
            if bytes.ends_with(b"\r") {
                bytes.pop();
            }
        }
        Ok(Self {
            bytes,
            origin,
            warning: None,
        })
    }

    /// A key that is at hand already, taken as it is.
    pub fn from_bytes(bytes: Zeroizing<Vec<u8>>, origin: Origin) -> Self {
        Self {
            bytes,
            origin,
            warning: None,
        }
    }

    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What is wrong with the place that it was read from.
    pub fn warning(&self) -> Option<&Warning> {
        self.warning.as_ref()
    }

    /// The text, for keys that are not kept as they stand.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn text(&self) -> Result<&str, SourceError> {
        str::from_utf8(&self.bytes).map_err(|_| SourceError::NotText {
            origin: self.origin.clone(),
        })
    }

    /// The key, if it is fit to sign.
    ///
    /// # Errors
    /// When it is weak or not of that encoding.
    pub fn secret_key(&self, encoding: KeyEncoding) -> Result<SecretKey, SourceError> {
        let key = match encoding {
            KeyEncoding::Text => SecretKey::from_bytes(self.bytes.to_vec()),
            _ => SecretKey::parse(self.text()?, encoding),
        };
        key.map_err(|source| SourceError::Key {
            origin: self.origin.clone(),
            source,
        })
    }

    /// The key for verification only, and a warning if it is too weak to sign.
    ///
    /// # Errors
    /// When it is missing or not of that encoding, or weak in another encoding than text.
    ///
    /// # Security
    /// See [`VerifyKey::danger_accept_weak`].
    pub fn danger_accept_weak(
        &self,
        encoding: KeyEncoding,
    ) -> Result<(VerifyKey, Option<Warning>), SourceError> {
        let reason = match self.secret_key(encoding) {
            Ok(key) => return Ok((key.into(), None)),
            Err(SourceError::Key { source, .. }) if source.weakness().is_some() => source,
            Err(error) => return Err(error),
        };
        let origin = self.origin.clone();
        if encoding != KeyEncoding::Text {
            return Err(SourceError::WeakEncoded { origin, encoding });
        }
        // White space alone is as good as nothing: it comes from a mishap, not from a key.
        let key = if self.bytes.trim_ascii().is_empty() {
            Err(reason)
        } else {
            VerifyKey::danger_accept_weak(self.bytes.to_vec())
        };
        match key {
            Ok(key) => Ok((key, Some(Warning::WeakVerifyKey { origin, reason }))),
            Err(source) => Err(SourceError::Key { origin, source }),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What there is to say about the bytes as they stand.
    pub fn assess(&self) -> Assessment {
        assess(&self.bytes)
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyText")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// The permission bits of a regular file that others than its owner may read or write.
#[cfg(unix)]
pub(crate) fn open_to_others(file: &File) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file.metadata()?;
    let mode = metadata.permissions().mode() & 0o7777;
    Ok((metadata.is_file() && mode & 0o066 != 0).then_some(mode))
}

fn is_mounted_secret(path: &Path, file: &File) -> bool {
    let metadata = file.metadata();
    metadata.is_ok_and(|metadata| Mounts::of_this_process().keep_secret(path, &metadata))
}

/// Only Unix says in three digits who may read a file.
#[cfg(not(unix))]
pub(crate) fn open_to_others(_: &File) -> io::Result<Option<u32>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "c47f2be05d98a1637e0fb3c2d15a8964";

    fn text(content: &[u8]) -> Result<KeyText, SourceError> {
        KeyText::from_reader(content, Origin::StandardInput)
    }

    #[test]
    fn one_line_break_at_the_end_is_no_part_of_the_key() {
        for (content, bytes) in [
            ("key", "key"),
            ("key\n", "key"),
            ("key\r\n", "key"),
            ("key\n\n", "key\n"),
            ("key\r", "key\r"),
            ("\n", ""),
            (" key ", " key "),
            ("", ""),
        ] {
            assert_eq!(&**text(content.as_bytes()).unwrap().bytes, bytes.as_bytes());
        }
    }

    #[test]
    fn a_source_of_64_kib_is_read_and_one_byte_more_is_not() {
        let longest = vec![b'k'; MAX_KEY_BYTES];
        assert_eq!(text(&longest).unwrap().bytes.len(), MAX_KEY_BYTES);
        let longer = vec![b'k'; MAX_KEY_BYTES + 1];
        let error = text(&longer).unwrap_err();
        assert!(
            matches!(
                error,
                SourceError::TooLarge {
                    limit: MAX_KEY_BYTES,
                    ..
                }
            ),
            "{error:?}"
        );
        // Without an end at all.
        assert!(KeyText::from_reader(io::repeat(0), Origin::StandardInput).is_err());
    }

    #[test]
    fn the_encoding_is_what_the_caller_says() {
        let text = text(KEY.as_bytes()).unwrap();
        let as_text = text.secret_key(KeyEncoding::Text).unwrap();
        let as_hex = text.secret_key(KeyEncoding::Hex).unwrap();
        assert_eq!(as_text.assessment().length(), 32);
        assert_eq!(as_hex.assessment().length(), 16);
        assert_eq!(as_text, SecretKey::from_text(KEY).unwrap());
    }

    #[test]
    fn raw_bytes_are_a_key_and_no_text() {
        let raw = [
            0x9c, 0xd1, 0xff, 0x83, 0xb0, 0x2e, 0xf6, 0x47, 0xa9, 0x70, 0x0b, 0xd8, 0x64, 0xe3,
            0x1f, 0x35,
        ];
        let text = text(&raw).unwrap();
        assert!(text.secret_key(KeyEncoding::Text).is_ok());
        let error = text.secret_key(KeyEncoding::Hex).unwrap_err();
        assert!(matches!(error, SourceError::NotText { .. }), "{error:?}");
    }

    #[test]
    fn weak_keys_verify_when_they_are_text_and_there() {
        let (_, warning) = text(b"hunter2")
            .unwrap()
            .danger_accept_weak(KeyEncoding::Text)
            .unwrap();
        assert!(
            matches!(warning, Some(Warning::WeakVerifyKey { .. })),
            "{warning:?}"
        );
        let (_, warning) = text(KEY.as_bytes())
            .unwrap()
            .danger_accept_weak(KeyEncoding::Text)
            .unwrap();
        assert_eq!(warning, None);
        for missing in ["", "\n", "  \n"] {
            assert!(
                text(missing.as_bytes())
                    .unwrap()
                    .danger_accept_weak(KeyEncoding::Text)
                    .is_err()
            );
        }
        let error = text(b"00")
            .unwrap()
            .danger_accept_weak(KeyEncoding::Hex)
            .unwrap_err();
        assert!(
            matches!(error, SourceError::WeakEncoded { .. }),
            "{error:?}"
        );
    }

    #[test]
    fn debug_does_not_leak_key() {
        let text = text(KEY.as_bytes()).unwrap();
        assert_eq!(format!("{text:?}"), "KeyText { origin: StandardInput, .. }");
    }
}

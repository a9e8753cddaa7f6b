//! A directory that keeps the keys of one machine: `keys/0001.key`, `keys/0002.key`, and so on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use privyseal::KeyRing;
use privyseal::secret::{KeyEncoding, SecretKey, VerifyKey};
use zeroize::Zeroizing;

use crate::file::sync_directory;
use crate::{KeyText, Loaded, Origin, Overwrite, SourceError, write_key_file};

/// How many keys a [`KeyDirectory`] keeps: the one that signs and seven older ones.
pub const KEPT_KEYS: usize = 8;

/// A data directory with numbered keys, of which the highest signs and the others verify.
///
/// ```text
/// data/initialised      there once was a first key; from now on a lack of keys is an error
/// data/keys/0001.key    verifies; 64 hex digits, which are the key as text, and a line break
/// data/keys/0002.key    signs
/// ```
///
/// The first key is made when the directory is new or empty, and never after. A key appears under
/// its number whole or not at all, and no number has two keys, so that any number of processes may
/// start and rotate at the same time, and any of them may die in the middle of it; what a dying one
/// leaves is a hidden file that nobody reads.
///
/// # Examples
/// ```
/// use privyseal_keys::KeyDirectory;
///
/// # let place = tempfile::tempdir()?;
/// # let path = place.path().join("privyseal-data");
/// let directory = KeyDirectory::open_or_create(path)?;
/// let keys = directory.load()?.ring;
/// let rotated = directory.rotate()?.ring; // old sessions stay valid
/// assert_eq!(rotated.keys().count(), keys.keys().count() + 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeyDirectory {
    path: PathBuf,
}

impl KeyDirectory {
    /// Opens a data directory; makes it, and its first key, if it is new or empty.
    ///
    /// # Errors
    /// When it cannot be made or read, holds other things, or has lost its keys.
    pub fn open_or_create(path: impl Into<PathBuf>) -> Result<Self, SourceError> {
        let directory = Self { path: path.into() };
        make_directory(&directory.path)?;
        let marker = directory.marker();
        let initialised = marker
            .try_exists()
            .map_err(|source| SourceError::Unreadable {
                origin: Origin::File(marker.clone()),
                source,
            })?;
        if initialised {
            // Whoever removed the keys may bring them back; a fresh one would end every session.
            directory.newest()?;
            return Ok(directory);
        }
        directory.refuse_strangers()?;
        make_directory(&directory.keys())?;
        if directory.numbers()?.is_empty() {
            // Of two processes that start at once, the second one finds the key of the first.
            directory.make_key(1)?;
        }
        // Only now, when there is a key: a start that dies before this line is made up for by the
        // next one.
        match write_key_file(marker, MARKER_TEXT, Overwrite::Never) {
            Ok(()) | Err(SourceError::Exists { .. }) => Ok(directory),
            Err(error) => Err(error),
        }
    }

    /// Where the directory is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all keys.
    ///
    /// # Errors
    /// When there is none, or any of them cannot be read or is unfit.
    pub fn load(&self) -> Result<Loaded, SourceError> {
        // A key that disappears between the list and the reading was the oldest one in a rotation.
        // Each further round needs a further rotation, so a few are enough.
        let mut rounds = 16;
        loop {
            rounds -= 1;
            match self.load_numbers(&self.numbers()?) {
                Err(SourceError::Unreadable { source, .. })
                    if source.kind() == io::ErrorKind::NotFound && rounds > 0 => {}
                loaded => return loaded,
            }
        }
    }

    /// Adds a key, which signs from now on, and drops the oldest beyond [`KEPT_KEYS`].
    ///
    /// When another process rotates at the same time, its new key is as good as ours, and there is
    /// one new key, not two.
    ///
    /// # Errors
    /// When there is no key yet, the new one cannot be made, or [`load`](Self::load) fails.
    pub fn rotate(&self) -> Result<Loaded, SourceError> {
        self.rotate_from(self.newest()?)
    }

    fn rotate_from(&self, newest: u32) -> Result<Loaded, SourceError> {
        self.make_key(newest + 1)?;
        let loaded = self.load()?;
        let numbers = self.numbers()?;
        let surplus = numbers.len().saturating_sub(KEPT_KEYS);
        // Oldest first, so that whoever dies in the middle leaves no gap.
        for &number in numbers.iter().take(surplus) {
            let path = self.key_path(number);
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(SourceError::Unwritable { path, source });
                }
                _ => {}
            }
        }
        Ok(loaded)
    }

    /// Makes the key of this number, unless there is one.
    fn make_key(&self, number: u32) -> Result<(), SourceError> {
        let path = self.key_path(number);
        if number > MAX_NUMBER {
            let source = io::Error::other("the numbers for keys are used up");
            return Err(SourceError::Unwritable { path, source });
        }
        let key = SecretKey::generate().map_err(SourceError::Generate)?;
        let mut text = Zeroizing::new(Vec::with_capacity(65));
        text.extend_from_slice(key.expose_hex().as_bytes());
        text.push(b'\n');
        match write_key_file(path, &text, Overwrite::Never) {
            Ok(()) | Err(SourceError::Exists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn load_numbers(&self, numbers: &[u32]) -> Result<Loaded, SourceError> {
        let mut primary = None;
        let mut older = Vec::new();
        let mut warnings = Vec::new();
        for &number in numbers.iter().rev().take(KEPT_KEYS) {
            let text = KeyText::from_file(self.key_path(number))?;
            warnings.extend(text.warning().cloned());
            let key = text.secret_key(KeyEncoding::Text)?;
            match primary {
                None => primary = Some(key),
                Some(_) => older.push(VerifyKey::from(key)),
            }
        }
        let primary = primary.ok_or_else(|| self.keys_gone())?;
        Ok(Loaded {
            ring: KeyRing::new(primary).with_verify_only(older),
            warnings,
        })
    }

    fn newest(&self) -> Result<u32, SourceError> {
        let numbers = self.numbers()?;
        numbers.last().copied().ok_or_else(|| self.keys_gone())
    }

    /// The numbers of the keys that are there, in ascending order.
    fn numbers(&self) -> Result<Vec<u32>, SourceError> {
        let names = match names_in(&self.keys()) {
            Err(SourceError::Unreadable { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                return Err(self.keys_gone());
            }
            names => names?,
        };
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| number_of(name)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// A directory without our marker may hold the beginnings of one, and nothing else.
    fn refuse_strangers(&self) -> Result<(), SourceError> {
        let names = names_in(&self.path)?;
        // The marker: another process may have finished since we looked. The last one: the root of
        // a freshly mounted volume.
        let known = ["keys", MARKER, "lost+found"];
        let ours =
            |name: &String| known.contains(&name.as_str()) || name.starts_with(".privyseal-");
        if names.iter().all(ours) {
            Ok(())
        } else {
            Err(SourceError::NotEmpty {
                path: self.path.clone(),
            })
        }
    }

    fn keys_gone(&self) -> SourceError {
        SourceError::KeysGone {
            path: self.path.clone(),
        }
    }

    fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }

    fn key_path(&self, number: u32) -> PathBuf {
        self.keys().join(format!("{number:04}.key"))
    }

    fn marker(&self) -> PathBuf {
        self.path.join(MARKER)
    }
}

/// The number in a name such as `0001.key`; `None` for every other name and spelling.
fn number_of(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".key")?.parse().ok()?;
    ((1..=MAX_NUMBER).contains(&number) && name == format!("{number:04}.key")).then_some(number)
}

fn names_in(path: &Path) -> Result<Vec<String>, SourceError> {
    let names = fs::read_dir(path).and_then(|entries| {
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    });
    names.map_err(|source| SourceError::Unreadable {
        origin: Origin::File(path.to_owned()),
        source,
    })
}

/// Makes a directory that only its owner can enter, unless it is there.
fn make_directory(path: &Path) -> Result<(), SourceError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(path).and_then(|()| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent),
        _ => Ok(()),
    });
    made.map_err(|source| SourceError::Unwritable {
        path: path.to_owned(),
        source,
    })
}

const MARKER: &str = "initialised";
const MARKER_TEXT: &[u8] = b"This directory belongs to privyseal. Its keys are in `keys`.\n";
const MAX_NUMBER: u32 = 999_999_999;

#[cfg(test)]
mod tests;

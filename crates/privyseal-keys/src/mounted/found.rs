//! What lies at the path of a key, read as a whole.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use privyseal::KeyRing;
use privyseal::secret::{KeyEncoding, VerifyKey};
use sha2::{Digest as _, Sha256};

use crate::file::parent;
use crate::list::{fit, older_keys};
use crate::mount::Mounts;
use crate::{KeyText, Loaded, Origin, SourceError, Warning};

/// The most versions of a key that [`KeyMount`](super::KeyMount) reads.
pub const MAX_VERSIONS: usize = 32;

/// Keys, and what tells them from those that were there before.
#[cfg_attr(
    not(feature = "files"),
    expect(dead_code, reason = "who reads once compares nothing")
)]
pub(super) struct Found {
    pub(super) loaded: Loaded,
    pub(super) files: Files,
    /// Of all that was read. It must not be shown: a short text can be guessed from it.
    pub(super) digest: [u8; 32],
    /// What hinders the keys from being replaced.
    pub(super) fixed: Vec<Warning>,
}

/// Which files there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Files {
    key: bool,
    fallbacks: bool,
    /// In descending order.
    versions: Vec<u32>,
}

/// Reads everything, from one directory if a link says which.
pub(super) fn read(path: &Path) -> Result<Found, SourceError> {
    let mut place = Place::of(path)?;
    // The directory may be replaced, and removed, while it is read. Each further round needs a
    // further replacement, so a few are enough.
    for _ in 0..ROUNDS {
        let error = match read_in(&place, path) {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        let now = Place::of(path)?;
        if now == place {
            return Err(error);
        }
        place = now;
    }
    Err(SourceError::Unsettled {
        path: path.to_owned(),
    })
}

/// The directory in which the files are at this moment.
#[derive(PartialEq, Eq)]
struct Place {
    directory: PathBuf,
    /// Whether all its files are replaced at once.
    linked: bool,
}

impl Place {
    fn of(path: &Path) -> Result<Self, SourceError> {
        let directory = parent(path);
        for above in directory.ancestors() {
            let data = above.join("..data");
            if !data.is_symlink() {
                continue;
            }
            let below = directory.strip_prefix(above).unwrap_or(Path::new(""));
            // The directory that it led to may be removed before it is looked at.
            let mut target = fs::canonicalize(&data);
            for _ in 1..ROUNDS {
                target = target.or_else(|_| fs::canonicalize(&data));
            }
            let data = target.map_err(|source| unreadable(&data, source))?;
            return Ok(Self {
                directory: data.join(below),
                linked: true,
            });
        }
        Ok(Self {
            directory: directory.to_owned(),
            linked: false,
        })
    }
}

impl Files {
    fn in_place(place: &Place, path: &Path) -> Result<Self, SourceError> {
        let name = path.file_name().ok_or_else(|| SourceError::NotAFile {
            path: path.to_owned(),
        })?;
        let unreadable = |source| unreadable(parent(path), source);
        let mut files = Self::default();
        for entry in fs::read_dir(&place.directory).map_err(unreadable)? {
            let found = entry.map_err(unreadable)?.file_name();
            if found == name {
                files.key = true;
            } else if found == with_suffix(name, FALLBACKS) {
                files.fallbacks = true;
            } else if let Some(version) = version(name, &found) {
                let version = version.map_err(|NoVersion| SourceError::VersionName {
                    path: path.with_file_name(&found),
                })?;
                files.versions.push(version);
            }
        }
        if files.versions.len() > MAX_VERSIONS {
            return Err(SourceError::TooManyVersions {
                path: path.to_owned(),
                limit: MAX_VERSIONS,
            });
        }
        files.versions.sort_unstable_by(|a, b| b.cmp(a));
        Ok(files)
    }

    /// The names of those that hold one key, the one that signs first.
    fn keys(&self, name: &OsStr) -> Vec<OsString> {
        let versions = self.versions.iter();
        let versions = versions.map(|version| with_suffix(name, &format!("_v{version}")));
        let key = self.key.then(|| name.to_owned());
        key.into_iter().chain(versions).collect()
    }

    /// A file that these keys cannot do without, and which the later ones lack.
    ///
    /// Versions that only verify come and go. Whatever says which key signs, or may hold keys that
    /// sessions are under, does not end by being missing: it is removed by mistake as easily as on
    /// purpose, and more often.
    #[cfg(feature = "files")]
    pub(super) fn lost_in(&self, later: &Self, path: &Path) -> Option<PathBuf> {
        let name = path.file_name().unwrap_or_default();
        if self.key && !later.key {
            return Some(path.to_owned());
        }
        if self.fallbacks && !later.fallbacks {
            return Some(path.with_file_name(with_suffix(name, FALLBACKS)));
        }
        let newest = self.versions.first().filter(|_| !self.key && !later.key)?;
        let is_lost = later.versions.first() < Some(newest);
        is_lost.then(|| path.with_file_name(with_suffix(name, &format!("_v{newest}"))))
    }
}

fn read_in(place: &Place, path: &Path) -> Result<Found, SourceError> {
    let files = Files::in_place(place, path)?;
    let name = path.file_name().unwrap_or_default();
    let mut reading = Reading {
        place,
        path,
        digest: Sha256::new(),
        warnings: Vec::new(),
        fixed: Vec::new(),
        mounts: Mounts::of_this_process(),
    };
    // All is read before any of it is judged, which takes its time. The list comes last: whoever
    // first adds the old key to it and then replaces the key is never seen with the new key and
    // without the old one.
    let mut texts = Vec::new();
    for name in files.keys(name) {
        texts.push(reading.text(&name)?);
    }
    let list = with_suffix(name, FALLBACKS);
    let fallbacks = files.fallbacks.then(|| reading.text(&list)).transpose()?;

    let mut texts = texts.into_iter();
    let primary = texts.next().ok_or_else(|| SourceError::NotMounted {
        path: path.to_owned(),
    })?;
    let primary = primary.secret_key(KeyEncoding::Text)?;
    let mut older = Vec::new();
    for text in texts {
        older.push(text.secret_key(KeyEncoding::Text)?.into());
    }
    if let Some(fallbacks) = fallbacks {
        older.extend(newest_first(&fallbacks, &path.with_file_name(list))?);
    }
    Ok(Found {
        loaded: Loaded {
            ring: KeyRing::new(primary).with_verify_only(older),
            warnings: reading.warnings,
        },
        files,
        digest: reading.digest.finalize().into(),
        fixed: reading.fixed,
    })
}

/// What came of the files so far.
struct Reading<'a> {
    place: &'a Place,
    path: &'a Path,
    digest: Sha256,
    warnings: Vec<Warning>,
    fixed: Vec<Warning>,
    mounts: Mounts,
}

impl Reading<'_> {
    fn text(&mut self, name: &OsStr) -> Result<KeyText, SourceError> {
        let shown = self.path.with_file_name(name);
        let file = self.place.directory.join(name);
        // Before it is opened: to open a pipe is to wait for whoever writes to it.
        let metadata = fs::metadata(&file).map_err(|source| unreadable(&shown, source))?;
        if !metadata.is_file() {
            return Err(SourceError::NotAFile { path: shown });
        }
        let text = KeyText::from_file_at(&file, &shown)?;
        self.warnings.extend(text.warning().cloned());
        let bytes = text.bytes();
        for part in [name.as_encoded_bytes(), bytes] {
            self.digest.update((part.len() as u64).to_be_bytes());
            self.digest.update(part);
        }
        let is_point = |path: PathBuf| self.mounts.is_point(&path);
        if !self.place.linked && fs::canonicalize(&file).is_ok_and(is_point) {
            self.fixed.push(Warning::NeverChanges { path: shown });
        }
        Ok(text)
    }
}

/// The keys of a list.
fn newest_first(list: &KeyText, path: &Path) -> Result<Vec<VerifyKey>, SourceError> {
    let (mut keys, _) = older_keys(list, fit, |index| Origin::FileEntry {
        path: path.to_owned(),
        index,
    })?;
    keys.reverse();
    Ok(keys)
}

/// What `_v` is followed by is digits, and still no version.
struct NoVersion;

/// The version that a name is of; `None` for names of other things.
fn version(name: &OsStr, found: &OsStr) -> Option<Result<u32, NoVersion>> {
    let digits = found.to_str()?.strip_prefix(name.to_str()?)?;
    let digits = digits.strip_prefix("_v")?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let version = digits.parse().ok().filter(|version: &u32| {
        (1..=MAX_VERSION).contains(version) && *digits == version.to_string()
    });
    Some(version.ok_or(NoVersion))
}

fn with_suffix(name: &OsStr, suffix: &str) -> OsString {
    let mut name = name.to_owned();
    name.push(suffix);
    name
}

pub(super) fn unreadable(path: &Path, source: io::Error) -> SourceError {
    SourceError::Unreadable {
        origin: Origin::File(path.to_owned()),
        source,
    }
}

/// How often a directory is read that is replaced meanwhile.
const ROUNDS: usize = 16;

const FALLBACKS: &str = "_fallbacks";
const MAX_VERSION: u32 = 999_999_999;

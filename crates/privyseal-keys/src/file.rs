//! Writing key files: whole or not at all, for the owner only, never over another by accident.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::{NamedTempFile, PersistError};

use crate::SourceError;
use crate::text::open_to_others;

/// What to do when there is a file of that name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// Leave it and fail.
    Never,
    /// Put the new file in its place, unless others than its owner can get at it.
    Replace,
}

/// Writes a key file that only its owner can read.
///
/// The file appears under its name when it is complete and on the disk; before that nothing is
/// there, and after a failure nothing is left. Of two that write it at once with
/// [`Overwrite::Never`], one succeeds.
///
/// # Errors
/// When there is such a file already, or it cannot be written.
pub fn write_key_file(
    path: impl AsRef<Path>,
    content: &[u8],
    overwrite: Overwrite,
) -> Result<(), SourceError> {
    let path = path.as_ref();
    let error = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => SourceError::Exists {
            path: path.to_owned(),
        },
        _ => SourceError::Unwritable {
            path: path.to_owned(),
            source,
        },
    };
    match overwrite {
        // The link below decides; this answers before anything is written.
        Overwrite::Never if path.symlink_metadata().is_ok() => {
            return Err(error(io::ErrorKind::AlreadyExists.into()));
        }
        Overwrite::Never => {}
        Overwrite::Replace => {
            if let Ok(file) = File::open(path)
                && let Some(mode) = open_to_others(&file).map_err(error)?
            {
                return Err(SourceError::OpenToOthers {
                    path: path.to_owned(),
                    mode,
                });
            }
        }
    }
    write(path, content, overwrite).map_err(error)
}

fn write(path: &Path, content: &[u8], overwrite: Overwrite) -> io::Result<()> {
    let directory = parent(path);
    // Made with O_EXCL and mode 0600, removed when dropped.
    let mut file = NamedTempFile::with_prefix_in(".privyseal-", directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    match overwrite {
        Overwrite::Never => file.persist_noclobber(path),
        Overwrite::Replace => file.persist(path),
    }
    .map_err(|PersistError { error, .. }| error)?;
    sync_directory(directory)
}

/// The parent of a path, also of one that is a name alone.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Puts the names in a directory on the disk, not only the files behind them.
#[cfg(unix)]
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere a directory cannot be opened, and its names need no such care.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_file_is_not_overwritten_unless_asked_for() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        write_key_file(&path, b"first", Overwrite::Never).unwrap();
        let error = write_key_file(&path, b"second", Overwrite::Never).unwrap_err();
        assert!(matches!(error, SourceError::Exists { .. }), "{error:?}");
        assert_eq!(fs::read(&path).unwrap(), b"first");
        write_key_file(&path, b"third", Overwrite::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(names(place.path()), ["key"]);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("key")).unwrap();
        for overwrite in [Overwrite::Never, Overwrite::Replace] {
            assert!(write_key_file(place.path().join("key"), b"k", overwrite).is_err());
            assert!(write_key_file(place.path().join("none/key"), b"k", overwrite).is_err());
        }
        assert_eq!(names(place.path()), ["key"]);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it_whatever_was_there_before() {
        use std::os::unix::fs::PermissionsExt;

        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        write_key_file(&path, b"first", Overwrite::Never).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
            0o600
        );
        assert!(
            crate::KeyText::from_file(&path)
                .unwrap()
                .warning()
                .is_none()
        );

        // The edge: every bit that lets others read or write counts, and no other bit.
        for (mode, open) in [
            (0o600, false),
            (0o700, false),
            (0o711, false),
            (0o640, true),
            (0o604, true),
            (0o620, true),
            (0o602, true),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = crate::KeyText::from_file(&path).unwrap();
            assert_eq!(read.warning().is_some(), open, "{mode:o}");
            let written = write_key_file(&path, b"next", Overwrite::Replace);
            assert_eq!(
                matches!(written, Err(SourceError::OpenToOthers { .. })),
                open,
                "{mode:o}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_not_written_through() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        std::os::unix::fs::symlink(place.path().join("elsewhere"), &path).unwrap();
        let error = write_key_file(&path, b"key", Overwrite::Never).unwrap_err();
        assert!(matches!(error, SourceError::Exists { .. }), "{error:?}");
        assert!(!place.path().join("elsewhere").exists());
    }
}

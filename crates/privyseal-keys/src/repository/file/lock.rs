//! The lock that writers of one machine take turns by.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::directory::{Directory, is_at};
use super::document::refuse_open_to_others;
use super::{error, if_there};
use crate::repository::RepositoryError;

/// A lock that is held until this is dropped.
///
/// Its file is never replaced: of two who lock two files of one name, each would have the lock.
pub(super) struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Takes it, and waits for others who have it, but not for ever.
    pub(super) fn take(path: &Path, directory: &Directory) -> Result<Self, RepositoryError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let file = open(path, directory)?;
            match file.try_lock() {
                // Somebody may have removed the file, and somebody else made another one.
                Ok(()) if is_at(path, &file) => {
                    let path = path.to_owned();
                    return Ok(Self { path, file });
                }
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(failed)) => return Err(error::of(path, failed)),
            }
            if Instant::now() > deadline {
                return Err(RepositoryError::unavailable(format!(
                    "{}: another process has had the lock for ten seconds",
                    path.display()
                )));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Leaves a trace that there is a ring, for those who find none later.
    pub(super) fn mark(&self) -> Result<(), RepositoryError> {
        let failed = |source| error::of(&self.path, source);
        if self.file.metadata().map_err(failed)?.len() > 0 {
            return Ok(());
        }
        (&self.file).write_all(MARK).map_err(failed)?;
        self.file.sync_all().map_err(failed)
    }
}

/// Whether a ring was written beside this lock.
pub(super) fn is_marked(path: &Path) -> Result<bool, RepositoryError> {
    let found = if_there(path, fs::symlink_metadata(path))?;
    Ok(found.is_some_and(|found| found.len() > 0))
}

fn open(path: &Path, directory: &Directory) -> Result<File, RepositoryError> {
    if let Some(found) = if_there(path, fs::symlink_metadata(path))?
        && !found.is_file()
    {
        let path = path.to_owned();
        return Err(RepositoryError::NotAFile { path });
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .open(path)
        .map_err(|failed| error::of(path, failed))?;
    refuse_open_to_others(path, &file)?;
    directory.hand_over(&file)?;
    Ok(file)
}

/// A write takes some milliseconds, most of them for the disk.
const PATIENCE: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(1);

const MARK: &[u8] =
    b"There is a key ring of privyseal beside this file. Never remove or replace it.\n";

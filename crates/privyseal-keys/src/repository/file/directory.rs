//! The directory of a ring: who may enter it, and what is in it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{TEMPORARY, error, if_there};
use crate::file::{parent, sync_directory};
use crate::repository::RepositoryError;

/// A directory that may not be there yet.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether it is there; if it is, nobody else may change what is in it.
    pub(super) fn is_there(&self) -> Result<bool, RepositoryError> {
        let path = &self.path;
        let Some(metadata) = if_there(path, fs::metadata(path))? else {
            return Ok(false);
        };
        if !metadata.is_dir() {
            let path = path.clone();
            return Err(RepositoryError::NotAFile { path });
        }
        match writable_by_others(&metadata) {
            None => Ok(true),
            Some(mode) => Err(RepositoryError::OpenToOthers {
                path: path.clone(),
                mode,
            }),
        }
    }

    /// Makes it for its owner alone, unless it is there.
    pub(super) fn create(&self) -> Result<(), RepositoryError> {
        if self.is_there()? {
            return Ok(());
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let created = builder.create(&self.path);
        let created = created.and_then(|()| sync_directory(parent(&self.path)));
        created.map_err(|failed| error::of(&self.path, failed))
    }

    /// Puts its names on the disk.
    pub(super) fn sync(&self) -> Result<(), RepositoryError> {
        sync_directory(&self.path).map_err(|failed| error::of(&self.path, failed))
    }

    /// The generations that have a name of their own, in ascending order.
    pub(super) fn generations(&self) -> Result<Vec<u64>, RepositoryError> {
        let names = self.names()?;
        let mut generations: Vec<u64> = names
            .iter()
            .filter_map(|name| generation_of(name))
            .collect();
        generations.sort_unstable();
        Ok(generations)
    }

    /// Removes a file; one that is gone already is no error.
    pub(super) fn remove(&self, name: &str) -> Result<(), RepositoryError> {
        let path = self.file(name);
        if_there(&path, fs::remove_file(&path)).map(drop)
    }

    /// Removes what was being written, of which only the part of the name after the prefix is shown.
    pub(super) fn remove_temporary(
        &self,
        is_stale: impl Fn(&str) -> bool,
    ) -> Result<(), RepositoryError> {
        for name in self.names()? {
            if name.strip_prefix(TEMPORARY).is_some_and(&is_stale) {
                let path = self.file(&name);
                let is_directory = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
                let removed = if is_directory {
                    fs::remove_dir_all(&path)
                } else {
                    fs::remove_file(&path)
                };
                if_there(&path, removed)?;
            }
        }
        Ok(())
    }

    /// Makes the owner of the directory that of a new file: when root writes, the application
    /// still has to read.
    #[cfg(unix)]
    pub(super) fn hand_over(&self, file: &File) -> Result<(), RepositoryError> {
        use std::os::unix::fs::{MetadataExt as _, fchown};

        let hand_over = || {
            let owner = fs::metadata(&self.path)?;
            if file.metadata()?.uid() != owner.uid() {
                fchown(file, Some(owner.uid()), Some(owner.gid()))?;
            }
            Ok(())
        };
        hand_over().map_err(|failed: io::Error| error::of(&self.path, failed))
    }

    /// Elsewhere a file has the rights of its directory.
    #[cfg(not(unix))]
    pub(super) fn hand_over(&self, _: &File) -> Result<(), RepositoryError> {
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>, RepositoryError> {
        let names = fs::read_dir(&self.path).and_then(|entries| {
            // Ours are all UTF-8.
            let names =
                entries.map(|entry| Ok(entry?.file_name().into_string().unwrap_or_default()));
            names.collect()
        });
        names.map_err(|failed| error::of(&self.path, failed))
    }
}

/// The name of a generation.
pub(super) fn name_of(generation: u64) -> String {
    format!("ring-{generation:012}")
}

/// The generation of a name; `None` for every other name and spelling.
fn generation_of(name: &str) -> Option<u64> {
    let generation = name.strip_prefix("ring-")?.parse().ok()?;
    (name == name_of(generation)).then_some(generation)
}

/// The permission bits of a directory in which others may put files.
#[cfg(unix)]
fn writable_by_others(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o022 != 0).then_some(mode)
}

/// Only Unix says in three digits who may write to a directory.
#[cfg(not(unix))]
fn writable_by_others(_: &fs::Metadata) -> Option<u32> {
    None
}

/// Whether this file is the one of that name.
#[cfg(unix)]
pub(super) fn is_at(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let place = |found: fs::Metadata| (found.dev(), found.ino());
    let there = fs::symlink_metadata(path).map(place).ok();
    there.is_some() && there == file.metadata().map(place).ok()
}

/// Elsewhere it cannot be told.
#[cfg(not(unix))]
pub(super) fn is_at(_: &Path, _: &File) -> bool {
    true
}

/// Runs what waits for a disk on a thread where that hurts nobody.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RepositoryError> + Send + 'static,
) -> Result<T, RepositoryError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(RepositoryError::unavailable(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_has_one_name() {
        for generation in [1, 43, 999_999_999_999, u64::MAX] {
            assert_eq!(generation_of(&name_of(generation)), Some(generation));
        }
        assert_eq!(name_of(43), "ring-000000000043");
        for name in [
            "ring-43",
            "ring-0000000000043",
            "ring-+00000000043",
            "ring-",
            "ring",
        ] {
            assert_eq!(generation_of(name), None, "{name}");
        }
    }
}

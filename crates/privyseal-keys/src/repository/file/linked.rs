//! Key rings in files that are made once and never changed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::directory::{Directory, blocking, is_at, name_of};
use super::{TEMPORARY, document, error, if_there};
use crate::file::sync_directory;
use crate::repository::{KEPT_GENERATIONS, Repository, RepositoryError, Stored, Swap};
use crate::watch::{Depth, Watch};

/// Keeps a key ring in a directory that several machines share, such as one on NFS.
///
/// Each generation is a file of its own, `generations/ring-000000000043`, which is given its name
/// by a hard link when it is complete and on the disk. Of two writers of one generation the second
/// finds the name taken; there is no lock. The last sixteen are kept; of the thousand before, the
/// name is kept and the content is not, so that a writer who was asleep meanwhile cannot take it.
///
/// Other machines see a new generation when their cache of the directory has run out: on NFS after
/// a minute at most, unless it is mounted with another `acdirmax`. A writer whose cache is old
/// finds a conflict. [`changed`](Repository::changed) tells of writes of this machine alone.
///
/// # Security
/// As of [`FileRepository`](super::FileRepository).
///
/// # Examples
/// ```no_run
/// use privyseal_keys::repository::{Repository, SharedFileRepository};
///
/// # async fn example() -> Result<(), privyseal_keys::repository::RepositoryError> {
/// let repository = SharedFileRepository::new("/mnt/shared/ring.d");
/// let ring = repository.read().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SharedFileRepository {
    place: Arc<Place>,
    watch: Arc<Watch>,
}

impl SharedFileRepository {
    /// The ring in this directory, which is made with the ring if it is not there. Nothing is read
    /// yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            watch: Arc::new(Watch::new(path.clone(), Depth::AllBelow)),
            place: Arc::new(Place {
                generations: Directory::new(path.join(GENERATIONS)),
                outer: Directory::new(path),
            }),
        }
    }
}

impl Repository for SharedFileRepository {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        let place = Arc::clone(&self.place);
        blocking(move || place.read()).await
    }

    async fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        new.may_follow(expected)?;
        let (place, new) = (Arc::clone(&self.place), new.clone());
        blocking(move || match expected {
            None => place.create(&new),
            Some(expected) => place.add(expected, &new),
        })
        .await
    }

    async fn changed(&self) {
        self.watch.changed().await;
    }

    async fn history(&self, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
        let place = Arc::clone(&self.place);
        blocking(move || place.history(limit)).await
    }
}

/// Files that are being written are in the outer directory, those that have been in the inner one.
#[derive(Debug)]
struct Place {
    outer: Directory,
    generations: Directory,
}

impl Place {
    fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        let mut before = None;
        loop {
            let Some(newest) = self.newest()? else {
                return Ok(None);
            };
            if let Some(stored) = self.generation(newest)? {
                return Ok(Some(stored));
            }
            // It was the newest when we looked, and has left the history since; or it is empty.
            if before == Some(newest) {
                return Err(RepositoryError::unreadable(format!(
                    "{}: the file is empty",
                    self.generations.file(&name_of(newest)).display()
                )));
            }
            before = Some(newest);
        }
    }

    /// The newest generation; `None` only if there never was one.
    fn newest(&self) -> Result<Option<u64>, RepositoryError> {
        if !self.outer.is_there()? {
            return Ok(None);
        }
        if !self.generations.is_there()? {
            let mark = self.outer.file(MARK);
            return match if_there(&mark, fs::symlink_metadata(&mark))? {
                // It may have been made between the two looks.
                Some(_) if !self.generations.is_there()? => Err(RepositoryError::Gone(
                    "the directory of its generations is missing",
                )),
                Some(_) => self.newest(),
                None => Ok(None),
            };
        }
        // It came into being with a file in it.
        let newest = self.generations.generations()?.last().copied();
        newest.map(Some).ok_or(RepositoryError::Gone(
            "the files of its generations are missing",
        ))
    }

    /// The ring of a generation; `None` if it is not kept.
    fn generation(&self, generation: u64) -> Result<Option<Stored>, RepositoryError> {
        let path = self.generations.file(&name_of(generation));
        match if_there(&path, fs::symlink_metadata(&path))? {
            Some(found) if found.is_file() && found.len() == 0 => return Ok(None),
            _ => {}
        }
        let found = document::read(&path)?;
        if found
            .as_ref()
            .is_some_and(|found| found.generation != generation)
        {
            return Err(RepositoryError::unreadable(format!(
                "{}: another generation",
                path.display()
            )));
        }
        Ok(found)
    }

    /// The first generation comes with its directory, which can be renamed to its name only where
    /// there is none: so of two who make rings of different generations, one does.
    fn create(&self, new: &Stored) -> Result<Swap, RepositoryError> {
        self.outer.create()?;
        if self.read()?.is_some() {
            return Ok(Swap::Conflict);
        }
        let failed = |source| error::of(self.outer.path(), source);
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let prefix = format!("{TEMPORARY}{NEW}");
        let made = builder.prefix(&prefix).tempdir_in(self.outer.path());
        let made = made.map_err(failed)?;
        if let Err(refused) = self.move_in(made.path(), new) {
            return if says_taken(&refused) && self.newest()?.is_some() {
                Ok(Swap::Conflict)
            } else {
                Err(failed(refused))
            };
        }
        // It has another name now.
        let _ = made.keep();
        self.outer.sync()?;
        self.tidy(new.generation);
        Ok(Swap::Done)
    }

    /// Writes the first generation into a new directory, and gives that its name.
    fn move_in(&self, directory: &Path, new: &Stored) -> io::Result<()> {
        let name = name_of(new.generation);
        let mut file = create_new(&directory.join(&name))?;
        file.write_all(&document::encode(new))?;
        for made in [&file, &File::open(directory)?] {
            self.outer.hand_over(made).map_err(io::Error::other)?;
        }
        file.sync_all()?;
        sync_directory(directory)?;
        let renamed = fs::rename(directory, self.generations.path());
        unless_ours(renamed, &file, &self.generations.file(&name))
    }

    fn add(&self, expected: u64, new: &Stored) -> Result<Swap, RepositoryError> {
        let present = self.read()?;
        if present.is_none_or(|present| present.generation != expected) {
            return Ok(Swap::Conflict);
        }
        let prefix = format!("{TEMPORARY}{:012}-", new.generation);
        let written = document::write(&self.outer, &prefix, new)?;
        let path = self.generations.file(&name_of(new.generation));
        let linked = fs::hard_link(written.path(), &path);
        if let Err(refused) = unless_ours(linked, written.as_file(), &path) {
            return if says_taken(&refused) && self.newest()? > Some(expected) {
                Ok(Swap::Conflict)
            } else {
                Err(error::of(&path, refused))
            };
        }
        self.generations.sync()?;
        drop(written);
        self.tidy(new.generation);
        Ok(Swap::Done)
    }

    fn history(&self, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
        let Some(present) = self.read()? else {
            return Ok(Vec::new());
        };
        let newest = present.generation;
        let mut history = vec![present];
        for generation in (1..newest).rev().take(KEPT_GENERATIONS - 1) {
            let Some(stored) = self.generation(generation)? else {
                break;
            };
            history.push(stored);
        }
        history.truncate(limit);
        Ok(history)
    }

    /// Removes what is no longer needed. The ring is written already, so a failure is nobody's: the
    /// next write tries again.
    fn tidy(&self, newest: u64) {
        let stale = |rest: &str| {
            let written_for = rest
                .split('-')
                .next()
                .and_then(|number| number.parse::<u64>().ok());
            rest.starts_with(NEW) || written_for.is_some_and(|generation| generation <= newest)
        };
        let _ = self.outer.remove_temporary(stale);
        let _ = self.mark();
        let _ = self.forget(newest);
    }

    /// Leaves a trace for those who find no generations later.
    fn mark(&self) -> Result<(), RepositoryError> {
        let path = self.outer.file(MARK);
        let failed = |source| error::of(&path, source);
        let mark = create_new(&path).map_err(failed)?;
        self.outer.hand_over(&mark)?;
        mark.sync_all().map_err(failed)?;
        self.outer.sync()
    }

    /// Empties the files of generations that are not kept, and removes those that nobody can still
    /// be about to write. Each time as far back as the last time, or farther if that one failed.
    fn forget(&self, newest: u64) -> Result<(), RepositoryError> {
        let emptied = newest.saturating_sub(KEPT_GENERATIONS as u64);
        for generation in (1..=emptied).rev() {
            let path = self.generations.file(&name_of(generation));
            match if_there(&path, fs::symlink_metadata(&path))? {
                Some(found) if found.len() > 0 => self.empty(&path, newest)?,
                _ => break,
            }
        }
        for generation in (1..=newest.saturating_sub(KEPT_NAMES)).rev() {
            let path = self.generations.file(&name_of(generation));
            if if_there(&path, fs::remove_file(&path))?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Puts an empty file in the place of a generation, so that nobody reads half of one.
    fn empty(&self, path: &Path, newest: u64) -> Result<(), RepositoryError> {
        let prefix = format!("{TEMPORARY}{newest:012}-");
        let failed = |source| error::of(path, source);
        let file = NamedTempFile::with_prefix_in(prefix, self.outer.path()).map_err(failed)?;
        self.outer.hand_over(file.as_file())?;
        file.persist(path)
            .map_err(|refused| failed(refused.error))?;
        Ok(())
    }
}

/// Makes a file for its owner alone, where there is none.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A server that is asked twice because its first answer was lost says that the name is taken, or
/// that the file is missing: by us.
fn unless_ours(named: io::Result<()>, file: &File, path: &Path) -> io::Result<()> {
    match named {
        Err(error) if says_taken(&error) && cfg!(unix) && is_at(path, file) => Ok(()),
        named => named,
    }
}

/// Whether somebody else may have been faster, and may have cleared our file away, too.
fn says_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound
    )
}

const GENERATIONS: &str = "generations";
const MARK: &str = "initialised";

/// Of the directory of a first generation, after [`TEMPORARY`].
const NEW: &str = "new-";

/// For how many generations a writer may be asleep between looking and linking.
const KEPT_NAMES: u64 = 1000;

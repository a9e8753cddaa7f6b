//! Key rings in files.

mod directory;
mod document;
mod error;
mod linked;
mod lock;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::directory::{Directory, blocking};
use self::lock::Lock;
use super::{KEPT_GENERATIONS, Repository, RepositoryError, Stored, Swap};
use crate::watch::{Depth, Watch};

pub use linked::SharedFileRepository;

/// Keeps a key ring in a directory, for all processes of one machine.
///
/// A write is acknowledged when it is on the disk, and survives the loss of power. It replaces the
/// file `ring` as a whole: whoever is killed in the middle of it leaves the old ring or the new
/// one. Writers take turns by a lock on the file `lock`, which is never replaced, and wait at most
/// ten seconds for each other. Readers wait for nobody.
///
/// [`changed`](Repository::changed) tells of writes of all processes, by a watch on the directory.
///
/// On a file system that several machines share, locks may mean nothing: see
/// [`SharedFileRepository`].
///
/// # Security
/// The directory is made for its owner alone (0700), and so are the files in it (0600). A directory
/// that others may write to, a file that others may read or write, and a link in the place of a
/// file are refused. What root writes belongs to the owner of the directory, who could not read it
/// otherwise.
///
/// # Examples
/// ```
/// use privyseal_keys::repository::{FileRepository, Repository, Stored, Swap};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let place = tempfile::tempdir()?;
/// let repository = FileRepository::new(place.path().join("ring.d"));
/// assert_eq!(repository.read().await?, None);
/// let first = Stored { generation: 1, bytes: b"the ring".to_vec() };
/// assert_eq!(repository.compare_and_swap(None, &first).await?, Swap::Done);
/// assert_eq!(repository.read().await?, Some(first));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileRepository {
    directory: Arc<Directory>,
    watch: Arc<Watch>,
}

impl FileRepository {
    /// The ring in this directory, which is made with the ring if it is not there. Nothing is read
    /// yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            watch: Arc::new(Watch::new(path.clone(), Depth::ThisDirectory)),
            directory: Arc::new(Directory::new(path)),
        }
    }
}

impl Repository for FileRepository {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        let directory = Arc::clone(&self.directory);
        blocking(move || read(&directory)).await
    }

    async fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        new.may_follow(expected)?;
        let (directory, new) = (Arc::clone(&self.directory), new.clone());
        blocking(move || write(&directory, expected, &new)).await
    }

    async fn changed(&self) {
        self.watch.changed().await;
    }

    async fn history(&self, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
        let directory = Arc::clone(&self.directory);
        blocking(move || history(&directory, limit)).await
    }
}

fn read(directory: &Directory) -> Result<Option<Stored>, RepositoryError> {
    if !directory.is_there()? {
        return Ok(None);
    }
    let path = directory.file(RING);
    let found = document::read(&path)?;
    if found.is_some() || !was_there(directory)? {
        return Ok(found);
    }
    // It may have been made since the first look.
    match document::read(&path)? {
        Some(stored) => Ok(Some(stored)),
        None => Err(RepositoryError::Gone("its file is missing")),
    }
}

/// Whether there are traces of a ring.
fn was_there(directory: &Directory) -> Result<bool, RepositoryError> {
    Ok(lock::is_marked(&directory.file(LOCK))? || !directory.generations()?.is_empty())
}

fn write(
    directory: &Directory,
    expected: Option<u64>,
    new: &Stored,
) -> Result<Swap, RepositoryError> {
    match expected {
        None => directory.create()?,
        Some(_) if !directory.is_there()? => return Ok(Swap::Conflict),
        Some(_) => {}
    }
    let lock = Lock::take(&directory.file(LOCK), directory)?;
    let present = read(directory)?;
    if present.as_ref().map(|present| present.generation) != expected {
        return Ok(Swap::Conflict);
    }
    // Under the lock, whatever is half-written belongs to somebody who was killed.
    directory.remove_temporary(|_| true)?;
    let written = document::write(directory, TEMPORARY, new)?;
    if let Some(present) = present {
        keep(directory, present.generation)?;
    }
    let ring = directory.file(RING);
    written
        .persist(&ring)
        .map_err(|failed| error::of(&ring, failed.error))?;
    directory.sync()?;
    lock.mark()?;
    // The ring is written, so a failure is nobody's: the next write tries again.
    let _ = remove(directory, |generation| {
        generation.saturating_add(KEPT_GENERATIONS as u64) <= new.generation
    });
    Ok(Swap::Done)
}

/// Gives the present ring its name in the history, before another one takes its place.
fn keep(directory: &Directory, present: u64) -> Result<(), RepositoryError> {
    // Those from the present one on are left by whoever was killed here, or from before somebody
    // restored a backup.
    remove(directory, |generation| generation >= present)?;
    let kept = directory.file(&directory::name_of(present));
    fs::hard_link(directory.file(RING), &kept).map_err(|failed| error::of(&kept, failed))
}

fn remove(directory: &Directory, which: impl Fn(u64) -> bool) -> Result<(), RepositoryError> {
    let generations = directory.generations()?.into_iter();
    for generation in generations.filter(|generation| which(*generation)) {
        directory.remove(&directory::name_of(generation))?;
    }
    Ok(())
}

fn history(directory: &Directory, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
    let Some(present) = read(directory)? else {
        return Ok(Vec::new());
    };
    let newest = present.generation;
    let mut history = vec![present];
    let before = directory.generations()?.into_iter().rev();
    for generation in before.filter(|generation| *generation < newest) {
        // One that is missing by now was the oldest, and another one has come meanwhile.
        history.extend(document::read(
            &directory.file(&directory::name_of(generation)),
        )?);
    }
    history.truncate(limit.min(KEPT_GENERATIONS));
    Ok(history)
}

/// `None` for what is not there.
fn if_there<T>(path: &Path, result: io::Result<T>) -> Result<Option<T>, RepositoryError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(failed) => Err(error::of(path, failed)),
    }
}

const RING: &str = "ring";
const LOCK: &str = "lock";

/// What names of files begin with that are being written.
const TEMPORARY: &str = ".privyseal-";

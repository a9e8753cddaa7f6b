//! A repository whose kind is chosen when the program runs.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::{Repository, RepositoryError, Stored, Swap};

/// Any repository, behind one type; a clone is the same one.
///
/// A ring is read and written so seldom that the boxes its calls return are not noticed.
///
/// # Examples
/// ```
/// # #[cfg(feature = "files")] {
/// use privyseal_keys::repository::{DynRepository, FileRepository, Repository};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let place = tempfile::tempdir()?;
/// let repository = DynRepository::new(FileRepository::new(place.path().join("ring")));
/// assert_eq!(repository.read().await?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DynRepository(Arc<dyn Erased>);

impl DynRepository {
    /// Hides which repository it is.
    pub fn new(repository: impl Repository) -> Self {
        Self(Arc::new(repository))
    }
}

impl Repository for DynRepository {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        self.0.read().await
    }

    async fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        self.0.compare_and_swap(expected, new).await
    }

    async fn changed(&self) {
        self.0.changed().await;
    }

    async fn history(&self, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
        self.0.history(limit).await
    }
}

impl fmt::Debug for DynRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynRepository(..)")
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The calls of a [`Repository`], boxed.
trait Erased: Send + Sync {
    fn read(&self) -> Answer<'_, Result<Option<Stored>, RepositoryError>>;

    fn compare_and_swap<'a>(
        &'a self,
        expected: Option<u64>,
        new: &'a Stored,
    ) -> Answer<'a, Result<Swap, RepositoryError>>;

    fn changed(&self) -> Answer<'_, ()>;

    fn history(&self, limit: usize) -> Answer<'_, Result<Vec<Stored>, RepositoryError>>;
}

impl<R: Repository> Erased for R {
    fn read(&self) -> Answer<'_, Result<Option<Stored>, RepositoryError>> {
        Box::pin(Repository::read(self))
    }

    fn compare_and_swap<'a>(
        &'a self,
        expected: Option<u64>,
        new: &'a Stored,
    ) -> Answer<'a, Result<Swap, RepositoryError>> {
        Box::pin(Repository::compare_and_swap(self, expected, new))
    }

    fn changed(&self) -> Answer<'_, ()> {
        Box::pin(Repository::changed(self))
    }

    fn history(&self, limit: usize) -> Answer<'_, Result<Vec<Stored>, RepositoryError>> {
        Box::pin(Repository::history(self, limit))
    }
}

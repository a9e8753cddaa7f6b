//! A repository with several owners.

use std::sync::Arc;

use super::{Repository, RepositoryError, Stored, Swap};

/// What is shared is a repository as well: for the watcher, the rotator, and whoever shows it.
impl<R: Repository> Repository for Arc<R> {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        R::read(self).await
    }

    async fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        R::compare_and_swap(self, expected, new).await
    }

    async fn changed(&self) {
        R::changed(self).await;
    }

    async fn history(&self, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
        R::history(self, limit).await
    }
}

//! How it stands with the keys that are mounted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{SourceError, Warning};

/// How it stands with [`MountedKeys`](super::MountedKeys) at one moment, for health checks and for
/// people; its text says it in one line, without any key.
#[derive(Clone, Debug)]
pub struct MountStatus {
    pub(super) age: Option<Duration>,
    pub(super) replacements: u64,
    pub(super) error: Option<Arc<SourceError>>,
    pub(super) warnings: Vec<Warning>,
}

impl MountStatus {
    /// Whether there are keys, be they those of an earlier reading.
    pub fn is_ready(&self) -> bool {
        self.age.is_some()
    }

    /// How long ago the files were last read and found good, whether they had changed or not;
    /// `None` if they never were.
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// Why the last reading gave no keys, so that those of an earlier one are used.
    pub fn error(&self) -> Option<&SourceError> {
        self.error.as_deref()
    }

    /// How often other keys took the place of those that were read first.
    pub fn replacements(&self) -> u64 {
        self.replacements
    }

    /// What could be better about the files, as they were when they were last found good.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl fmt::Display for MountStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.age {
            None => f.write_str("no keys yet")?,
            Some(age) => write!(
                f,
                "keys read {} s ago, replaced {} times",
                age.as_secs(),
                self.replacements
            )?,
        }
        let Some(error) = &self.error else {
            return Ok(());
        };
        write!(f, "; the last reading failed: {error}")?;
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

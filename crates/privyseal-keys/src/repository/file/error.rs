//! What the operating system's errors say about a ring.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::repository::RepositoryError;

/// An error, and of which file it is.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
struct At {
    path: PathBuf,
    source: io::Error,
}

pub(super) fn of(path: &Path, source: io::Error) -> RepositoryError {
    let kind = source.kind();
    let path = path.to_owned();
    let at = At { path, source };
    match kind {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => RepositoryError::denied(at),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => RepositoryError::Full(at.into()),
        _ => RepositoryError::unavailable(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_are_sorted_and_name_their_file() {
        let of = |kind: ErrorKind| of(Path::new("/srv/ring"), kind.into());
        assert!(matches!(
            of(ErrorKind::PermissionDenied),
            RepositoryError::Denied(_)
        ));
        assert!(matches!(
            of(ErrorKind::ReadOnlyFilesystem),
            RepositoryError::Denied(_)
        ));
        assert!(matches!(
            of(ErrorKind::StorageFull),
            RepositoryError::Full(_)
        ));
        assert!(of(ErrorKind::Interrupted).is_unavailable());
        let source = std::error::Error::source(&of(ErrorKind::NotFound))
            .unwrap()
            .to_string();
        assert!(source.starts_with("/srv/ring: "), "{source}");
    }
}

//! Key rings in databases: the contract, eight processes at once, and servers that go away.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;

use privyseal_keys::repository::{Repository, RepositoryError, RingName, Stored, Swap};

fn name(text: &str) -> RingName {
    RingName::new(text).unwrap()
}

fn ring(generation: u64) -> Stored {
    Stored {
        generation,
        bytes: format!("ring {generation}").into_bytes(),
    }
}

async fn write(repository: &impl Repository, expected: Option<u64>) {
    let new = ring(expected.map_or(1, |before| before + 1));
    let swapped = repository.compare_and_swap(expected, &new).await;
    assert_eq!(swapped.unwrap(), Swap::Done);
}

/// Two rings of one database know nothing of each other.
async fn rings_are_apart(one: &impl Repository, other: &impl Repository) {
    write(one, None).await;
    assert_eq!(other.read().await.unwrap(), None);
    assert_eq!(other.history(9).await.unwrap(), []);
    write(one, Some(1)).await;
    write(other, None).await;
    assert_eq!(one.read().await.unwrap(), Some(ring(2)));
    assert_eq!(other.read().await.unwrap(), Some(ring(1)));
    assert_eq!(one.history(9).await.unwrap(), [ring(2), ring(1)]);
}

/// Somebody has removed the ring, and left its history.
async fn is_gone_and_not_absent(repository: &impl Repository) {
    let errors = [
        repository.read().await.map(drop),
        repository.history(9).await.map(drop),
        repository.compare_and_swap(None, &ring(1)).await.map(drop),
        repository
            .compare_and_swap(Some(1), &ring(2))
            .await
            .map(drop),
    ];
    for error in errors {
        assert!(matches!(error, Err(RepositoryError::Gone(_))), "{error:?}");
    }
}

/// This user may read the ring, and no more.
#[cfg(any(feature = "mysql", feature = "postgres", feature = "redis"))]
async fn may_only_read(repository: &impl Repository) {
    assert_eq!(repository.read().await.unwrap(), Some(ring(1)));
    for expected in [None, Some(1)] {
        let new = ring(expected.map_or(1, |before| before + 1));
        let refused = repository.compare_and_swap(expected, &new).await;
        let denied = matches!(refused, Err(RepositoryError::Denied(_)));
        // Where there is nothing to write, a script does not come to be refused.
        let conflict = expected.is_none() && matches!(refused, Ok(Swap::Conflict));
        assert!(denied || conflict, "{expected:?}: {refused:?}");
    }
    assert_eq!(repository.read().await.unwrap(), Some(ring(1)));
}

//! What tells the attempts to write apart.

use privyseal_keys::repository::RepositoryError;

/// One attempt to write a version.
pub(super) struct Attempt {
    version: String,
    label: String,
}

impl Attempt {
    pub(super) fn new() -> Result<Self, RepositoryError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(RepositoryError::unavailable)?;
        Ok(Self::of(u128::from_be_bytes(random)))
    }

    fn of(random: u128) -> Self {
        Self {
            version: format!("{random:032x}"),
            label: format!("privyseal-{}", random % LABELS),
        }
    }

    /// The id of the version, which is the token of the request as well: never used before, so
    /// that the service never takes one attempt for another.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The label under which the version waits.
    ///
    /// One of a few, so that attempts that were interrupted cannot use up the labels of a secret:
    /// the service takes a label from its last version when it is put on the next. A version that
    /// has lost its label like this can still become the current one.
    pub(super) fn label(&self) -> &str {
        &self.label
    }
}

/// A secret has 20 labels, of which AWS itself uses three.
const LABELS: u128 = 16;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn versions_differ_and_labels_are_few() {
        let attempts: Vec<Attempt> = (0..500).map(|_| Attempt::new().unwrap()).collect();
        let versions: BTreeSet<&str> = attempts.iter().map(Attempt::version).collect();
        let labels: BTreeSet<&str> = attempts.iter().map(Attempt::label).collect();
        assert_eq!((versions.len(), labels.len()), (500, 16));
        // The service takes ids of 32 to 64 characters.
        for random in [0, u128::MAX] {
            assert_eq!(Attempt::of(random).version().len(), 32);
        }
    }
}

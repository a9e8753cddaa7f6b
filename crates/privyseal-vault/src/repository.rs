//! A key ring in a KV engine.

mod entry;

use privyseal_keys::repository::{KEPT_GENERATIONS, Repository, RepositoryError, Stored, Swap};
use serde::Deserialize;
use serde_json::json;

use self::entry::{Entry, Latest, Written};
use crate::client::Answer;
use crate::error::CallError;
use crate::{Vault, VaultError, name};

/// Keeps a key ring in one secret of a KV engine of version 2.
///
/// A write names the version of the secret that it replaces (`cas`), so that of any number who
/// replace the same one is done. The secret has two fields: `generation`, which is a text since
/// the engine rounds long numbers, and `ring`, in base64. A ring that began at generation 1 has
/// the same number as its version; one that was brought from elsewhere keeps its distance to it.
/// Which generation is replaced is read before each write, and the version of that reading is the
/// one that is named.
///
/// An engine of version 1 ignores the condition and keeps no versions: writing to one is refused,
/// and so is reading, since an engine of version 1 answers as if there never was a ring.
///
/// Where a ring was deleted or destroyed is an error, and not as if there never was one. A secret
/// whose metadata was deleted has left no trace, and cannot be told from one that never was.
///
/// The [history](Repository::history) is what the engine keeps of the last
/// [`KEPT_GENERATIONS`]. Engines keep ten versions of a secret unless told otherwise; a ring
/// that is made here is given sixteen, where the policy allows to write metadata. Readers are told
/// nothing, and ask.
///
/// # Security
/// Whoever may write to the secret can put an old ring in the place of the present one. An engine
/// that deletes versions after a time (`delete_version_after`) takes the ring with it; writes warn
/// of it, through `tracing`. With performance standbys or replicas (Vault Enterprise), give the
/// address of the active node: others may answer from before the last write.
///
/// # Examples
/// ```no_run
/// use privyseal_keys::repository::Repository;
/// use privyseal_vault::{Credential, Login, Vault, VaultOptions, VaultRepository};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let login = Login::Kubernetes {
///     mount: "kubernetes".to_owned(),
///     role: "shop".to_owned(),
///     jwt: Credential::File(Login::SERVICE_ACCOUNT.into()),
/// };
/// let vault = Vault::new(VaultOptions::new("https://vault.internal:8200", login))?;
/// let repository = VaultRepository::new(vault, "secret", "shop/ring")?;
/// let ring = repository.read().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct VaultRepository {
    vault: Vault,
    mount: String,
    path: String,
}

impl VaultRepository {
    /// The ring in the secret of this path, in the engine at this mount.
    ///
    /// # Errors
    /// When either has other characters than are taken here.
    pub fn new(vault: Vault, mount: &str, path: &str) -> Result<Self, VaultError> {
        Ok(Self {
            vault,
            mount: name::path(mount)?,
            path: name::path(path)?,
        })
    }

    /// The version of the secret, and the ring in it; none if there is no version, in an engine
    /// that keeps versions.
    async fn latest(&self) -> Result<Option<Latest>, RepositoryError> {
        let Self { mount, path, .. } = self;
        let answer = self.vault.get(&format!("{mount}/data/{path}")).await?;
        if answer.is_success() {
            return entry::latest(&answer).map(Some);
        }
        if answer.status != NOT_FOUND {
            return Err(failed(&answer));
        }
        if let Some(gone) = entry::gone(&answer) {
            return Err(gone);
        }
        match answer.errors() {
            Some(errors) if errors.is_empty() => {}
            _ => return Err(failed(&answer)),
        }
        match self.engine().await? {
            Engine::Versioned => Ok(None),
            Engine::Other => Err(RepositoryError::unreadable(NOT_VERSIONED)),
        }
    }

    async fn engine(&self) -> Result<Engine, RepositoryError> {
        let Self { mount, path, .. } = self;
        let place = format!("sys/internal/ui/mounts/{mount}/{path}");
        let answer = self.vault.get(&place).await?;
        let found: Mount = answer.data().map_err(RepositoryError::from)?;
        let version = found.options.and_then(|options| options.version);
        let is_versioned = found.path.trim_end_matches('/') == mount
            && found.kind == "kv"
            && version.as_deref() == Some("2");
        Ok(if is_versioned {
            Engine::Versioned
        } else {
            Engine::Other
        })
    }

    /// Has the engine keep as many versions as a history has, unless somebody has said otherwise.
    async fn keep_history(&self) -> Result<(), CallError> {
        let Self { mount, path, .. } = self;
        let place = format!("{mount}/metadata/{path}");
        let allowed = async {
            let found = self.vault.get(&place).await?;
            if found.status != NOT_FOUND {
                return Ok(());
            }
            let kept = json!({ "max_versions": KEPT_GENERATIONS });
            self.vault.post(&place, &kept).await.map(drop)
        };
        match allowed.await {
            Err(CallError::Denied) => Ok(()),
            answer => answer,
        }
    }

    async fn write(&self, version: u64, new: &Stored) -> Result<Swap, RepositoryError> {
        let Self { mount, path, .. } = self;
        let content = json!({ "options": { "cas": version }, "data": Entry::of(new) });
        let place = format!("{mount}/data/{path}");
        let answer = self.vault.post(&place, &content).await?;
        if !answer.is_success() {
            return self.not_written(&answer).await;
        }
        let written: Written = answer.data().map_err(RepositoryError::from)?;
        if Some(written.version) != version.checked_add(1) {
            return Err(RepositoryError::unreadable(
                "the server does not keep to the version that a write replaces",
            ));
        }
        if !written.deletion_time.is_empty() {
            tracing::warn!(
                mount,
                path,
                when = written.deletion_time,
                "the engine is going to delete the key ring: set its delete_version_after to 0"
            );
        }
        Ok(Swap::Done)
    }

    async fn not_written(&self, answer: &Answer) -> Result<Swap, RepositoryError> {
        if answer.says(OTHER_VERSION) {
            // A ring that is gone is no conflict.
            return self.read().await.map(|_| Swap::Conflict);
        }
        Err(failed(answer))
    }
}

impl Repository for VaultRepository {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        Ok(self.latest().await?.map(|latest| latest.stored))
    }

    async fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        new.may_follow(expected)?;
        if self.engine().await? == Engine::Other {
            return Err(RepositoryError::Refused(NOT_VERSIONED));
        }
        let latest = self.latest().await?;
        let found = latest.as_ref().map(|latest| latest.stored.generation);
        if found != expected {
            return Ok(Swap::Conflict);
        }
        if latest.is_none() {
            self.keep_history().await?;
        }
        let version = latest.map_or(NO_VERSION, |latest| latest.version);
        self.write(version, new).await
    }

    async fn history(&self, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
        let Some(latest) = self.latest().await? else {
            return Ok(Vec::new());
        };
        let limit = limit.min(KEPT_GENERATIONS);
        let Self { mount, path, .. } = self;
        let mut version = latest.version;
        let mut past = vec![latest.stored];
        while past.len() < limit && version > 1 {
            version -= 1;
            let place = format!("{mount}/data/{path}?version={version}");
            let answer = self.vault.get(&place).await?;
            if !answer.is_success() && answer.status != NOT_FOUND {
                return Err(failed(&answer));
            }
            // What was deleted, or written by somebody else, ends the history.
            let follows = |stored: &Stored| {
                let later = past.last().map(|later| later.generation);
                later == stored.generation.checked_add(1)
            };
            match entry::latest(&answer) {
                Ok(found) if follows(&found.stored) => past.push(found.stored),
                _ => break,
            }
        }
        past.truncate(limit);
        Ok(past)
    }
}

fn failed(answer: &Answer) -> RepositoryError {
    if answer.says(UPGRADING) {
        RepositoryError::unavailable("the engine is being upgraded")
    } else {
        answer.failure().into()
    }
}

/// What is mounted where the ring is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    Versioned,
    Other,
}

#[derive(Deserialize)]
struct Mount {
    path: String,
    #[serde(rename = "type")]
    kind: String,
    options: Option<MountOptions>,
}

#[derive(Deserialize)]
struct MountOptions {
    version: Option<String>,
}

/// The condition that there is no version yet.
const NO_VERSION: u64 = 0;

const NOT_FOUND: u16 = 404;

/// What the server says of a write whose condition does not hold.
const OTHER_VERSION: &str = "check-and-set parameter did not match the current version";

/// And while it makes an engine of version 2 of one of version 1.
const UPGRADING: &str = "Upgrading from non-versioned to versioned data";

const NOT_VERSIONED: &str = "what is mounted there is no KV engine of version 2, and only that \
                             can compare before it writes; enable one with \
                             `secrets enable -version=2 kv`";

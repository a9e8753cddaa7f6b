//! Rings and key-encryption keys in AWS and in Vault. Where these are is in the environment, as all
//! tools of theirs have it.

use std::fmt;
use std::sync::Arc;

use privyseal_keys::kek::Kek;
use privyseal_keys::repository::{DynRepository, RepositoryError};

use super::RingAccessError;

/// A ring as a secret of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CloudRing {
    /// Of this name.
    SecretsManager(String),
    Vault {
        mount: String,
        path: String,
    },
}

impl CloudRing {
    /// The ring of this scheme; none if it is no secret that this place names.
    pub(super) fn secrets_manager(name: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
        let is_name = !name.is_empty() && name.bytes().all(allowed);
        is_name.then(|| Self::SecretsManager(name.to_owned()))
    }

    /// The same in Vault; the mount is what comes before the first slash.
    pub(super) fn vault(place: &str) -> Option<Self> {
        let (mount, path) = place.split_once('/')?;
        is_path(place).then(|| Self::Vault {
            mount: mount.to_owned(),
            path: path.to_owned(),
        })
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::SecretsManager(_) => "secretsmanager",
            Self::Vault { .. } => "vault",
        }
    }

    pub(super) fn check_built_in(&self) -> Result<(), RingAccessError> {
        let (feature, is_built_in) = match self {
            Self::SecretsManager(_) => ("aws", cfg!(feature = "aws")),
            Self::Vault { .. } => ("vault", cfg!(feature = "vault")),
        };
        if is_built_in {
            Ok(())
        } else {
            Err(RingAccessError::NotBuiltIn(feature))
        }
    }

    pub(super) async fn connect(&self) -> Result<DynRepository, RepositoryError> {
        match self {
            Self::SecretsManager(name) => aws::repository(name).await,
            Self::Vault { mount, path } => vault::repository(mount, path),
        }
        .map_err(RepositoryError::denied)
    }
}

impl fmt::Display for CloudRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecretsManager(name) => write!(f, "AWS Secrets Manager at {name}"),
            Self::Vault { mount, path } => write!(f, "Vault at {mount}/{path}"),
        }
    }
}

/// A key that does not leave a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CloudKek {
    /// With this ARN, id or alias.
    Kms(String),
    Transit {
        mount: String,
        key: String,
    },
}

impl CloudKek {
    /// The key of KMS; none if this can be none.
    pub(super) fn kms(key: &str) -> Option<Self> {
        let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        is_key.then(|| Self::Kms(key.to_owned()))
    }

    /// The same of the transit engine; the key is what comes after the last slash.
    pub(super) fn transit(place: &str) -> Option<Self> {
        let (mount, key) = place.rsplit_once('/')?;
        is_path(place).then(|| Self::Transit {
            mount: mount.to_owned(),
            key: key.to_owned(),
        })
    }

    pub(super) async fn open(&self) -> Result<Arc<dyn Kek>, RingAccessError> {
        match self {
            Self::Kms(key) => aws::kek(key).await,
            Self::Transit { mount, key } => vault::kek(mount, key),
        }
    }
}

/// Whether it has several segments that need no encoding.
fn is_path(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.split('/').all(|segment| {
        !segment.is_empty() && !matches!(segment, "." | "..") && segment.bytes().all(allowed)
    })
}

#[cfg(feature = "aws")]
mod aws {
    use std::sync::Arc;

    use privyseal_aws::{KmsKek, SecretName, SecretsManagerRepository, configuration};
    use privyseal_keys::kek::Kek;
    use privyseal_keys::repository::DynRepository;

    use super::RingAccessError;

    pub(super) async fn repository(name: &str) -> Result<DynRepository, RingAccessError> {
        let name = SecretName::new(name)?;
        let repository = SecretsManagerRepository::new(&configuration().await, name);
        Ok(DynRepository::new(repository))
    }

    pub(super) async fn kek(key: &str) -> Result<Arc<dyn Kek>, RingAccessError> {
        Ok(Arc::new(KmsKek::new(&configuration().await, key)?))
    }
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "the service was not built in")]
mod aws {
    use std::sync::Arc;

    use privyseal_keys::kek::Kek;
    use privyseal_keys::repository::DynRepository;

    use super::RingAccessError;

    pub(super) async fn repository(_: &str) -> Result<DynRepository, RingAccessError> {
        Err(RingAccessError::NotBuiltIn("aws"))
    }

    pub(super) async fn kek(_: &str) -> Result<Arc<dyn Kek>, RingAccessError> {
        Err(RingAccessError::NotBuiltIn("aws"))
    }
}

#[cfg(feature = "vault")]
mod vault {
    use std::sync::Arc;

    use privyseal_keys::kek::Kek;
    use privyseal_keys::repository::DynRepository;
    use privyseal_keys::{KeyText, SourceError};
    use privyseal_vault::{Credential, Login, TransitKek, Vault, VaultOptions, VaultRepository};

    use super::RingAccessError;

    pub(super) fn repository(mount: &str, path: &str) -> Result<DynRepository, RingAccessError> {
        let repository = VaultRepository::new(server()?, mount, path)?;
        Ok(DynRepository::new(repository))
    }

    pub(super) fn kek(mount: &str, key: &str) -> Result<Arc<dyn Kek>, RingAccessError> {
        Ok(Arc::new(TransitKek::new(server()?, mount, key)?))
    }

    /// The server that the environment names. Nothing is sent yet, and the token is read when it
    /// is needed.
    fn server() -> Result<Vault, RingAccessError> {
        let address = variable("VAULT_ADDR")?.ok_or(RingAccessError::NoVaultAddress)?;
        let login = Login::Token(Credential::Variable("VAULT_TOKEN".to_owned()));
        let mut options = VaultOptions::new(address, login);
        if let Some(namespace) = variable("VAULT_NAMESPACE")? {
            options = options.with_namespace(namespace);
        }
        Ok(Vault::new(options)?)
    }

    /// What a variable says; nothing if it is empty, as with the tools of Vault.
    fn variable(name: &str) -> Result<Option<String>, RingAccessError> {
        match KeyText::from_env(name) {
            Ok(text) => Ok(Some(text.text()?.to_owned()).filter(|text| !text.is_empty())),
            Err(SourceError::Missing { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(not(feature = "vault"))]
mod vault {
    use std::sync::Arc;

    use privyseal_keys::kek::Kek;
    use privyseal_keys::repository::DynRepository;

    use super::RingAccessError;

    pub(super) fn repository(_: &str, _: &str) -> Result<DynRepository, RingAccessError> {
        Err(RingAccessError::NotBuiltIn("vault"))
    }

    pub(super) fn kek(_: &str, _: &str) -> Result<Arc<dyn Kek>, RingAccessError> {
        Err(RingAccessError::NotBuiltIn("vault"))
    }
}

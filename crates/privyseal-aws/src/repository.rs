//! A key ring in AWS Secrets Manager.

mod label;

use std::fmt;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Builder, Config};
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::{
    GetSecretValueError, GetSecretValueOutput,
};
use aws_sdk_secretsmanager::operation::update_secret_version_stage::UpdateSecretVersionStageError;
use aws_sdk_secretsmanager::primitives::Blob;
use privyseal_keys::repository::{Repository, RepositoryError, Stored, Swap};

use self::label::Attempt;
use crate::configuration::time_limits;
use crate::failure::{Failure, Kind};
use crate::{SecretName, value};

/// Keeps a key ring in AWS Secrets Manager, as the value of one secret.
///
/// A generation is a version of the secret. A write puts a version under a label of its own, and
/// then moves `AWSCURRENT` to it from the version that was expected to have it, which the service
/// does for one of any number of writers. It takes four calls, so that a ring is for rotations, and
/// not for what changes every minute: AWS advises against more than one write in ten minutes for
/// long, and keeps about a hundred versions.
///
/// The service says of itself that what was written is there a little later. Readers are told
/// nothing, and ask. The history is the present generation.
///
/// # What can be told of a ring that is not there
/// That there never was one is believed if the service knows no secret of this name. A secret that
/// is scheduled for deletion is a ring that is [gone](RepositoryError::Gone); so is one of which no
/// version is `AWSCURRENT`, also if somebody has made it empty: leave it to the first write to make
/// the secret. A secret that was deleted for good, and one of another region or account, cannot be
/// told from one that never was. Give nobody the right to delete it without a recovery window.
///
/// # Security
/// Who rotates needs `secretsmanager:GetSecretValue`, `DescribeSecret`, `CreateSecret`,
/// `PutSecretValue` and `UpdateSecretVersionStage`; who reads needs the first two, and no more.
/// Whoever can write to the secret can put an old ring in the place of the present one. A key that
/// was destroyed in the ring is still in the versions before, wrapped as it was, until the service
/// has removed them.
///
/// # Examples
/// ```no_run
/// use privyseal_aws::{SecretName, SecretsManagerRepository};
/// use privyseal_keys::repository::Repository;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let configuration = privyseal_aws::configuration().await;
/// let name = SecretName::new("shop/key-ring")?;
/// let repository = SecretsManagerRepository::new(&configuration, name);
/// let ring = repository.read().await?;
/// # Ok(())
/// # }
/// ```
pub struct SecretsManagerRepository {
    client: Client,
    name: SecretName,
}

impl SecretsManagerRepository {
    /// How long a write may take to be seen everywhere, for the `propagation` of a ring's policy.
    ///
    /// The service names no bound. This one is a guess on the safe side, to be raised for replicas
    /// in other regions.
    pub const PROPAGATION: Duration = Duration::from_secs(30);

    /// The ring in the secret of this name. Nothing is asked yet.
    pub fn new(configuration: &SdkConfig, name: SecretName) -> Self {
        let config = Builder::from(configuration).timeout_config(time_limits(configuration));
        Self {
            client: Client::from_conf(config.build()),
            name,
        }
    }

    async fn current(&self) -> Result<Option<Current>, RepositoryError> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(self.name.as_str())
            // By its name, as the service may have another idea of what is meant without.
            .version_stage(CURRENT)
            .send()
            .await;
        let error = match answer {
            Ok(answer) => return Current::read(answer).map(Some),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(GetSecretValueError::ResourceNotFoundException(_)) => {
                self.without_current().await.map(|()| None)
            }
            Some(GetSecretValueError::InvalidRequestException(_)) => {
                self.without_current().await?;
                Err(not_visible_yet())
            }
            _ => Err(Failure::of(&error).of_repository()),
        }
    }

    /// There is no value: nothing if there is no secret either, and otherwise what has become of it.
    async fn without_current(&self) -> Result<(), RepositoryError> {
        let describe = self.client.describe_secret().secret_id(self.name.as_str());
        let secret = match describe.send().await {
            Ok(secret) => secret,
            Err(error) => {
                return match error.as_service_error() {
                    Some(DescribeSecretError::ResourceNotFoundException(_)) => Ok(()),
                    _ => Err(Failure::of(&error).of_repository()),
                };
            }
        };
        if secret.deleted_date().is_some() {
            return Err(RepositoryError::Gone(
                "its secret is scheduled for deletion, and can be restored until then",
            ));
        }
        let versions = secret.version_ids_to_stages();
        let mut stages = versions.into_iter().flat_map(|versions| versions.values());
        if stages.any(|stages| stages.iter().any(|stage| stage == CURRENT)) {
            return Err(not_visible_yet());
        }
        Err(RepositoryError::Gone(
            "there is its secret, but no version of it is AWSCURRENT",
        ))
    }

    async fn create(&self, value: Vec<u8>) -> Result<Swap, RepositoryError> {
        let attempt = Attempt::new()?;
        let created = self
            .client
            .create_secret()
            .name(self.name.as_str())
            .description("Key ring of Privyseal")
            // Of one who is told nothing, and sends it again, the service recognises it.
            .client_request_token(attempt.version())
            .secret_binary(Blob::new(value))
            .send()
            .await;
        let Err(error) = created else {
            return Ok(Swap::Done);
        };
        match error.as_service_error() {
            // It is there; or it was, and is scheduled for deletion.
            Some(
                CreateSecretError::ResourceExistsException(_)
                | CreateSecretError::InvalidRequestException(_),
            ) => match self.current().await? {
                Some(_) => Ok(Swap::Conflict),
                None => Err(not_visible_yet()),
            },
            _ => Err(Failure::of(&error).of_repository()),
        }
    }

    async fn replace(&self, expected: u64, value: Vec<u8>) -> Result<Swap, RepositoryError> {
        let current = self.current().await?;
        let is_it = |current: &Current| current.stored.generation == expected;
        let Some(current) = current.filter(is_it) else {
            return Ok(Swap::Conflict);
        };
        let attempt = Attempt::new()?;
        self.put(&attempt, value).await?;
        let swap = self.promote(&attempt, &current.version).await?;
        self.release(&attempt).await;
        Ok(swap)
    }

    /// Makes a version that nobody reads yet.
    async fn put(&self, attempt: &Attempt, value: Vec<u8>) -> Result<(), RepositoryError> {
        let put = self
            .client
            .put_secret_value()
            .secret_id(self.name.as_str())
            .client_request_token(attempt.version())
            // Without a label it would be the current one at once.
            .version_stages(attempt.label())
            .secret_binary(Blob::new(value))
            .send()
            .await;
        let Err(error) = put else {
            return Ok(());
        };
        let failure = Failure::of(&error);
        if failure.kind == Kind::Refused {
            // What has become of the secret since it was read says more.
            self.current().await?;
        }
        Err(failure.of_repository())
    }

    /// Makes the version of this attempt the current one, if this other one is.
    async fn promote(&self, attempt: &Attempt, from: &str) -> Result<Swap, RepositoryError> {
        let moved = self
            .client
            .update_secret_version_stage()
            .secret_id(self.name.as_str())
            .version_stage(CURRENT)
            .remove_from_version_id(from)
            .move_to_version_id(attempt.version())
            .customize()
            // Sent again after an answer that was lost, it would find its own work, and a conflict.
            .config_override(Config::builder().retry_config(RetryConfig::disabled()))
            .send()
            .await;
        let Err(error) = moved else {
            return Ok(Swap::Done);
        };
        match error.as_service_error() {
            Some(
                UpdateSecretVersionStageError::InvalidParameterException(_)
                | UpdateSecretVersionStageError::InvalidRequestException(_)
                | UpdateSecretVersionStageError::ResourceNotFoundException(_),
            ) => match self.current().await? {
                // What is refused although nobody was faster is no conflict, and who is told of one
                // would try for ever.
                Some(current) if current.version == from => Err(not_visible_yet()),
                _ => Ok(Swap::Conflict),
            },
            _ => Err(Failure::of(&error).of_repository()),
        }
    }

    /// Gives the label back, so that the service may remove the version once it is not needed.
    /// Whether that was done changes nothing: there are only so many labels.
    async fn release(&self, attempt: &Attempt) {
        let _ = self
            .client
            .update_secret_version_stage()
            .secret_id(self.name.as_str())
            .version_stage(attempt.label())
            .remove_from_version_id(attempt.version())
            .send()
            .await;
    }
}

impl fmt::Debug for SecretsManagerRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManagerRepository")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Repository for SecretsManagerRepository {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        Ok(self.current().await?.map(|current| current.stored))
    }

    async fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        new.may_follow(expected)?;
        let value = value::write(new)?;
        match expected {
            None => self.create(value).await,
            Some(expected) => self.replace(expected, value).await,
        }
    }
}

/// The version of the secret that is `AWSCURRENT`.
struct Current {
    version: String,
    stored: Stored,
}

impl Current {
    fn read(answer: GetSecretValueOutput) -> Result<Self, RepositoryError> {
        let not_ours = || RepositoryError::unreadable(value::NotOurs);
        let bytes = answer.secret_binary.as_ref().ok_or_else(not_ours)?;
        Ok(Self {
            stored: value::read(bytes.as_ref())?,
            version: answer.version_id.ok_or_else(not_ours)?,
        })
    }
}

/// The service contradicts itself, as it does for a while after a write.
fn not_visible_yet() -> RepositoryError {
    RepositoryError::unavailable("Secrets Manager does not show yet what was written to it")
}

/// The label of the version that readers get.
const CURRENT: &str = "AWSCURRENT";

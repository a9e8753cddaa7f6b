//! How AWS is reached, and how long it is waited for.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// The region and the credentials as the tools of AWS find them: the environment, the shared
/// files, the role of the container or the machine.
///
/// Single sign-on and helper processes are not compiled in. Whoever needs other settings makes an
/// [`SdkConfig`] with `aws_config`, version 1.
///
/// # Examples
/// ```no_run
/// use privyseal_aws::{SecretName, SecretsManagerRepository};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let configuration = privyseal_aws::configuration().await;
/// let name = SecretName::new("shop/key-ring")?;
/// let repository = SecretsManagerRepository::new(&configuration, name);
/// # Ok(())
/// # }
/// ```
pub async fn configuration() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).load().await
}

/// The time limits of this configuration, and ours where it has none: without them a call can wait
/// for ever.
pub(crate) fn time_limits(configuration: &SdkConfig) -> TimeoutConfig {
    let ours = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let mut limits = configuration.timeout_config().cloned();
    if let Some(limits) = &mut limits {
        limits.take_defaults_from(&ours);
    }
    limits.unwrap_or(ours)
}

const CONNECT: Duration = Duration::from_secs(3);

const ATTEMPT: Duration = Duration::from_secs(5);

/// With all attempts and the pauses between them.
const CALL: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_was_set_stays_and_the_others_are_ours() {
        let limits = time_limits(&SdkConfig::builder().build());
        assert_eq!(limits.operation_timeout(), Some(CALL));
        let minute = Duration::from_mins(1);
        let own = TimeoutConfig::builder().operation_timeout(minute).build();
        let configuration = SdkConfig::builder().timeout_config(own).build();
        let limits = time_limits(&configuration);
        assert_eq!(limits.operation_timeout(), Some(minute));
        assert_eq!(limits.operation_attempt_timeout(), Some(ATTEMPT));
    }
}

//! From an address and a choice to a keeper.

use std::sync::Arc;

use privyseal_keys::SourceError;
use privyseal_keys::kek::{FileKek, Kek, KekError, PlainKek};
use privyseal_keys::ring::Keeper;
use tokio::runtime::Handle;

use super::kek::Provider;
use super::{KekChoice, RingUrl, open_repository};

/// The keeper of the ring at this address, wrapped by this choice.
///
/// It also opens what the further ones have wrapped, which a node needs where a ring is about to be
/// rewrapped. Nothing is connected to yet.
///
/// # Errors
/// When a key-encryption key cannot be read, or is not one for this ring, and when a service of the
/// ring or of the key is not built in.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let place = tempfile::tempdir()?;
/// # let directory = place.path().join("ring").display().to_string();
/// use privyseal_server::{KekChoice, RingUrl, open_keeper};
///
/// let url: RingUrl = format!("file:{directory}").parse()?;
/// let kek: KekChoice = "plain".parse()?;
/// let keeper = open_keeper(&url, &kek, &[]).await?;
/// assert!(keeper.read().await?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn open_keeper(
    ring: &RingUrl,
    kek: &KekChoice,
    further: &[KekChoice],
) -> Result<Keeper, RingAccessError> {
    ring.check_built_in()?;
    let mut keeper = Keeper::new(open_repository(ring), open_kek(ring, kek).await?);
    for kek in further {
        keeper = keeper.with_further_kek(open_kek(ring, kek).await?);
    }
    Ok(keeper)
}

/// The key-encryption key of this choice, for the ring at this address.
///
/// # Errors
/// When it cannot be read, or is not one for this ring.
pub async fn open_kek(ring: &RingUrl, kek: &KekChoice) -> Result<Arc<dyn Kek>, RingAccessError> {
    let (ring, kek) = (ring.clone(), kek.clone());
    match tokio::task::spawn_blocking(move || read_kek(&ring, kek.0)).await {
        Ok(kek) => kek,
        Err(_) => Err(RingAccessError::Stopped),
    }
}

fn read_kek(ring: &RingUrl, provider: Provider) -> Result<Arc<dyn Kek>, RingAccessError> {
    Ok(match provider {
        Provider::Plain => match ring.directory() {
            Some(path) => Arc::new(PlainKek::for_file(path)),
            None => return Err(RingAccessError::PlainInDatabase),
        },
        Provider::File(path) => Arc::new(FileKek::open(path)?),
        Provider::Age {
            identities,
            recipients,
        } => age(&identities, &recipients)?,
        Provider::Pkcs11 {
            module,
            token,
            key,
            pin,
        } => pkcs11(module, &token, &key, pin)?,
        // This thread may wait.
        Provider::Cloud(kek) => Handle::current().block_on(kek.open())?,
    })
}

#[cfg(feature = "age")]
fn age(
    identities: &std::path::Path,
    recipients: &[String],
) -> Result<Arc<dyn Kek>, RingAccessError> {
    let kek = privyseal_keys::kek::AgeKek::open(identities)?;
    if recipients.is_empty() {
        return Ok(Arc::new(kek));
    }
    let recipients = recipients.iter().map(String::as_str);
    Ok(Arc::new(kek.with_recipients(recipients)?))
}

#[cfg(not(feature = "age"))]
fn age(_: &std::path::Path, _: &[String]) -> Result<Arc<dyn Kek>, RingAccessError> {
    Err(RingAccessError::NotBuiltIn("age"))
}

#[cfg(feature = "pkcs11")]
fn pkcs11(
    module: std::path::PathBuf,
    token: &str,
    key: &str,
    pin: super::kek::Pin,
) -> Result<Arc<dyn Kek>, RingAccessError> {
    use privyseal_keys::kek::{PinSource, Pkcs11Kek};

    use super::kek::Pin;

    let pin = match pin {
        Pin::File(path) => PinSource::File(path),
        Pin::Variable(name) => PinSource::Variable(name),
    };
    Ok(Arc::new(Pkcs11Kek::new(module, token, key, pin)?))
}

#[cfg(not(feature = "pkcs11"))]
fn pkcs11(
    _: std::path::PathBuf,
    _: &str,
    _: &str,
    _: super::kek::Pin,
) -> Result<Arc<dyn Kek>, RingAccessError> {
    Err(RingAccessError::NotBuiltIn("pkcs11"))
}

/// Why there is nobody who opens a ring.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RingAccessError {
    /// The key-encryption key cannot be used.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// Only the files of a ring can be for their owner alone.
    #[error("a ring in a database cannot be kept plain")]
    PlainInDatabase,
    /// The service or the provider is a feature of this crate that is off.
    #[error("this program was built without the feature `{0}`")]
    NotBuiltIn(&'static str),
    /// Nothing says where Vault is.
    #[error("the variable VAULT_ADDR is not set")]
    NoVaultAddress,
    /// A variable that says where Vault is cannot be read.
    #[error("what says where Vault is cannot be read")]
    Environment(#[from] SourceError),
    /// What says where Vault is makes no sense, or there is nobody to trust.
    #[cfg(feature = "vault")]
    #[error("Vault cannot be used")]
    Vault(#[from] privyseal_vault::VaultError),
    /// AWS has no secret of such a name.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    SecretName(#[from] privyseal_aws::SecretNameError),
    /// The program is ending.
    #[error("the key-encryption key was not read to the end")]
    Stopped,
}

impl RingAccessError {
    /// What to do about it, for the `hint:` line of an error message.
    pub fn hint(&self) -> String {
        match self {
            Self::Kek(error) => return error.hint(),
            Self::PlainInDatabase => {
                "whoever reads the database, or a backup of it, would have the keys; wrap them by \
                 file:PATH"
            }
            Self::NotBuiltIn(_) => {
                "build it with this feature (`--features`), or use what is built in, such as \
                 file:PATH"
            }
            Self::NoVaultAddress => {
                "set it as for the tools of Vault, such as https://vault.internal:8200"
            }
            Self::Environment(error) => return error.hint(),
            #[cfg(feature = "vault")]
            Self::Vault(error) => return error.hint(),
            #[cfg(feature = "aws")]
            Self::SecretName(_) => "name another one",
            Self::Stopped => "start the program again",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use privyseal::SystemClock;
    use privyseal::ring::RingPolicy;
    use privyseal_keys::ring::NewKeys;

    use super::*;

    fn choice(text: &str) -> KekChoice {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_ring_is_made_by_one_keeper_and_read_by_another() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().display();
        FileKek::create(place.path().join("kek")).unwrap();
        let kek = choice(&format!("file:{path}/kek"));
        for address in ["file:{}/a", "shared-file:{}/b", "sqlite:{}/c.db#shop"] {
            let url: RingUrl = address.replace("{}", &path.to_string()).parse().unwrap();
            let writer = open_keeper(&url, &kek, &[]).await.unwrap();
            let made = writer
                .init(RingPolicy::default(), NewKeys::default(), &SystemClock)
                .await
                .unwrap();
            let reader = open_keeper(&url, &kek, &[]).await.unwrap();
            let read = reader.read().await.unwrap().unwrap();
            assert_eq!(read.ring(), made.ring(), "{address}");
        }
    }

    #[tokio::test]
    async fn only_a_ring_in_files_may_be_plain() {
        let url: RingUrl = "sqlite:a.db".parse().unwrap();
        let error = open_keeper(&url, &choice("plain"), &[]).await.unwrap_err();
        assert!(matches!(error, RingAccessError::PlainInDatabase));
        assert!(error.hint().contains("file:PATH"));
    }

    #[tokio::test]
    async fn a_missing_key_encryption_key_is_not_made() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("kek");
        let url: RingUrl = "sqlite:a.db".parse().unwrap();
        let kek = choice(&format!("file:{}", path.display()));
        let error = open_keeper(&url, &kek, &[]).await.unwrap_err();
        assert!(!error.hint().is_empty() && !path.exists(), "{error}");
    }
}

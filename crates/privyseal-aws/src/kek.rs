//! A key-encryption key in AWS KMS.

use std::fmt;
use std::path::PathBuf;

use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::Builder;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::operation::decrypt::DecryptError;
use aws_sdk_kms::operation::encrypt::EncryptError;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::EncryptionAlgorithmSpec;
use privyseal_keys::kek::{Kek, KekError, KekFuture, KekId};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::configuration::time_limits;
use crate::failure::Failure;

/// A symmetric key in AWS KMS, which it does not leave.
///
/// KMS is asked when a ring is made, rewrapped, or opened by a process that starts. What it wraps
/// is bound to the ring by an encryption context, `privyseal` and the SHA-256 of the associated
/// data, which stands in the audit log of AWS and says nothing secret. The rotation of KMS itself
/// changes nothing here: it keeps what it needs to open what it has wrapped before.
///
/// # Security
/// The key is the one that is configured, and never one that the wrapped bytes name: a blob that
/// somebody has wrapped with a key of theirs is refused. Only symmetric keys do, as anybody can
/// encrypt to the public part of another one. Give the ARN of the key: an alias can be pointed to
/// another key, by which the ring cannot be opened.
///
/// Who starts needs `kms:Decrypt`; who makes or rewraps rings needs `kms:Encrypt` as well. The
/// client of AWS keeps copies of the data key that it does not wipe.
///
/// # Examples
/// ```no_run
/// use privyseal_aws::KmsKek;
/// use privyseal_keys::kek::{Envelope, Kek};
///
/// # async fn example(slot: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
/// let configuration = privyseal_aws::configuration().await;
/// let key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/// let kek = KmsKek::new(&configuration, key)?;
/// let envelope = Envelope::open(&kek, slot).await?;
/// # Ok(())
/// # }
/// ```
pub struct KmsKek {
    id: KekId,
    key: String,
    client: Client,
}

impl KmsKek {
    /// The key with this ARN or id, or this alias (`alias/...`). Nothing is asked yet.
    ///
    /// # Errors
    /// When it is none of these: not visible characters of ASCII, or too many of them. Whether
    /// there is such a key shows when it is used.
    pub fn new(configuration: &SdkConfig, key: &str) -> Result<Self, KekError> {
        let id = KekId::new(format!("kms:{key}")).filter(|_| !key.is_empty());
        let id = id.ok_or_else(|| KekError::NotOne {
            path: PathBuf::from(key),
            what: "name of a key in KMS",
        })?;
        let config = Builder::from(configuration).timeout_config(time_limits(configuration));
        Ok(Self {
            id,
            key: key.to_owned(),
            client: Client::from_conf(config.build()),
        })
    }

    async fn encrypt(&self, secret: &[u8], associated: &[u8]) -> Result<Vec<u8>, KekError> {
        let encrypt = self
            .client
            .encrypt()
            .key_id(&self.key)
            .encryption_algorithm(ALGORITHM)
            .encryption_context(CONTEXT, fingerprint(associated))
            .plaintext(Blob::new(secret));
        let answer = encrypt.send().await.map_err(|error| {
            self.unfit_to_encrypt(&error)
                .unwrap_or_else(|| Failure::of(&error).of_kek(&self.id))
        })?;
        let wrapped = answer.ciphertext_blob.map(Blob::into_inner);
        wrapped.ok_or_else(|| self.unfit("it answered without a ciphertext"))
    }

    async fn decrypt(
        &self,
        wrapped: &[u8],
        associated: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let decrypt = self
            .client
            .decrypt()
            // Without it, KMS would take the key that the blob names.
            .key_id(&self.key)
            .encryption_algorithm(ALGORITHM)
            .encryption_context(CONTEXT, fingerprint(associated))
            .ciphertext_blob(Blob::new(wrapped));
        let answer = decrypt.send().await.map_err(|error| {
            self.corrupt_or_unfit(&error)
                .unwrap_or_else(|| Failure::of(&error).of_kek(&self.id))
        })?;
        let secret = answer.plaintext.map(Blob::into_inner);
        secret.map(Zeroizing::new).ok_or(KekError::Corrupt)
    }

    fn unfit_to_encrypt<R>(&self, error: &SdkError<EncryptError, R>) -> Option<KekError> {
        Some(self.unfit(match error.as_service_error()? {
            EncryptError::NotFoundException(_) => NOT_THERE,
            EncryptError::DisabledException(_) => DISABLED,
            EncryptError::KmsInvalidStateException(_) => WRONG_STATE,
            EncryptError::InvalidKeyUsageException(_) => NOT_SYMMETRIC,
            _ => return None,
        }))
    }

    fn corrupt_or_unfit<R>(&self, error: &SdkError<DecryptError, R>) -> Option<KekError> {
        Some(self.unfit(match error.as_service_error()? {
            DecryptError::InvalidCiphertextException(_)
            | DecryptError::IncorrectKeyException(_) => {
                return Some(KekError::Corrupt);
            }
            DecryptError::NotFoundException(_) => NOT_THERE,
            DecryptError::DisabledException(_) => DISABLED,
            DecryptError::KmsInvalidStateException(_) => WRONG_STATE,
            DecryptError::InvalidKeyUsageException(_) => NOT_SYMMETRIC,
            _ => return None,
        }))
    }

    fn unfit(&self, why: &'static str) -> KekError {
        KekError::Unfit {
            kek: self.id.clone(),
            why,
        }
    }
}

impl Kek for KmsKek {
    fn id(&self) -> &KekId {
        &self.id
    }

    fn wrap<'a>(&'a self, secret: &'a [u8], associated: &'a [u8]) -> KekFuture<'a, Vec<u8>> {
        Box::pin(self.encrypt(secret, associated))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        associated: &'a [u8],
    ) -> KekFuture<'a, Zeroizing<Vec<u8>>> {
        Box::pin(self.decrypt(wrapped, associated))
    }
}

impl fmt::Debug for KmsKek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsKek")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A context is text, and is logged.
fn fingerprint(associated: &[u8]) -> String {
    let digest = Sha256::digest(associated);
    digest
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The name of the one entry of the encryption context.
const CONTEXT: &str = "privyseal";

/// AES-256-GCM, with the context as its associated data. No asymmetric key has it.
const ALGORITHM: EncryptionAlgorithmSpec = EncryptionAlgorithmSpec::SymmetricDefault;

const NOT_THERE: &str = "there is none of this name in this region and account";
const DISABLED: &str = "it is disabled";
const WRONG_STATE: &str = "its state does not allow it; it may be scheduled for deletion";
const NOT_SYMMETRIC: &str = "it is no symmetric key for encryption";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_is_the_hexadecimal_sha_256_of_the_associated_data() {
        assert_eq!(
            fingerprint(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_key_has_a_name_that_can_be_printed() {
        let configuration = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .build();
        for (name, is_one) in [
            ("1234abcd-12ab-34cd-56ef-1234567890ab", true),
            ("alias/ring", true),
            ("", false),
            ("two words", false),
            (&"x".repeat(252), false),
        ] {
            let kek = KmsKek::new(&configuration, name);
            assert_eq!(kek.is_ok(), is_one, "{name:?}");
        }
    }
}

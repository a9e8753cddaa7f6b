//! Key-encryption keys: what wraps the keys of a ring where the ring is kept.
//!
//! A ring has one data key, made with it. The [`Envelope`] derives from it what encrypts the keys
//! of the ring and what authenticates its document. The data key itself is wrapped by a [`Kek`],
//! and kept in the slot in the first line of the document. So a provider is asked once for a ring,
//! when a process starts, and may be away as long as that process runs; and it needs to wrap
//! nothing but 32 bytes.
//!
//! Which provider unwraps a ring is configured where the ring is used, and never chosen by the
//! ring.
//!
//! | provider | where the key is | who reads the ring |
//! |---|---|---|
//! | [`PlainKek`] | there is none | whoever reads the file of the ring |
//! | [`FileKek`] | in a file of mode 0600, somewhere else than the ring | whoever reads both |
//! | `AgeKek`, feature `age` | in an identity file of age | whoever has the identity of a recipient |
//! | `Pkcs11Kek`, feature `pkcs11` | in a token, and does not leave it | whoever has the token and its PIN |

#[cfg(feature = "age")]
mod age;
mod envelope;
mod error;
mod file;
mod id;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod plain;
mod private;
mod seal;
mod slot;

use std::fmt::Debug;
use std::pin::Pin;

use zeroize::Zeroizing;

#[cfg(feature = "age")]
pub use age::{AgeKek, MAX_RECIPIENTS};
pub use envelope::Envelope;
pub use error::KekError;
pub use file::FileKek;
pub use id::KekId;
#[cfg(feature = "pkcs11")]
pub use pkcs11::{PinSource, Pkcs11Kek};
pub use plain::PlainKek;

/// What a provider answers, when it does.
pub type KekFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, KekError>> + Send + 'a>>;

/// Wraps the data keys of rings, and unwraps them.
///
/// Its methods are asynchronous because some providers are services. They return boxes, so that
/// which one it is can be configured: it is asked once for a ring, and the box is not noticed.
/// What a provider does that takes long, it does where it blocks no task, and a future that is
/// dropped leaves nothing behind.
///
/// # Security
/// What somebody can write who does not have the key, [`unwrap`](Self::unwrap) must refuse: the
/// authenticity of the whole ring rests on it. Encryption to a public key alone does not suffice.
///
/// # Examples
/// ```
/// use privyseal_keys::kek::{FileKek, Kek};
///
/// # let place = tempfile::tempdir()?;
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let kek = FileKek::create(place.path().join("kek"))?;
/// let wrapped = kek.wrap(&[7; 32], b"this ring").await?;
/// assert_eq!(*kek.unwrap(&wrapped, b"this ring").await?, [7; 32]);
/// assert!(kek.unwrap(&wrapped, b"another ring").await.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Kek: Debug + Send + Sync + 'static {
    /// The name of the provider and of its key.
    fn id(&self) -> &KekId;

    /// Wraps a secret of 1 to [`MAX_SECRET`] bytes, into at most [`MAX_WRAPPED`]. The associated
    /// data is no part of the result, and has to be the same when it is unwrapped.
    fn wrap<'a>(&'a self, secret: &'a [u8], associated: &'a [u8]) -> KekFuture<'a, Vec<u8>>;

    /// The secret, if the same key wrapped it with the same associated data.
    ///
    /// [`KekError::Corrupt`] says that it did not, be it that another one did or that something was
    /// changed; [`KekError::Unavailable`], that it cannot be told now.
    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        associated: &'a [u8],
    ) -> KekFuture<'a, Zeroizing<Vec<u8>>>;

    /// Whether nothing is wrapped: who reads the ring has its keys.
    fn is_plain(&self) -> bool {
        false
    }
}

/// The most bytes of a secret that a provider has to wrap.
pub const MAX_SECRET: usize = 64;

/// The most bytes of a wrapped secret, all of which have to go into the slot of a document.
pub const MAX_WRAPPED: usize = 3 * 1024;

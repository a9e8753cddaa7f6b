//! itsdangerous 2.2: `Signer`, `TimestampSigner` and the serializers, byte for byte.
//!
//! The types carry the names of the Python library, and so do the errors: what
//! `itsdangerous` raises as a class is a [`BadDataKind`] here, with the same message. Keys come
//! from a [`KeyRing`](crate::KeyRing), whose primary signs and whose keys verify newest first, as
//! a Python list of keys does from its end.
//!
//! ```
//! use privyseal::formats::itsdangerous::{Options, UrlSafeTimedSerializer};
//! use privyseal::{KeyRing, MaxAge, SecretKey, Timestamp, value::Value};
//!
//! let ring = KeyRing::new(SecretKey::generate()?);
//! let serializer = UrlSafeTimedSerializer::new(&ring, &Options::with_salt("unsubscribe"))?;
//!
//! let signed_at = Timestamp::from_unix_seconds(1_700_000_000);
//! let token = serializer.dumps(&Value::from("user@example.org"), signed_at)?;
//! let an_hour = Some(MaxAge::from_seconds(3600));
//! let loaded = serializer.loads(&token, an_hour, signed_at.plus_seconds(60))?;
//! assert_eq!(loaded.value, Value::from("user@example.org"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod options;
mod payload;
mod serializer;
mod signer;
mod timestamp;
mod url_safe;

pub use error::{BadData, BadDataKind};
pub use options::{Algorithm, KeyDerivation, Options, OptionsError};
pub use payload::{DEFAULT_INFLATE_LIMIT, PayloadError};
pub use serializer::{Serializer, TimedSerializer};
pub use signer::{Signer, Unsigned};
pub use timestamp::{Loaded, TimedUnsigned, TimestampSigner};
pub use url_safe::{UrlSafeSerializer, UrlSafeTimedSerializer};

pub(crate) use payload::{inflate, write_payload};
pub(crate) use timestamp::{Fault, Stamp};

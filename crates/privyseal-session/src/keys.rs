//! A key ring that can be replaced while requests are served.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use privyseal::KeyRing;

/// The ring that is valid now, shared by everything that signs: replacing it rotates them all.
///
/// # Examples
/// ```
/// use privyseal::{KeyRing, SecretKey};
/// use privyseal_session::{Engine, LiveKeyRing};
///
/// let keys = LiveKeyRing::new(KeyRing::new(SecretKey::generate()?));
/// let engine = Engine::sealed(keys.clone());
/// keys.replace(keys.current().rotated(SecretKey::generate()?)); // nobody is signed out
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LiveKeyRing(Arc<ArcSwap<KeyRing>>);

impl LiveKeyRing {
    /// A handle that starts with this ring.
    pub fn new(ring: KeyRing) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(ring)))
    }

    /// The ring that is valid now.
    pub fn current(&self) -> KeyRing {
        KeyRing::clone(&self.0.load())
    }

    /// Puts another ring in its place; a request that is under way signs its response with it.
    ///
    /// Keys that both rings hold go on counting.
    pub fn replace(&self, ring: KeyRing) {
        let ring = ring.with_counters_of(&self.0.load());
        self.0.store(Arc::new(ring));
    }

    /// Whether this snapshot is the ring that is valid now.
    pub(crate) fn is_current(&self, ring: &KeyRing) -> bool {
        self.0.load().is_same_snapshot(ring)
    }
}

impl From<KeyRing> for LiveKeyRing {
    fn from(ring: KeyRing) -> Self {
        Self::new(ring)
    }
}

impl fmt::Debug for LiveKeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LiveKeyRing").field(&self.current()).finish()
    }
}

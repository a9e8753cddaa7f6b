//! A key ring that can be replaced while requests are served.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{KeyRing, Snapshot};

/// The ring that is valid now, shared by everything that signs: replacing it rotates them all.
///
/// Reading it takes no lock. A clone is the same handle.
///
/// # Examples
/// ```
/// use privyseal::{KeyRing, LiveKeyRing, SecretKey};
///
/// let keys = LiveKeyRing::new(KeyRing::new(SecretKey::generate()?));
/// let snapshot = keys.current();
/// keys.replace(snapshot.rotated(SecretKey::generate()?));
/// assert!(!keys.is_current(&snapshot));
/// assert_eq!(keys.current().keys().len(), 2);
/// # Ok::<(), privyseal::secret::KeyError>(())
/// ```
#[derive(Clone)]
pub struct LiveKeyRing(Arc<ArcSwap<Snapshot>>);

impl LiveKeyRing {
    /// A handle that starts with this ring.
    pub fn new(ring: KeyRing) -> Self {
        Self(Arc::new(ArcSwap::new(ring.0)))
    }

    /// The ring that is valid now.
    pub fn current(&self) -> KeyRing {
        KeyRing(self.0.load_full())
    }

    /// Puts another ring in its place; a request that is under way signs its response with it.
    ///
    /// Keys that both rings hold go on counting, also where several replace it at the same time.
    /// Which of these rings stays is chance: who has rings of different ages replaces it from one
    /// place.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever puts a ring in place has no more use for it"
    )]
    pub fn replace(&self, ring: KeyRing) {
        // Counters taken from a ring that another writer has replaced meanwhile would be lost.
        self.0.rcu(|former| {
            let former = KeyRing(Arc::clone(former));
            ring.clone().with_counters_of(&former).0
        });
    }

    /// Whether this snapshot is the ring that is valid now.
    pub fn is_current(&self, ring: &KeyRing) -> bool {
        Arc::ptr_eq(&self.0.load(), &ring.0)
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

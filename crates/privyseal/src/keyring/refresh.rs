//! Asking for the ring to be read anew.

use std::future::Future;
use std::pin::Pin;

/// Reads the ring anew when somebody meets a key that it does not hold.
///
/// A key that nobody here knows may have been made a moment ago, as in an emergency. Whoever meets
/// it on a token asks for a refresh, waits for that and looks again, before the token is refused.
///
/// # Security
/// Anybody can write the name of an unknown key on a token. One read has to serve all calls that
/// wait for it, and there must be a bound on how often one is sent.
///
/// # Examples
/// ```
/// use std::pin::Pin;
/// use privyseal::RefreshKeys;
///
/// /// Keys of a file that was read at the start and never changes.
/// struct Fixed;
///
/// impl RefreshKeys for Fixed {
///     fn refreshed(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
///         Box::pin(std::future::ready(true))
///     }
/// }
/// ```
pub trait RefreshKeys: Send + Sync {
    /// Resolves when the ring was read anew, by a read that was sent after this call, and its keys
    /// are in place: to true, or to false when that did not work in time.
    fn refreshed(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;
}

//! How often the log is read, and how much is held.

use std::time::Duration;

/// How a node follows the log of revocations.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use privyseal_session::revocation::RevocationOptions;
///
/// let options = RevocationOptions {
///     poll_interval: Duration::from_millis(200),
///     ..RevocationOptions::default()
/// };
/// assert_eq!(options.max_staleness, Duration::from_secs(30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevocationOptions {
    /// The log is read at least this often, also when it pushes: a revocation reaches every node
    /// that can read the log within this time and the time of one read. 1 second by default. While
    /// the log is down it is tried as often, and no oftener. At least 10 milliseconds.
    pub poll_interval: Duration,
    /// A node that has not read the log for longer than this is [stale]. 30 seconds by default.
    ///
    /// [stale]: super::Revocations::is_stale
    pub max_staleness: Duration,
    /// How long one call of the log may take before it counts as failed. 2 seconds by default.
    pub deadline: Duration,
    /// How far ahead another node's clock may be: whoever is signed out everywhere also loses what
    /// a clock so far ahead says was begun just now, and what he begins next is dated after that.
    /// 1 second by default, for clocks that are kept by NTP.
    pub clock_skew: Duration,
    /// How many revocations are held in memory, at 22 bytes each and a megabyte besides. 4 million
    /// by default. One more is an error, and none is forgotten for it: nothing more can be revoked
    /// on this node, and if others do, this one becomes stale until enough have expired.
    pub max_entries: usize,
}

impl Default for RevocationOptions {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_secs(1),
            max_staleness: Duration::from_secs(30),
            deadline: Duration::from_secs(2),
            clock_skew: Duration::from_secs(1),
            max_entries: 4_000_000,
        }
    }
}
